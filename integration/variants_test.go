package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS48_VariantsOfAPage: a header that the answer varies by, with thousands of
// values, fills as many places as a page has; who asks for one more goes past, and
// other pages are as before.
func TestS48_VariantsOfAPage(t *testing.T) {
	const agents = 2000
	o := edge.NewOrigin(t, answering("Vary: User-Agent"))
	e := shop(t, o)
	target, other := newPage(), newPage()
	e.Get(other).Want(t, "stored")
	before := entries(t)
	stored, limited := 0, 0
	for i := range agents {
		a := e.Get(target, fmt.Sprintf("User-Agent: agent %d", i))
		switch {
		case a.Is(t, "stored"):
			stored++
		case a.Is(t, "fwd=bypass", "detail=variant-limit"):
			limited++
		}
		if got := echoed(a, "User-Agent"); got != fmt.Sprintf("agent %d", i) {
			t.Fatalf("agent %d got the page of %q", i, got)
		}
	}
	if stored > 16 || stored < 15 || stored+limited != agents {
		t.Errorf("%d stored, %d past the limit, of %d", stored, limited, agents)
	}
	if grown := entries(t) - before; grown > 17 { // with the marker
		t.Errorf("the store holds %v more", grown)
	}
	e.Get(target, "User-Agent: agent 0").Want(t, "hit")
	e.Get(other).Want(t, "hit")
	fresh := newPage()
	e.Get(fresh, "User-Agent: agent 1999").Want(t, "stored")
	e.Get(fresh, "User-Agent: agent 1999").Want(t, "hit")
}

// TestVariantsOfWhatTheLineKeys: so do the values of a cookie that selects, of a header
// that the line lists, of one that asks for another representation, of a placeholder.
func TestVariantsOfWhatTheLineKeys(t *testing.T) {
	for option, header := range map[string]string{
		"vary_cookies lang":                     "Cookie: lang=v%d",
		"vary X-Shop":                           "X-Shop: v%d",
		"vary_by {http.request.header.X-Place}": "X-Place: v%d",
		"max_variants 16":                       "X-Requested-With: v%d",
	} {
		t.Run(option, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := shop(t, o, option)
			target := newPage()
			stored := 0
			for i := range 40 {
				if e.Get(target, fmt.Sprintf(header, i)).Is(t, "stored") {
					stored++
				}
			}
			if stored != 16 {
				t.Errorf("%d are stored", stored)
			}
			e.Get(target, fmt.Sprintf(header, 3)).Want(t, "hit")
		})
	}
}

// TestVaryCookies: a cookie that selects is carried and keyed, whatever stands beside it.
func TestVaryCookies(t *testing.T) {
	o := edge.NewOrigin(t, answering("Vary: Cookie"))
	e := shop(t, o, "vary_cookies lang shop_*")
	target := newPage()
	for _, step := range []struct{ sent, want, carried string }{
		{"lang=de", "stored", "lang=de"},
		{"_ga=2; lang=de", "hit", "lang=de"},
		{"lang=de;_ga=3", "hit", "lang=de"},
		{"lang=en", "stored", "lang=en"},
		{"lang=de; lang=en", "stored", "lang=de; lang=en"},
		{"lang=en; lang=de", "stored", "lang=en; lang=de"},
		{"lang=", "stored", "lang="},
		{"", "stored", ""},
		{"shop_a=1; lang=de", "stored", "shop_a=1; lang=de"},
		{"lang=de, shop_a=1", "stored", "lang=de, shop_a=1"},
	} {
		a := e.Get(target, "Cookie: "+step.sent)
		if a.Want(t, step.want); echoed(a, "Cookie") != step.carried {
			t.Errorf("%q: the fill carried %q", step.sent, echoed(a, "Cookie"))
		}
	}
	wantBypass(t, e, o, "cookie", target, "Cookie: lang=de; sessionid=A")
}

// TestStripSetCookie: a cookie that may be let go does not keep a page from being
// stored, and reaches nobody; another one beside it does.
func TestStripSetCookie(t *testing.T) {
	o := edge.NewOrigin(t, answering("Set-Cookie: seen=1; Path=/", "Set-Cookie: ab_test=x"))
	e := shop(t, o, "strip_set_cookie seen ab_*")
	page := wantCached(t, e, o, newPage())
	if len(page.Header["Set-Cookie"]) > 0 {
		t.Errorf("Set-Cookie %q", page.Header["Set-Cookie"])
	}
	o.Script(answering("Set-Cookie: seen=1; Path=/", "Set-Cookie: sid=1"))
	a := e.Get(newPage())
	if a.Want(t, "detail=set-cookie"); strings.Join(a.Header["Set-Cookie"], "|") != "seen=1; Path=/|sid=1" {
		t.Errorf("its one visitor got %q", a.Header["Set-Cookie"])
	}
}
