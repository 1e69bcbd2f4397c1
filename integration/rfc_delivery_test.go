package integration

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestHeadOfAStoredPage: a stored page answers a HEAD with the fields that a GET
// would get, and without the origin.
func TestHeadOfAStoredPage(t *testing.T) {
	o := edge.NewOrigin(t, sends(wholePage, `ETag: "one"`, "X-A: 1"))
	e := shop(t, o)
	target := newPage()
	page := wantCached(t, e, o, target)
	head := e.Do(http.MethodHead, target)
	head.Want(t, "hit", "detail=fresh")
	if head.Status != 200 || head.Body != "" {
		t.Errorf("status %d, %d bytes", head.Status, len(head.Body))
	}
	for _, name := range []string{"Content-Length", "Content-Type", "Etag", "X-A", "Date", "Via"} {
		if got, want := head.Header.Get(name), page.Header.Get(name); got != want || got == "" {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	wantHits(t, o, 1)
}

// TestIfRange: a part is cut only from the page that the client has parts of.
func TestIfRange(t *testing.T) {
	for condition, part := range map[string]bool{
		`"one"`: true, `"two"`: false, `W/"one"`: false, `one`: false, "cow": false, "": true,
		modified: true, "Wed, 01 Jan 2020 00:00:01 GMT": false, "Wednesday, 01-Jan-20 00:00:00 GMT": true,
	} {
		o := edge.NewOrigin(t, sends("0123456789", `ETag: "one"`, "Last-Modified: "+modified))
		e := shop(t, o)
		target := newPage()
		lines := []string{"Range: bytes=2-3"}
		if condition != "" {
			lines = append(lines, "If-Range: "+condition)
		}
		for _, want := range []string{"fwd=uri-miss", "hit"} {
			a := e.Get(target, lines...)
			a.Want(t, want)
			if got := a.Status == 206 && a.Body == "23"; got != part || !part && (a.Status != 200 || a.Body != "0123456789") {
				t.Errorf("If-Range %s, %s: status %d, body %q", condition, want, a.Status, a.Body)
			}
		}
	}
}

// TestOwnTag: a page without an entity-tag gets one of the edge's when it is served
// from the store: the same for the same bytes, and another for others.
func TestOwnTag(t *testing.T) {
	tags := map[string]bool{}
	for _, body := range []string{"page one", "page two", "page one"} {
		o := edge.NewOrigin(t, sends(body))
		e := shop(t, o)
		target := newPage()
		page := wantCached(t, e, o, target)
		tag := page.Header.Get("Etag")
		tags[tag] = true
		for lines, status := range map[string]int{
			"If-None-Match: " + tag: 304, `If-None-Match: "x", W/` + tag: 304, `If-None-Match: "x"`: 200,
			"If-Match: " + tag: 200, `If-Match: "x"`: 412, "Range: bytes=0-1\r\nIf-Range: " + tag: 206, "Range: bytes=0-1\r\nIf-Range: \"x\"": 200,
		} {
			for _, method := range []string{"GET", "HEAD"} {
				want := status
				if method == "HEAD" && status == 206 {
					want = 200
				}
				a := e.Do(method, target, lines)
				if a.Want(t, "hit"); a.Status != want || a.Header.Get("Etag") != tag {
					t.Errorf("%s with %q: status %d, want %d; ETag %q of %q", method, lines, a.Status, want, a.Header["Etag"], tag)
				}
			}
		}
		wantHits(t, o, 1)
	}
	if len(tags) != 2 || tags[""] {
		t.Errorf("two pages have the tags %v", tags)
	}
	o := edge.NewOrigin(t, answering(`ETag: "own"`))
	e := shop(t, o)
	wantFields(t, wantCached(t, e, o, newPage()), map[string]string{"Etag": `"own"`})
}

// TestOwnTagOfAnEncodedPage: the tag stays good when the edge encodes the page.
func TestOwnTagOfAnEncodedPage(t *testing.T) {
	o := edge.NewOrigin(t, sends(wholePage))
	e := edge.Start(t, strings.Replace(shopSite(o, "15s"), "EDGE {", "EDGE {\n\tencode gzip", 1))
	target := newPage()
	e.Get(target)
	encoded := e.Get(target, "Accept-Encoding: gzip")
	encoded.Want(t, "hit")
	wantFields(t, encoded, map[string]string{"Content-Encoding": "gzip"})
	plain := e.Get(target)
	for lines, tag := range map[string]string{"Accept-Encoding: gzip": encoded.Header.Get("Etag"), "X-None: 1": plain.Header.Get("Etag")} {
		if a := e.Get(target, lines, "If-None-Match: "+tag); a.Status != 304 || a.Body != "" || tag == "" {
			t.Errorf("%s with %q: status %d, %d bytes", lines, tag, a.Status, len(a.Body))
		}
	}
	if encoded.Header.Get("Etag") == plain.Header.Get("Etag") {
		t.Errorf("two codings have one tag, %q", plain.Header["Etag"])
	}
	wantHits(t, o, 1)
}

// TestBrowserTTL: what browsers are told of a page's lifetime, apart from what the
// edge does; Age is sent beside it, and they take that off.
func TestBrowserTTL(t *testing.T) {
	// RFC 9111: 5.2.2.1-1, 5.2.2.10-2
	for _, tt := range []struct {
		options, said []string
		missed, hit   string
	}{
		{nil, []string{"Cache-Control: public, max-age=3600, Age-not=1", "Age: 100"}, "public, max-age=115, Age-not=1", "public, max-age=114, Age-not=1"},
		{[]string{"browser_ttl 0s"}, []string{"Cache-Control: public, max-age=3600"}, "public, max-age=0, must-revalidate", "public, max-age=0, must-revalidate"},
		{[]string{"browser_ttl 60s"}, []string{"Cache-Control: public, max-age=3600"}, "public, max-age=60", "public, max-age=60"},
		{[]string{"browser_ttl 60s"}, nil, "max-age=60", "max-age=60"},
		{[]string{"browser_ttl 60s"}, []string{`Cache-Control: max-age="3600", s-maxage="3600", immutable`, "Age: 100"}, "s-maxage=115, max-age=160", "s-maxage=114, max-age=160"},
		{[]string{"browser_ttl 60s"}, []string{"Expires: Fri, 31 Dec 9999 23:59:59 GMT"}, "max-age=60", "max-age=60"},
	} {
		o := edge.NewOrigin(t, answering(tt.said...))
		e := shop(t, o, tt.options...)
		target := newPage()
		first, second := e.Get(target), e.Get(target)
		second.Want(t, "hit")
		wantFields(t, first, map[string]string{"Cache-Control": tt.missed})
		wantFields(t, second, map[string]string{"Cache-Control": tt.hit})
		if len(tt.options) > 0 {
			wantFields(t, second, map[string]string{"Expires": ""})
		}
		for _, a := range []*edge.Answer{first, second} {
			if age, err := strconv.Atoi(a.Header.Get("Age")); a.Is(t, "hit") && err != nil || age > 101 {
				t.Errorf("Age %q", a.Header["Age"])
			}
		}
	}
}

// TestCDNCacheControl: what the origin says to caches alone is heeded, and sent on to
// those behind, cut as the rest is, or taken away.
func TestCDNCacheControl(t *testing.T) {
	for _, tt := range []struct{ option, missed, hit string }{
		{"", "max-age=15", "max-age=14"}, {"cdn_cache_control pass", "max-age=15", "max-age=14"}, {"cdn_cache_control remove", "", ""},
	} {
		o := edge.NewOrigin(t, answering("CDN-Cache-Control: max-age=3600, stale-if-error=60", "Cache-Control: private, max-age=5"))
		var options []string
		if tt.option != "" {
			options = append(options, tt.option)
		}
		e := shop(t, o, append(options, "hit_for_miss 0")...)
		target := newPage()
		first, second := e.Get(target), e.Get(target)
		second.Want(t, "hit")
		for a, want := range map[*edge.Answer]string{first: tt.missed, second: tt.hit} {
			wantFields(t, a, map[string]string{"CDN-Cache-Control": want, "Cache-Control": "private, max-age=5"})
		}
		o.Script(answering("CDN-Cache-Control: no-store", "Cache-Control: public, max-age=60"))
		target = newPage()
		for range 2 {
			e.Get(target).Want(t, "fwd=uri-miss", "detail=no-store")
		}
	}
}

// TestDebug: only who matches is told what a page is stored under.
func TestDebug(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, strings.Replace(shopSite(o, "15s", "debug @me"), "EDGE {", "EDGE {\n\t@me header X-Debug yes", 1))
	target := newPage()
	for range 2 {
		if a := e.Get(target); a.Is(t, "key") || a.Has("key=") {
			t.Errorf("Cache-Status %q", a.Header["Cache-Status"])
		}
	}
	for _, lines := range [][]string{nil, {cookie("A")}, {"Range: bytes=0-0"}, {"If-None-Match: *"}} {
		a := e.Get(target, append(lines, "X-Debug: yes")...)
		key, _ := a.CacheStatus(t).Params.Get("key")
		if text, _ := key.(string); len(lines) == 0 && (!strings.Contains(text, "shop.test") || !strings.Contains(text, target)) || strings.Contains(text, "canary") {
			t.Errorf("%q: Cache-Status %q", lines, a.Header["Cache-Status"])
		}
	}
	e.Get(target, "X-Debug: yes").Want(t, "hit", "key")
	e.Get(newPage(), "X-Debug: yes").Want(t, "fwd=uri-miss", "key")
	wantHits(t, o, 3) // the page, another, and who has a cookie
}

// TestInvalidationStaysAtTheOrigin: an answer to an unsafe request invalidates what it
// names at its own scheme, host and port, and nothing elsewhere (S16).
func TestInvalidationStaysAtTheOrigin(t *testing.T) {
	// RFC 9111: 4.4-1, 4.4-2
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, "EDGE {\n\tpage_cache /products/* 1h\n\treverse_proxy "+o.Addr+"\n}\n")
	for location, gone := range map[string]bool{
		"/products/named": true, "named": true, "http://shop.test/products/named": true, "http://SHOP.test:80/products/named?x=1": true,
		"//shop.test/products/named": true, "https://shop.test/products/named": false, "http://shop.test:8080/products/named": false,
		"http://other.test/products/named": false, "//other.test/products/named": false, "ftp://shop.test/products/named": false,
		"http://shop.test@other.test/products/named": false, "\x80": false, "": false,
	} {
		for _, field := range []string{"Location", "Content-Location"} {
			o.Script(edge.Echo)
			e.Get("/products/named")
			e.Get("/products/other")
			o.Script(func(conn io.Writer, _ edge.Asked) bool {
				edge.Reply(conn, "201 Created", "done", field+": "+location)
				return true
			})
			e.Do("POST", "/products/own").Want(t, "fwd=method")
			o.Script(edge.Echo)
			if a := e.Get("/products/named"); a.Is(t, "hit") == gone {
				t.Errorf("%s: %q: Cache-Status %q, want gone %t", field, location, a.Header["Cache-Status"], gone)
			}
			e.Get("/products/other").Want(t, "hit")
		}
	}
}

