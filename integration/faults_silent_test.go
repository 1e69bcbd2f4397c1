package integration

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// The origin takes the request and says nothing. 200 clients wait for one page and
// 200 for one that has gone stale: the origin is asked once for each, all are
// answered when header_timeout is over, and then the pages are usable as ever.
func TestFaultR01_OriginIsSilent(t *testing.T) {
	const clients = 200
	timeout := time.Duration(times(2, 5)) * time.Second
	for name, transport := range protocols() {
		t.Run(name, func(t *testing.T) {
			// This page is stale when it comes, so that no test has to wait for that.
			const old = "Cache-Control: max-age=60, stale-if-error=600"
			o := edge.NewOrigin(t, sends("old page", old, "Age: 100", `ETag: "one"`))
			e := edge.Start(t, withH2C+shopSite(o, "1h", "header_timeout "+timeout.String()))
			cold, stale := newPage(), newPage()
			e.Get(stale).Want(t, "fwd=uri-miss", "stored")
			before := atRest(t)
			gate := edge.NewGate(t, 0)
			o.Script(func(io.Writer, edge.Asked) bool { gate.Pass(); return false })
			start := time.Now()
			wait := edge.Crowd(2*clients, func(i int) *edge.Answer {
				return visit(t.Context(), transport, e, []string{cold, stale}[i%2])
			})
			edge.WaitFor(t, 2*clients)
			// Who comes in the second half of header_timeout tries once more.
			asked := 1
			if time.Since(start) > timeout/2 {
				asked = 2
			}
			for i, a := range wait() {
				switch {
				case i%2 == 0 && a.Status == 504 && a.Body == "" && a.Is(t, "fwd=uri-miss", "detail=fill-timeout"):
				case i%2 == 1 && a.Status == 200 && a.Body == "old page" && a.Is(t, "fwd=stale", "detail=stale-if-error"):
				default:
					t.Errorf("got %d, %q, %v, %q", a.Status, a.Body, a.Err, a.Header["Cache-Status"])
				}
			}
			t.Logf("all were answered after %v", time.Since(start)) // 6 s with 5 s of header_timeout
			if n := o.Hits(cold); n > asked {
				t.Errorf("the origin was asked %d times for the cold page, want %d at most", n, asked)
			}
			if n := o.Hits(stale); n > 1+asked {
				t.Errorf("the origin was asked %d times for the stale page, want %d at most", n, 1+asked)
			}
			o.Script(edge.Echo)
			gate.Open()
			wantCached(t, e, o, cold)
			edge.Poll(t, "the stale page is new", func() bool { return e.Get(stale).Is(t, "hit", "detail=fresh") })
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

// The origin stops after half a page that 100 clients read. None of them takes what
// he has for the whole: all their answers break off when idle_timeout is over.
// Nothing is stored, and the next request asks again.
func TestFaultR02_HangsInMidBody(t *testing.T) {
	for framing, send := range map[string]func(conn io.Writer){
		"a length": func(conn io.Writer) { half(conn, declared(), wholePage) },
		"chunks":   func(conn io.Writer) { half(conn, "Transfer-Encoding: chunked", strings.Repeat(oneChunk(), 2)) },
	} {
		for name := range protocols() {
			t.Run(framing+" over "+name, func(t *testing.T) { hangsInMidBody(t, name, send) })
		}
	}
}

func hangsInMidBody(t *testing.T, protocol string, send func(conn io.Writer)) {
	t.Helper()
	const clients = 100
	transport := protocols()[protocol]
	timeout := time.Duration(times(1, 5)) * time.Second
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, withH2C+shopSite(o, "1h", "idle_timeout "+timeout.String()))
	wantCached(t, e, o, newPage())
	before, stored := atRest(t), entries(t)
	target, header, hang := newPage(), edge.NewGate(t, 0), edge.NewGate(t, 0)
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		header.Pass()
		send(conn)
		hang.Pass()
		return false
	})
	wait := edge.Crowd(clients, func(int) *edge.Answer { return visit(t.Context(), transport, e, target) })
	edge.WaitFor(t, clients)
	start := time.Now()
	header.Open()
	for _, a := range wait() {
		if a.Status != 200 || a.Err == nil || a.Body == "" || len(a.Body) > len(wholePage) {
			t.Errorf("got %d and %d bytes, %v", a.Status, len(a.Body), a.Err)
		}
	}
	t.Logf("all broke off after %v", time.Since(start)) // 6 s with 5 s of idle_timeout
	hang.Open()
	transport.CloseIdleConnections()
	before.settles(t)
	if n := o.Hits(target); n != 1 {
		t.Errorf("the origin was asked %d times", n)
	}
	if got := entries(t); got != stored {
		t.Errorf("%d responses were stored", got-stored)
	}
	o.Script(edge.Echo)
	wantCached(t, e, o, target)
}
