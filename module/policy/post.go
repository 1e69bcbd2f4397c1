package policy

import (
	"net/http"
	"net/url"
)

// PostAsGet returns the intake of the GET that the answer to the POST q could be
// stored for, if the line stores such answers and the GET would use the cache.
func PostAsGet(q *Request, r *Rule) (Intake, bool) {
	if !r.conf.StorePost || q.Method != http.MethodPost {
		return Intake{}, false
	}
	get := *q
	get.Method, get.HasBody = http.MethodGet, false
	in := DecideIntake(&get, r)
	return in, in.Admission == AdmitLookup && !in.Range
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
