package integration

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS81_GuardsRunOnHits: what may refuse a request acts on one that would be a
// hit.
func TestS81_GuardsRunOnHits(t *testing.T) {
	lan, o := edge.NewOrigin(t, nil), edge.NewOrigin(t, nil)
	e := edge.Start(t, `EDGE {
	@denied header X-Deny 1
	respond @denied "go away" 403
	@bots header User-Agent *bot*
	abort @bots
	@broken header X-Broken 1
	error @broken 410
	@lan remote_ip 127.0.0.5
	handle @lan {
		reverse_proxy `+lan.Addr+`
	}
	@staging header X-Staging 1
	basic_auth @staging {
		`+bob+`
	}
	@moved header X-Moved 1
	redir @moved /elsewhere
	page_cache /products/category/* 15s
	reverse_proxy `+o.Addr+`
}`)
	target := newPage()
	page := wantCached(t, e, o, target)
	for line, status := range map[string]int{
		"X-Deny: 1": 403, "X-Broken: 1": 410, "X-Staging: 1": 401, "X-Staging: 1\r\nAuthorization: Basic Ym9iOndyb25n": 401, "X-Moved: 1": 302,
	} {
		if a := e.Get(target, line); a.Status != status || a.Body == page.Body || a.Header["Cache-Status"] != nil {
			t.Errorf("%q: status %d, want %d; Cache-Status %q", line, a.Status, status, a.Header["Cache-Status"])
		}
	}
	if a := e.Get(target, "User-Agent: badbot"); a.Err == nil {
		t.Errorf("a bot got status %d", a.Status)
	}
	a := edge.RawFrom(t, "127.0.0.5", e.Addr, "GET", edge.Request("GET", target))
	if lan.Hits() != 1 || a.Header["Cache-Status"] != nil {
		t.Errorf("the inner network got the public page, Cache-Status %q", a.Header["Cache-Status"])
	}
	wantHits(t, o, 1)
	wantHit(t, e, o, page, target)
}

// twoHandles is a site in which much happens before and behind page_cache, and of
// which the origin is told all.
func twoHandles(o *edge.Origin) string {
	const inner = `
		vars second {vars.first}-%[1]s
		root * /srv/%[1]s
		page_cache 15s {
			vary_by {section}
		}
		reverse_proxy ` + "ORIGIN" + ` {
			header_up X-First {vars.first}
			header_up X-Second {vars.second}
			header_up X-Section {section}
			header_up X-Root {http.vars.root}
			header_up X-Path {http.request.uri.path}
			header_up X-Orig {http.request.orig_uri}
			header_up X-Named {vars.named}
		}
`
	site := `EDGE {
	vars first one
	map {http.request.orig_uri.path} {section} {
		~^/shop/new new
		~^/shop old
		default none
	}
	handle /shop/* {
		uri strip_prefix /shop
		` + fmt.Sprintf(inner, "shop") + `
	}
	handle /blog/* {
		@drafts path /blog/drafts/*
		vars @drafts named draft
		rewrite /blog/* /index.php?page={path}
		` + fmt.Sprintf(inner, "blog") + `
	}
	respond "no route" 404
}`
	return strings.ReplaceAll(site, "ORIGIN", o.Addr)
}

// seen are the lines of twoHandles' echo that must not depend on the cache.
var seen = []string{
	"target", "host", "X-First", "X-Second", "X-Section", "X-Root", "X-Path", "X-Orig", "X-Named", "X-Forwarded-Host", "X-Forwarded-Proto",
}

// TestS82_FillTakesTheSameRoute: a fill reaches the same handle as the plain
// request, with the same variables, placeholders and rewritten target.
func TestS82_FillTakesTheSameRoute(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, twoHandles(o))
	for target, want := range map[string]map[string]string{
		"/shop/x":        {"target": "/x", "X-Second": "one-shop", "X-Section": "old", "X-Root": "/srv/shop"},
		"/shop/new/x?a=": {"target": "/new/x?a=", "X-Second": "one-shop", "X-Section": "new", "X-Orig": "/shop/new/x?a="},
		"/blog/x":        {"X-Second": "one-blog", "X-Section": "none", "X-Path": "/index.php", "X-Named": ""},
		"/blog/drafts/x": {"X-Second": "one-blog", "X-Root": "/srv/blog", "X-Named": "draft"},
	} {
		plain := wantBypass(t, e, o, "cookie", target, cookie("A"))
		page := wantCached(t, e, o, target)
		for name, value := range want {
			if got := echoed(plain, name); got != value {
				t.Errorf("%s: without the cache the origin saw %s %q, want %q; the test shows nothing", target, name, got, value)
			}
		}
		for _, name := range seen {
			if a, b := echoed(plain, name), echoed(page, name); a != b {
				t.Errorf("%s: the origin saw %s %q without the cache, and %q on the fill", target, name, a, b)
			}
		}
	}
	if a := e.Get("/neither"); a.Status != http.StatusNotFound {
		t.Errorf("status %d", a.Status)
	}
}

