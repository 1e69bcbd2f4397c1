package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// wantHarmless sends an attack to a new page, and to it again when it is warm, and fails
// the test unless the visitors behind it get the clean page, with nothing of it.
func wantHarmless(t *testing.T, e *edge.Edge, attack string, lines ...string) {
	t.Helper()
	target := newPage()
	e.Get(target, lines...)
	clean := e.Get(target)
	wantClean(t, clean, attack)
	if echoed(clean, "method") != http.MethodGet || echoed(clean, "target") != target {
		t.Errorf("after %q a clean visitor got the page of\n%s", lines, clean.Body)
	}
	e.Get(target, lines...)
	last := e.Get(target)
	last.Want(t, "hit")
	if last.Body != clean.Body {
		t.Errorf("after %q to a warm page a clean visitor got\n%s", lines, last.Body)
	}
}

// TestS09_IgnoredCookiesNeverReachTheOrigin: a cookie that the line ignores changes
// nothing, whatever it holds, and no fill has it; beside another it does not help.
func TestS09_IgnoredCookiesNeverReachTheOrigin(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "ignore_cookies _ga*")
	for _, line := range []string{"Cookie: _ga=<script>x", "Cookie: _garbage=1; _ga_X=\"2\"", "cookie: _ga=\x80; _gax=y"} {
		target := newPage()
		a := e.Get(target, line)
		a.Want(t, "fwd=uri-miss", "stored")
		if got, ok := o.Last().Header["Cookie"]; ok {
			t.Errorf("%q: the fill carried %q", line, got)
		}
		wantHit(t, e, o, a, target)
		wantClean(t, a, "<script>", "Cookie")
		b := wantBypass(t, e, o, "cookie", target, line+"; sessionid=A")
		if !b.Has("canary-A") || !strings.HasSuffix(echoed(b, "Cookie"), "; sessionid=A") {
			t.Errorf("%q and a session: the origin saw %q", line, echoed(b, "Cookie"))
		}
		wantHit(t, e, o, a, target)
	}
}

// TestS19_SchemeHeadersNeverRedirect: what a visitor says of the scheme makes no
// redirect for the next one, whichever header the application believes.
func TestS19_SchemeHeadersNeverRedirect(t *testing.T) {
	believes := func(conn io.Writer, a edge.Asked) bool {
		h := a.Header
		plain := h.Get("X-Forwarded-Proto") == "nothttps" || strings.EqualFold(h.Get("X-Forwarded-Scheme"), "http") ||
			h.Get("X-Forwarded-Ssl") == "off" || h.Get("Front-End-Https") == "off" || h.Get("X-Url-Scheme") == "http"
		if plain {
			edge.Reply(conn, "301 Moved Permanently", "", "Location: https://"+a.Host+a.Target, "Cache-Control: max-age=60")
			return true
		}
		return edge.Echo(conn, a)
	}
	o := edge.NewOrigin(t, believes)
	plain, secure := bothSchemes(t, o)
	for scheme, get := range map[string]func(string, ...string) *edge.Answer{"http": plain, "https": secure} {
		if a := get(newPage(), cookie("A"), "X-Forwarded-Scheme: http"); a.Status != http.StatusMovedPermanently {
			t.Fatalf("%s: what bypasses is not redirected, %d; the test shows nothing", scheme, a.Status)
		}
		for _, lines := range [][]string{
			{"X-Forwarded-Proto: nothttps"},
			{"X-Forwarded-Scheme: http"},
			{"X-Forwarded-SSL: off"},
			{"Front-End-Https: off"},
			{"X-Url-Scheme: http"},
			{"X-Forwarded-Proto: nothttps", "X-Forwarded-Scheme: HTTP", "X-Forwarded-Ssl: off", "Front-End-Https: off"},
			{"X-Forwarded-Proto: https", "X-Forwarded-Proto: nothttps"},
		} {
			target := newPage()
			for n, more := range [][]string{lines, nil, lines, nil} {
				if a := get(target, more...); a.Status != http.StatusOK || a.Header.Get("Location") != "" || echoed(a, "X-Forwarded-Proto") != scheme {
					t.Errorf("%s, %q, visitor %d: %d to %q, X-Forwarded-Proto %q", scheme, lines, n, a.Status, a.Header.Get("Location"), echoed(a, "X-Forwarded-Proto"))
				}
			}
			if n := o.Hits(target); n != 1 {
				t.Errorf("%s, %q: %d requests at the origin, want 1", scheme, lines, n)
			}
		}
	}
}

