package integration

import (
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS17_ForwardedHostNeverPoisons: a visitor's X-Forwarded-Host changes nobody's
// page; the origin sees the host that the page is for.
func TestS17_ForwardedHostNeverPoisons(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	for _, attack := range [][]string{
		{"X-Forwarded-Host: evil.test"},
		{"X-Forwarded-Host: evil.test", "X-Forwarded-Host: shop.test"},
		{"x-forwarded-host: evil.test:8443", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: evil"},
		{"X-FORWARDED-HOST:\tevil.test"},
	} {
		target := newPage()
		poisoned := e.Get(target, attack...)
		poisoned.Want(t, "fwd=uri-miss", "stored")
		clean := e.Get(target)
		clean.Want(t, "hit")
		wantClean(t, poisoned, "evil", "6.6.6.6")
		wantClean(t, clean, "evil", "6.6.6.6")
		if got := echoed(clean, "X-Forwarded-Host"); got != "shop.test" {
			t.Errorf("%q: the origin saw X-Forwarded-Host %q", attack, got)
		}
	}
	wantHits(t, o, 4)
}

// TestS17_ForwardedHostOfATrustedProxy: what a trusted proxy says of the host is
// passed on and keyed, so that each host has its own page.
func TestS17_ForwardedHostOfATrustedProxy(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, trustLoopback+shopSite(o, "15s"))
	target := newPage()
	plain := wantCached(t, e, o, target)
	other := e.Get(target, "X-Forwarded-Host: other.test")
	other.Want(t, "fwd=uri-miss", "stored")
	if got := echoed(other, "X-Forwarded-Host"); got != "other.test" {
		t.Errorf("the origin saw X-Forwarded-Host %q, want other.test", got)
	}
	wantHit(t, e, o, plain, target)
	if got := echoed(plain, "X-Forwarded-Host"); got != "shop.test" {
		t.Errorf("the origin saw X-Forwarded-Host %q, want shop.test", got)
	}
	if a := e.Get(target, "X-Forwarded-Host: other.test"); !a.Is(t, "hit") || a.Body != other.Body {
		t.Errorf("Cache-Status %q, want other.test's page", a.Header["Cache-Status"])
	}
}

// TestS79_NobodysAddress: a page that the origin makes by the visitor's address
// is never made for one visitor and given to another; fills come from a neutral
// address.
func TestS79_NobodysAddress(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	inside := func(target string, lines ...string) *edge.Answer {
		return edge.RawFrom(t, "127.0.0.5", e.Addr, "GET", edge.Request("GET", target, lines...))
	}
	if a := inside(newPage(), cookie("A")); echoed(a, "X-Forwarded-For") != "127.0.0.5" {
		t.Fatalf("a bypassed visitor comes from %q, want 127.0.0.5; the test shows nothing", echoed(a, "X-Forwarded-For"))
	}
	target := newPage()
	a := inside(target, "X-Forwarded-For: 10.0.0.5", "X-Real-IP: 10.0.0.5", "Forwarded: for=10.0.0.5", "CF-Connecting-IP: 10.0.0.5")
	a.Want(t, "fwd=uri-miss", "stored")
	b := e.Get(target)
	b.Want(t, "hit")
	wantClean(t, b, "127.0.0.5", "10.0.0.5")
	if got := echoed(b, "X-Forwarded-For"); got != "192.0.2.1" {
		t.Errorf("on the fill the origin saw X-Forwarded-For %q, want 192.0.2.1", got)
	}
}

// TestS79_RoutesBehindTheLine: matchers that a fill passes see the neutral address
// too, so an inner network's route makes no page for all.
func TestS79_RoutesBehindTheLine(t *testing.T) {
	secret, public := edge.NewOrigin(t, nil), edge.NewOrigin(t, nil)
	for _, matcher := range []string{"remote_ip 127.0.0.5 192.168.0.0/16", "client_ip 127.0.0.5"} {
		e := edge.Start(t, `EDGE {
	route {
		page_cache 15s
		@lan `+matcher+`
		reverse_proxy @lan `+secret.Addr+`
		reverse_proxy `+public.Addr+`
	}
}`)
		target := newPage()
		before := public.Hits()
		lan := func(lines ...string) *edge.Answer {
			return edge.RawFrom(t, "127.0.0.5", e.Addr, "GET", edge.Request("GET", target, lines...))
		}
		lan(cookie("A")).Want(t, "fwd=bypass")
		if secret.Hits() == 0 {
			t.Errorf("%s: the inner network did not reach its own origin; the test shows nothing", matcher)
		}
		seen := secret.Hits()
		lan().Want(t, "fwd=uri-miss", "stored")
		e.Get(target).Want(t, "hit")
		if secret.Hits() != seen || public.Hits() != before+1 {
			t.Errorf("%s: the fill went to the inner origin", matcher)
		}
	}
}

// TestS79_AddressOfATrustedProxy: the address that a trusted proxy reports is the
// visitor's, and no fill carries it.
func TestS79_AddressOfATrustedProxy(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, trustLoopback+shopSite(o, "15s"))
	visitor := []string{"X-Forwarded-For: 10.0.0.5", "X-Forwarded-Proto: http", "X-Forwarded-Host: shop.test"}
	if a := e.Get(newPage(), append(visitor, cookie("A"))...); !a.Has("10.0.0.5") {
		t.Fatal("the origin does not learn the visitor's address from the proxy; the test shows nothing")
	}
	target := newPage()
	e.Get(target, visitor...).Want(t, "fwd=uri-miss", "stored")
	b := e.Get(target, "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: http", "X-Forwarded-Host: shop.test")
	b.Want(t, "hit")
	wantClean(t, b, "10.0.0.5")
	if got := echoed(b, "X-Forwarded-For"); got != "192.0.2.1" {
		t.Errorf("on the fill the origin saw X-Forwarded-For %q, want 192.0.2.1", got)
	}
}
