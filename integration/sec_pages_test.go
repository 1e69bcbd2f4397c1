package integration

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// browser is the Accept of a browser that opens a page.
const browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

// chooses answers in the representation that the request asks for, in any of the ways
// that applications know, and does not say that it varies.
func chooses(conn io.Writer, a edge.Asked) bool {
	h, kind := a.Header, "page"
	switch accept := h.Get("Accept"); {
	case h.Get("Rsc") != "", h.Get("Next-Router-Prefetch") != "":
		kind = "rsc"
	case h.Get("X-Inertia") != "":
		kind = "inertia"
	case h.Get("X-Requested-With") != "", h.Get("Hx-Request") != "", h.Get("Turbo-Frame") != "", h.Get("X-Pjax") != "":
		kind = "fragment"
	case h.Get("X-Mobile") != "", strings.Contains(h.Get("User-Agent"), "iPhone"), h.Get("Sec-Ch-Ua-Mobile") == "?1":
		kind = "mobile"
	case strings.Contains(accept, "json"):
		kind = "json"
	case strings.HasPrefix(accept, "image/"):
		kind = "image"
	case !strings.Contains(accept, "html"):
		kind = "any"
	}
	edge.Reply(conn, "200 OK", "representation="+kind+"\n"+edge.EchoBody(a), "Cache-Control: public, max-age=60")
	return true
}

// TestS26_RepresentationsStayApart: an application that changes what it sends by a header
// and does not say so never makes a browser get what a script asked for, nor the other way
// round: the header is keyed, or the fill does not have it.
func TestS26_RepresentationsStayApart(t *testing.T) {
	for line, kind := range map[string]string{ // kind: what the sender gets; "page" if his header is dropped
		"Accept: application/json": "json", "Accept: application/ld+json, */*;q=0.1": "json", "Accept: */*": "any", "Accept:": "any",
		"Accept: image/webp": "image", "RSC: 1\r\n" + browser: "rsc", "Next-Router-Prefetch: 1\r\nAccept: */*": "rsc",
		"X-Requested-With: XMLHttpRequest\r\nAccept: */*": "fragment", "HX-Request: true\r\nAccept: */*": "fragment", "Turbo-Frame: cart\r\n" + browser: "fragment",
		"X-Inertia: true\r\n" + browser: "inertia", "X-PJAX: true\r\n" + browser: "page", "X-Mobile: 1\r\n" + browser: "page",
		"User-Agent: iPhone\r\n" + browser: "page", "Sec-CH-UA-Mobile: ?1\r\n" + browser: "page",
	} {
		for _, order := range [][]string{{line, browser}, {browser, line}} {
			o := edge.NewOrigin(t, chooses)
			e := shop(t, o)
			target := newPage()
			for _, next := range append(order, order...) {
				a := e.Get(target, next)
				want := kind
				if next == browser {
					want = "page"
				}
				if got := echoed(a, "representation"); got != want || a.Status != http.StatusOK || !a.Whole() {
					t.Errorf("%q of %q got %s, want %s, %q", next, order, got, want, a.Header["Cache-Status"])
				}
			}
			if n := o.Hits(); n > 2 {
				t.Errorf("%q: %d requests at the origin for two representations", order, n)
			}
		}
	}
}

// lists returns so many values of Accept-Encoding that clients might send, all of which
// allow the plain page.
func lists(n int) []string {
	codings := []string{"gzip", "br", "zstd", "deflate", "compress", "x-gzip", "GZIP", "identity", "*", "exi", "dcb"}
	random := rand.New(rand.NewPCG(28, 28))
	all := make([]string, n)
	for i := range all {
		var members []string
		for range 1 + random.IntN(6) {
			member := codings[random.IntN(len(codings))]
			if q := random.IntN(4); q > 0 {
				member += fmt.Sprintf(";q=0.%03d", 1+random.IntN(999))
			}
			members = append(members, member)
		}
		all[i] = strings.Join(members, []string{",", ", ", " ,\t"}[random.IntN(3)])
	}
	return all
}

