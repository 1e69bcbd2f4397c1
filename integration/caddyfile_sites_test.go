package integration

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

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

// TestS83_OneSiteOnTwoPorts: a site that listens on two ports may tell them apart,
// and its pages are as far apart.
func TestS83_OneSiteOnTwoPorts(t *testing.T) {
	first, second := edge.NewOrigin(t, nil), edge.NewOrigin(t, nil)
	other := edge.FreeAddr(t)
	_, port, err := net.SplitHostPort(other)
	if err != nil {
		t.Fatal(err)
	}
	e := edge.Start(t, fmt.Sprintf(`http://shop.test:PORT, http://shop.test:%[1]s {
	page_cache 15s
	@other vars {http.request.local.port} %[1]s
	reverse_proxy @other %[2]s
	reverse_proxy %[3]s
}`, port, second.Addr, first.Addr))
	target := newPage()
	page := wantCached(t, e, first, target)
	for range 2 {
		if a := edge.RawTo(t, other, "GET", edge.Request("GET", target)); a.Status != 200 || second.Hits() != 1 {
			t.Errorf("status %d, %d requests at the other port's origin", a.Status, second.Hits())
		}
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

// TestS83_HandlesNeverMerge: requests that a Caddyfile tells apart, by whatever it
// looks at, never share a page: by a handle, a rewrite, a variable, or a
// placeholder that the line varies by.
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
		"rewrite": `@phones header User-Agent *Phone*
	rewrite @phones /m{uri}
	page_cache 15s
	@mobile path /m/*
	reverse_proxy @mobile PHONES
	reverse_proxy REST`,
		"vars": `@phones header User-Agent *Phone*
	vars kind rest
	vars @phones kind phone
	page_cache 15s
	@mobile vars {vars.kind} phone
	reverse_proxy @mobile PHONES
	reverse_proxy REST`,
		"map": `map {header.User-Agent} {kind} {
		~Phone phone
		default rest
	}
	page_cache 15s {
		vary_by {kind}
	}
	@mobile vars {kind} phone
	reverse_proxy @mobile PHONES
	reverse_proxy REST`,
		"placeholder": `page_cache 15s {
		vary_by {header.User-Agent}
	}
	@mobile vars {header.User-Agent} SomePhone
	reverse_proxy @mobile PHONES
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
