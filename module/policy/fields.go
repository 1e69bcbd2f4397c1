package policy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// canonicalFields returns h, or a copy if it has names that are not in canonical
// form: a handler in this process may write them in any case, and a Set-Cookie
// is one in any. So is one with a blank between its name and the colon, which Go's
// client leaves to the name, and which RFC 9112 §5.1 wants removed before anybody
// looks. h itself is not changed.
func canonicalFields(h http.Header) http.Header {
	for name := range h {
		if canonicalName(name) == name {
			continue
		}
		out := make(http.Header, len(h))
		for name, values := range h {
			name = canonicalName(name)
			out[name] = append(out[name], values...)
		}
		return out
	}
	return h
}

func canonicalName(name string) string {
	return http.CanonicalHeaderKey(strings.Trim(name, " \t"))
}

// ContentLength returns the declared length of a body in bytes; ok is false when
// none is declared, or not in a form that can be relied on.
func ContentLength(h http.Header) (n int64, ok bool) {
	values := h["Content-Length"]
	if len(values) != 1 {
		return 0, false
	}
	u, err := strconv.ParseUint(values[0], 10, 63) // RFC 9110 §8.6 has no sign
	return int64(u), err == nil
}

// nominated returns the fields that Connection says are for one connection (RFC 9110
// §7.6.1).
func nominated(h http.Header) []string {
	var names []string
	for _, f := range h["Connection"] {
		for name := range strings.SplitSeq(f, ",") {
			names = append(names, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	return names
}

// StorableFields returns a copy of an answer's fields without those that concern
// one connection or one delivery (RFC 9111 §3.1), those that belong to one request
// unless the line keeps them, and those in drop; and with a Date (RFC 9110
// §6.6.1). Set-Cookie is left out whatever was decided before.
func (r *Rule) StorableFields(h http.Header, drop []string, now time.Time) http.Header {
	drop = append([]string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Te",
		"Trailer", "Transfer-Encoding", "Upgrade", "Set-Cookie", "Age", "Content-Length",
	}, drop...)
	h = canonicalFields(h)
	drop = append(drop, nominated(h)...)
	for _, name := range perRequest {
		if !r.keeps(name) {
			drop = append(drop, name)
		}
	}
	out := make(http.Header, len(h))
	for name, values := range h {
		if !slices.Contains(drop, name) && !strings.HasPrefix(name, http.TrailerPrefix) {
			out[name] = slices.Clone(values)
		}
	}
	if len(out["Date"]) == 0 {
		out.Set("Date", now.UTC().Format(http.TimeFormat))
	}
	return out
}