// TestS28_CodingsMakeFewPages: however clients write what they can decode, the origin is
// asked three times at most, and who can decode nothing gets the plain page.
func TestS28_CodingsMakeFewPages(t *testing.T) {
	values := append(lists(100), "gzip;q=0", "identity;q=0", "br", "gzip, br;q=0", "*;q=0", "gzip;q=1.0, *;q=0.5", "", "\x80\xff", ";;;,,,q=")
	for name, order := range map[string][]string{"cold": append(append([]string{}, values...), "plain"), "warm": append([]string{"plain"}, values...)} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, sends(strings.Repeat("the plain page ", 2000)))
			e := shop(t, o)
			target := newPage()
			for _, value := range order {
				var lines []string
				if value != "plain" {
					lines = []string{"Accept-Encoding: " + value}
				}
				a := e.Get(target, lines...)
				coding := a.Header.Get("Content-Encoding")
				if named := strings.Contains(strings.ToLower(value), coding) || strings.Contains(value, "*"); a.Status != http.StatusOK || !named || coding == "" && !a.Whole() {
					t.Errorf("%q: status %d in %q, whole %t", value, a.Status, coding, a.Whole())
				}
				if plain := value == "plain" || value == ""; plain && coding != "" {
					t.Errorf("%q got %q", value, coding)
				}
			}
			if n := o.Hits(); n > 3 {
				t.Errorf("%d requests at the origin, want 3 at most", n)
			}
			e.Get(target).Want(t, "hit")
		})
	}
}

// TestS32_ReflectedOrigin: an application that lets the one who asks read its page, by a
// field that it makes of Origin without saying so, lets nobody else.
func TestS32_ReflectedOrigin(t *testing.T) {
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		lines := []string{"Cache-Control: public, max-age=60"}
		if who, ok := a.Header["Origin"]; ok {
			lines = append(lines, "Access-Control-Allow-Origin: "+who[0], "Access-Control-Allow-Credentials: true")
		}
		edge.Reply(conn, "200 OK", edge.EchoBody(a), lines...)
		return true
	})
	e := shop(t, o)
	origins := []string{"https://evil.test", "https://good.test", "http://good.test", "null", "https://good.test:8443", "https://GOOD.test", "https://evil.test, https://good.test", ""}
	for first := range origins {
		target := newPage()
		for i := range 2 * len(origins) {
			who := origins[(first+i)%len(origins)]
			var lines []string
			if who != "" {
				lines = append(lines, "Origin: "+who)
			}
			if a := e.Get(target, lines...); a.Header.Get("Access-Control-Allow-Origin") != who || a.Status != http.StatusOK || !a.Whole() {
				t.Errorf("the page for %q allows %q, %q", who, a.Header.Get("Access-Control-Allow-Origin"), a.Header["Cache-Status"])
			}
		}
		if n := o.Hits(target); n > len(origins) {
			t.Errorf("%d requests at the origin for %d origins", n, len(origins))
		}
	}
}

// TestS33_RefusalsOfOneVisitor: what a firewall behind the edge says to one visitor, or
// to all for a moment, is not stored: not by his User-Agent, which no fill has, and not
// by its status.
func TestS33_RefusalsOfOneVisitor(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "hit_for_miss 0")
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		if strings.Contains(a.Header.Get("User-Agent"), "sqlmap") {
			edge.Reply(conn, "403 Forbidden", "go away, sqlmap", "Cache-Control: public, max-age=60")
			return true
		}
		return edge.Echo(conn, a)
	})
	if a := e.Get(newPage(), "User-Agent: sqlmap/1.8", cookie("A")); a.Status != http.StatusForbidden {
		t.Errorf("the origin answers what bypasses with %d; the test shows nothing", a.Status)
	}
	wantHarmless(t, e, "sqlmap", "User-Agent: sqlmap/1.8")
	for _, status := range []string{"403 Forbidden", "429 Too Many Requests", "401 Unauthorized", "451 Unavailable For Legal Reasons", "503 Service Unavailable"} {
		for _, lines := range [][]string{nil, {"Cache-Control: public, max-age=60"}, {"Cache-Control: s-maxage=60"}} {
			target := newPage()
			o.Script(func(conn io.Writer, _ edge.Asked) bool {
				edge.Reply(conn, status, "go away", append(lines, "Retry-After: 60")...)
				return true
			})
			for range 2 {
				if a := e.Get(target); fmt.Sprint(a.Status) != status[:3] || a.Header.Get("Retry-After") != "60" || a.Is(t, "stored") || a.Is(t, "hit") {
					t.Errorf("%s %q: status %d, Cache-Status %q", status, lines, a.Status, a.Header["Cache-Status"])
				}
			}
			o.Script(edge.Echo)
			wantClean(t, wantCached(t, e, o, target), "go away")
		}
	}
}

