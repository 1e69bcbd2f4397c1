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

	// doubt is how many good pages are taken for granted, so that one error of few
	// is no trouble yet.
	doubt = 4
	// enough is how many recent answers a comparison of their times needs.
	enough = 3
	// several is how many pages must have failed lately before the origin, and not a
	// page of its, is in trouble.
	several = 3
	// sample is how many pages are looked at, at most: of many, some.
	sample = 64

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
//
// It looks at pages rather than at requests, so that one page, which may be broken by
// itself and asked for again and again, says no more than another.
type Health struct {
	at    time.Duration // of the newest observation
	begun bool          // there was one
	pages [sample]page

	// Recent answers and the seconds that they took, and usually take, together; each
	// halves with time.
	answers, took, before float64
}

// page is how a page's last fill fared.
type page struct {
	id    uint64
	at    time.Duration
	known bool
	bad   bool
}

// Answered notes an answer of the page with this id, whose header came after took. It
// usually does after before: see Usual.
func (h Health) Answered(now time.Duration, id uint64, took, before time.Duration) Health {
	h = h.later(now).note(id, false)
	h.answers++
	h.took += took.Seconds()
	h.before += before.Seconds()
	return h
}

// Failed notes a fill of the page with this id that got an error (5xx), no answer, or
// none that was whole.
func (h Health) Failed(now time.Duration, id uint64) Health { return h.later(now).note(id, true) }

// Usual returns the time that a page usually takes: before, what it was, and a little of
// took, the more the longer the last fill is ago.
func Usual(before, took, ago time.Duration) time.Duration {
	keep := half(max(0, ago), usual)
	return time.Duration(keep*float64(before) + (1-keep)*float64(took))
}

// note keeps what was seen of a page. Of those that have one place, the one with the
// least id is looked at while it is in use: ids are as good as random, so how often a
// page is asked for does not make it count for more.
func (h Health) note(id uint64, bad bool) Health {
	p := &h.pages[id%sample]
	if !p.known || id <= p.id || h.at-p.at >= 2*recent {
		*p = page{id: id, at: h.at, known: true, bad: bad}
	}
	return h
}

// later lets time take its share of what is remembered.
func (h Health) later(now time.Duration) Health {
	if !h.begun {
		h.at, h.begun = now, true
		return h
	}
	keep := half(max(0, now-h.at), recent)
	h.at = max(h.at, now)
	h.answers, h.took, h.before = h.answers*keep, h.took*keep, h.before*keep
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

// Down reports whether most of the pages that it was asked for lately have failed, and
// that those are several.
func (h Health) Down(now time.Duration) bool { return h.later(now).failing() == 1 }

func (h Health) failing() float64 {
	failed, bad, all := 0, 0.0, float64(doubt)
	for i := range h.pages {
		p := &h.pages[i]
		if !p.known {
			continue
		}
		weight := half(h.at-p.at, recent)
		all += weight
		if p.bad {
			bad += weight
		}
		if p.bad && h.at-p.at < 2*recent {
			failed++
		}
	}
	if failed < several {
		return 0
	}
	return ramp(bad/all, fewFailures, manyFailures)
}

// slow compares how long answers take with how long those pages usually do.
func (h Health) slow() float64 {
	if h.answers < enough || (h.took-h.before)/h.answers < leastDelay.Seconds() {
		return 0
	}
	return ramp(h.took/max(h.before, math.SmallestNonzeroFloat64), slower, muchSlower)
}

// ramp returns 0 up to from, 1 from to on, and a share between them.
func ramp(v, from, to float64) float64 { return min(1, max(0, (v-from)/(to-from))) }
