// Package purge owns the ledger of what was invalidated: for each URI the number
// of its newest line. The number is part of the URI's keys, so all its variants,
// and what fills under way are about to store, are out of reach at once, at the
// same cost whatever is stored; nothing is scanned.
//
// It decides nothing about what invalidates what. A Ledger is safe for concurrent
// use.
package purge

import (
	"hash/maphash"
	"sync"
)

// MaxLines is how many lines a Ledger keeps, which takes some 3 MiB. When there
// are more, the older half is forgotten in favour of one line for everything that
// has none of its own: pages are then asked for once more than they had to be,
// and none comes back.
const MaxLines = 1 << 16

// Ledger holds what was invalidated since the process's start. Numbers, not
// times, so that a clock that is set revives and hides nothing.
type Ledger struct {
	seed maphash.Seed

	mu    sync.RWMutex // protects what follows
	last  uint64
	floor uint64 // for what has no line
	lines map[uint64]uint64
}

// New returns an empty Ledger.
func New() *Ledger { return &Ledger{seed: maphash.MakeSeed(), lines: map[uint64]uint64{}} }

// Generation returns the number that keys of uri have now. Two URIs may share a
// line, by chance: the one is then invalidated with the other.
func (l *Ledger) Generation(uri string) uint64 {
	h := maphash.String(l.seed, uri)
	l.mu.RLock()
	defer l.mu.RUnlock()
	return max(l.lines[h], l.floor)
}

// Invalidate puts all that is stored under uri, and all that fills begun before
// will store, out of reach. It returns what Generation was before and is now.
func (l *Ledger) Invalidate(uri string) (before, now uint64) {
	h := maphash.String(l.seed, uri)
	l.mu.Lock()
	defer l.mu.Unlock()
	before = max(l.lines[h], l.floor)
	l.last++
	now = l.last
	l.lines[h] = now
	if len(l.lines) <= MaxLines {
		return before, now
	}
	l.floor = l.last - MaxLines/2
	for h, n := range l.lines {
		if n <= l.floor {
			delete(l.lines, h)
		}
	}
	return before, now
}
