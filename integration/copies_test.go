package integration

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/page-cache/page-cache/integration/edge"
)

// decoders undo what each coding does.
func decoders() map[string]func(io.Reader) (io.Reader, error) {
	return map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	}
}

// decoded returns an answer's body without its coding.
func decoded(t *testing.T, a *edge.Answer) string {
	t.Helper()
	coding := a.Header.Get("Content-Encoding")
	if coding == "" {
		return a.Body
	}
	r, err := decoders()[coding](strings.NewReader(a.Body))
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	return string(body)
}

// bare writes a 200 with these header lines and no others but Content-Length.
func bare(c io.Writer, body string, lines ...string) {
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n\r\n%s", len(body), strings.Join(lines, "\r\n"), body)
}

// htmlPage answers with a page worth a copy.
func htmlPage(lines ...string) func(io.Writer, edge.Asked) bool {
	var page strings.Builder
	for i := range 200 {
		fmt.Fprintf(&page, "<li class=\"card\"><a href=\"/products/%d/\">Product number %d</a></li>\n", i*37%1000, i)
	}
	return func(c io.Writer, _ edge.Asked) bool {
		bare(c, page.String(), append([]string{"Content-Type: text/html; charset=utf-8", `ETag: "v1"`}, lines...)...)
		return true
	}
}

// encodedHit asks until there is a copy in the coding, which the first hit has made.
func encodedHit(t *testing.T, e *edge.Edge, target, coding string, lines ...string) (a *edge.Answer) {
	t.Helper()
	edge.Poll(t, "there is a copy in "+coding, func() bool {
		a = e.Get(target, append(lines, "Accept-Encoding: "+coding)...)
		a.Want(t, "hit")
		return a.Header.Get("Content-Encoding") == coding
	})
	return a
}

// TestCopies: each coding is made once, decodes to the origin's bytes, and has a tag of
// its own; who says nothing gets the plain page.
func TestCopies(t *testing.T) {
	o := edge.NewOrigin(t, htmlPage("Last-Modified: Sun, 01 Mar 2026 12:00:00 GMT"))
	e := shop(t, o)
	target := newPage()
	plain := e.Get(target)
	plain.Want(t, "stored")
	before := entries(t)
	tags := map[string]string{plain.Header.Get("ETag"): "identity"}
	for coding := range decoders() {
		a := encodedHit(t, e, target, coding)
		if decoded(t, a) != plain.Body || len(a.Body)*4 > len(plain.Body) {
			t.Errorf("%s: %d bytes of %d, the same page: %v", coding, len(a.Body), len(plain.Body), decoded(t, a) == plain.Body)
		}
		tag := a.Header.Get("ETag")
		if other := tags[tag]; other != "" || strings.HasSuffix(tag, "-"+coding+`"`) {
			t.Errorf("%s and %s have the tag %s", coding, other, tag)
		}
		tags[tag] = coding
		if got := strings.Join(a.Header["Vary"], ","); got != "Accept-Encoding" {
			t.Errorf("%s: Vary %q", coding, got)
		}
		head := e.Do("HEAD", target, "Accept-Encoding: "+coding)
		if head.Header.Get("Content-Length") != fmt.Sprint(len(a.Body)) || head.Header.Get("ETag") != tag {
			t.Errorf("%s: HEAD has %v", coding, head.Header)
		}
		// Whoever has the copy, or the plain page, is not sent another one.
		for _, held := range []string{tag, `"v1"`} {
			again := e.Get(target, "Accept-Encoding: "+coding, "If-None-Match: "+held)
			if again.Status != 304 || again.Header.Get("ETag") != held {
				t.Errorf("%s: who holds %s gets %d with %s", coding, held, again.Status, again.Header.Get("ETag"))
			}
		}
		part := e.Get(target, "Accept-Encoding: "+coding, "Range: bytes=10-19")
		if part.Status != 206 || part.Body != plain.Body[10:20] || part.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: the part is %d, %q", coding, part.Status, part.Body)
		}
	}
	if a := e.Get(target); a.Body != plain.Body || a.Header.Get("Content-Encoding") != "" || a.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("who says nothing gets %v", a.Header)
	}
	if n := entries(t) - before; n != 3 {
		t.Errorf("%d copies are stored", n)
	}
	wantHits(t, o, 1)
}

