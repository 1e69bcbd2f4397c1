package integration

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// A crowd at many cold pages at once meets an origin that takes a few at a time:
// max_fills holds the others back, all are answered, and a page that nobody else
// makes slow is not held up.
func TestMaxFills(t *testing.T) {
	const places, asked, each = 4, 60, 3
	for name, transport := range protocols() {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, withH2C+shopSite(o, "1h", "max_fills "+strconv.Itoa(places)))
			wantCached(t, e, o, newPage())
			before := atRest(t)
			var inside, most atomic.Int64
			gate := edge.NewGate(t, 0)
			o.Script(func(conn io.Writer, a edge.Asked) bool {
				now := inside.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				gate.Pass()
				inside.Add(-1)
				edge.Reply(conn, "200 OK", edge.EchoBody(a), "Connection: close")
				return false
			})
			first := newPage()
			targets := make([]string, asked)
			for i := range targets {
				targets[i] = fmt.Sprintf("%s&page=%d", first, i)
			}
			visitors := edge.Crowd(asked*each, func(i int) *edge.Answer {
				return visit(t.Context(), transport, e, targets[i%asked])
			})
			edge.WaitFor(t, asked*each)
			edge.Poll(t, "the origin has all it may have", func() bool { return inside.Load() == places })
			// Who is not a fill's does not stand in its queue.
			personal := edge.Crowd(1, func(int) *edge.Answer { return e.Get(newPage(), cookie("mine")) })
			edge.Poll(t, "the personal request is at the origin", func() bool { return inside.Load() == places+1 })
			most.Store(0)
			gate.Open()
			personal()[0].Want(t, "fwd=bypass", "detail=cookie")
			for _, a := range visitors() {
				if a.Status != http.StatusOK || !a.Whole() {
					t.Errorf("got %d, whole %t, %v, %q", a.Status, a.Whole(), a.Err, a.Header["Cache-Status"])
				}
			}
			if n := most.Load(); n > places+1 {
				t.Errorf("%d requests were at the origin at once", n)
			}
			wantHits(t, o, 1+asked+1)
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

// Lines in front of one origin share its places, whichever of them says how many.
func TestMaxFillsOfOneOrigin(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, "EDGE {\n\tpage_cache /products/* 1h {\n\t\torigin shop\n\t}\n\tpage_cache /search/* 1h {\n\t\torigin shop\n\t\tmax_fills 2\n\t}\n"+
		"\tpage_cache /other/* 1h\n\treverse_proxy "+o.Addr+"\n}\n")
	before := atRest(t)
	var inside, most atomic.Int64
	gate := edge.NewGate(t, 0)
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		most.Store(max(most.Load(), inside.Add(1)))
		gate.Pass()
		inside.Add(-1)
		edge.Reply(conn, "200 OK", edge.EchoBody(a), "Connection: close")
		return false
	})
	const each = 10
	visitors := edge.Crowd(2*each, func(i int) *edge.Answer {
		return e.Get(fmt.Sprintf("/%s/page?n=%d", []string{"products", "search"}[i%2], i))
	})
	edge.WaitFor(t, 2*each)
	edge.Poll(t, "the origin has all it may have", func() bool { return inside.Load() == 2 })
	other := edge.Crowd(1, func(int) *edge.Answer { return e.Get("/other/page") })
	edge.Poll(t, "another line is not held up", func() bool { return inside.Load() == 3 })
	gate.Open()
	for _, a := range append(visitors(), other()...) {
		if a.Status != http.StatusOK || !a.Whole() {
			t.Errorf("got %d, whole %t, %v, %q", a.Status, a.Whole(), a.Err, a.Header["Cache-Status"])
		}
	}
	if n := most.Load(); n > 3 {
		t.Errorf("%d requests were at the origin at once", n)
	}
	wantHits(t, o, 2*each+1)
	before.settles(t)
}

// The queue does not move: 503 that says when to come again, through handle_errors
// too, while stored pages are served as ever and the fill under way gets its page.
func TestQueueTimeout(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, "EDGE {\n\tpage_cache /products/category/* 1h {\n\t\tmax_fills 1\n\t\tqueue_timeout 500ms\n\t}\n\treverse_proxy "+o.Addr+
		"\n\thandle_errors {\n\t\trespond \"come again\" {err.status_code}\n\t}\n}\n")
	stored := newPage()
	page := wantCached(t, e, o, stored)
	gate := edge.NewGate(t, 0)
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		gate.Pass()
		edge.Reply(conn, "200 OK", edge.EchoBody(a))
		return true
	})
	slow := newPage()
	busy := edge.Crowd(1, func(int) *edge.Answer { return e.Get(slow) })
	edge.Poll(t, "the slow page is at the origin", func() bool { return o.Hits(slow) == 1 })
	cold := newPage()
	for range 2 {
		a := e.Get(cold)
		if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "1" || a.Body != "come again" ||
			!a.Is(t, "fwd=uri-miss", "detail=max-fills") {
			t.Errorf("got %d %v %q", a.Status, a.Header, a.Body)
		}
	}
	wantHit(t, e, o, page, stored)
	gate.Open()
	if a := busy()[0]; a.Status != http.StatusOK || !a.Whole() {
		t.Errorf("the slow page: got %d, whole %t, %v", a.Status, a.Whole(), a.Err)
	}
	wantHit(t, e, o, e.Get(cold), cold)
	if n := o.Hits(cold); n != 1 {
		t.Errorf("the cold page was asked for %d times, want once: who got 503 did not reach the origin", n)
	}
}

// header_timeout, idle_timeout: the line's own times, with a real origin that says
// nothing or stops half way.
func TestOwnTimeouts(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "header_timeout 300ms", "idle_timeout 300ms")
	gate := edge.NewGate(t, 0)
	o.Script(func(io.Writer, edge.Asked) bool { gate.Pass(); return false })
	a := e.Get(newPage())
	if a.Status != http.StatusGatewayTimeout || !a.Is(t, "fwd=uri-miss", "detail=fill-timeout") {
		t.Errorf("a silent origin: got %d %q", a.Status, a.Header["Cache-Status"])
	}
	half := newPage()
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		gate.Pass()
		return false
	})
	if a := e.Get(half); a.Whole() {
		t.Errorf("a page that stopped half way came as a whole: %d %q", a.Status, a.Body)
	}
	gate.Open()
	o.Script(answering())
	e.Get(half).Want(t, "fwd=uri-miss", "stored")
}
