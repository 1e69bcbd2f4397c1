package health_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/health"
)

const (
	start  = 10 * time.Minute
	normal = 200 * time.Millisecond
)

// answers returns an origin that has answered for each of so many pages a second before
// start, after took.
func answers(h health.Health, pages uint64, took time.Duration) health.Health {
	for id := range pages {
		h = h.Answered(start-time.Second, id, took, normal)
	}
	return h
}

// fails returns one that has failed them a second before start.
func fails(h health.Health, pages uint64) health.Health {
	for id := range pages {
		h = h.Failed(start-time.Second, id)
	}
	return h
}

func TestTrouble(t *testing.T) {
	var none health.Health
	well := answers(none, 40, normal)
	for _, tt := range []struct {
		name        string
		h           health.Health
		later       time.Duration
		least, most float64
		down        bool
	}{
		{"knows nothing", none, 0, 0, 0, false},
		{"well", well, 0, 0, 0, false},
		{"one page of none fails", fails(none, 1), 0, 0, 0, false},
		{"two pages of none fail", fails(none, 2), 0, 0, 0, false},
		{"three pages of none fail", fails(none, 3), 0, 0.6, 0.9, false},
		{"five pages of none fail", fails(none, 5), 0, 1, 1, true},
		{"three of forty", fails(well, 3), 0, 0, 0, false},
		{"ten of forty", fails(well, 10), 0, 0.2, 0.6, false},
		{"thirty of forty", fails(well, 30), 0, 1, 1, true},
		{"all of very many", fails(answers(none, 5000, normal), 5000), 0, 1, 1, true},
		{"a while ago", fails(none, 40), 30 * time.Minute, 0, 0, false},
		{"they answer again", answers(fails(none, 40), 40, normal), 0, 0, 0, false},
		{"nearly twice as slow", answers(none, 40, 2*normal-1), 0, 0, 0, false},
		{"three times as slow", answers(none, 40, 3*normal), 0, 0.4, 0.6, false},
		{"ten times as slow", answers(none, 40, 10*normal), 0, 1, 1, false},
		{"ten times as slow, two answers", answers(none, 2, 10*normal), 0, 0, 0, false},
		{"ten times as slow, a while ago", answers(none, 40, 10*normal), 30 * time.Minute, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := start + tt.later
			if got := tt.h.Trouble(now); got < tt.least || got > tt.most {
				t.Errorf("got trouble %v, want %v to %v", got, tt.least, tt.most)
			}
			if got := tt.h.Down(now); got != tt.down {
				t.Errorf("got down %t", got)
			}
		})
	}
}

// Pages that are slow by nature are no slower than usual, and ten times as slow as very
// fast is fast.
func TestTroubleIsComparedWithTheSamePage(t *testing.T) {
	var h, fast health.Health
	for id := range uint64(50) {
		h = h.Answered(start, id, 8*time.Second, 8*time.Second)
		fast = fast.Answered(start, id, 10*time.Millisecond, time.Millisecond)
	}
	if h.Trouble(start) != 0 || fast.Trouble(start) != 0 {
		t.Errorf("got trouble %v and %v", h.Trouble(start), fast.Trouble(start))
	}
}

// So many of a line's pages are broken, and asked for each second; the others are
// refreshed each 15 s. However many there are, it is their share that counts.
func TestTroubleOfBrokenPages(t *testing.T) {
	for _, tt := range []struct {
		broken, well uint64
		down         bool
	}{{1, 20, false}, {2, 0, false}, {9, 25, false}, {50, 400, false}, {1000, 9000, false}, {30, 10, true}, {900, 100, true}} {
		var h health.Health
		for second := range 300 {
			now := time.Duration(second) * time.Second
			for id := range tt.broken {
				h = h.Failed(now, hash(id))
			}
			for id := range tt.well {
				if (uint64(second)+id)%15 == 0 {
					h = h.Answered(now, hash(1e6+id), normal, normal)
				}
			}
		}
		if got := h.Down(300 * time.Second); got != tt.down {
			t.Errorf("%d broken, %d well: down %t, trouble %v", tt.broken, tt.well, got, h.Trouble(300*time.Second))
		}
	}
}

// hash spreads ids as a digest does.
func hash(id uint64) uint64 { return id * 0x9e3779b97f4a7c15 >> 20 }

// What lasts is usual after an hour or so, whatever is between the fills.
func TestUsual(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 15 * time.Second, 10 * time.Minute} {
		got := normal
		for range int(time.Hour / every) {
			got = health.Usual(got, 10*normal, every)
		}
		if want := 11 * normal / 2; got < want-normal/10 || got > want+normal/10 {
			t.Errorf("every %v: after an hour %v is usual, want half way to %v", every, got, 10*normal)
		}
	}
	if got := health.Usual(normal, time.Hour, -time.Second); got != normal {
		t.Errorf("a clock that steps back: got %v", got)
	}
}

// A page that is filled each 15 s with two others shows trouble within a minute.
func TestTroubleOfFewHotPages(t *testing.T) {
	var h health.Health
	now := time.Duration(0)
	for range 20 {
		now += 15 * time.Second
		h = h.Answered(now, 1, 300*time.Millisecond, 300*time.Millisecond)
	}
	if got := h.Trouble(now); got != 0 {
		t.Errorf("got trouble %v while it is well", got)
	}
	for range 4 {
		now += 15 * time.Second
		h = h.Answered(now, 1, 3*time.Second, 300*time.Millisecond)
	}
	if got := h.Trouble(now); got != 1 {
		t.Errorf("got trouble %v after a minute of it", got)
	}
}

// Whatever is observed, and even if the clock steps back, trouble is a share, and
// without news it ends.
func TestTroubleIsAShareAndEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h health.Health
		now := time.Duration(0)
		times := rapid.Int64Range(0, int64(time.Hour))
		for range rapid.IntRange(0, 200).Draw(t, "observations") {
			now += time.Duration(rapid.Int64Range(-int64(time.Second), int64(time.Minute)).Draw(t, "passed"))
			id := uint64(rapid.IntRange(0, 100).Draw(t, "page"))
			if rapid.Bool().Draw(t, "failed") {
				h = h.Failed(now, id)
			} else {
				h = h.Answered(now, id, time.Duration(times.Draw(t, "took")), time.Duration(times.Draw(t, "before")))
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
