// Package freeze holds the switch for the time of a deploy: while it is on, the last
// good pages are served and nothing is stored. It holds no caching rule: what may be
// served meanwhile is judged elsewhere.
package freeze

import (
	"sync"
	"time"
)

// Switch is off, or on until a time. Safe for concurrent use. The times passed in have
// a monotonic reading, so that a step of the clock changes nothing.
type Switch struct {
	mu    sync.RWMutex // protects what follows
	until time.Time
	turns uint64
}

// State is the switch seen at one moment.
type State struct {
	On   bool
	Left time.Duration // until it ends by itself; 0 if it is off
	// Turns is how often it was turned on so far. What was begun at another count
	// than it ends at, or while it was on, is not to be stored.
	Turns uint64
}

// On turns the switch on, or on anew, until the time now+d; d is above 0. It returns
// the state from now on.
func (s *Switch) On(now time.Time, d time.Duration) State {
	s.mu.Lock()
	s.until = now.Add(d)
	s.turns++
	s.mu.Unlock()
	return s.State(now)
}

// Off turns it off, and returns the state from now on.
func (s *Switch) Off(now time.Time) State {
	s.mu.Lock()
	s.until = time.Time{}
	s.mu.Unlock()
	return s.State(now)
}

// State returns the state at the time now.
func (s *Switch) State(now time.Time) State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	left := max(0, s.until.Sub(now))
	return State{On: left > 0, Left: left, Turns: s.turns}
}
