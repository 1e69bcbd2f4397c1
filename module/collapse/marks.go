package collapse

import (
	"sync"
	"time"
)

// MaxMarks is how many keys a Marks remembers, which takes some 4 MiB. When there
// are more, of some of the oldest that one is forgotten whose mark ends first.
const MaxMarks = 1 << 15

// spared is among how many of the oldest that one is chosen.
const spared = 8

// Marks remembers for a while what came of a key's last fill: that its answer proved
// to be for one visitor alone (hit-for-miss), or that it failed. A mark ends by time:
// an answer that was made for one visitor's own request says nothing of what a fill
// would bring. Safe for concurrent use.
type Marks struct {
	mu    sync.RWMutex // protects what follows
	until map[[32]byte]time.Duration
	order [][32]byte // a ring, in the order in which the keys came
	next  int        // where in it the next one goes
}

// NewMarks returns an empty Marks.
func NewMarks() *Marks { return &Marks{until: map[[32]byte]time.Duration{}} }

// Set marks key until then, on the clock that Has is asked by.
func (m *Marks) Set(key [32]byte, until time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.until[key]
	m.until[key] = until
	switch {
	case known:
	case len(m.order) < MaxMarks:
		m.order = append(m.order, key)
	default:
		first := m.next
		for i := m.next; i < m.next+spared; i++ {
			if at := i % MaxMarks; m.until[m.order[at]] < m.until[m.order[first]] {
				first = at
			}
		}
		delete(m.until, m.order[first])
		m.order[first] = m.order[m.next]
		m.order[m.next] = key
		m.next = (m.next + 1) % MaxMarks
	}
}

// Has reports whether key is marked at the time now.
func (m *Marks) Has(key [32]byte, now time.Duration) bool { return m.Left(key, now) > 0 }

// Left returns for how long key is still marked at the time now; 0: it is not.
func (m *Marks) Left(key [32]byte, now time.Duration) time.Duration {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return max(0, m.until[key]-now)
}

// Clear ends the mark of key. It goes on to count as remembered.
func (m *Marks) Clear(key [32]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.until[key]; known {
		m.until[key] = 0
	}
}

// Len returns how many keys are remembered, those whose time is over included.
func (m *Marks) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.until)
}