// TestCopiesAreKept: a page that is refreshed and has not changed keeps its copies; one
// that has changed is never served in the old ones.
func TestCopiesAreKept(t *testing.T) {
	o := edge.NewOrigin(t, htmlPage("Cache-Control: max-age=1"))
	e := shop(t, o)
	target := newPage()
	first := e.Get(target)
	encodedHit(t, e, target, "br")
	before := entries(t)
	edge.Poll(t, "it is stale", func() bool { return e.Get(target, "Accept-Encoding: br").Is(t, "fwd=stale") })
	if a := e.Get(target, "Accept-Encoding: br"); a.Header.Get("Content-Encoding") != "br" || entries(t) != before {
		t.Errorf("after a refresh: %v, %d more stored", a.Header, entries(t)-before)
	}
	o.Script(func(c io.Writer, _ edge.Asked) bool {
		bare(c, first.Body+"changed", "Content-Type: text/html", "Cache-Control: max-age=3600")
		return true
	})
	edge.Poll(t, "it is stale", func() bool { return e.Get(target, "Accept-Encoding: br").Is(t, "fwd=stale") })
	for range 5 {
		if a := e.Get(target, "Accept-Encoding: br"); decoded(t, a) != first.Body+"changed" {
			t.Fatalf("the old page, in %q", a.Header["Content-Encoding"])
		}
	}
}

// TestNoCopies: what must not be changed, is encoded already, or would not be smaller.
func TestNoCopies(t *testing.T) {
	page := htmlPage()
	for name, script := range map[string]func(io.Writer, edge.Asked) bool{
		"no-transform": htmlPage("Cache-Control: no-transform"),
		"of no type":   func(c io.Writer, _ edge.Asked) bool { bare(c, strings.Repeat("a", 5000), "X-A: 1"); return true },
		"a picture": func(c io.Writer, _ edge.Asked) bool {
			bare(c, strings.Repeat("a", 5000), "Content-Type: image/png")
			return true
		},
		"short": func(c io.Writer, _ edge.Asked) bool {
			bare(c, strings.Repeat("a", 500), "Content-Type: text/html")
			return true
		},
		"of a session":  page,
		"codings pass":  page,
		"not to be had": page,
	} {
		t.Run(name, func(t *testing.T) {
			option := map[string]string{"of a session": own, "codings pass": "codings pass"}[name]
			o := edge.NewOrigin(t, script)
			e := shop(t, o, option)
			accept := map[string]string{"not to be had": "gzip;q=0, br;q=0.000, deflate, compress, *;q=0"}[name]
			if accept == "" {
				accept = "gzip, br, zstd"
			}
			target := newPage()
			lines := []string{"Accept-Encoding: " + accept}
			if name == "of a session" {
				lines = append(lines, cookie("A"))
			}
			first := e.Get(target, lines...)
			for range 5 {
				a := e.Get(target, lines...)
				if a.Want(t, "hit"); a.Header.Get("Content-Encoding") != "" || a.Body != first.Body {
					t.Fatalf("it is sent in %q", a.Header["Content-Encoding"])
				}
			}
		})
	}
}

// TestS28_Codings: whatever is asked for, there are three copies at most, nobody makes
// the origin work, and everybody can read what he gets.
func TestS28_Codings(t *testing.T) {
	o := edge.NewOrigin(t, htmlPage())
	e := shop(t, o)
	target := newPage()
	plain := e.Get(target)
	before := entries(t)
	asked := []string{
		"gzip;q=0", "identity;q=0", "br", "*", "*;q=0", "gzip, br;q=0", "zstd;q=0.5, gzip;q=0.1", "identity, gzip;q=0.5",
		"", ",", "gzip;q=abc", "GZIP", "x-gzip", "br;q=1.000", ";;;", "gzip;;q=0", "br;level=9",
	}
	for range 3 {
		for _, value := range append(asked, nonsense()...) {
			a := e.Get(target, "Accept-Encoding: "+value)
			if a.Want(t, "hit"); decoded(t, a) != plain.Body {
				t.Errorf("%q: another page", value)
			}
		}
	}
	if a := e.Get(target); a.Body != plain.Body || a.Header.Get("Content-Encoding") != "" {
		t.Errorf("a plain client gets %q", a.Header["Content-Encoding"])
	}
	if n := entries(t) - before; n > 3 {
		t.Errorf("%d copies are stored", n)
	}
	wantHits(t, o, 1)
}

