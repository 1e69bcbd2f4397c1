package policy

import (
	"net/http"
	"slices"

	"github.com/page-cache/page-cache/module/csrf"
	"github.com/page-cache/page-cache/module/entry"
)

// OffersCopies reports whether a response with this status and these fields is given to
// visitors in the coding that each reads best: the edge encodes, and the response is
// one for all. What one session alone asks for is not worth a copy.
func OffersCopies(r *Rule, in *Intake, status int, h http.Header) bool {
	return !r.passesCodings() && in.Inputs.Session == "" && Compressible(status, h)
}

// DecideCopy returns the content coding in which the stored response e should answer q;
// empty: as it is stored. tag is the entity-tag that it has for this visitor without a
// coding. Parts are cut from the plain page.
func DecideCopy(q *Request, r *Rule, in *Intake, e *entry.Entry, tag string) string {
	if len(q.Header["Accept-Encoding"]) == 0 || len(q.Header["Range"]) > 0 || !OffersCopies(r, in, e.Status, e.Header) {
		return ""
	}
	offered := []string{"br", "zstd", "gzip"}
	if coding, held := HeldCoding(q.Header, tag, offered); held {
		return coding
	}
	coding, _ := ChooseCoding(q.Header["Accept-Encoding"], offered)
	return coding
}

// VisitorTag returns the entity-tag that a page with tokens has for this visitor,
// without a coding. key is that of Personal's tags.
func (r *Rule) VisitorTag(q *Request, etag string, key []byte) string {
	s, ok := csrf.FromCookies(q.Header["Cookie"], r.csrfCookie)
	if !ok || etag == "" {
		return ""
	}
	return personalTag(etag, csrf.Tag(key, s))
}

// Encoded changes the fields h of a response that is sent in a coding.
func Encoded(h http.Header, coding string) {
	h["Content-Encoding"] = []string{coding}
	if tag := CodingTag(h.Get("ETag"), coding); tag != "" {
		h["Etag"] = []string{tag}
	} else {
		delete(h, "Etag")
	}
	delete(h, "Accept-Ranges")
}

// AddVary names one more request field by which a response varies.
func AddVary(h http.Header, name string) {
	if names := varyNames(h); !slices.Contains(names, name) && !slices.Contains(names, "*") {
		h["Vary"] = append(slices.Clone(h["Vary"]), name)
	}
}
