package integration

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// stuck is an origin that does not heed a request's end, in front of one that does:
// as long as it is stuck, who comes to it stays there until it is released.
type stuck struct {
	came    atomic.Int32 // how many came to it
	release chan struct{}
}

// stick makes the origin behind test_breaker a stuck one. The end of the test
// releases all who are there.
func stick(t *testing.T) *stuck {
	t.Helper()
	s := &stuck{release: make(chan struct{})}
	s.again()
	t.Cleanup(s.recover)
	return s
}

func (s *stuck) again() {
	hold := func() {
		s.came.Add(1)
		<-s.release
	}
	broken.Store(&hold)
}

// pass lets those through who come from now on, and nobody else.
func (s *stuck) pass() { broken.Store(nil) }

// recover lets everybody through. Only the first call counts.
func (s *stuck) recover() {
	s.pass()
	select {
	case <-s.release:
	default:
		close(s.release)
	}
}

// stuckSite is a site whose fills go through test_breaker.
func stuckSite(o *edge.Origin, options ...string) string {
	return strings.Replace(shopSite(o, "1h", options...), "\treverse_proxy", "\ttest_breaker\n\treverse_proxy", 1)
}

// pollers is how many clients poll a page at a time, each until his patience is over.
const pollers = 10

// poll asks for a page n times, by ten clients who give up after patience, and fails
// the test if the goroutines ever rise by more than what the clients and their
// connections take, and 20. So a goroutine that each of them left behind would show.
func (b baseline) poll(t *testing.T, e *edge.Edge, target string, n int, patience time.Duration) {
	t.Helper()
	const each = 8 // of a client and both ends of his connection
	transport := protocols()["h1"]
	var most atomic.Int64
	inParallel(n, pollers, func(int) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if a := visit(ctx, transport, e, target); a.Status == 200 {
			t.Errorf("got %d, %q from an origin that is stuck", a.Status, a.Body)
		}
		now := int64(runtime.NumGoroutine())
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
	})
	rise := int(most.Load()) - b.goroutines
	t.Logf("%d goroutines more than at rest, at most", rise)
	if rise > pollers*each+20 {
		t.Errorf("there were %d goroutines more than at rest", rise)
	}
}

// A fill never ends, because the origin does not heed its end, and the page is polled
// by clients who give up: they leave nothing behind. When the origin is well again, so
// is the page.
func TestFaultR20_FillNeverEnds(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, stuckSite(o)) // header_timeout is 60 s
	wantCached(t, e, o, newPage())
	before := atRest(t)
	origin, target := stick(t), newPage()
	start := time.Now()
	before.poll(t, e, target, times(300, 6000), time.Duration(times(50, 1000))*time.Millisecond)
	if came, timeouts := int(origin.came.Load()), int(time.Since(start)/time.Minute); came > 1+timeouts {
		t.Errorf("the origin was asked %d times in %d of header_timeout", came, timeouts)
	}
	origin.recover()
	recovered := time.Now()
	edge.Poll(t, "the page is usable again", func() bool { return e.Get(target).Is(t, "hit") })
	t.Logf("the page was usable again after %v", time.Since(recovered))
	if n := o.Hits(target); n != 1 {
		t.Errorf("the origin made the page %d times", n)
	}
	before.settles(t)
}

// Fills that never end are given up one after another, when header_timeout is over.
// The page is usable as soon as the origin answers the next one, while those are still
// stuck.
func TestFaultR20_UsableWhileOthersAreStuck(t *testing.T) {
	timeout := time.Duration(times(300, 5000)) * time.Millisecond
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, stuckSite(o, "header_timeout "+timeout.String()))
	wantCached(t, e, o, newPage())
	before := atRest(t)
	origin, target := stick(t), newPage()
	for i := range 3 {
		a := e.Get(target)
		if a.Status != 504 || !a.Is(t, "fwd=uri-miss", "detail=fill-timeout") || int(origin.came.Load()) != i+1 || edge.Filling() != i+1 {
			t.Fatalf("got %d, %q; the origin was asked %d times, and %d fills are there", a.Status, a.Header["Cache-Status"], origin.came.Load(), edge.Filling())
		}
	}
	wait := edge.Crowd(1, func(int) *edge.Answer { return e.Get(target) })
	edge.Poll(t, "one more is at the origin", func() bool { return origin.came.Load() == 4 })
	origin.pass()
	recovered := time.Now()
	if a := wait()[0]; a.Status != 504 {
		t.Errorf("the last one got %d", a.Status)
	}
	t.Logf("the page was usable again after %v", time.Since(recovered)) // header_timeout at most
	wantCached(t, e, o, target)
	if n := edge.Filling(); n != 4 {
		t.Errorf("%d fills are stuck, want 4", n)
	}
	origin.recover()
	before.settles(t)
}

// With max_fills no more of them are ever stuck than that, however long it takes, and
// the visitors are told so.
func TestFaultR20_StuckFillsAreBounded(t *testing.T) {
	const places = 4
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, stuckSite(o, "header_timeout 100ms", "queue_timeout 100ms", "max_fills "+strconv.Itoa(places)))
	wantCached(t, e, o, newPage())
	before := atRest(t)
	origin, target := stick(t), newPage()
	for range places {
		if a := e.Get(target); a.Status != 504 || !a.Is(t, "detail=fill-timeout") {
			t.Errorf("got %d, %q", a.Status, a.Header["Cache-Status"])
		}
	}
	for range times(10, 100) {
		if a := e.Get(target); a.Status != 503 || !a.Is(t, "detail=max-fills") {
			t.Errorf("got %d, %q", a.Status, a.Header["Cache-Status"])
		}
	}
	before.poll(t, e, target, times(200, 1000), 30*time.Millisecond)
	if n := int(origin.came.Load()); n != places {
		t.Errorf("the origin was asked %d times, want %d", n, places)
	}
	origin.recover()
	edge.Poll(t, "the page is usable again", func() bool {
		a := e.Get(target)
		return a.Header.Get("Cache-Status") != "" && a.Is(t, "hit")
	})
	before.settles(t)
}
