package integration

import (
	"io"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// The origin sends more than Content-Length says, on connections that stay open:
// garbage, or what looks like the answer to the next request. A client gets his page
// and not a byte of the rest, and the connection is not used again.
//
// The next request must not come before the edge has seen the rest: net/http's
// Transport gives a connection back before it looks for more on it, and who gets it
// in between takes the rest for his answer, with a cache or without. So the origin
// answers when all its clients are there, each on a connection of his own, and the
// next ones come when those are closed.
func TestFaultR06_LongerThanItsLength(t *testing.T) {
	const together = 25
	smuggled := &strings.Builder{}
	edge.Reply(smuggled, "200 OK", "smuggled\n", "Cache-Control: max-age=600")
	for name, surplus := range map[string]string{
		"garbage": "smuggled, and more of it\r\n\r\n", "an answer": smuggled.String(), "many answers": strings.Repeat(smuggled.String(), 50),
	} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := shop(t, o)
			o.Script(hangsUp) // so that no connection stays open
			e.Get(newPage())
			before, stored := atRest(t), entries(t)
			rounds := times(3, 40)
			for range rounds {
				gate := edge.NewGate(t, together)
				o.Script(func(conn io.Writer, a edge.Asked) bool {
					b := &strings.Builder{}
					edge.Reply(b, "200 OK", edge.EchoBody(a))
					gate.Pass()
					_, _ = io.WriteString(conn, b.String()+surplus)
					return true
				})
				targets := make([]string, together)
				for i := range targets {
					targets[i] = newPage()
				}
				for i, a := range edge.Crowd(together, func(i int) *edge.Answer { return e.Get(targets[i]) })() {
					a.Want(t, "fwd=uri-miss", "stored")
					wantOwn(t, a, targets[i])
				}
				edge.Poll(t, "the edge has closed the connections", func() bool { return o.Conns() == 0 })
				for _, target := range targets {
					a := e.Get(target)
					a.Want(t, "hit")
					wantOwn(t, a, target)
				}
			}
			wantHits(t, o, 1+rounds*together)
			if got := entries(t); got != stored+rounds*together {
				t.Errorf("%d responses were stored, want %d", got-stored, rounds*together)
			}
			before.settles(t)
		})
	}
}

// wantOwn fails the test unless the answer is the whole page of this target.
func wantOwn(t *testing.T, a *edge.Answer, target string) {
	t.Helper()
	if a.Status != 200 || !a.Whole() || echoed(a, "target") != target || a.Has("smuggled") {
		t.Errorf("got %d, whole %t, the page of %q, want %q; %v", a.Status, a.Whole(), echoed(a, "target"), target, a.Err)
	}
}
