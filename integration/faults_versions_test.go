package integration

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"

	"github.com/page-cache/page-cache/integration/edge"
)

// streamed are the versions of HTTP that carry many requests on one connection. Each
// client has a connection of its own, with room for 100 at once at least.
func (s *secured) streamed(clients int) map[string][]client {
	all := map[string][]client{}
	for range clients {
		all["HTTP/2.0"] = append(all["HTTP/2.0"], s.http2())
		all["HTTP/3.0"] = append(all["HTTP/3.0"], s.http3())
	}
	return all
}

// overStreams runs a test over each of the two versions, and sees to it that the edge
// settles when its clients have gone.
func overStreams(t *testing.T, clients int, test func(t *testing.T, o *edge.Origin, over []client)) {
	t.Helper()
	for _, version := range []string{"HTTP/2.0", "HTTP/3.0"} {
		t.Run(version, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			s := startSecured(t, o, "1h")
			warm := s.http1()
			if a := visitAt(t.Context(), warm, "https://shop.test"+newPage()); a.Status != http.StatusOK {
				t.Fatalf("status %d, %v", a.Status, a.Err)
			}
			before, over := atRest(t), s.streamed(clients)[version]
			test(t, o, over)
			for _, c := range over {
				c.CloseIdleConnections()
			}
			before.settles(t)
		})
	}
}

// reset reports whether a body ended by the version's own word for an abort: by
// RST_STREAM, or by HTTP/3's reset of a stream.
func reset(err error) bool {
	var second http2.StreamError
	var third *http3.Error
	return errors.As(err, &second) && second.Code == http2.ErrCodeInternal ||
		errors.As(err, &third) && third.Remote && third.ErrorCode == http3.ErrCodeInternalError
}

// An answer of the origin's that breaks off never ends cleanly, whatever framing the
// visitor is given in place of the origin's.
func TestFaultR40_ShorterThanItsLength(t *testing.T) {
	for name, answer := range map[string]func(io.Writer){
		"Content-Length":          func(conn io.Writer) { half(conn, declared(), wholePage) },
		"nothing of the body":     func(conn io.Writer) { half(conn, declared(), "") },
		"chunked":                 func(conn io.Writer) { half(conn, "Transfer-Encoding: chunked", oneChunk()) },
		"chunked, no last chunk":  func(conn io.Writer) { half(conn, "Transfer-Encoding: chunked", strings.Repeat(oneChunk(), 2)) },
		"chunked, nothing of any": func(conn io.Writer) { half(conn, "Transfer-Encoding: chunked", "") },
	} {
		t.Run(name, func(t *testing.T) {
			overStreams(t, 1, func(t *testing.T, o *edge.Origin, over []client) {
				t.Helper()
				breaksFor(t, o, func(target string, _ ...string) *edge.Answer {
					a := visitAt(t.Context(), over[0], "https://shop.test"+target)
					if a.Err != nil && !reset(a.Err) {
						t.Errorf("it ended with %T %v", a.Err, a.Err)
					}
					return a
				}, over[0].CloseIdleConnections, answer)
			})
		})
	}
}

// 1,000 visitors come at once to a page that is not stored: the origin makes it once.
func TestFaultR40_Stampede(t *testing.T) {
	const clients = 12
	overStreams(t, clients, func(t *testing.T, o *edge.Origin, over []client) {
		t.Helper()
		visitors, target, gate := times(300, 1000), newPage(), edge.NewGate(t, 0)
		o.Script(func(conn io.Writer, _ edge.Asked) bool {
			gate.Pass()
			edge.Reply(conn, "200 OK", wholePage, "Connection: close")
			return false
		})
		wait := edge.Crowd(visitors, func(i int) *edge.Answer {
			return visitAt(t.Context(), over[i%clients], "https://shop.test"+target)
		})
		edge.WaitFor(t, visitors)
		gate.Open()
		for _, a := range wait() {
			if a.Status != http.StatusOK || !a.Whole() {
				t.Errorf("status %d, whole %t, %v", a.Status, a.Whole(), a.Err)
			}
		}
		if n := o.Hits(target); n != 1 {
			t.Errorf("the origin made the page %d times", n)
		}
	})
}

// As TestFaultR16_LeaderLeaves, with all visitors on few connections.
func TestFaultR40_LeaderLeaves(t *testing.T) {
	overStreams(t, 2, func(t *testing.T, o *edge.Origin, over []client) {
		t.Helper()
		for range times(5, 200) {
			var next atomic.Int64
			leaderLeaves(t, o, func(ctx context.Context, target string) *edge.Answer {
				return visitAt(ctx, over[int(next.Add(1))%len(over)], "https://shop.test"+target)
			})
		}
	})
}

// narrow lets a client take little of a body that it does not read.
func narrow(c client) client {
	const room = 64 << 10
	switch c := c.(type) {
	case *http.Transport:
		c.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: room}
	case *overQUIC:
		c.QUICConfig = &quic.Config{InitialStreamReceiveWindow: room, MaxStreamReceiveWindow: room}
	}
	return c
}

// One of 100 on one connection does not read what he asked for. The others do not wait
// for him, neither while the page is made nor after that, and he has all of it when he
// reads on.
func TestFaultR40_SlowStream(t *testing.T) {
	const others = 99
	overStreams(t, 1, func(t *testing.T, o *edge.Origin, over []client) {
		t.Helper()
		c, target, gate := narrow(over[0]), newPage(), edge.NewGate(t, 0)
		page := strings.Repeat("<p>All our shoes</p>\n", (256<<10)/21) // far more than the slow one has room for
		o.Script(func(conn io.Writer, _ edge.Asked) bool {
			gate.Pass()
			edge.Reply(conn, "200 OK", page, "Connection: close")
			return false
		})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://shop.test"+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		var slow *http.Response
		begun := edge.Crowd(1, func(int) *edge.Answer {
			if slow, err = c.RoundTrip(r); err != nil {
				t.Error(err)
			}
			return nil
		})
		edge.WaitFor(t, 1)
		for _, stored := range []bool{false, true} {
			wait := edge.Crowd(others, func(int) *edge.Answer { return visitAt(t.Context(), c, "https://shop.test"+target) })
			if !stored {
				edge.WaitFor(t, 1+others)
				gate.Open()
				begun()
			}
			for _, a := range wait() {
				if a.Status != http.StatusOK || !a.Whole() || stored && !a.Is(t, "hit") {
					t.Errorf("status %d, %d bytes, whole %t, %q, %v", a.Status, len(a.Body), a.Whole(), a.Header["Cache-Status"], a.Err)
				}
			}
			edge.Poll(t, "the page is stored", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
		}
		if slow == nil {
			t.FailNow()
		}
		body, err := io.ReadAll(slow.Body)
		if slow.Body.Close(); err != nil || string(body) != page {
			t.Errorf("the slow one has %d bytes of %d, %v", len(body), len(page), err)
		}
		if n := o.Hits(target); n != 1 {
			t.Errorf("the origin made the page %d times", n)
		}
	})
}
