package collapse

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrQueue means that no place at the origin became free in time.
var ErrQueue = errors.New("as many fills as max_fills allows are under way, and none has ended in time")

// maxQueue bounds the fills that wait for one origin's places, so that its
// queue does not take the places in the process from the other lines.
const maxQueue = 128

// Places bound the fills that are at one origin at a time. Several Groups may share
// one Places. The zero value is no bound.
type Places struct {
	taken  chan struct{} // holds a token for each fill at the origin; nil: unbounded
	queued atomic.Int64  // fills that wait for a place
}

// Bound lets only n fills be at the origin at a time, n above 0. Call it before the
// first Join of a Group that has the Places.
func (p *Places) Bound(n int) { p.taken = make(chan struct{}, n) }

// Bounded reports whether there is a bound.
func (p *Places) Bounded() bool { return p.taken != nil }

// N returns the bound, 0 if there is none.
func (p *Places) N() int { return cap(p.taken) }

// TryEnter takes a place at the origin for the fill, if one is free and nobody
// waits for it, and reports whether the fill has one. Leave gives it back. Only the
// goroutine that will send the fill calls it, or has called it before that starts.
func (f *Fill) TryEnter() bool {
	if f.entered || !f.group.places.Bounded() {
		return true
	}
	select {
	case f.group.places.taken <- struct{}{}:
		f.entered = true
	default:
	}
	return f.entered
}

// Enter is TryEnter, but waits for a place: who came first gets it first. After
// wait, or when too many wait already, it returns ErrQueue, after ctx has ended its cause.
func (f *Fill) Enter(ctx context.Context, wait time.Duration) error {
	if f.TryEnter() {
		return nil
	}
	if f.group.places.queued.Add(1) > maxQueue {
		f.group.places.queued.Add(-1)
		return ErrQueue
	}
	defer f.group.places.queued.Add(-1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case f.group.places.taken <- struct{}{}: // a channel serves those who wait in their order
		f.entered = true
		return nil
	case <-timer.C:
		return ErrQueue
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Unwanted reports whether all who waited for a fill have left before it was sent.
func (f *Fill) Unwanted() bool {
	f.Body.mu.Lock()
	defer f.Body.mu.Unlock()
	return !f.background && len(f.Body.readers) == 0
}