// TestS40_NoNameMakesAPageStorable: there is no rule by a name's ending: a page that
// looks like a picture is stored where a line says so and nowhere else, and never for
// who has a session.
func TestS40_NoNameMakesAPageStorable(t *testing.T) {
	o := edge.NewOrigin(t, account)
	e := shop(t, o)
	for _, name := range []string{"a.css", "a.js", "a.jpg", "a.avif", "a.ico", "a.woff2", "robots.txt", "favicon.ico", "a.css?x=.png", "a;.css", "a%2ecss", "a%3f.css", "a%00.css", "a%0a.css", "a%23.css"} {
		for _, target := range []string{"/account/" + name, "/" + name, "/products/" + name} {
			for range 2 {
				if a := e.Get(target); a.Header["Cache-Status"] != nil {
					t.Errorf("%s: Cache-Status %q, and no line is for it", target, a.Header["Cache-Status"])
				}
			}
		}
		before, target := o.Hits(), "/products/category/"+name
		for range 2 {
			a := e.Get(target, cookie("A"))
			if a.Status == http.StatusOK && (!a.Is(t, "fwd=bypass") || !a.Has("canary-A")) {
				t.Errorf("%s: %q", target, a.Header["Cache-Status"])
			}
		}
		if n := o.Hits() - before; n != 2 {
			t.Errorf("%s: %d requests at the origin, want 2", target, n)
		}
		if a := e.Get(target); a.Has("canary") {
			t.Errorf("%s: a page with a session is in the store", target)
		}
	}
}

// TestS45_SeparatorsInARequest: no two requests share a page because a part of the one
// reads like two of the other. (TestS45_KeyInjection, in package cachekey, tries a
// million pairs of keys.)
func TestS45_SeparatorsInARequest(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, "EDGE {\n page_cache 15s {\n vary X-A X-B\n}\n reverse_proxy "+o.Addr+"\n}\n")
	owners := map[string]string{}
	for _, host := range []string{"a.test", "a.test-b", "b.a.test", "a.test:80"} {
		for _, target := range []string{"/x", "/x|y", "/x-y", "/x%7cy", "/x|GET", "/|x", "/a.test/x", "/x?|y", "/x?y|", "/x?-y", "/x?GET|https|a.test", "/x?\x1fy", "/x?%1fy", "/x?%00y", "/x?y", "/GET/x", "/1x", "/x1"} {
			for _, lines := range [][]string{nil, {"X-A: |y"}, {"X-A: |", "X-B: y"}, {"X-A: x-b|y"}, {"X-B: |y"}, {"X-A: X-B"}, {"X-A: 1"}, {"X-A:", "X-B: 1"}} {
				who := fmt.Sprintf("%s %s %q", host, target, lines)
				a := e.Get(target, append(lines, "Host: "+host)...)
				if a.Status == http.StatusBadRequest {
					continue // Go's server takes it for no request at all
				}
				if other, ok := owners[a.Body]; ok {
					t.Errorf("%s got the page of %s", who, other)
				}
				owners[a.Body] = who
			}
		}
	}
	if len(owners) < 300 {
		t.Errorf("%d pages are so few that the test shows little", len(owners))
	}
}

// TestS86_EachHasHisLanguage: visitors who wait for a page that turns out to vary by
// language each get it in their own, and the origin makes each once.
func TestS86_EachHasHisLanguage(t *testing.T) {
	const german, english = "Accept-Language: de-DE,de;q=0.9", "Accept-Language: en-GB,en;q=0.8"
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		gate.Pass()
		language := "en"
		if strings.HasPrefix(a.Header.Get("Accept-Language"), "de") {
			language = "de"
		}
		edge.Reply(conn, "200 OK", "language="+language+"\n", "Vary: Accept-Language", "Content-Language: "+language)
		return true
	})
	e := shop(t, o)
	target := newPage()
	want := func(a *edge.Answer, line string) {
		if got, own := echoed(a, "language"), line[len("Accept-Language: "):][:2]; got != own || a.Header.Get("Content-Language") != own || !a.Whole() {
			t.Errorf("%s got %q in %q, %q", line, got, a.Header.Get("Content-Language"), a.Header["Cache-Status"])
		}
	}
	leader := edge.Crowd(1, func(int) *edge.Answer { return e.Get(target, german) })
	edge.Poll(t, "the German leads", func() bool { return o.Hits() == 1 })
	follower := edge.Crowd(1, func(int) *edge.Answer { return e.Get(target, english) })
	edge.WaitFor(t, 2)
	gate.Open()
	want(leader()[0], german)
	want(follower()[0], english)
	if n := o.Hits(); n > 3 {
		t.Errorf("%d fills for two languages, want 3 at most", n)
	}
	before := o.Hits()
	for _, line := range []string{german, english} {
		a := e.Get(target, line)
		a.Want(t, "hit")
		want(a, line)
	}
	wantHits(t, o, before)
}
