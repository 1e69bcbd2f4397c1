package edge

import (
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience guards against hanging; nothing is expected to take this long.
const patience = 30 * time.Second

// Gate holds goroutines back, at the origin above all, until it opens: by Open,
// or when as many as it was made for are at it.
type Gate struct {
	tb   testing.TB
	once sync.Once
	open chan struct{}

	mu   sync.Mutex // protects what follows
	left int
}

// NewGate returns a closed gate that opens when n have come; with 0, Open alone
// opens it. The end of the test opens it as well.
func NewGate(tb testing.TB, n int) *Gate {
	tb.Helper()
	return &Gate{tb: tb, open: make(chan struct{}), left: n}
}

// Open lets everybody through, now and later.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// Pass waits until the gate is open.
func (g *Gate) Pass() {
	g.mu.Lock()
	if g.left--; g.left == 0 {
		g.Open()
	}
	g.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-g.open:
	case <-g.tb.Context().Done():
	case <-timer.C:
		g.tb.Error("a gate has not opened in time")
	}
}

// Crowd calls do(0) to do(n-1) at once, each in a goroutine of its own. The
// returned function waits for all and returns their answers in that order.
func Crowd(n int, do func(i int) *Answer) (wait func() []*Answer) {
	answers := make([]*Answer, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			answers[i] = do(i)
		})
	}
	close(start)
	return func() []*Answer {
		wg.Wait()
		return answers
	}
}

// Poll asks until the answer is yes, for as long as a test may take.
func Poll(tb testing.TB, what string, yes func() bool) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		if time.Now().After(deadline) {
			tb.Fatalf("it has not come to this: %s", what)
		}
		<-tick.C
	}
}

// The product tells nobody who waits and what is being filled; the stacks do.
var (
	// waiter is an exchange that waits for a fill's header.
	waiter = regexp.MustCompile(`\[select[^\]]*\]:\n\S*/engine\.\(\*exchange\)\.`)
	// inside is a request that the cache handles.
	inside = regexp.MustCompile(`/engine\.\(\*Engine\)\.Do\(`)
	// filler is a fill under way.
	filler = regexp.MustCompile(`/engine\.\(\*job\)\.run\(`)
	// stopping is a replaced server on its way out; closed one that has closed its
	// listeners and waits for its requests.
	stopping = regexp.MustCompile(`created by \S*/caddyhttp\.\(\*App\)\.stop`)
	closed   = regexp.MustCompile(`\[select[^\]]*\]:\nnet/http\.\(\*Server\)\.Shutdown\(`)
)

func count(of *regexp.Regexp) int { return len(of.FindAllString(stacks(), -1)) }

func stacks() string {
	for size := 1 << 20; ; size *= 2 {
		all := make([]byte, size)
		if n := runtime.Stack(all, true); n < size {
			return string(all[:n])
		}
	}
}

// Waiting returns how many requests wait for the header of a fill, whoever
// started it.
func Waiting() int { return count(waiter) }

// WaitFor blocks until n requests wait for the header of a fill.
func WaitFor(tb testing.TB, n int) {
	tb.Helper()
	Poll(tb, "enough requests wait for a fill", func() bool { return Waiting() >= n })
}

// Inside returns how many requests of visitors the cache handles.
func Inside() int { return count(inside) }

// Filling returns how many fills are under way, those that were given up and are
// still at the origin included.
func Filling() int { return count(filler) }

// settle waits until no fill is under way: a visitor has the last byte of a page
// a moment before that is in the store. A fill that a test holds back is not
// waited for.
func settle() {
	await(func() bool { return Filling() == 0 })
}

// replaced waits until the servers of the configuration before have closed their
// listeners. A connection that is in their queue just then is reset, as with every
// reload of Caddy's, and no test is about that.
func replaced() {
	await(func() bool {
		for goroutine := range strings.SplitSeq(stacks(), "\n\n") {
			if stopping.MatchString(goroutine) && !closed.MatchString(goroutine) {
				return false
			}
		}
		return true
	})
}

// await asks until the answer is yes, for a second at most.
func await(yes func() bool) {
	deadline := time.Now().Add(time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !yes() && time.Now().Before(deadline) {
		<-tick.C
	}
}
