package policy

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/page-cache/page-cache/module/cachekey"
)

// URI names what an unsafe request invalidates: the resource as clients have it,
// with all its variants, whichever line stores it. The query is left out, because
// lines differ in what they ignore of it; so one request invalidates all queries,
// which is more than it must and never less.
func URI(in *cachekey.Inputs) string { return uri(in.Scheme, in.Host, in.Original) }

func uri(scheme, host, target string) string {
	path, _, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(path, "/") { // a whole URI, as clients of proxies send
		if u, err := url.Parse(target); err == nil {
			path = u.EscapedPath()
		}
	}
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	return origin(scheme, host) + " " + path
}

// origin names a scheme, host and port (RFC 9110 §4.3.1).
func origin(scheme, host string) string {
	scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	return scheme + " " + strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
}

// Invalidates returns the URIs that a forwarded request's answer invalidates (RFC
// 9111 §4.4): after a 2xx or 3xx to an unsafe method the request's own, and those
// of Location and Content-Location at the same origin. nil: none.
func Invalidates(q *Request, status int, h http.Header) []string {
	if Safe(q.Method) || status < 200 || status > 399 {
		return nil
	}
	uris := []string{uri(q.Scheme, q.Host, q.Original)}
	base, err := url.Parse(q.Scheme + "://" + q.Host)
	if own, ownErr := url.Parse(q.Original); err == nil && ownErr == nil {
		base = base.ResolveReference(own)
	}
	if err != nil {
		return uris
	}
	for _, name := range [...]string{"Location", "Content-Location"} {
		target, err := base.Parse(h.Get(name))
		if err == nil && h.Get(name) != "" && origin(target.Scheme, target.Host) == origin(q.Scheme, q.Host) {
			if named := uri(q.Scheme, q.Host, target.RequestURI()); !slices.Contains(uris, named) {
				uris = append(uris, named)
			}
		}
	}
	return uris
}

// Safe reports a method that is safe by RFC 9110 §9.2.1 or by its registration, or,
// as CONNECT, is about no resource. An unknown one is not.
func Safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodConnect,
		"QUERY", "PROPFIND", "REPORT", "SEARCH":
		return true
	}
	return false
}
