package collapse

import (
	"context"
	"errors"
	"time"
)

// ErrQueue means that no place at the origin became free in time.
var ErrQueue = errors.New("as many fills as max_fills allows are under way, and none has ended in time")

// maxQueue bounds the fills of one group that wait for a place, so that one line's
// queue does not take the places in the process from the other lines.
const maxQueue = 128

// Bound lets only n fills of the group be at the origin at a time; 0, as without
// Bound, is no bound of the group's own. Call it before Join.
func (g *Group) Bound(n int) {
	g.places = nil
	if n > 0 {
		g.places = make(chan struct{}, n)
	}
}

// TryEnter takes a place at the origin for the fill, if one is free and nobody
// waits for it, and reports whether the fill has one. Leave gives it back. Only the
// goroutine that will send the fill calls it, or has called it before that starts.
func (f *Fill) TryEnter() bool {
	if f.entered || f.group.places == nil {
		return true
	}
	select {
	case f.group.places <- struct{}{}:
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
	if f.group.queued.Add(1) > maxQueue {
		f.group.queued.Add(-1)
		return ErrQueue
	}
	defer f.group.queued.Add(-1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case f.group.places <- struct{}{}: // a channel serves those who wait in their order
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
