package policy

import (
	"net/http"
	"net/url"
	"slices"
)

// PostAsGet returns the intake of the GET that the answer to the POST q could be
// stored for, if the line stores such answers and the GET would use the cache. Where the
// line names languages, the POST must have asked for one of them in so many words: the
// application has seen what it said, and a fill says nothing else. The answer to a
// POST of a session is for nobody else, and that session's pages are put out of reach.
func PostAsGet(q *Request, r *Rule) (Intake, bool) {
	if !r.conf.StorePost || q.Method != http.MethodPost ||
		len(r.languages) > 0 && !slices.Equal(q.Header[acceptLanguage], r.canonicalValues(acceptLanguage, q.Header[acceptLanguage])) {
		return Intake{}, false
	}
	get := *q
	get.Method, get.HasBody = http.MethodGet, false
	in := DecideIntake(&get, r)
	return in, in.Admission == AdmitLookup && !in.Range && len(in.Session) == 0
}

// AnswersGet reports whether the answer to the POST q is the representation that a
// GET of the same URI would get: a 200 that names it as its Content-Location (RFC
// 9110 §9.3.3, §8.7).
func AnswersGet(q *Request, a *Response) bool {
	location := canonicalFields(a.Header)["Content-Location"]
	if a.Status != http.StatusOK || len(location) != 1 || location[0] == "" {
		return false
	}
	own, err := url.Parse(q.Scheme + "://" + q.Host + q.Original)
	if err != nil {
		return false
	}
	named, err := own.Parse(location[0])
	return err == nil && origin(named.Scheme, named.Host) == origin(q.Scheme, q.Host) && named.RequestURI() == own.RequestURI()
}
