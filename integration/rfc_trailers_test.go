package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// trailing answers with a body in chunks and a trailer field behind them, which the
// header announces or not.
func trailing(announcement, body string) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, _ edge.Asked) bool {
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n%sCache-Control: max-age=60\r\n\r\n", announcement)
		if body != "" {
			fmt.Fprintf(conn, "%x\r\n%s\r\n", len(body), body)
		}
		io.WriteString(conn, "0\r\nX-Trailing: behind\r\n\r\n")
		return true
	}
}

// TestFaultR38_Trailers: the visitor whose request made the origin send trailers gets
// them, over each version of HTTP; who comes later gets the page without them, or a
// page of his own.
func TestFaultR38_Trailers(t *testing.T) {
	// RFC 9111: 3.1-3
	o := edge.NewOrigin(t, nil)
	transports := secureShop(t, o)
	for _, tt := range []struct{ name, announcement, body string }{
		{"announced, small", "Trailer: X-Trailing\r\n", "page"},
		{"announced, large", "Trailer: X-Trailing\r\n", wholePage},
		{"announced, empty", "Trailer: X-Trailing\r\n", ""},
		{"another announced", "Trailer: X-Never\r\n", "page"},
		{"unannounced, small", "", "page"},
		{"unannounced, large", "", wholePage},
		{"unannounced, empty", "", ""},
	} {
		o.Script(trailing(tt.announcement, tt.body))
		for version, transport := range transports {
			for _, te := range []http.Header{{}, {"Te": {"trailers"}}} {
				t.Run(fmt.Sprintf("%s, %s, %v", tt.name, version, te), func(t *testing.T) {
					target := newPage()
					first, body := fetch(t, transport, target, te)
					if first.Proto != version || body != tt.body {
						t.Errorf("%s, %d bytes", first.Proto, len(body))
					}
					if got := first.Trailer.Get("X-Trailing"); got != "behind" {
						t.Errorf("X-Trailing %q behind the body, of %v", got, first.Trailer)
					}
					if first.Header["X-Trailing"] != nil {
						t.Error("the trailer is in the header")
					}
					wantNoTrailer(t, o, transport, target, tt.body)
				})
			}
		}
	}
}

// wantNoTrailer fails the test unless the page's next answer is one without
// trailers, or one of the origin's.
func wantNoTrailer(t *testing.T, o *edge.Origin, transport http.RoundTripper, target, body string) {
	t.Helper()
	before := o.Hits()
	second, got := fetch(t, transport, target, http.Header{})
	if got != body {
		t.Errorf("the next one got %d bytes of %d", len(got), len(body))
	}
	if !strings.Contains(second.Header.Get("Cache-Status"), ";hit") {
		if o.Hits() != before+1 {
			t.Errorf("%d requests at the origin, Cache-Status %q", o.Hits()-before, second.Header["Cache-Status"])
		}
		return
	}
	if o.Hits() != before || len(second.Trailer) > 0 || second.Header["Trailer"] != nil || second.Header["X-Trailing"] != nil {
		t.Errorf("a stored page has trailers %v, header %v; %d requests at the origin", second.Trailer, second.Header, o.Hits()-before)
	}
}

// TestFaultR38_Framing: byte by byte over HTTP/1.1. A body with trailers is chunked and
// they stand behind its last chunk; the stored page has its length.
func TestFaultR38_Framing(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	read := func(target string) (head, rest string) {
		t.Helper()
		head, rest, _ = strings.Cut(rawAnswer(t, e, edge.Request("GET", target, "TE: trailers")), "\r\n\r\n")
		return head, rest
	}
	for name, announcement := range map[string]string{"announced": "Trailer: X-Trailing\r\n", "unannounced": ""} {
		o.Script(trailing(announcement, "page"))
		target := newPage()
		head, rest := read(target)
		if !strings.Contains(head, "Transfer-Encoding: chunked") || strings.Contains(head, "Content-Length") ||
			!strings.HasPrefix(rest, "4\r\npage\r\n") || !strings.HasSuffix(rest, "0\r\nX-Trailing: behind\r\n\r\n") {
			t.Errorf("%s: %q\n%q", name, head, rest)
		}
		edge.Poll(t, "the fill has ended", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
		if head, rest = read(target); strings.Contains(head, ";hit") {
			if !strings.Contains(head, "Content-Length: 4\r\n") || strings.Contains(head, "chunked") || strings.Contains(head, "Trailer") || rest != "page" {
				t.Errorf("%s: a hit is %q\n%q", name, head, rest)
			}
		}
	}
}

// TestFaultR38_CrowdWithTrailers: many at once at a page with trailers get whole
// bodies, and nobody its trailers in his header.
func TestFaultR38_CrowdWithTrailers(t *testing.T) {
	for name, announcement := range map[string]string{"announced": "Trailer: X-Trailing\r\n", "unannounced": ""} {
		t.Run(name, func(t *testing.T) {
			answer, gate := trailing(announcement, wholePage), edge.NewGate(t, 0)
			o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
				gate.Pass()
				return answer(conn, a)
			})
			e := shop(t, o)
			target := newPage()
			wait := edge.Crowd(crowd, func(int) *edge.Answer { return e.Get(target) })
			edge.WaitFor(t, crowd)
			gate.Open()
			for _, a := range wait() {
				if a.Err != nil || a.Body != wholePage || a.Header["X-Trailing"] != nil || a.Header["Content-Length"] != nil {
					t.Errorf("%d bytes, header %v, %v", len(a.Body), a.Header, a.Err)
				}
			}
		})
	}
}
