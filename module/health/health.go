// Package health tells from how an origin's fills fare whether it is in trouble:
// slower than it used to be, or failing. All of it is pure, values in and values
// out; the times passed in are offsets on one monotonic clock.
package health

import (
	"math"
	"time"
)

const (
	// recent and usual are the half-lives of what is remembered. The trouble of a
	// deploy shows within half a minute; an application that stays slower is not in
	// trouble for ever, but after an hour or so just what it is.
	recent = 30 * time.Second
	usual  = time.Hour

	// doubt is how many good answers are taken for granted, so that one error of few
	// is no trouble yet.
	doubt = 4
	// enough is how many answers, recent or usual, a comparison of their times needs.
	enough = 3
	// several is how many pages must have failed lately before the origin, and not a
	// page of its, is in trouble; remembered is how many are told apart.
	several, remembered = 3, 8

	// The share of failures from which an origin is in trouble, and at which the
	// trouble is full. From there on it is down.
	fewFailures, manyFailures = 0.1, 0.5
	// The same for how many times as long as usual it takes.
	slower, muchSlower = 2, 4
	// leastDelay keeps a fast application's hiccups from being trouble.
	leastDelay = 100 * time.Millisecond
)

// Health is what is remembered of an origin. The zero value knows nothing, and is
// well. Its methods return the next value and leave this one alone.
type Health struct {
	at        time.Duration // of the newest observation
	good, bad float64       // recent answers and failures; each halves with time
	took      float64       // seconds that the good took, together
	goodEver  float64       // the same over the long time
	tookEver  float64
	begun     bool // something was observed
	pages     [remembered]page
}

// page is one whose fill has failed.
type page struct {
	id     uint64
	at     time.Duration // when that was counted
	failed bool
}

// Answered notes an answer whose header came after took.
func (h Health) Answered(now, took time.Duration) Health {
	h = h.later(now)
	h.good++
	h.goodEver++
	h.took += took.Seconds()
	h.tookEver += took.Seconds()
	return h
}

// Failed notes a fill of the page with this id that got an error (5xx), no answer, or
// none that was whole. A page that fails again and again counts once in a while: that
// it is broken says little of the others.
func (h Health) Failed(now time.Duration, id uint64) Health {
	h = h.later(now)
	place := 0 // its own, or else the one that was taken longest ago
	for i, p := range h.pages {
		if p.failed && p.id == id {
			place = i
			break
		}
		if taken := h.pages[place]; taken.failed && (!p.failed || p.at < taken.at) {
			place = i
		}
	}
	if p := h.pages[place]; p.failed && p.id == id && h.at-p.at < recent {
		return h
	}
	h.pages[place] = page{id: id, at: h.at, failed: true}
	h.bad++
	return h
}

// later lets time take its share of what is remembered.
func (h Health) later(now time.Duration) Health {
	if !h.begun {
		h.at, h.begun = now, true
		return h
	}
	passed := max(0, now-h.at)
	short, long := half(passed, recent), half(passed, usual)
	h.at = max(h.at, now)
	h.good, h.bad, h.took = h.good*short, h.bad*short, h.took*short
	h.goodEver, h.tookEver = h.goodEver*long, h.tookEver*long
	return h
}

func half(passed, life time.Duration) float64 {
	return math.Exp2(-float64(passed) / float64(life))
}

// Trouble returns how much trouble the origin is in: 0 for none, 1 for all there
// can be. It ends by time if nothing more is observed.
func (h Health) Trouble(now time.Duration) float64 {
	h = h.later(now)
	return max(h.failing(), h.slow())
}

// Down reports whether most of what the origin was sent lately has failed, and that
// several pages did.
func (h Health) Down(now time.Duration) bool { return h.later(now).failing() == 1 }

func (h Health) failing() float64 {
	n := 0
	for _, p := range h.pages {
		if p.failed && h.at-p.at < 2*recent {
			n++
		}
	}
	if n < several {
		return 0
	}
	return ramp(h.bad/(h.good+h.bad+doubt), fewFailures, manyFailures)
}

// slow compares recent answers with older ones. What counts as recent counts less
// among the older ones by as much, so that trouble does not hide itself.
func (h Health) slow() float64 {
	older := h.goodEver - h.good
	if h.good < enough || older < enough {
		return 0
	}
	now, before := h.took/h.good, (h.tookEver-h.took)/older
	if now-before < leastDelay.Seconds() {
		return 0
	}
	return ramp(now/max(before, math.SmallestNonzeroFloat64), slower, muchSlower)
}

// ramp returns 0 up to from, 1 from to on, and a share between them.
func ramp(v, from, to float64) float64 { return min(1, max(0, (v-from)/(to-from))) }
