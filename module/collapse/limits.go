package collapse

import "sync/atomic"

// Limits bound the fills of a process. One Limits is shared by all Groups.
type Limits struct {
	maxFills int64
	maxBytes int64
	fills    atomic.Int64
	// refreshes are those of fills for which no visitor waits.
	refreshes    atomic.Int64
	maxRefreshes int64
	bytes        atomic.Int64
}

// NewLimits allows maxFills fills at a time, which may keep maxBytes of bodies
// together. A sixteenth of them, but at least one, may be refreshes. A fill that finds no room for its body goes on as a stream.
func NewLimits(maxFills int, maxBytes int64) *Limits {
	return &Limits{maxFills: int64(maxFills), maxBytes: maxBytes, maxRefreshes: max(1, int64(maxFills/16))}
}

// Fills returns how many fills are under way.
func (l *Limits) Fills() int64 { return l.fills.Load() }

// Bytes returns how many bytes of bodies are kept.
func (l *Limits) Bytes() int64 { return l.bytes.Load() }

func (l *Limits) begin() bool {
	if l.fills.Add(1) > l.maxFills {
		l.fills.Add(-1)
		return false
	}
	return true
}

func (l *Limits) end() { l.fills.Add(-1) }

func (l *Limits) beginRefresh() bool {
	if l.refreshes.Add(1) > l.maxRefreshes {
		l.refreshes.Add(-1)
		return false
	}
	return true
}

func (l *Limits) endRefresh() { l.refreshes.Add(-1) }

func (l *Limits) take(n int64) bool {
	if l.bytes.Add(n) > l.maxBytes {
		l.bytes.Add(-n)
		return false
	}
	return true
}

func (l *Limits) give(n int64) { l.bytes.Add(-n) }
