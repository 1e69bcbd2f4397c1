package integration

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS54_AnyStatus: with the option every final status is stored to which the
// origin gives a lifetime, and still no part and no 304.
func TestS54_AnyStatus(t *testing.T) {
	// RFC 9111: 3-2, 3-3
	o := edge.NewOrigin(t, matrix)
	e := shop(t, o, "any_status")
	for status := 99; status <= 600; status++ {
		for lifetime := range lifetimes {
			want := status == 200 || status > 200 && lifetime > 0 && status != 206 && status != 304
			if got := inMatrix(t, e, o, status, lifetime); got != want {
				t.Errorf("%d %q: stored %t, want %t", status, lifetimes[lifetime], got, want)
			}
		}
	}
}

// TestS54_MustUnderstand: with must-understand only a status is stored whose rules
// the cache knows, and the no-store beside it is for caches that do not know it.
func TestS54_MustUnderstand(t *testing.T) {
	// RFC 9111: 3-3, 5.2.2.3-2
	for status, stored := range map[string]bool{"200 OK": true, "404 Not Found": true, "226 IM Used": false, "299 Odd": false, "599 Odd": false} {
		o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
			edge.Reply(conn, status, edge.EchoBody(a), "Cache-Control: max-age=60, must-understand, no-store")
			return true
		})
		e := shop(t, o, "any_status")
		target := newPage()
		e.Get(target)
		if a := e.Get(target); a.Is(t, "hit") != stored || o.Hits() != map[bool]int{true: 1, false: 2}[stored] {
			t.Errorf("%s: Cache-Status %q, %d requests at the origin", status, a.Header["Cache-Status"], o.Hits())
		}
	}
}

// openRedirect sends the visitor wherever the query wants him to go.
func openRedirect(status string, lines ...string) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, a edge.Asked) bool {
		target, _ := url.Parse(a.Target)
		edge.Reply(conn, status, "", append(lines, "Location: "+target.Query().Get("next"))...)
		return true
	}
}

// TestS55_Redirects: a temporary redirect, which a visitor may have had a hand in,
// is not stored whatever the origin says; nor is a permanent one without a
// lifetime.
func TestS55_Redirects(t *testing.T) {
	for _, status := range []string{"302 Found", "303 See Other", "307 Temporary Redirect", "300 Multiple Choices"} {
		for _, lines := range [][]string{nil, {"Cache-Control: max-age=60"}, {"Cache-Control: public, s-maxage=60"}} {
			wantRedirectsForwarded(t, status, lines...)
		}
	}
	wantRedirectsForwarded(t, "301 Moved Permanently")
	wantRedirectsForwarded(t, "308 Permanent Redirect", "ETag: \"x\"")
}

func wantRedirectsForwarded(t *testing.T, status string, lines ...string) {
	t.Helper()
	o := edge.NewOrigin(t, openRedirect(status, lines...))
	e := shop(t, o)
	for _, next := range []string{"https://evil.test/", "//evil.test", "javascript:alert(1)", "/products/category/x"} {
		target := newPage() + "&next=" + url.QueryEscape(next)
		for range 2 {
			a := e.Get(target)
			if fmt.Sprint(a.Status) != strings.Fields(status)[0] || a.Header.Get("Location") != next {
				t.Errorf("%s: status %d to %q", status, a.Status, a.Header.Get("Location"))
			}
			if a.Is(t, "hit") || a.Is(t, "stored") {
				t.Errorf("%s %q: Cache-Status %q", status, lines, a.Header["Cache-Status"])
			}
		}
	}
	wantHits(t, o, 8)
}

