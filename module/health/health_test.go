package health_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/health"
)

const (
	start = 10 * time.Minute
	pages = 60 // as many as there are to fail
)

// fares returns an origin that has answered a request a second for so long, each
// after took.
func fares(h health.Health, from, to, took time.Duration) health.Health {
	for now := from; now < to; now += time.Second {
		h = h.Answered(now, took)
	}
	return h
}

// failsFor returns one that has failed a request a second from start on.
func failsFor(h health.Health, d time.Duration) health.Health {
	for now := start; now < start+d; now += time.Second {
		h = h.Failed(now, uint64(now/time.Second)%pages)
	}
	return h
}

func TestTrouble(t *testing.T) {
	const usual = 200 * time.Millisecond
	well := fares(health.Health{}, 0, start, usual)
	for _, tt := range []struct {
		name        string
		h           health.Health
		now         time.Duration
		least, most float64
		down        bool
	}{
		{"knows nothing", health.Health{}, start, 0, 0, false},
		{"well", well, start, 0, 0, false},
		{"one error of none", health.Health{}.Failed(0, 1), 0, 0, 0, false},
		{"one error of many", well.Failed(start, 1), start, 0, 0, false},
		{"two pages fail", health.Health{}.Failed(0, 1).Failed(0, 2), 0, 0, 0, false},
		{"three pages fail of none", health.Health{}.Failed(0, 1).Failed(0, 2).Failed(0, 3), 0, 0.5, 0.9, false},
		{"three pages fail of many", well.Failed(start, 1).Failed(start, 2).Failed(start, 3), start, 0, 0, false},
		{"a third are errors", failsFor(well, 25*time.Second), start + 25*time.Second, 0.4, 0.99, false},
		{"all are errors", failsFor(well, 2*time.Minute), start + 2*time.Minute, 1, 1, true},
		{"it has been down, a while ago", failsFor(well, 2*time.Minute), start + 30*time.Minute, 0, 0, false},
		{"it answers again", fares(failsFor(well, time.Minute), start+time.Minute, start+5*time.Minute, usual), start + 5*time.Minute, 0, 0, false},
		{"nearly twice as slow", fares(well, start, start+5*time.Minute, 2*usual-1), start + 5*time.Minute, 0, 0, false},
		{"three times as slow", fares(well, start, start+90*time.Second, 3*usual), start + 90*time.Second, 0.1, 0.9, false},
		{"ten times as slow", fares(well, start, start+time.Minute, 10*usual), start + time.Minute, 1, 1, false},
		{"slow in another way since long", fares(well, start, start+24*time.Hour, 10*usual), start + 24*time.Hour, 0, 0, false},
		{"ten times as slow as very fast", fares(fares(health.Health{}, 0, start, time.Millisecond), start, start+time.Minute, 10*time.Millisecond), start + time.Minute, 0, 0, false},
		{"two slow answers of two", fares(health.Health{}, 0, 2*time.Second, 10*time.Second), 2 * time.Second, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.h.Trouble(tt.now); got < tt.least || got > tt.most {
				t.Errorf("got trouble %v, want %v to %v", got, tt.least, tt.most)
			}
			if got := tt.h.Down(tt.now); got != tt.down {
				t.Errorf("got down %t", got)
			}
		})
	}
}

// One page that is broken, or two, tell nothing of the others, however often they are
// asked for; and a page counts once in half a minute.
func TestTroubleOfFewPages(t *testing.T) {
	var h health.Health
	for second := range 1000 {
		now := time.Duration(second) * time.Second
		h = h.Failed(now, 1).Failed(now, 2)
		if got := h.Trouble(now); got != 0 || h.Down(now) {
			t.Fatalf("after %d s: trouble %v, down %t", second, got, h.Down(now))
		}
	}
	three := h.Failed(1000*time.Second, 3)
	for range 1000 {
		three = three.Failed(1000*time.Second, 3)
	}
	if got, want := three.Trouble(1000*time.Second), h.Failed(1000*time.Second, 3).Trouble(1000*time.Second); got != want || got == 0 {
		t.Errorf("a page that fails 1,000 times makes trouble %v, and one that fails once %v", got, want)
	}
}

// More pages than are told apart: the trouble is as great, and one that is forgotten
// counts again.
func TestTroubleOfManyPages(t *testing.T) {
	var h health.Health
	for n := range 100 {
		h = h.Failed(time.Duration(n)*100*time.Millisecond, uint64(n))
	}
	if now := 10 * time.Second; h.Trouble(now) != 1 || !h.Down(now) {
		t.Errorf("got trouble %v, down %t", h.Trouble(now), h.Down(now))
	}
}

// A page that is filled each 15 s, and no other, shows trouble within a minute.
func TestTroubleOfOneHotPage(t *testing.T) {
	var h health.Health
	now := time.Duration(0)
	for range 40 {
		now += 15 * time.Second
		h = h.Answered(now, 300*time.Millisecond)
	}
	if got := h.Trouble(now); got != 0 {
		t.Errorf("got trouble %v while it is well", got)
	}
	for range 4 {
		now += 15 * time.Second
		h = h.Answered(now, 3*time.Second)
	}
	if got := h.Trouble(now); got != 1 {
		t.Errorf("got trouble %v after a minute of it", got)
	}
}

// Whatever is observed, and even if the clock steps back, trouble is a share, and
// without news it never grows.
func TestTroubleIsAShareAndEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h health.Health
		now := time.Duration(0)
		for range rapid.IntRange(0, 200).Draw(t, "observations") {
			now += time.Duration(rapid.Int64Range(-int64(time.Second), int64(time.Minute)).Draw(t, "passed"))
			if rapid.Bool().Draw(t, "failed") {
				h = h.Failed(now, uint64(rapid.IntRange(0, 20).Draw(t, "page")))
			} else {
				h = h.Answered(now, time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "took")))
			}
		}
		before := h.Trouble(now)
		if math.IsNaN(before) || before < 0 || before > 1 || h.Down(now) && before != 1 {
			t.Fatalf("trouble %v, down %t", before, h.Down(now))
		}
		for _, later := range []time.Duration{time.Second, time.Minute, time.Hour, 1000 * time.Hour} {
			got := h.Trouble(now + later)
			if math.IsNaN(got) || got > 0 && later == 1000*time.Hour {
				t.Fatalf("trouble %v after %v without news", got, later)
			}
		}
		if h.Down(now+time.Hour) && !h.Down(now) {
			t.Fatal("it went down without news")
		}
	})
}