// TestS20_HostAndPathHeadersNeverPoison: nor does what a visitor says of the host, the port,
// the path: an application that serves the page which a header names serves it to him
// alone, if at all.
func TestS20_HostAndPathHeadersNeverPoison(t *testing.T) {
	believed := []string{
		"X-Forwarded-Port: 4443", "X-Forwarded-Server: evil.test", "X-Forwarded-Prefix: /evil", "Forwarded: host=evil.test;proto=gopher", "X-Host: evil.test",
		"X-Original-URL: /evil/admin", "X-Rewrite-URL: /evil/admin", "X-Original-Host: evil.test", "X-HTTP-Host-Override: evil.test", "X-Forwarded-Path: /evil",
		"X-Forwarded-Uri: /evil", "X-Original-Uri: /evil", "X-Proxy-Url: http://evil.test", "X-Script-Name: /evil", "Base-Url: evil", "Request-Uri: /evil",
		"X-Envoy-Original-Path: /evil", "X-Backend-Host: evil.test", "X-Amzn-Remapped-Host: evil.test", "Destination: http://evil.test",
	}
	o := edge.NewOrigin(t, nil)
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		for _, line := range believed {
			name, value, _ := strings.Cut(line, ": ")
			if a.Header.Get(name) == value {
				edge.Reply(conn, "200 OK", "what evil wants: "+value, "X-Base: "+value, "Cache-Control: public, max-age=60")
				return true
			}
		}
		return edge.Echo(conn, a)
	})
	e := shop(t, o)
	for _, line := range believed {
		if a := e.Get(newPage(), cookie("A"), line); !a.Has("what evil wants") {
			t.Errorf("%s: the origin does not believe it; the test shows nothing", line)
		}
		_, value, _ := strings.Cut(line, ": ")
		wantHarmless(t, e, value, line)
		wantHarmless(t, e, value, line, line)
		wantHarmless(t, e, value, strings.ToLower(line), "X-Forwarded-Host: evil.test")
	}
	wantHarmless(t, e, "evil", believed...)
}

// overrides are the headers that frameworks take another method from.
var overrides = []string{
	"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method", "X-Http-Verb", "X-Original-Method", "X-Tunnel-Method", "X-Request-Method", "Method",
}

// obeys answers as an application that takes the method from a header: to an unusual
// one with this status and lifetime.
func obeys(status string, lines ...string) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, a edge.Asked) bool {
		for _, name := range overrides {
			if method := a.Header.Get(name); method == http.MethodHead {
				edge.Reply(conn, "200 OK", "", lines...)
				return true
			} else if method != "" {
				edge.Reply(conn, status, "overridden by "+method, lines...)
				return true
			}
		}
		return edge.Echo(conn, a)
	}
}

// wantOverridesHarmless tries each header with each method at an application that obeys.
func wantOverridesHarmless(t *testing.T, script func(io.Writer, edge.Asked) bool) {
	t.Helper()
	o := edge.NewOrigin(t, script)
	e := shop(t, o)
	if a := e.Get(newPage(), cookie("A"), "X-HTTP-Method-Override: POST"); !a.Has("overridden") {
		t.Fatal("the origin does not obey what bypasses; the test shows nothing")
	}
	for _, name := range overrides {
		for _, method := range []string{"POST", "DELETE", "HEAD", "NONSENSE", "PURGE", "post"} {
			wantHarmless(t, e, "overridden", name+": "+method)
		}
	}
}

// TestS21_MethodOverrideNeverPoisons: a method in a header is nobody's but the one's who
// sent it.
func TestS21_MethodOverrideNeverPoisons(t *testing.T) {
	wantOverridesHarmless(t, obeys("200 OK", "Cache-Control: public, max-age=60"))
}

