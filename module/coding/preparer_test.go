package coding

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func id(n byte) [32]byte { return [32]byte{n} }

// unpanicked fails the test on a panic.
func unpanicked(t *testing.T) func(any) {
	t.Helper()
	return func(value any) { t.Errorf("panic: %v", value) }
}

// TestPreparerBounds: so much at once, so much that waits, nothing twice.
func TestPreparerBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPreparer(2, 3, unpanicked(t))
		hold := make(chan struct{})
		var running, most, done atomic.Int32
		work := func() {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			<-hold
			running.Add(-1)
			done.Add(1)
		}
		for n := range byte(5) {
			if !p.Try(id(n), work) {
				t.Errorf("no room for %d", n)
			}
		}
		synctest.Wait()
		for n := range byte(6) { // 0 and 1 are under way, 2 to 4 wait, for 5 there is no room
			if p.Try(id(n), work) {
				t.Errorf("room for %d", n)
			}
		}
		close(hold)
		synctest.Wait()
		if most.Load() != 2 || done.Load() != 5 {
			t.Errorf("%d at once, %d done", most.Load(), done.Load())
		}
		if !p.Try(id(0), work) {
			t.Error("an id is not free again")
		}
		synctest.Wait()
		if done.Load() != 6 {
			t.Error("not done again")
		}
		p.Close()
	})
}

// TestPreparerOrder: what waits is done in the order of calls.
func TestPreparerOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPreparer(0, 10, unpanicked(t)) // 0 counts as 1
		hold := make(chan struct{})
		p.Try(id(100), func() { <-hold })
		var order []byte
		for n := range byte(8) {
			p.Try(id(n), func() { order = append(order, n) })
		}
		close(hold)
		synctest.Wait()
		if !slices.IsSorted(order) || len(order) != 8 {
			t.Errorf("got %v", order)
		}
		p.Close()
	})
}

// TestPreparerQueue: without room to wait, only a free worker takes work.
func TestPreparerQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPreparer(1, 0, unpanicked(t))
		hold := make(chan struct{})
		if !p.Try(id(1), func() { <-hold }) || p.Try(id(2), func() {}) {
			t.Error("a queue of none")
		}
		close(hold)
		synctest.Wait()
		if !p.Try(id(2), func() {}) {
			t.Error("the worker is not free again")
		}
		p.Close()
	})
}

// TestPreparerPanics: a panic is told, frees its id, and stops nothing else.
func TestPreparerPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []any
		p := NewPreparer(1, 2, func(value any) { told = append(told, value) })
		done := false
		p.Try(id(1), func() { panic("broken") })
		p.Try(id(2), func() { done = true })
		synctest.Wait()
		if !done || len(told) != 1 || told[0] != "broken" {
			t.Errorf("done: %v, told: %v", done, told)
		}
		if !p.Try(id(1), func() {}) {
			t.Error("its id is not free")
		}
		p.Close()
	})
}

// TestPreparerClose: it waits for what is under way, drops what waits, and takes
// nothing any more.
func TestPreparerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPreparer(1, 2, unpanicked(t))
		hold := make(chan struct{})
		var done, closed atomic.Bool
		p.Try(id(1), func() { <-hold; done.Store(true) })
		p.Try(id(2), func() { t.Error("what waited is done") })
		go func() {
			p.Close()
			closed.Store(true)
		}()
		synctest.Wait()
		if closed.Load() || p.Try(id(3), func() {}) {
			t.Error("closed before it is done, or still taking")
		}
		close(hold)
		synctest.Wait()
		if !done.Load() || !closed.Load() || p.Try(id(1), func() {}) {
			t.Errorf("done: %v, closed: %v", done.Load(), closed.Load())
		}
		p.Close()
	})
}

// TestPreparerCrowd: many callers at once; each id is done at most once at a time,
// and all that was taken is done.
func TestPreparerCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPreparer(3, 5, unpanicked(t))
		var taken, done atomic.Int32
		var under [4]atomic.Int32
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				n := i % len(under)
				if p.Try(id(byte(n)), func() {
					if under[n].Add(1) != 1 {
						t.Errorf("%d twice at a time", n)
					}
					under[n].Add(-1)
					done.Add(1)
				}) {
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		if taken.Load() == 0 || taken.Load() != done.Load() {
			t.Errorf("%d taken, %d done", taken.Load(), done.Load())
		}
		p.Close()
	})
}
