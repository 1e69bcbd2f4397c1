package policy

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/page-cache/page-cache/module/cachekey"
)

// URI names what an unsafe request invalidates: the URI as clients have it, with
// all its variants, whichever line stores it. Scheme and host keep sites apart.
func URI(in *cachekey.Inputs) string { return uri(in.Scheme, in.Host, in.Original) }

func uri(scheme, host, target string) string {
	return scheme + " " + strings.ToLower(host) + " " + target
}

// Invalidates returns the URIs that a forwarded request's answer invalidates (RFC
// 9111 §4.4): after a 2xx or 3xx to an unsafe method the request's own, and those
// of Location and Content-Location on the same host. nil: none.
func Invalidates(q *Request, r *Rule, status int, h http.Header) []string {
	if safe(q.Method) || status < 200 || status > 399 {
		return nil
	}
	uris := []string{uri(q.Scheme, q.Host, r.filterQuery(q.Original))}
	base, err := url.Parse("//" + q.Host + q.Original)
	if err != nil {
		return uris
	}
	for _, name := range [...]string{"Location", "Content-Location"} {
		target, err := base.Parse(h.Get(name))
		if err == nil && h.Get(name) != "" && strings.EqualFold(target.Host, q.Host) {
			uris = append(uris, uri(q.Scheme, q.Host, r.filterQuery(target.RequestURI())))
		}
	}
	return uris
}

// safe reports a method that is safe by RFC 9110 §9.2.1 or by its registration, or,
// as CONNECT, is about no resource. An unknown one is not.
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodConnect,
		"QUERY", "PROPFIND", "REPORT", "SEARCH":
		return true
	}
	return false
}
