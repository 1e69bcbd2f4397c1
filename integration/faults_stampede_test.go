package integration

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// stampede is how many clients want one page at the same time.
const stampede = 1000

// timed is a crowd of visitors whose times are taken.
type timed []time.Duration

// visit is visit for the ith of them.
func (d timed) visit(i int, ask func() *edge.Answer) *edge.Answer {
	start := time.Now()
	a := ask()
	d[i] = time.Since(start)
	return a
}

// p99 returns the time within which 99 of 100 were answered. It is a figure to look at
// and not one to test: clients, edge and origin share the processors here, and 1,000
// requests alone keep two of them busy for 100 ms. Without -race and with others at
// work beside it, two had 680 ms for a cold page of an origin that takes 500, and 50 to
// 170 ms for a stale one; with -race 2.8 to 3.9 s, and 0.2 to 1.4 s.
func (d timed) p99() time.Duration {
	slices.Sort(d)
	return d[len(d)*99/100]
}

// pause is what an origin takes for a page in the long forms, whose times are looked
// at. Nothing depends on how long it is.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// 1,000 clients want a page that nobody has asked for. All of them wait, the origin
// makes it once, and all get it.
func TestFaultR14_ColdStampede(t *testing.T) {
	for name, transport := range protocols() {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, withH2C+shopSite(o, "1h"))
			wantCached(t, e, o, newPage())
			before := atRest(t)
			target, gate := newPage(), edge.NewGate(t, 0)
			o.Script(func(conn io.Writer, _ edge.Asked) bool {
				gate.Pass()
				edge.Reply(conn, "200 OK", wholePage, "Connection: close")
				return false
			})
			wait := edge.Crowd(stampede, func(int) *edge.Answer { return visit(t.Context(), transport, e, target) })
			edge.WaitFor(t, stampede)
			gate.Open()
			leaders := wantAllWhole(t, wait())
			if n := o.Hits(target); n != 1 || leaders != 1 {
				t.Errorf("the origin made the page %d times, for %d who did not wait for another", n, leaders)
			}
			e.Get(target).Want(t, "hit")
			if times(0, 1) == 1 {
				coldTimes(t, e, o, transport)
			}
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

// wantAllWhole fails the test unless all have the whole page, and returns how many of
// them did not wait for another's fill.
func wantAllWhole(t *testing.T, answers []*edge.Answer) (leaders int) {
	t.Helper()
	for _, a := range answers {
		if a.Status != 200 || !a.Whole() {
			t.Errorf("got %d, whole %t, %v, %q", a.Status, a.Whole(), a.Err, a.Header["Cache-Status"])
			continue
		}
		if !a.Is(t, "collapsed") {
			leaders++
		}
	}
	return leaders
}

// coldTimes takes the times of a stampede that nobody holds back, on an origin that
// takes 500 ms.
func coldTimes(t *testing.T, e *edge.Edge, o *edge.Origin, transport *http.Transport) {
	t.Helper()
	target := newPage()
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		pause(t, 500*time.Millisecond)
		edge.Reply(conn, "200 OK", wholePage, "Connection: close")
		return false
	})
	clients := make(timed, stampede)
	wantAllWhole(t, edge.Crowd(stampede, func(i int) *edge.Answer {
		return clients.visit(i, func() *edge.Answer { return visit(t.Context(), transport, e, target) })
	})())
	if n := o.Hits(target); n != 1 {
		t.Errorf("the origin made the page %d times", n)
	}
	t.Logf("the origin takes 500 ms: p99 %v", clients.p99())
}

// 1,000 clients find a page stale, again and again. Each round all of them get the
// newest there is while the origin holds its answer back, and it is asked once.
func TestFaultR15_StaleStampede(t *testing.T) {
	for name, transport := range protocols() {
		t.Run(name, func(t *testing.T) {
			var gate atomic.Pointer[edge.Gate]
			opened := edge.NewGate(t, 0)
			opened.Open()
			gate.Store(opened)
			o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
				gate.Load().Pass()
				edge.Reply(conn, "200 OK", edge.EchoBody(a), "Connection: close")
				return false
			})
			e := edge.Start(t, withH2C+shopSite(o, "100ms", "stale_while_revalidate 1h"))
			target := newPage()
			e.Get(target).Want(t, "fwd=uri-miss", "stored")
			before := atRest(t)
			for round := range times(3, 20) {
				gate.Store(edge.NewGate(t, 0))
				staleStampede(t, o, round+1, func() *edge.Answer { return visit(t.Context(), transport, e, target) })
				gate.Load().Open()
				edge.Poll(t, "the refresh has ended", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
				wantHits(t, o, round+2)
				if t.Failed() {
					break // each further round would wait for its gate in vain
				}
			}
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

// staleStampede has 1,000 clients ask for the page, as the origin made it for its nth
// request, until it is stale for each of them.
func staleStampede(t *testing.T, o *edge.Origin, n int, ask func() *edge.Answer) {
	t.Helper()
	clients := make(timed, stampede)
	for _, a := range edge.Crowd(stampede, func(i int) *edge.Answer {
		for {
			a := clients.visit(i, ask)
			if a.Status != 200 || !a.Is(t, "hit", "detail=fresh") {
				return a
			}
		}
	})() {
		if a.Status != 200 || !a.Whole() || !a.Is(t, "hit", "detail=stale-while-revalidate") || echoed(a, "n") != strconv.Itoa(n) {
			t.Errorf("round %d: got %d, whole %t, %v, %q, the page of request %q",
				n, a.Status, a.Whole(), a.Err, a.Header["Cache-Status"], echoed(a, "n"))
		}
	}
	edge.Poll(t, "the refresh is at the origin", func() bool { return o.Hits() > n })
	wantHits(t, o, n+1)
	t.Logf("round %d: p99 %v", n, clients.p99())
}