// TestS82_CrowdOnManyRoutes: a hundred visitors at once on such a site, some with
// sessions, each get the page of their own route.
func TestS82_CrowdOnManyRoutes(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, twoHandles(o))
	targets := []string{"/shop/x", "/shop/new/x", "/blog/x", "/blog/drafts/x", "/shop/y"}
	want := map[string]string{}
	for _, target := range targets {
		want[target] = echoed(e.Get(target, cookie("A")), "target")
	}
	answers := edge.Crowd(100, func(i int) *edge.Answer {
		var lines []string
		if i%10 == 9 {
			lines = append(lines, cookie(fmt.Sprint(i)))
		}
		return e.Get(targets[i%len(targets)], lines...)
	})()
	for i, a := range answers {
		wantClean(t, a)
		if got := echoed(a, "target"); got != want[targets[i%len(targets)]] {
			t.Errorf("%s: the origin saw %q, want %q", targets[i%len(targets)], got, want[targets[i%len(targets)]])
		}
	}
	// Each page is filled once, and each of the ten with a session went by himself.
	wantHits(t, o, len(targets)+len(targets)+10)
}

// TestS83_PortsNeverShare: one host on two ports is two sites.
func TestS83_PortsNeverShare(t *testing.T) {
	first, second := edge.NewOrigin(t, nil), edge.NewOrigin(t, nil)
	other := edge.FreeAddr(t)
	_, port, err := net.SplitHostPort(other)
	if err != nil {
		t.Fatal(err)
	}
	const site = "http://shop.test:%s {\n page_cache 15s\n reverse_proxy %s\n}\n"
	e := edge.Start(t, fmt.Sprintf(site, "PORT", first.Addr)+fmt.Sprintf(site, port, second.Addr))
	target := newPage()
	page := wantCached(t, e, first, target)
	for range 2 {
		if a := edge.RawTo(t, other, "GET", edge.Request("GET", target)); a.Status != 200 || a.Body == page.Body && second.Hits() == 0 {
			t.Errorf("status %d, or the other site's page", a.Status)
		}
	}
	if second.Hits() != 1 {
		t.Errorf("the second site's origin had %d requests, want 1", second.Hits())
	}
	wantHit(t, e, first, page, target)
}

// TestS83_RewritesNeverMerge: pages that a rewrite or a stripped prefix sends to
// one script stay apart.
func TestS83_RewritesNeverMerge(t *testing.T) {
	for name, lines := range map[string]string{
		"rewrite":      "rewrite * /index.php\npage_cache 15s\nreverse_proxy ORIGIN",
		"query":        "rewrite * /index.php?{query}\npage_cache 15s\nreverse_proxy ORIGIN",
		"strip_prefix": "uri strip_prefix /de\nuri strip_prefix /en\npage_cache 15s\nreverse_proxy ORIGIN",
		"handle_path":  "handle_path /de/* {\npage_cache 15s\nreverse_proxy ORIGIN\n}\nhandle_path /en/* {\npage_cache 15s\nreverse_proxy ORIGIN\n}",
		"replace":      "uri replace /de/ /\nuri replace /en/ /\npage_cache 15s\nreverse_proxy ORIGIN",
	} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, "EDGE {\n"+strings.ReplaceAll(lines, "ORIGIN", o.Addr)+"\n}\n")
			targets := []string{"/de/x", "/en/x", "/de/x?a=1", "/en/x?a=1", "/de/y"}
			bodies := map[string]bool{}
			for _, target := range targets {
				bodies[wantCached(t, e, o, target).Body] = true
			}
			if len(bodies) != len(targets) {
				t.Errorf("%d targets have %d pages", len(targets), len(bodies))
			}
			if got := echoed(e.Get("/de/x"), "target"); strings.HasPrefix(got, "/de") {
				t.Errorf("the origin saw %q: nothing was rewritten, so the test shows nothing", got)
			}
		})
	}
}

