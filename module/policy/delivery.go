package policy

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Delivery says in what form a response answers one request.
type Delivery struct {
	Status int         // the response's own, 206, 304, 412 or 416
	Ranges []ByteRange // for 206: one, or several for multipart/byteranges, in the order asked for
}

// DecideDelivery judges the conditions and the Range of a request against the
// response that answers it, in the order of RFC 9110 §13.2.2. They count for a GET
// or HEAD and a response of 2xx only (§13.2.1), a Range for a GET and 200 only
// (§14.2). status and h are the response's, h with its Date as the origin sent it;
// size is that of its body in bytes, -1 when not yet known; received is when it
// came, zero when that is not known either. Names in request and h are canonical.
//
// If-Match and If-Unmodified-Since are judged too, which is left to an origin as a
// rule (§13.1.1, RFC 9111 §4.3.2): a fill carries no visitor's condition, so that
// nobody else would judge them, and a client that joins parts must not be given
// another page's.
//
//nolint:revive // argument-limit: a stored response and one that is passing share no type, and one made for this call would only hide what it depends on
func DecideDelivery(method string, request http.Header, status int, h http.Header, size int64, received time.Time) Delivery {
	conditional := method == http.MethodGet || method == http.MethodHead
	switch {
	case !conditional || status < 200 || status > 299:
		return Delivery{Status: status}
	case preconditionFailed(request, h):
		return Delivery{Status: http.StatusPreconditionFailed}
	case notModified(request, h, received):
		return Delivery{Status: http.StatusNotModified}
	case method != http.MethodGet || status != http.StatusOK || size < 0 || !wantsPart(request, h):
		return Delivery{Status: status}
	}
	parts, ok := selectRanges(strings.Trim(request["Range"][0], " \t"), size)
	switch {
	case !ok:
		return Delivery{Status: status}
	case len(parts) == 0:
		return Delivery{Status: http.StatusRequestedRangeNotSatisfiable}
	}
	return Delivery{Status: http.StatusPartialContent, Ranges: parts}
}

// preconditionFailed judges If-Match (RFC 9110 §13.1.1) and, only without one,
// If-Unmodified-Since (§13.1.4), which counts if both dates can be read.
func preconditionFailed(request, h http.Header) bool {
	if lines := request["If-Match"]; len(lines) > 0 {
		return !namesTag(lines, h["Etag"], strongMatch)
	}
	since, ok := soleDate(request["If-Unmodified-Since"])
	modified, known := soleDate(h["Last-Modified"])
	return ok && known && modified.After(since)
}

// notModified judges If-None-Match (RFC 9110 §13.1.2) and, only without one,
// If-Modified-Since (§13.1.3).
func notModified(request, h http.Header, received time.Time) bool {
	if lines := request["If-None-Match"]; len(lines) > 0 {
		return namesTag(lines, h["Etag"], weakMatch)
	}
	since, ok := soleDate(request["If-Modified-Since"])
	changed, known := lastChange(h, received)
	return ok && known && !changed.After(since)
}

// lastChange returns the time that If-Modified-Since is compared to: Last-Modified,
// without one Date, without either the arrival (RFC 9111 §4.3.2). One that cannot
// be read is not passed over: it might have been later.
func lastChange(h http.Header, received time.Time) (time.Time, bool) {
	for _, name := range [...]string{"Last-Modified", "Date"} {
		if len(h[name]) > 0 {
			return soleDate(h[name])
		}
	}
	return received, !received.IsZero()
}

// wantsPart reports whether a Range counts: there is one, the origin does not
// refuse, and If-Range holds (RFC 9110 §13.1.5), so that the parts which the
// client has are from this response. A date has to be exactly Last-Modified, and
// that a second older than Date at least: there may have been two pages within it
// otherwise (§8.8.2.2).
func wantsPart(request, h http.Header) bool {
	if len(request["Range"]) != 1 || refusesRanges(h) {
		return false
	}
	condition, ok := sole(request["If-Range"])
	if !ok {
		return len(request["If-Range"]) == 0
	}
	if etag, tagged := sole(h["Etag"]); tagged && strongMatch(condition, etag) {
		return true
	}
	asked, ok := httpDate(condition)
	modified, known := soleDate(h["Last-Modified"])
	sent, dated := soleDate(h["Date"])
	return ok && known && dated && asked.Equal(modified) && sent.Sub(modified) >= time.Second
}

// sole returns the value of a field that has one line; ok is false if it has
// none, several, or says nothing.
func sole(lines []string) (value string, ok bool) {
	if len(lines) != 1 {
		return "", false
	}
	value = strings.Trim(lines[0], " \t")
	return value, value != ""
}

func soleDate(lines []string) (time.Time, bool) {
	value, ok := sole(lines)
	if !ok {
		return time.Time{}, false
	}
	return httpDate(value)
}

// Refused returns the fields of a 412 or a 416: those of a 304 without what is said of
// the page's lifetime, which is not that of a refusal.
func Refused(h http.Header) http.Header {
	out := NotModified(h)
	for name := range out {
		switch http.CanonicalHeaderKey(name) {
		case "Cache-Control", "Expires", "Cdn-Cache-Control", "Surrogate-Control", "Age":
			delete(out, name)
		}
	}
	return out
}

// NotModified returns a copy of the fields of a response for a 304 that stands for
// it: without those about a body, which is not sent, as the client has them with
// its own (RFC 9110 §15.4.5). Last-Modified stays, for clients that know nothing
// else to ask by.
func NotModified(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		if !describesBody(http.CanonicalHeaderKey(name)) {
			out[name] = slices.Clone(values)
		}
	}
	return out
}

// describesBody reports whether a field of this canonical name is about the body
// that comes with it, or about how that is sent. Content-Location is about where
// it came from, and a policy such as Content-Security-Policy about its use.
func describesBody(name string) bool {
	switch name {
	case "Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range", "Content-Disposition",
		"Content-Md5", "Content-Digest", "Repr-Digest", "Digest", "Trailer", "Transfer-Encoding":
		return true
	}
	return false
}
