package integration

import (
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// The states that a flapping origin goes through, a tenth of a second each: it breaks
// off or says 503; it is up, and answers when it has warmed up; it answers at once.
const (
	isDown = iota
	startsSlowly
	isUp
)

// flapping is an origin that goes down and up.
type flapping struct {
	o     *edge.Origin
	state atomic.Int32
	warm  atomic.Pointer[edge.Gate] // what a slow start is held back by
}

func newFlapping(t *testing.T) *flapping {
	t.Helper()
	f := &flapping{}
	f.state.Store(isUp)
	f.o = edge.NewOrigin(t, f.answer)
	return f
}

// answer closes the connection each time: net/http's Transport sends a request again
// by itself if a connection that was used before breaks off, and what is counted here
// is what the cache sends.
func (f *flapping) answer(conn io.Writer, a edge.Asked) bool {
	switch f.state.Load() {
	case isDown:
		if a.N%2 == 0 {
			edge.Reply(conn, "503 Service Unavailable", "sorry", "Connection: close")
		}
		return false
	case startsSlowly:
		f.warm.Load().Pass()
	}
	edge.Reply(conn, "200 OK", edge.EchoBody(a), "Connection: close")
	return false
}

// flap goes through the states n times, and ends up.
func (f *flapping) flap(t *testing.T, n int) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range n {
		f.state.Store(isDown)
		<-tick.C
		gate := edge.NewGate(t, 0)
		f.warm.Store(gate)
		f.state.Store(startsSlowly)
		<-tick.C
		f.state.Store(isUp)
		gate.Open()
		<-tick.C
	}
}

const filled = "caddy_page_cache_fills_total"

// tally is what the visitors of a flapping origin got. A miss is an answer that is not
// from the store, and not from a fill that another visitor started; among them are those
// whose own requests were forwarded.
type tally struct {
	asked, cold, misses, forwarded, stale, failed atomic.Int64
}

// The origin flaps while visitors come. Pages that are stored are never missed: only
// who asks for one that is not may get an error. And the cache tries nothing again by
// itself: the origin gets one request for each fill, whether somebody waits for it or it
// runs behind a stale page, and for each visitor who was forwarded.
func TestFaultR11_FlappingOrigin(t *testing.T) {
	const warm, visitors = 20, 8
	f := newFlapping(t)
	// The lifetime ends at every point of the origin's 300 ms.
	e := edge.Start(t, withH2C+shopSite(f.o, "70ms", "stale_if_error 1h"))
	targets := make([]string, warm)
	for i := range targets {
		targets[i] = newPage()
		e.Get(targets[i]).Want(t, "fwd=uri-miss", "stored")
	}
	before, hits, fills := atRest(t), f.o.Hits(), metric(t, filled)
	clients := []*http.Transport{{MaxIdleConnsPerHost: visitors}, protocols()["h2c"]}
	var sum tally
	stop := make(chan struct{})
	first := newPage()
	wait := edge.Crowd(visitors, func(v int) *edge.Answer {
		for {
			select {
			case <-stop:
				return nil
			default:
			}
			n := int(sum.asked.Add(1))
			target, isCold := targets[n%warm], false
			if n%40 < visitors { // all of them want the same cold page at about the same time
				target, isCold = first+"&cold="+strconv.Itoa(n/40), true
			}
			sum.take(t, visit(t.Context(), clients[v%2], e, target), isCold)
		}
	})
	f.flap(t, times(10, 1000))
	close(stop)
	wait()
	edge.Poll(t, "no fill is under way", func() bool { return edge.Filling() == 0 })
	hits, fills = f.o.Hits()-hits, metric(t, filled)-fills
	t.Logf("%d requests, %d of them for cold pages, %d misses, %d stale pages for errors, %d errors; the origin had %d requests for %v fills and %d forwards",
		sum.asked.Load(), sum.cold.Load(), sum.misses.Load(), sum.stale.Load(), sum.failed.Load(), hits, fills, sum.forwarded.Load())
	if sum.failed.Load() == 0 || sum.stale.Load() == 0 {
		t.Error("the origin did not flap")
	}
	if sent := int(fills) + int(sum.forwarded.Load()); hits > sent {
		t.Errorf("the origin had %d requests, and the cache has sent %d", hits, sent)
	}
	for _, target := range targets {
		edge.Poll(t, "the page is fresh again", func() bool { return e.Get(target).Is(t, "hit", "detail=fresh") })
	}
	for _, c := range clients {
		c.CloseIdleConnections()
	}
	before.settles(t)
}

// take counts an answer, and fails the test if a visitor of a stored page noticed.
func (s *tally) take(t *testing.T, a *edge.Answer, isCold bool) { //nolint:revive // a flag is what it counts
	t.Helper()
	told := len(a.Header["Cache-Status"]) > 0 // not beside an error of reverse_proxy's own
	if !told || !a.Is(t, "hit") && !a.Is(t, "collapsed") {
		s.misses.Add(1)
	}
	if told && a.Is(t, "fwd=bypass") || !told {
		s.forwarded.Add(1)
	}
	if told && a.Is(t, "detail=stale-if-error") {
		s.stale.Add(1)
	}
	if isCold {
		s.cold.Add(1)
	}
	switch {
	case a.Status == 200 && a.Whole():
	case isCold && (a.Status == 502 || a.Status == 503) && a.Err == nil:
		s.failed.Add(1)
	default:
		t.Errorf("cold %t: got %d, whole %t, %v, %q", isCold, a.Status, a.Whole(), a.Err, a.Header["Cache-Status"])
	}
}