// TestS83_HandlesNeverMerge: lines that requests reach by different matchers never
// share a page, whatever the matchers look at.
func TestS83_HandlesNeverMerge(t *testing.T) {
	for name, site := range map[string]string{
		"header": `@phones header User-Agent *Phone*
	handle @phones {
		page_cache 15s
		reverse_proxy PHONES
	}
	handle {
		page_cache 15s
		reverse_proxy REST
	}`,
		"not": `@rest not header User-Agent *Phone*
	handle @rest {
		page_cache 15s
		reverse_proxy REST
	}
	handle {
		page_cache 15s
		reverse_proxy PHONES
	}`,
		"expression": "@phones `header({'User-Agent': '*Phone*'})`" + `
	route @phones {
		page_cache 15s
		reverse_proxy PHONES
	}
	page_cache 15s
	reverse_proxy REST`,
		"nested": `handle /products/* {
		@phones header User-Agent *Phone*
		handle @phones {
			route {
				page_cache 15s
				reverse_proxy PHONES
			}
		}
		route {
			page_cache 15s
			reverse_proxy REST
		}
	}`,
	} {
		t.Run(name, func(t *testing.T) { wantPhonesApart(t, "EDGE {\n\t"+site+"\n}\n") })
	}
}

// TestS83_NamedRoutesNeverMerge: a named route goes on differently for each that
// invokes it, so a line in it caches only what the route itself makes.
func TestS83_NamedRoutesNeverMerge(t *testing.T) {
	phones, rest := edge.NewOrigin(t, nil), edge.NewOrigin(t, nil)
	for name, cached := range map[string]string{
		"the line alone":         "page_cache 15s",
		"a page for some":        "route {\npage_cache 15s\n@never path /never\nreverse_proxy @never " + rest.Addr + "\n}",
		"a proxy that goes on":   "route {\npage_cache 15s\nreverse_proxy " + rest.Addr + " {\n@ok status 2xx\nhandle_response @ok {\nvars a b\n}\n}\n}",
		"a route within":         "route {\npage_cache 15s\n}",
		"a proxy in front of it": "route {\n@never path /never\nreverse_proxy @never " + rest.Addr + "\npage_cache 15s\n}",
	} {
		e := edge.Start(t, `&(cached) {
	`+cached+`
}
EDGE {
	@phones header User-Agent *Phone*
	handle @phones {
		invoke cached
		reverse_proxy `+phones.Addr+`
	}
	handle {
		invoke cached
		reverse_proxy `+rest.Addr+`
	}
}`)
		target := newPage()
		for range 2 {
			a := e.Get(target)
			a.Want(t, "fwd=bypass", "detail=named-route")
			before := phones.Hits()
			e.Get(target, "User-Agent: SomePhone").Want(t, "fwd=bypass", "detail=named-route")
			if phones.Hits() != before+1 {
				t.Errorf("%s: a phone got the page of the rest", name)
			}
		}
	}
	e := edge.Start(t, `&(app) {
	route {
		page_cache 15s
		reverse_proxy `+rest.Addr+`
	}
}
EDGE {
	handle /products/* {
		invoke app
	}
	handle {
		invoke app
	}
}`)
	wantCached(t, e, rest, newPage())
	wantCached(t, e, rest, "/elsewhere")
}

// TestS83_LinesAlikeNeverMerge: two lines with the same matchers in front, which
// different requests reach because a header was changed in between, do not share
// pages.
func TestS83_LinesAlikeNeverMerge(t *testing.T) {
	wantPhonesApart(t, `EDGE {
	route {
		@phones header X-Kind phone
		@agents header User-Agent *Phone*
		request_header @agents X-Kind phone
		route @phones {
			page_cache 15s
			reverse_proxy PHONES
		}
		request_header X-Kind phone
		route @phones {
			page_cache 15s
			reverse_proxy REST
		}
	}
}`)
}

// wantPhonesApart starts a site with an origin for phones and one for the rest,
// and fails the test unless each visitor gets the page of his kind.
func wantPhonesApart(t *testing.T, site string) {
	t.Helper()
	phones, rest := edge.NewOrigin(t, nil), edge.NewOrigin(t, nil)
	e := edge.Start(t, strings.NewReplacer("PHONES", phones.Addr, "REST", rest.Addr).Replace(site))
	const phone = "User-Agent: SomePhone"
	target := newPage()
	first, second := e.Get(target, phone), e.Get(target)
	if phones.Hits() != 1 || rest.Hits() != 1 {
		t.Errorf("a phone and another visitor: %d and %d requests at their origins", phones.Hits(), rest.Hits())
	}
	for _, a := range []*edge.Answer{e.Get(target, phone), e.Get(target)} {
		a.Want(t, "hit")
	}
	if e.Get(target, phone).Body != first.Body || e.Get(target).Body != second.Body {
		t.Error("a visitor got the other kind's page")
	}
	wantHits(t, phones, 1)
	wantHits(t, rest, 1)
}
