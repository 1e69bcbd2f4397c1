// Package stats counts what the cache did. The counters belong to the process,
// not to one configuration, so a reload does not reset them. All of it is safe
// for concurrent use.
package stats

import (
	"sync/atomic"

	"github.com/page-cache/page-cache/module/cachestatus"
)

// Counters are the counts since the process's start. The zero value is ready.
type Counters struct {
	answered [outcomeCount][maxReasons]atomic.Uint64
	filled   [maxReasons]atomic.Uint64
	getFails atomic.Uint64
	setFails atomic.Uint64
	failed   atomic.Uint64
	skipped  atomic.Uint64
}

// maxReasons bounds the table; cachestatus has fewer.
const maxReasons = 64

type outcome int

const (
	outcomeHit outcome = iota
	outcomeMiss
	outcomeStale
	outcomeBypass
	outcomeError
	outcomeCount
)

//nolint:gochecknoglobals // a read-only table
var outcomeWords = [outcomeCount]string{"hit", "miss", "stale", "bypass", "error"}

func outcomeOf(s cachestatus.Status) outcome {
	switch {
	case s.Hit:
		return outcomeHit
	case s.Fwd == cachestatus.FwdURIMiss, s.Fwd == cachestatus.FwdVaryMiss:
		return outcomeMiss
	case s.Fwd == cachestatus.FwdStale:
		return outcomeStale
	case s.Fwd == cachestatus.FwdBypass, s.Fwd == cachestatus.FwdMethod, s.Fwd == cachestatus.FwdRequest:
		return outcomeBypass
	}
	return outcomeError
}

// Answered counts a request by its outcome and reason.
func (c *Counters) Answered(s cachestatus.Status) {
	c.answered[outcomeOf(s)][s.Detail%maxReasons].Add(1)
}

// Filled counts a fill that has ended, by why its answer was not stored;
// ReasonNone stands for one that was.
func (c *Counters) Filled(reason cachestatus.Reason) { c.filled[reason%maxReasons].Add(1) }

// StoreFailed counts trouble with the store; op is get or set.
func (c *Counters) StoreFailed(op string) {
	if op == "set" {
		c.setFails.Add(1)
		return
	}
	c.getFails.Add(1)
}

// FillFailed counts a fill that gave no whole answer.
func (c *Counters) FillFailed() { c.failed.Add(1) }

// RefreshSkipped counts a refresh for which there was no room.
func (c *Counters) RefreshSkipped() { c.skipped.Add(1) }

// RefreshesSkipped returns how many refreshes found no room.
func (c *Counters) RefreshesSkipped() uint64 { return c.skipped.Load() }

// Count is one counter with what it counts.
type Count struct {
	Outcome string // hit, miss, stale, bypass or error
	Detail  string // the reason's word
	N       uint64
}

// Requests returns the requests by outcome and reason, without those that are 0.
// One that was given no reason counts under "none", so that the sum is right.
func (c *Counters) Requests() []Count {
	var all []Count
	for o := range outcomeCount {
		for r := range c.answered[o] {
			if n := c.answered[o][r].Load(); n > 0 {
				all = append(all, Count{Outcome: outcomeWords[o], Detail: cachestatus.Reason(r).String(), N: n})
			}
		}
	}
	return all
}

// Fills returns the ended fills: Outcome is stored or discarded, Detail why the
// latter ("none" for stored ones).
func (c *Counters) Fills() []Count {
	var all []Count
	for r := range c.filled {
		n := c.filled[r].Load()
		if n == 0 {
			continue
		}
		word := "discarded"
		if cachestatus.Reason(r) == cachestatus.ReasonNone {
			word = "stored"
		}
		all = append(all, Count{Outcome: word, Detail: cachestatus.Reason(r).String(), N: n})
	}
	return all
}

// StoreFailures returns how often the store was in trouble, by operation.
func (c *Counters) StoreFailures() (get, set uint64) { return c.getFails.Load(), c.setFails.Load() }

// FillFailures returns how many fills gave no whole answer.
func (c *Counters) FillFailures() uint64 { return c.failed.Load() }