// TestS53_ErrorsOfOverriddenMethods: nor is the error that it leads to, lifetime or not.
func TestS53_ErrorsOfOverriddenMethods(t *testing.T) {
	for _, status := range []string{"404 Not Found", "405 Method Not Allowed", "501 Not Implemented"} {
		wantOverridesHarmless(t, obeys(status, "Cache-Control: public, max-age=60"))
		wantOverridesHarmless(t, obeys(status))
	}
}

// TestS22_AliasesOfAName: a header whose name a CGI would take for another's never
// arrives as that one, on a fill or without the cache, at an HTTP origin or behind a
// real uWSGI.
func TestS22_AliasesOfAName(t *testing.T) {
	aliases := []string{
		"X_Forwarded_Host", "X.Forwarded.Host", "x-FORWARDED_host", "X_FORWARDED-HOST", "X-Forwarded.Host", "x_forwarded_host", "HTTP_X_FORWARDED_HOST", "X_Forwarded.Host",
	}
	app := edge.UWSGI(t, "testdata/environ.py", 1)
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, "EDGE {\n page_cache 15s\n handle /wsgi/* {\n reverse_proxy unix/"+app+" {\n transport uwsgi\n }\n }\n reverse_proxy "+o.Addr+"\n}\n")
	for _, alias := range aliases {
		for _, lines := range [][]string{{alias + ": evil.test"}, {alias + ": evil.test", cookie("A")}, {alias + ": evil.test", "X-Forwarded-Host: evil.test"}} {
			target := "/wsgi" + newPage()
			for _, a := range []*edge.Answer{e.Get(target, lines...), e.Get(target)} {
				if got := echoed(a, "HTTP_X_FORWARDED_HOST"); got != "shop.test" || a.Has("evil") {
					t.Errorf("%q: the application saw HTTP_X_FORWARDED_HOST %q\n%s", lines, got, a.Body)
				}
			}
			target = newPage()
			for _, a := range []*edge.Answer{e.Get(target, lines...), e.Get(target)} {
				if a.Has("evil") {
					t.Errorf("%q: the origin saw\n%s", lines, a.Body)
				}
			}
		}
	}
	before := o.Hits()
	if a := e.Get(newPage(), strings.Repeat("X-Forwarded-Host_", 4200)+": evil.test"); a.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a name of 70 kB: status %d", a.Status)
	}
	wantHits(t, o, before)
}

// TestS24_BodyOfAGet: a GET with content reaches the origin itself, with the content,
// cold and warm, and leaves the clean page alone.
func TestS24_BodyOfAGet(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	const evil = "q=evil"
	for framing, rest := range map[string]string{
		"Content-Length: 6": evil, "Transfer-Encoding: chunked": "6\r\n" + evil + "\r\n0\r\n\r\n",
		"Transfer-Encoding: Chunked\r\nContent-Type: application/x-www-form-urlencoded": "3\r\nq=e\r\n3;x=y\r\nvil\r\n0\r\n\r\n",
	} {
		fat := func(target string) {
			before := o.Hits()
			a := e.Raw("GET", edge.Request("GET", target, framing)+rest)
			a.Want(t, "fwd=bypass", "detail=request-body")
			if echoed(a, "body") != evil || o.Hits() != before+1 || a.Is(t, "stored") {
				t.Errorf("%s: the origin had %d requests, and of content %q", framing, o.Hits()-before, echoed(a, "body"))
			}
		}
		target := newPage()
		fat(target)
		page := wantCached(t, e, o, target)
		wantClean(t, page, "evil")
		fat(target)
		wantHit(t, e, o, page, target)
	}
	empty := newPage() // a body without content is a body as well: its length came too late
	e.Raw("GET", edge.Request("GET", empty, "Transfer-Encoding: chunked")+"0\r\n\r\n").Want(t, "fwd=bypass", "detail=request-body")
	wantCached(t, e, o, empty)
}

