package collapse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lead joins as the leader of a key of its own.
func lead(t *testing.T, g *Group, n byte) *Fill {
	t.Helper()
	f, r := mustJoin(t, g, key(n), 1<<20, RoleLeader)
	r.Close()
	return f
}

func end(f *Fill) {
	f.End(nil)
	f.Leave()
}

// Who came first gets the next place first, and never are more at the origin than
// there are places.
func TestPlacesAreGivenInOrder(t *testing.T) {
	for _, places := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(places), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const fills = 40
				limits := NewLimits(fills, 1<<20)
				g := NewGroup(limits, new(Places))
				g.places.Bound(places)
				var mu sync.Mutex // protects what follows
				var entered [fills]time.Time
				inside, most := 0, 0
				for n := range fills {
					f := lead(t, g, byte(n))
					go func() {
						if err := f.Enter(t.Context(), time.Hour); err != nil {
							t.Error(err)
						}
						mu.Lock()
						entered[n] = time.Now()
						inside++
						most = max(most, inside)
						mu.Unlock()
						time.Sleep(time.Duration(1+n%3) * time.Second)
						mu.Lock()
						inside--
						mu.Unlock()
						end(f)
					}()
					synctest.Wait() // they come one after the other
				}
				time.Sleep(time.Hour)
				mu.Lock()
				defer mu.Unlock()
				if !slices.IsSortedFunc(entered[:], time.Time.Compare) || entered[0].IsZero() || most != places {
					t.Errorf("they entered at %v, and %d at a time", entered, most)
				}
				wantLimits(t, limits, 0, 0)
			})
		})
	}
}

func TestNoPlaceBecomesFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(10, 1<<20)
		g := NewGroup(limits, new(Places))
		g.places.Bound(1)
		busy, late, left, last := lead(t, g, 1), lead(t, g, 2), lead(t, g, 3), lead(t, g, 4)
		once, again := busy.TryEnter(), busy.TryEnter()
		if !once || !again || late.TryEnter() {
			t.Error("a place for one was taken by none or two")
		}
		start := time.Now()
		if err := late.Enter(t.Context(), 3*time.Second); !errors.Is(err, ErrQueue) || time.Since(start) != 3*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		end(late) // had no place to give back
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errOrigin)
		if err := left.Enter(ctx, time.Hour); !errors.Is(err, errOrigin) {
			t.Errorf("got %v, want the cause", err)
		}
		end(left)
		if last.TryEnter() {
			t.Error("a fill that had no place has given one back")
		}
		end(busy)
		end(busy)
		if !last.TryEnter() {
			t.Error("the place was not given back")
		}
		if err := last.Enter(t.Context(), 0); err != nil {
			t.Errorf("a fill that has a place waits for one: %v", err)
		}
		end(last)
		wantLimits(t, limits, 0, 0)
	})
}

// A place is given to who waits for it, not to who tries at the right moment.
func TestNobodyJumpsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup(NewLimits(10, 1<<20), new(Places))
		g.places.Bound(1)
		busy, waits, tries := lead(t, g, 1), lead(t, g, 2), lead(t, g, 3)
		busy.TryEnter()
		entered := make(chan error, 1)
		go func() { entered <- waits.Enter(t.Context(), time.Hour) }()
		synctest.Wait()
		end(busy)
		if tries.TryEnter() {
			t.Error("he jumped the queue")
		}
		if err := <-entered; err != nil {
			t.Error(err)
		}
		end(waits)
		end(tries)
	})
}

func TestUnboundGroup(t *testing.T) {
	g := NewGroup(NewLimits(300, 1<<20), new(Places))
	for n := range 200 {
		f := lead(t, g, byte(n))
		if !f.TryEnter() || f.Enter(t.Context(), 0) != nil {
			t.Fatal("a group without a bound has turned a fill away")
		}
		defer end(f)
	}
}
