package integration

import (
	"fmt"
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

// TestS82_OneHandleOfAGroup: a fill that goes on behind its handle does not fall
// into the next one of the group, as the plain request does not.
func TestS82_OneHandleOfAGroup(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, `EDGE {
	handle /products/* {
		page_cache 15s
	}
	handle {
		vars branch second
	}
	reverse_proxy `+o.Addr+` {
		header_up X-Branch "branch {vars.branch}"
	}
}`)
	target := newPage()
	plain := wantBypass(t, e, o, "cookie", target, cookie("A"))
	page := wantCached(t, e, o, target)
	if a, b := echoed(plain, "X-Branch"), echoed(page, "X-Branch"); a != b || a != "branch" {
		t.Errorf("the origin saw %q without the cache, and %q on the fill", a, b)
	}
	if a := e.Get("/other"); echoed(a, "X-Branch") != "branch second" {
		t.Errorf("the second handle sets %q; the test shows nothing", echoed(a, "X-Branch"))
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