// TestS25_BodyOfAHead: a HEAD with content bypasses as well, and a length of 0 is no
// content.
func TestS25_BodyOfAHead(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	for _, framing := range []string{"Content-Length: 6\r\n\r\nq=evil", "Transfer-Encoding: chunked\r\n\r\n6\r\nq=evil\r\n0\r\n\r\n"} {
		head, body, _ := strings.Cut(framing, "\r\n\r\n")
		a := e.Raw("HEAD", edge.Request("HEAD", target, head)+body)
		a.Want(t, "fwd=bypass", "detail=request-body")
		if a.Is(t, "stored") || o.Last().Method != http.MethodHead {
			t.Errorf("%q: %s at the origin, Cache-Status %q", head, o.Last().Method, a.Header["Cache-Status"])
		}
	}
	wantClean(t, wantCached(t, e, o, target), "evil")
	for _, method := range []string{"GET", "HEAD"} {
		e.Do(method, target, "Content-Length: 0").Want(t, "hit")
	}
	cold := newPage()
	page := e.Get(cold, "Content-Length: 0")
	page.Want(t, "fwd=uri-miss", "stored")
	wantHit(t, e, o, page, cold)
	if fill := o.Last(); fill.Body != "" || fill.Header.Get("Content-Length") != "" {
		t.Errorf("the fill carried a length: %v", fill.Header)
	}
}

// TestS66_ClientsDoNotSpeakForTheOrigin: what caches say to each other changes nothing
// in a client's mouth: not what is stored, for how long, under which key or for whom;
// and no fill passes it on.
func TestS66_ClientsDoNotSpeakForTheOrigin(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	seen := fmt.Sprint(len(wantCached(t, e, o, newPage()).Header))
	for _, line := range []string{
		"Surrogate-Control: no-store", "Surrogate-Control: max-age=9999999", "Surrogate-Capability: evil=\"ESI/1.0\"", "CDN-Cache-Control: max-age=9999999",
		"CDN-Cache-Control: no-store", "Cache-Status: page-cache;hit;ttl=9999999;key=evil", "Cache-Status: page-cache", "Age: 9999999", "Age: -1", "Via: 1.1 evil, 1.1 page-cache",
		"X-Cache: HIT", "X-Cache-Key: evil", "X-Cache-Hash: evil", "X-Cache-Control: no-store", "X-Cache-Debug: evil", "X-Cache-Ttl: 9999999", "Surrogate-Key: evil", "Cache-Tag: evil",
		"X-Page-Cache: off", "X-Page-Cache-Key: evil", "Page-Cache-Fill: 1", "page-cache: evil", "Expires: Thu, 01 Jan 1970 00:00:00 GMT", "Date: Thu, 01 Jan 1970 00:00:00 GMT",
		"ETag: \"evil\"", "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", "Vary: *", "Vary: evil", "Warning: 110 evil", "CDN-Loop: page-cache; evil", "X-Accel-Expires: 0", "X-Sum: evil",
	} {
		name, value, _ := strings.Cut(line, ": ")
		target := newPage()
		a := e.Get(target, line)
		a.Want(t, "fwd=uri-miss", "stored")
		if ttl, _ := a.CacheStatus(t).Params.Get("ttl"); ttl != int64(15) && ttl != int64(14) {
			t.Errorf("%s: ttl %v, want the line's", line, ttl)
		}
		via := name == "Via" // reverse_proxy has its own word there
		if got := o.Last().Header.Values(name); len(got) > 0 && !via || via && strings.Contains(strings.Join(got, ","), "evil") {
			t.Errorf("%s: the fill carried %q", line, got)
		}
		b := e.Get(target, line)
		b.Want(t, "hit")
		clean := e.Get(target)
		clean.Want(t, "hit")
		if b.Body != a.Body || clean.Body != a.Body || fmt.Sprint(len(clean.Header)) != seen || o.Hits(target) != 1 {
			t.Errorf("%s: %d requests at the origin, %v", line, o.Hits(target), clean.Header)
		}
		if age := clean.Header.Get("Age"); value == "9999999" && len(age) > 2 {
			t.Errorf("%s: Age %s", line, age)
		}
		wantClean(t, clean, "evil", "9999999")
		other := newPage() // and what it would do to one who is forwarded stays with him
		e.Get(other, line, cookie("A"))
		wantClean(t, wantCached(t, e, o, other), "evil", "9999999")
	}
}
