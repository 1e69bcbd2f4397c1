package main

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// noticeable is a wait that a hit never has: who waited longer, waited for
// somebody.
const noticeable = 20 * time.Millisecond

// turn is one contender's round: three lifetimes of a page, under visitors.
type turn struct {
	began    time.Time
	requests []request // By begin.
	expiries []expiry
}

// during reports whether a request was under way while the origin made the page:
// begun before the last of the expiry's origin requests was over, and answered
// after the first had started.
func (r request) during(e expiry) bool {
	return r.begin.Before(e.end()) && r.end().After(e.start())
}

// across returns for each visitor who asked during an expiry how long he waited
// at most. One figure for each: who waits long asks seldom, and would hardly count
// among the requests.
func (t turn) across(e expiry) map[int]time.Duration {
	waits := map[int]time.Duration{}
	for _, r := range t.requests {
		if r.during(e) {
			waits[r.visitor] = max(waits[r.visitor], r.wait)
		}
	}
	return waits
}

// apart returns the waits for what was asked during no expiry.
func (t turn) apart() []time.Duration {
	var waits []time.Duration
	for _, r := range t.requests {
		if !slices.ContainsFunc(t.expiries, r.during) {
			waits = append(waits, r.wait)
		}
	}
	return waits
}

// origin counts the origin's requests for each expiry.
func (t turn) origin() []int {
	counts := make([]int, 0, len(t.expiries))
	for _, e := range t.expiries {
		counts = append(counts, len(e))
	}
	return counts
}

// failed counts the requests that got no page.
func (t turn) failed() int {
	failed := 0
	for _, r := range t.requests {
		if r.failed {
			failed++
		}
	}
	return failed
}

// figures are what a contender showed in all its turns.
type figures struct {
	origin [][]int       // Origin requests for each expiry, by turn.
	took   time.Duration // The origin's own time for the page, in the middle.
	across spread        // Of the visitors, across the expiries.
	waited float64       // How many visitors waited noticeably, for each expiry.
	beyond time.Duration // The most that anybody waited longer than the origin took.
	share  float64       // The most that anybody waited, as a part of what the origin took.
	// apart are the waits across no expiry: hits, and so how late the machine
	// alone can make an answer.
	apart  spread
	failed int
}

// spread is what the figures say about many waits.
type spread struct {
	p50, p99, longest time.Duration
}

func spreadOf(waits []time.Duration) spread {
	slices.SortFunc(waits, cmp.Compare)
	return spread{percentile(waits, 50), percentile(waits, 99), percentile(waits, 100)}
}

// percentile is the nearest rank in sorted times; 0 if there are none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(1, rank)-1]
}

// summarize makes the figures of a contender's turns.
func summarize(turns []turn) figures {
	var f figures
	var across, apart, took []time.Duration
	var waiters int
	for _, t := range turns {
		f.origin = append(f.origin, t.origin())
		for _, e := range t.expiries {
			took = append(took, e.took())
			for _, wait := range t.across(e) {
				across = append(across, wait)
				f.beyond = max(f.beyond, wait-e.took())
				f.share = max(f.share, float64(wait)/float64(e.took()))
				if wait > noticeable {
					waiters++
				}
			}
		}
		apart = append(apart, t.apart()...)
		f.failed += t.failed()
	}
	f.waited = float64(waiters) / float64(max(1, len(took)))
	f.took, f.across, f.apart = spreadOf(took).p50, spreadOf(across), spreadOf(apart)
	return f
}