// TestDirectivesPass: on a line without a ttl, directives go through as they are, in
// both directions, and a body with no-transform byte for byte, on a miss and on a hit.
func TestDirectivesPass(t *testing.T) {
	// RFC 9111: 5.2-1, 5.2.2.6-1, 5.2.3-1
	const directives = `public, max-age=600, no-transform, x-odd="a, b", community=UCI, immutable`
	var coded strings.Builder
	z := gzip.NewWriter(&coded)
	io.WriteString(z, wholePage)
	z.Close()
	for _, body := range []string{wholePage, coded.String(), "\x00\xff\r\n<p>  </p>\n"} {
		o := edge.NewOrigin(t, sends(body, "Cache-Control: "+directives, "Cache-Control: x-more", "CDN-Cache-Control: max-age=700, x-odd"))
		e := edge.Start(t, "EDGE {\n\tencode gzip\n\tpage_cache\n\treverse_proxy "+o.Addr+"\n}\n")
		target := newPage()
		for _, want := range []string{"fwd=uri-miss", "hit"} {
			a := e.Get(target, "Accept-Encoding: gzip")
			a.Want(t, want)
			if got := a.Header["Cache-Control"]; a.Body != body || len(got) != 2 || got[0] != directives || got[1] != "x-more" {
				t.Errorf("%s: same body %t, Cache-Control %q", want, a.Body == body, got)
			}
			wantFields(t, a, map[string]string{"Content-Encoding": "", "CDN-Cache-Control": "max-age=700, x-odd"})
		}
		for _, method := range []string{"GET", "POST", "HEAD"} {
			e.Do(method, target, cookie("A"), "Cache-Control: no-transform, max-age=5, x-odd=\"a, b\"", "Pragma: x")
			if got := o.Last().Header; got.Get("Cache-Control") != `no-transform, max-age=5, x-odd="a, b"` || got.Get("Pragma") != "x" {
				t.Errorf("%s: the origin had Cache-Control %q, Pragma %q", method, got["Cache-Control"], got["Pragma"])
			}
		}
	}
}
