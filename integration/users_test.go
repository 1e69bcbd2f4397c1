package integration

import (
	"io"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS01_CookieNeverShared: a visitor's personal page reaches nobody else, and
// only a visitor without a cookie fills the store.
func TestS01_CookieNeverShared(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	a := wantBypass(t, e, o, "cookie", target, cookie("A"))
	if !a.Has("canary-A") {
		t.Error("the origin's page for A is not personal; the test shows nothing")
	}
	anonymous := e.Get(target)
	anonymous.Want(t, "fwd=uri-miss", "stored")
	wantClean(t, anonymous, "canary")
	wantBypass(t, e, o, "cookie", target, cookie("B"))
	wantHits(t, o, 3)
	wantHit(t, e, o, anonymous, target)
}

// TestS02_SessionNeverServedFromStore: who has a session gets his own page, not
// the stored one.
func TestS02_SessionNeverServedFromStore(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	page := wantCached(t, e, o, target)
	if a := wantBypass(t, e, o, "cookie", target, cookie("A")); !a.Has("canary-A") {
		t.Error("A did not get his own page")
	}
	wantHit(t, e, o, page, target)
}

// TestS03_SetCookieNeverStored: an answer that sets a cookie is not stored,
// however public the origin calls it.
func TestS03_SetCookieNeverStored(t *testing.T) {
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "200 OK", edge.EchoBody(a), "Cache-Control: public, max-age=60", sid(a.N))
		return true
	})
	e := shop(t, o, "hit_for_miss 0")
	target := newPage()
	first, second := e.Get(target), e.Get(target)
	for _, a := range []*edge.Answer{first, second} {
		a.Want(t, "fwd=uri-miss", "detail=set-cookie")
		if len(a.Header["Set-Cookie"]) != 1 {
			t.Errorf("Set-Cookie %q, want one", a.Header["Set-Cookie"])
		}
	}
	wantDistinct(t, []*edge.Answer{first, second})
	wantHits(t, o, 2)
	o.Script(answering("Cache-Control: public, max-age=60"))
	wantCached(t, e, o, newPage())
}

// TestS04_CrowdNeverSharesACookie: of a crowd at a cold page each gets a session
// of his own, and none queues behind another.
func TestS04_CrowdNeverSharesACookie(t *testing.T) {
	together(t, func(n int) []string { return []string{sid(n)} })
}

// TestS05_UnsharableNeverShared: what the origin calls private or unfit to store
// is neither stored nor shared with those who wait, whatever the line's ttl.
func TestS05_UnsharableNeverShared(t *testing.T) {
	for _, line := range []string{
		"Cache-Control: private", "Cache-Control: no-store", "Cache-Control: no-cache", "Cache-Control: max-age=0",
		"Cache-Control: PRIVATE", "Cache-Control: s-maxage=0, max-age=60",
		"Cache-Control: max-age=60\r\nCache-Control: no-store", "Expires: 0",
		"Surrogate-Control: no-store", "CDN-Cache-Control: no-store", "Pragma: no-cache",
	} {
		t.Run(line, func(t *testing.T) {
			together(t, func(int) []string { return []string{line} })
		})
	}
}

// TestS05_OverrideNeverSharesThePrivate: override replaces lifetimes, and makes
// nothing shareable.
func TestS05_OverrideNeverSharesThePrivate(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "override")
	for _, line := range []string{"Cache-Control: private", "Cache-Control: no-store", "Cache-Control: no-cache, max-age=60"} {
		o.Script(answering(line))
		target := newPage()
		wantDistinct(t, []*edge.Answer{e.Get(target), e.Get(target)})
	}
	o.Script(answering("Cache-Control: max-age=0"))
	wantCached(t, e, o, newPage()) // this is what override is for
}

// TestS06_VaryCookie: a personal page that varies by Cookie stays its owner's,
// and the anonymous one is for visitors without cookies.
func TestS06_VaryCookie(t *testing.T) {
	o := edge.NewOrigin(t, answering("Vary: Cookie"))
	e := shop(t, o)
	target := newPage()
	wantBypass(t, e, o, "cookie", target, cookie("A"))
	page := wantCached(t, e, o, target)
	wantClean(t, page, "canary")
	if b := wantBypass(t, e, o, "cookie", target, cookie("B")); !b.Has("canary-B") {
		t.Error("B did not get his own page")
	}
	wantHit(t, e, o, page, target)
}

