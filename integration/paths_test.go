package integration

import (
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS35_TargetsNeverCollide: targets that differ in anything, an escape or its
// case, never share a page, and each brings the origin the same target as without
// the cache.
func TestS35_TargetsNeverCollide(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	targets := []string{
		"x?a=b", "x%3fa=b", "x%3Fa=b", "a/b", "a%2fb", "a%2Fb", "A", "a", "%41", "%61", "x#f", "x%23f", "x?", "x", "x/", "x;y", "x%3by",
		"x%3By", "café", "caf%c3%a9", "caf%C3%A9", "caf\xe9", "caf%e9", "x?a=b&c=d", "x?c=d&a=b", "x?a=b&", "x?a=%62", "x?a=b#f", "x?a=b%23f",
		"x?a", "x?a=", "x+y", "x%20y", "x%2by", "x??", "x?%3f", "x&a=b", "x%00", "x%5cy", "x\\y", "x|y", "x%7cy", "x%25", "x%2541", "~x", "%7ex",
		"x//", "x//y", "x/./y", "x/%2e/y", "x!$'()*,", "x%21", "x:80", "x@y", "x?a=b;c", "x?a=b%26c", "x?a=%C3%A9", "x?a=%c3%a9", "x?a=é",
	}
	owner := map[string]string{} // a body's target
	for _, last := range targets {
		target := "/products/category/" + last
		direct := echoed(e.Get(target, cookie("A")), "target")
		for range 3 {
			a := e.Get(target)
			if a.Status == http.StatusBadRequest {
				continue // Go's server takes it for no target at all
			}
			if got := echoed(a, "target"); got != direct {
				t.Errorf("%q: the origin saw %q, without the cache %q", target, got, direct)
			}
			if other, ok := owner[a.Body]; ok && other != target {
				t.Errorf("%q and %q share a page", target, other)
			}
			owner[a.Body] = target
		}
	}
	for _, last := range []string{"x?a=b", "x%3Fa=b", "A", "x?", "x;y", "caf%C3%A9"} {
		e.Get("/products/category/"+last).Want(t, "hit")
	}
}

// account plays an application whose pages under /account/ are personal, and
// whose paths are decoded, twice if need be, and cleaned before they are routed,
// with a servlet's parameters cut off: as bad as any.
func account(conn io.Writer, a edge.Asked) bool {
	raw, _, _ := strings.Cut(a.Target, "?")
	for range 2 {
		if plain, err := url.PathUnescape(raw); err == nil {
			raw = plain
		}
	}
	raw = strings.ReplaceAll(raw, `\`, "/")
	if strings.HasPrefix(raw, "/account/") {
		return edge.Echo(conn, withAccount(a)) // Django's path('account/<path:rest>')
	}
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	if strings.HasPrefix(path.Clean(strings.Join(segments, "/"))+"/", "/account/") {
		return edge.Echo(conn, withAccount(a))
	}
	return edge.Echo(conn, a)
}

// withAccount makes the echo a page of the account's owner, session or not.
func withAccount(a edge.Asked) edge.Asked {
	a.Body = "ACCOUNT " + a.Body
	return a
}

// lines under which paths are tried: the usual one, one for everything, and one
// that a handle guards.
var pathSites = map[string]string{
	"route":  "page_cache /products/category/* 15s\n",
	"all":    "page_cache 15s\n",
	"handle": "handle /products/* {\n page_cache 15s\n reverse_proxy ORIGIN\n }\n",
}

// neverStored asks twice for a target, as a visitor with a session and as two
// without, and fails the test if an account's page is stored.
func neverStored(t *testing.T, e *edge.Edge, o *edge.Origin, target string) {
	t.Helper()
	before := o.Hits()
	mine := e.Get(target, cookie("A"))
	rejected := mine.Status == http.StatusBadRequest
	for _, a := range []*edge.Answer{mine, e.Get(target), e.Get(target)} {
		if a.Status == http.StatusBadRequest {
			continue // Go's server takes it for no target at all
		}
		if len(a.Header["Cache-Status"]) > 0 && (a.Is(t, "stored") || a.Is(t, "hit")) && a.Has("ACCOUNT") {
			t.Errorf("%q: an account's page is in the store: %q", target, a.Header["Cache-Status"])
		}
	}
	switch {
	case rejected && o.Hits() == before:
	case mine.Has("ACCOUNT") && o.Hits() != before+3:
		t.Errorf("%q: three visitors of an account, %d requests at the origin", target, o.Hits()-before)
	}
}

func eachPathSite(t *testing.T, test func(t *testing.T, e *edge.Edge, o *edge.Origin)) {
	t.Helper()
	for name, lines := range pathSites {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, account)
			site := strings.ReplaceAll("EDGE {\n"+lines+"reverse_proxy ORIGIN\n}\n", "ORIGIN", o.Addr)
			e := edge.Start(t, site)
			wantCached(t, e, o, newPage())
			test(t, e, o)
			wantCached(t, e, o, newPage())
		})
	}
}

// TestS36_DeceptivePaths: a path that Caddy's matcher takes for a product and the
// application for an account is never stored.
func TestS36_DeceptivePaths(t *testing.T) {
	deceptive := []string{
		"/account/..%2fproducts/category/x", "/account/..%2Fproducts%2Fcategory%2Fx", "/account/%2e%2e/products/category/x",
		"/account/%2E%2E%2fproducts/category/x", "/account/../products/category/x", "/account/%2e%2e%2fproducts/category/x",
		"/account/.%2e/products/category/x", "/account/%252e%252e/products/category/x", "/account/%252e%252e%252fproducts/category/x",
		"/account/..%5cproducts/category/x", `/account/..\products\category\x`, "/account/..;/products/category/x",
		"/account/..%3b/products/category/x", "/products/category/..%2f..%2faccount/x", "/products/category/%2e%2e/%2e%2e/account/x",
		"/products/category/../../account/x", "/products/category/..%252f..%252faccount/x", `/products/category/..\..\account/x`,
		"/products/category/..%5c..%5caccount/x", "/products/category/..;/..;/account/x", "//account/..%2fproducts/category/x",
		"/account/x%2f..%2f..%2fproducts/category/x", "/account//..//products/category/x", "/./account/..%2fproducts/category/x",
		"/products/category/%2525252e%2525252e/account",
	}
	eachPathSite(t, func(t *testing.T, e *edge.Edge, o *edge.Origin) {
		t.Helper()
		for _, target := range deceptive {
			neverStored(t, e, o, target)
		}
	})
	o := edge.NewOrigin(t, account)
	e := edge.Start(t, "EDGE {\n page_cache 15s\n reverse_proxy "+o.Addr+"\n}\n")
	for _, target := range deceptive {
		if a := e.Get(target); a.Status == http.StatusOK {
			a.Want(t, "fwd=bypass", "detail=path")
			e.Get(target).Want(t, "fwd=bypass", "detail=path")
		}
	}
}

// TestS37_CaseIsKept: Caddy's matcher takes /Products for /products, and an
// application that does not gets it as it came: its 404 is not the page's.
func TestS37_CaseIsKept(t *testing.T) {
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		if !strings.HasPrefix(a.Target, "/products/category/") {
			edge.Reply(conn, "404 Not Found", "no such page")
			return true
		}
		return edge.Echo(conn, a)
	})
	e := shop(t, o)
	for range 2 {
		a := e.Get("/Products/CATEGORY/x")
		if a.Status != http.StatusNotFound || a.Is(t, "stored") || a.Is(t, "hit") {
			t.Errorf("status %d, Cache-Status %q", a.Status, a.Header["Cache-Status"])
		}
	}
	wantHits(t, o, 2)
	wantCached(t, e, o, "/products/category/x")
	if a := e.Get("/products/CATEGORY/x"); a.Status != http.StatusNotFound {
		t.Errorf("another case got the page: status %d", a.Status)
	}
	lower, upper := wantCached(t, e, o, "/products/category/a"), wantCached(t, e, o, "/products/category/A")
	if lower.Body == upper.Body {
		t.Error("two cases share a page")
	}
}

// TestS39_OddBytesInPaths: control characters, path parameters and dot segments
// never bring an account's page under a product's key.
func TestS39_OddBytesInPaths(t *testing.T) {
	odd := []string{
		"x%0a.css", "x%00", "x%00.css", "x%0d%0aSet-Cookie:x", "x%09", "x%7f", "x%1f.js", "x\x01", "x\x7f", "x\t", ";/../../account", ";/../../account/",
		"../../account/", "../../account", "x;/../../../account/", "x%3b/../../../account/", "%e2%80%a8", "x\u2028y", "x%E2%80%A8%0a",
		"%c2%85", "..%00/..%00/account", "..%09/../account", "%2e%2e%3b/..;x/account", "./../../account", "%2e/%2e%2e/%2e%2e/account",
		"x/..;a=b/..;/../account", "%c0%ae%c0%ae/%c0%ae%c0%ae/account", "%u002e%u002e/account", "x%", "x%zz", "x%2", "%",
	}
	eachPathSite(t, func(t *testing.T, e *edge.Edge, o *edge.Origin) {
		t.Helper()
		for _, last := range odd {
			neverStored(t, e, o, "/products/category/"+last)
		}
	})
	o := edge.NewOrigin(t, account)
	e := edge.Start(t, "EDGE {\n page_cache 15s\n reverse_proxy "+o.Addr+"\n}\n")
	separate := []string{"%e2%80%a8", "x\u2028y", "%u002e%u002e/account", "x%", "x%zz", "x%2", "%"}
	for _, last := range odd {
		if a := e.Get("/products/category/" + last); a.Status == http.StatusOK && !slices.Contains(separate, last) {
			a.Want(t, "fwd=bypass", "detail=path")
		}
	}
}

// TestS42_HostsNeverShare: each host, with its port, has its own pages.
func TestS42_HostsNeverShare(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	hosts := []string{"a.test", "b.test", "a.test:8080", "a.test:80", "A.test", "a.test.", "x.a.test", "[::1]", "[::1]:80", "127.0.0.1"}
	bodies := map[string]string{}
	for _, host := range hosts {
		first, second := e.Get(target, "Host: "+host), e.Get(target, "Host: "+host)
		second.Want(t, "hit")
		if first.Body != second.Body || echoed(first, "host") != host {
			t.Errorf("%s: the origin saw %s; the hit has the same body: %t", host, echoed(first, "host"), first.Body == second.Body)
		}
		if other, ok := bodies[first.Body]; ok {
			t.Errorf("%s and %s share a page", host, other)
		}
		bodies[first.Body] = host
	}
	wantHits(t, o, len(hosts))
	// The target of a proxy's request names the host, and wins (RFC 9112 §3.2.2).
	for range 2 {
		a := e.Get("http://b.test"+target, "Host: a.test")
		if echoed(a, "host") != "b.test" {
			t.Errorf("the origin saw %s", echoed(a, "host"))
		}
	}
	if a := e.Get(target, "Host: a.test"); !a.Is(t, "hit") || echoed(a, "host") != "a.test" {
		t.Errorf("Cache-Status %q, host %s", a.Header["Cache-Status"], echoed(a, "host"))
	}
}
