package integration

import (
	"io"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// tightened fills a page under one line, loads the site with a tighter one, and
// returns the page as it was stored.
func tightened(t *testing.T, script func(io.Writer, edge.Asked) bool, wide, tight string) (*edge.Edge, *edge.Origin, *edge.Answer) {
	t.Helper()
	o := edge.NewOrigin(t, script)
	site := func(line string) string {
		return "EDGE {\n@staff header X-Staff 1\n" + line + "\nreverse_proxy " + o.Addr + "\n}\n"
	}
	e := edge.Start(t, site(wide))
	target := newPage()
	page := e.Get(target)
	page.Want(t, "stored")
	e.Load(site(wide) + "# the same again\n")
	if a := e.Get(target); !a.Is(t, "hit") || a.Body != page.Body {
		t.Errorf("Cache-Status %q: a reload alone loses the page, so the test shows nothing", a.Header["Cache-Status"])
	}
	e.Load(site(tight))
	return e, o, page
}

// TestS84_ShorterTTL: a page that was stored for an hour is not served for longer
// than the second that the line says now.
func TestS84_ShorterTTL(t *testing.T) {
	e, o, page := tightened(t, nil, "page_cache 1h", "page_cache 1s")
	edge.Poll(t, "the page is no longer served", func() bool {
		a := e.Get(echoed(page, "target"))
		if ttl, _ := a.CacheStatus(t).Params.Get("ttl"); a.Is(t, "hit") && ttl != int64(0) {
			t.Errorf("a hit has %v s left, want less than 1", ttl)
		}
		return a.Body != page.Body
	})
	if o.Hits() != 2 {
		t.Errorf("the origin had %d requests, want 2", o.Hits())
	}
}

// TestS84_TighterLineHoldsAtOnce: a stored page that the line would not store now
// is not served.
func TestS84_TighterLineHoldsAtOnce(t *testing.T) {
	notFound := func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "404 Not Found", edge.EchoBody(a))
		return true
	}
	found := func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "302 Found", edge.EchoBody(a), "Location: /elsewhere")
		return true
	}
	for name, test := range map[string]struct {
		script      func(io.Writer, edge.Asked) bool
		wide, tight string
	}{
		"no ttl any more":          {nil, "page_cache 1h", "page_cache"},
		"a status that is gone":    {notFound, "page_cache 1h {\nttl 1h 404\n}", "page_cache 1h"},
		"a redirect that is gone":  {found, "page_cache 1h {\nttl 1h 302\n}", "page_cache 1h"},
		"a status's ttl of 0":      {notFound, "page_cache 1h {\nttl 1h 404\n}", "page_cache 1h {\nttl 0s 404\n}"},
		"no override any more":     {answering("Cache-Control: max-age=0"), "page_cache 1h {\noverride\n}", "page_cache 1h"},
		"a smaller max_body":       {nil, "page_cache 1h", "page_cache 1h {\nmax_body 10\n}"},
		"a header that selects":    {nil, "page_cache 1h", "page_cache 1h {\nvary X-Kind\n}"},
		"a parameter that matters": {nil, "page_cache 1h {\nquery ignore cb\n}", "page_cache 1h"},
		"a header not harmless":    {nil, "page_cache 1h {\nforward X-Kind\n}", "page_cache 1h"},
	} {
		t.Run(name, func(t *testing.T) {
			e, o, page := tightened(t, test.script, test.wide, test.tight)
			a := e.Get(echoed(page, "target"))
			if a.Is(t, "hit") || a.Body == page.Body || o.Hits() != 2 {
				t.Errorf("Cache-Status %q: the page of the wider line is served", a.Header["Cache-Status"])
			}
		})
	}
}

// TestS84_TighterIntakeHoldsAtOnce: a request that the line would now forward does
// not get the stored page; others do.
func TestS84_TighterIntakeHoldsAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		wide, tight, line, reason string
	}{
		"a cookie no longer ignored": {"page_cache 1h {\nignore_cookies consent\n}", "page_cache 1h", "Cookie: consent=1", "cookie"},
		"an analytics cookie":        {"page_cache 1h", "page_cache 1h {\nsession _ga\n}", "Cookie: _ga=1", "cookie"},
		"cookies only":               {"page_cache 1h {\ncookies only sessionid\n}", "page_cache 1h", "Cookie: theme=dark", "cookie"},
		"staff bypass":               {"page_cache 1h", "page_cache 1h {\nbypass @staff\n}", "X-Staff: 1", "operator"},
	} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			site := func(line string) string {
				return "EDGE {\n@staff header X-Staff 1\n" + line + "\nreverse_proxy " + o.Addr + "\n}\n"
			}
			e := edge.Start(t, site(test.wide))
			target := newPage()
			page := wantCached(t, e, o, target)
			if a := e.Get(target, test.line); !a.Is(t, "hit") {
				t.Errorf("Cache-Status %q under the wide line; the test shows nothing", a.Header["Cache-Status"])
			}
			e.Load(site(test.tight))
			wantBypass(t, e, o, test.reason, target, test.line)
			wantHit(t, e, o, page, target)
		})
	}
}

// TestS84_Off: what is taken out of the cache is out at once.
func TestS84_Off(t *testing.T) {
	e, o, page := tightened(t, nil, "page_cache 1h", "page_cache off")
	if a := e.Get(echoed(page, "target")); a.Header["Cache-Status"] != nil || a.Body == page.Body || o.Hits() != 2 {
		t.Errorf("Cache-Status %q, %d requests at the origin", a.Header["Cache-Status"], o.Hits())
	}
}

// TestS84_ReloadKeepsThePages: a reload that leaves a line and the way to it alone
// leaves its pages, however many matchers are on that way.
func TestS84_ReloadKeepsThePages(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	site := `http://shop.test:PORT {
	@shown {
		path /products/*
		method GET HEAD
		not header X-Hidden 1
		not {
			header X-Hidden 2
			query hidden=1
		}
	}
	handle @shown {
		page_cache 1h
		reverse_proxy ` + o.Addr + `
	}
}
`
	e := edge.Start(t, site)
	page := wantCached(t, e, o, "/products/x")
	for i := range 8 { // the order in which Caddy loads matchers is a matter of chance
		e.Load(site + strings.Repeat("# again\n", i+1))
		wantHit(t, e, o, page, "/products/x")
	}
}