// TestS07_VaryStar: Vary with a star among its members is neither stored nor
// shared with those who wait.
func TestS07_VaryStar(t *testing.T) {
	for _, line := range []string{"Vary: *", "Vary: Accept, *", "Vary: Accept\r\nVary: *", "Vary: *,Accept"} {
		t.Run(line, func(t *testing.T) {
			together(t, func(int) []string { return []string{line} })
		})
	}
}

// TestS08_UnknownCookiesBypass: a cookie that nobody called harmless makes a
// request personal; only analytics cookies are harmless by themselves.
func TestS08_UnknownCookiesBypass(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	page := wantCached(t, e, o, target)
	for _, line := range []string{
		"Cookie: sessionid=A", "Cookie: csrftoken=x", "Cookie: nobodyknowsme=1", "Cookie: PHPSESSID=x", "Cookie: __Host-x=1",
		"Cookie: _gax=1", "Cookie: _GA=1", "Cookie: x_ga=1", "Cookie: _ga", "Cookie: =1", "Cookie: sessionid",
		"Cookie: _ga=1; sessionid=A", "Cookie: _ga=1;sessionid=A", "Cookie: _ga=1, sessionid=A; cart=1", "Cookie: _ga=1\r\nCookie: cart=1",
		`Cookie: _ga="x; cart=1"`, "Cookie: \tcart=1",
	} {
		wantBypass(t, e, o, "cookie", target, line)
		wantBypass(t, e, o, "cookie", newPage(), line)
	}
	for _, line := range []string{"Cookie: _ga=1", "Cookie: _ga=1; _gid=2", "Cookie: ", "Cookie: _ga_XYZ=1;"} {
		before := o.Hits()
		if a := e.Get(target, line); !a.Is(t, "hit") || a.Body != page.Body || o.Hits() != before {
			t.Errorf("%q: Cache-Status %q, want a hit", line, a.Header["Cache-Status"])
		}
	}
	e.Get(newPage(), "Cookie: _ga=<script>").Want(t, "stored")
	if got := o.Last().Header["Cookie"]; got != nil {
		t.Errorf("the fill carried Cookie %q", got)
	}
}

// TestS08_WideningIsExplicit: a line that calls a cookie harmless widens itself
// and no other.
func TestS08_WideningIsExplicit(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, `EDGE {
	page_cache /wide/* 15s {
		ignore_cookies consent_*
		session consent_id
	}
	page_cache /narrow/* 15s
	reverse_proxy `+o.Addr+`
}`)
	wide := wantCached(t, e, o, "/wide/x")
	if a := e.Get("/wide/x", "Cookie: consent_ads=1"); !a.Is(t, "hit") || a.Body != wide.Body {
		t.Errorf("Cache-Status %q, want a hit", a.Header["Cache-Status"])
	}
	wantBypass(t, e, o, "cookie", "/wide/x", "Cookie: consent_id=1")
	wantBypass(t, e, o, "cookie", "/wide/x", "Cookie: consent_ads=1; sessionid=A")
	wantCached(t, e, o, "/narrow/x")
	wantBypass(t, e, o, "cookie", "/narrow/x", "Cookie: consent_ads=1")
}

// TestS11_AuthorizationBypasses: a request with credentials is neither answered
// from the store nor stored, even when the origin would allow it.
func TestS11_AuthorizationBypasses(t *testing.T) {
	o := edge.NewOrigin(t, answering("Cache-Control: public, s-maxage=60"))
	e := shop(t, o)
	for _, line := range []string{
		"Authorization: Basic YTpi", "Authorization: Bearer secret-A", "Authorization: Negotiate abc", "authorization: x",
		"Authorization:", "Proxy-Authorization: Basic YTpi",
	} {
		target := newPage()
		before := o.Hits()
		wantBypass(t, e, o, "authorization", target, line)
		page := e.Get(target)
		page.Want(t, "fwd=uri-miss", "stored")
		wantClean(t, page, "secret-A", "uthorization")
		if o.Hits() != before+2 {
			t.Errorf("%q: %d requests at the origin, want 2", line, o.Hits()-before)
		}
		wantBypass(t, e, o, "authorization", target, line)
		wantHit(t, e, o, page, target)
	}
}
