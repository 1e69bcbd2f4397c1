package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// secureOnly plays Django's SECURE_SSL_REDIRECT behind a proxy, with a lifetime
// that makes the redirect storable.
func secureOnly(conn io.Writer, a edge.Asked) bool {
	if proto := strings.Join(a.Header["X-Forwarded-Proto"], ","); proto != "https" {
		edge.Reply(conn, "301 Moved Permanently", "over "+proto, "Location: https://"+a.Host+a.Target, "Cache-Control: max-age=60")
		return true
	}
	edge.Reply(conn, "200 OK", edge.EchoBody(a), "Cache-Control: max-age=60")
	return true
}

// bothSchemes starts one site over http and over https, and returns what asks
// each.
func bothSchemes(t *testing.T, o *edge.Origin) (plain, secure func(target string, lines ...string) *edge.Answer) {
	t.Helper()
	_, certFile, keyFile := edge.NewCertificate(t, "shop.test")
	tlsAddr := edge.FreeAddr(t)
	_, port, err := net.SplitHostPort(tlsAddr)
	if err != nil {
		t.Fatal(err)
	}
	site := "\tpage_cache 15s\n\treverse_proxy " + o.Addr + "\n}\n"
	e := edge.Start(t, "http://shop.test:PORT {\n"+site+fmt.Sprintf("https://shop.test:%s {\n\ttls %s %s\n", port, certFile, keyFile)+site)
	return e.Get, func(target string, lines ...string) *edge.Answer {
		return edge.RawTLS(t, tlsAddr, "shop.test", edge.Request("GET", target, lines...), nil)
	}
}

// wantRedirect fails the test unless the answer is secureOnly's redirect.
func wantRedirect(t *testing.T, a *edge.Answer, target string) {
	t.Helper()
	if got, want := a.Header.Get("Location"), "https://shop.test"+target; a.Status != http.StatusMovedPermanently || got != want {
		t.Errorf("status %d to %q, want 301 to %q", a.Status, got, want)
	}
}

// TestS43_SchemeIsKeyed: the redirect of the http site is never the https site's
// answer, nor the page the http site's, whichever was stored first.
func TestS43_SchemeIsKeyed(t *testing.T) {
	o := edge.NewOrigin(t, secureOnly)
	plain, secure := bothSchemes(t, o)
	for _, first := range []string{"http", "https"} {
		target := newPage()
		for _, scheme := range map[string][]string{"http": {"http", "https", "http", "https"}, "https": {"https", "http", "https", "http"}}[first] {
			if scheme == "http" {
				a := plain(target)
				wantRedirect(t, a, target)
				continue
			}
			a := secure(target)
			wantClean(t, a)
			if a.Header.Get("Location") != "" {
				t.Errorf("the https page redirects to %q: a loop", a.Header.Get("Location"))
			}
		}
		if a := plain(target); !a.Is(t, "hit") {
			t.Errorf("Cache-Status %q: the redirect is not stored, so the test shows nothing", a.Header["Cache-Status"])
		}
		if a := secure(target); !a.Is(t, "hit") {
			t.Errorf("Cache-Status %q: the page is not stored, so the test shows nothing", a.Header["Cache-Status"])
		}
	}
}

// TestS85_SchemeOfFills: a fill for an https page says so, and is never early
// data.
func TestS85_SchemeOfFills(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	plain, secure := bothSchemes(t, o)
	for scheme, get := range map[string]func(string, ...string) *edge.Answer{"http": plain, "https": secure} {
		target := newPage()
		a := get(target, "Early-Data: 1", "X-Forwarded-Proto: gopher", "X-Forwarded-Port: 70", "X-Forwarded-Ssl: off")
		a.Want(t, "fwd=uri-miss", "stored")
		wantClean(t, a, "Early-Data", "gopher", "X-Forwarded-Ssl")
		if got := echoed(a, "X-Forwarded-Proto"); got != scheme {
			t.Errorf("the fill said X-Forwarded-Proto %q, want %s", got, scheme)
		}
		edge.Poll(t, "the fill has ended", func() bool { return get(target).Is(t, "hit") })
	}
	wantHits(t, o, 2)
}

// TestS85_SchemeOfATrustedProxy: behind a proxy that ends TLS, the scheme it names
// is sent on the fill and keyed: no redirect loop, nothing stored across schemes.
func TestS85_SchemeOfATrustedProxy(t *testing.T) {
	o := edge.NewOrigin(t, secureOnly)
	e := edge.Start(t, trustLoopback+shopSite(o, "15s"))
	const secure = "X-Forwarded-Proto: https"
	for _, order := range [][]string{{"", secure, "", secure}, {secure, "", secure, ""}, {"X-Forwarded-Proto: http", secure, "", secure}} {
		target := newPage()
		for _, line := range order {
			if line == secure {
				a := e.Get(target, secure, "Early-Data: 1", "X-Forwarded-For: 10.0.0.5")
				wantClean(t, a, "Early-Data", "10.0.0.5")
				continue
			}
			lines := []string{"X-Forwarded-For: 10.0.0.5"}
			if line != "" {
				lines = append(lines, line)
			}
			wantRedirect(t, e.Get(target, lines...), target)
		}
		e.Get(target, secure).Want(t, "hit")
	}
}

// TestS85_SchemeOfAStranger: who is no trusted proxy does not name the scheme.
func TestS85_SchemeOfAStranger(t *testing.T) {
	o := edge.NewOrigin(t, secureOnly)
	e := shop(t, o)
	target := newPage()
	for range 2 {
		wantRedirect(t, e.Get(target, "X-Forwarded-Proto: https"), target)
		wantRedirect(t, e.Get(target), target)
	}
	wantHits(t, o, 1)
}