// TestS55_Loop: a redirect to itself is a mistake of the moment, and ends with it.
func TestS55_Loop(t *testing.T) {
	for _, status := range []string{"302 Found", "301 Moved Permanently", "308 Permanent Redirect"} {
		for _, full := range []bool{false, true} {
			o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
				self := a.Target
				if full {
					self = "http://shop.test" + a.Target
				}
				edge.Reply(conn, status, "", "Location: "+self, "Cache-Control: max-age=60")
				return true
			})
			e := shop(t, o, "hit_for_miss 0")
			target := newPage()
			for range 2 {
				if a := e.Get(target); a.Is(t, "hit") || a.Is(t, "stored") {
					t.Errorf("%s to itself, absolute %t: Cache-Status %q", status, full, a.Header["Cache-Status"])
				}
			}
			o.Script(edge.Echo)
			wantCached(t, e, o, target)
		}
	}
}

// empty answers 200 without content, in this framing.
func empty(framing string, lines ...string) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, _ edge.Asked) bool {
		head := "HTTP/1.1 200 OK\r\n" + strings.Join(append(lines, "X-Page: 1"), "\r\n")
		switch framing {
		case "chunked":
			fmt.Fprintf(conn, "%s\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", head)
		case "length":
			fmt.Fprintf(conn, "%s\r\nContent-Length: 0\r\n\r\n", head)
		default:
			fmt.Fprintf(conn, "%s\r\n%s", head, framing)
		}
		return true
	}
}

// TestS56_EmptyPages: a 200 without content and without a lifetime of the origin's
// is more often an accident than a page, and is not stored.
func TestS56_EmptyPages(t *testing.T) {
	tests := []struct {
		options, lines []string
		stored         bool
	}{
		{nil, nil, false},
		{nil, []string{`ETag: "x"`}, false},
		{nil, []string{"Cache-Control: max-age=60"}, true},
		{nil, []string{"Cache-Control: s-maxage=60"}, true},
		{nil, []string{"Cache-Control: public"}, false},
		{[]string{"min_bytes 0"}, nil, true},
		{[]string{"min_bytes 1"}, nil, false},
		{[]string{"min_bytes 100"}, []string{"Cache-Control: max-age=60"}, true},
	}
	for _, framing := range []string{"length", "chunked"} {
		for _, tt := range tests {
			o := edge.NewOrigin(t, empty(framing, tt.lines...))
			e := shop(t, o, tt.options...)
			for _, request := range [][]string{nil, {"Range: bytes=0-0"}, {`If-None-Match: "y"`}, {"X-Odd: 1"}} {
				target, before := newPage(), o.Hits()
				first, second := e.Get(target, request...), e.Get(target, request...)
				if first.Body != "" || second.Body != "" || second.Is(t, "hit") != tt.stored {
					t.Errorf("%s, %q, %q, %q: first %d %q, second %d %q", framing, tt.options, tt.lines, request,
						first.Status, first.Header["Cache-Status"], second.Status, second.Header["Cache-Status"])
				}
				if stored := o.Hits() == before+1; stored != tt.stored {
					t.Errorf("%s, %q, %q, %q: %d requests at the origin", framing, tt.options, tt.lines, request, o.Hits()-before)
				}
			}
		}
	}
}

// TestS56_SmallPages: min_bytes counts the bytes of a 200 without a lifetime, and
// of nothing else.
func TestS56_SmallPages(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "min_bytes 100", "ttl 10s 404")
	for size, stored := range map[int]bool{0: false, 1: false, 99: false, 100: true, 101: true} {
		o.Script(sends(strings.Repeat("x", size)))
		target := newPage()
		e.Get(target)
		if a := e.Get(target); a.Is(t, "hit") != stored || len(a.Body) != size {
			t.Errorf("%d bytes: got %d, Cache-Status %q", size, len(a.Body), a.Header["Cache-Status"])
		}
	}
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		edge.Reply(conn, "404 Not Found", "")
		return true
	})
	wantCachedStatus(t, e, 404)
}

// wantCachedStatus fails the test unless a new page's answer of this status is
// stored.
func wantCachedStatus(t *testing.T, e *edge.Edge, status int) {
	t.Helper()
	target := newPage()
	e.Get(target).Want(t, "fwd=uri-miss", "stored")
	if a := e.Get(target); !a.Is(t, "hit") || a.Status != status {
		t.Errorf("status %d, Cache-Status %q", a.Status, a.Header["Cache-Status"])
	}
}