// TestCopiesBehindEncode: Caddy's encode, outside, leaves copies alone, and passes their
// tags on.
func TestCopiesBehindEncode(t *testing.T) {
	o := edge.NewOrigin(t, htmlPage())
	e := edge.Start(t, "EDGE {\n\tencode gzip zstd\n\tpage_cache /products/category/* 15s\n\treverse_proxy "+o.Addr+"\n}\n")
	target := newPage()
	plain := e.Get(target)
	var tag string
	edge.Poll(t, "there is a copy of the edge's", func() bool {
		a := e.Get(target, "Accept-Encoding: gzip")
		if decoded(t, a) != plain.Body {
			t.Fatalf("another page in %q", a.Header["Content-Encoding"])
		}
		tag = a.Header.Get("ETag")
		return strings.HasSuffix(tag, `~gz"`)
	})
	if a := e.Get(target, "Accept-Encoding: gzip", "If-None-Match: "+tag); a.Status != http.StatusNotModified {
		t.Errorf("who holds %s gets %d", tag, a.Status)
	}
}

// TestTokensInCopies: done with Django's own tokens, in every coding: what decodes is the
// page with this visitor's tokens, byte for byte, in Go and in curl.
func TestTokensInCopies(t *testing.T) {
	const secret = "abcdefghijklmnopqrstuvwxyz012345"
	mask := strings.Repeat("a", 32)
	form := func(token string) string {
		var page strings.Builder
		for i := range 40 {
			fmt.Fprintf(&page, "<form action=\"/buy/%d/\"><input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"%s\"><button>Buy number %d</button></form>\n", i, token, i*7)
		}
		return page.String()
	}
	o := edge.NewOrigin(t, func(c io.Writer, _ edge.Asked) bool {
		bare(c, form(mask+secret), "Content-Type: text/html", "Set-Cookie: csrftoken="+secret+"; Path=/", "Vary: Cookie")
		return true
	})
	e := shop(t, o, "csrf django")
	target := newPage()
	// A secret of nothing but the first letter leaves the mask as it is.
	visitor := "Cookie: csrftoken=" + mask
	e.Get(target, visitor).Want(t, "stored")
	check := func(how, page string) {
		t.Helper()
		_, rest, _ := strings.Cut(page, `value="`)
		token, _, _ := strings.Cut(rest, `"`)
		if len(token) != 64 || token[:32] != token[32:] || page != form(token) {
			t.Errorf("%s: not the page with this visitor's tokens: %.200q", how, page)
		}
	}
	for coding := range decoders() {
		seen := map[string]bool{}
		for range 20 {
			a := encodedHit(t, e, target, coding, visitor)
			page := decoded(t, a)
			check(coding, page)
			if seen[page] {
				t.Errorf("%s: two visits have one token", coding)
			}
			seen[page] = true
		}
		out, err := exec.CommandContext(t.Context(), "curl", "-sS", "--fail", "--compressed", "-H", "Host: shop.test", "-H", visitor,
			"-H", "Accept-Encoding: "+coding, "http://"+e.Addr+target).Output()
		if err != nil {
			t.Fatalf("curl, %s: %v", coding, err)
		}
		if !bytes.Contains(out, []byte("<form")) {
			// This curl was built without that coding, and writes what came.
			t.Logf("curl does not decode %s", coding)
			out = []byte(decoded(t, &edge.Answer{Body: string(out), Header: http.Header{"Content-Encoding": {coding}}}))
		}
		check("curl, "+coding, string(out))
	}
}
