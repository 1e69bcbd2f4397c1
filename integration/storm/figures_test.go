package main

import (
	"maps"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// asked is a visitor's request that begins so many milliseconds after epoch.
func asked(visitor, begin, wait int) request {
	return request{visitor: visitor, begin: epoch.Add(time.Duration(begin) * ms), wait: time.Duration(wait) * ms}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i+1) * ms
	}
	tests := []struct {
		name   string
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{"none", nil, 50, 0},
		{"one", hundred[:1], 99, 1 * ms},
		{"the lower of two in the middle", hundred[:2], 50, 1 * ms},
		{"the middle of three", hundred[:3], 50, 2 * ms},
		{"p50 of 100", hundred, 50, 50 * ms},
		{"p99 of 100", hundred, 99, 99 * ms},
		{"p99 of 10 is the slowest", hundred[:10], 99, 10 * ms},
		{"p100", hundred, 100, 100 * ms},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := percentile(test.sorted, test.p); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// sampleTurn is a page that takes the origin from 5000 to 5140 and, in a second
// expiry, from 10000 to 10200 and to 10300.
func sampleTurn() turn {
	return turn{
		began: epoch,
		expiries: []expiry{
			{after(5000, 140)},
			{after(10000, 200), after(10050, 250)},
		},
		requests: []request{
			asked(1, 1000, 1),
			asked(1, 4990, 8),   // A hit, answered before the origin started.
			asked(1, 4999, 145), // The leader: it came first.
			asked(2, 5010, 135),
			asked(3, 5100, 1), // Stale, at once.
			asked(3, 5130, 17),
			asked(4, 5141, 6), // The page is there; whoever is late now is not kept by the origin.
			asked(2, 10290, 30),
		},
	}
}

func TestAcross(t *testing.T) {
	t.Parallel()
	s := sampleTurn()
	want := map[int]time.Duration{1: 145 * ms, 2: 135 * ms, 3: 17 * ms}
	if got := s.across(s.expiries[0]); !maps.Equal(got, want) {
		t.Errorf("across the first: %v, want %v", got, want)
	}
	if got := s.across(s.expiries[1]); !maps.Equal(got, map[int]time.Duration{2: 30 * ms}) {
		t.Errorf("across the second: %v", got)
	}
	if got, want := s.apart(), []time.Duration{1 * ms, 8 * ms, 6 * ms}; !slices.Equal(got, want) {
		t.Errorf("apart: %v, want %v", got, want)
	}
}

func TestSummarize(t *testing.T) {
	t.Parallel()
	second := sampleTurn()
	second.requests[0].failed = true
	f := summarize([]turn{sampleTurn(), second})
	if len(f.origin) != 2 || !slices.Equal(f.origin[1], []int{1, 2}) {
		t.Errorf("origin requests %v, want 1 and 2 in each of two turns", f.origin)
	}
	if f.took != 140*ms || f.waited != 1.5 || f.failed != 1 {
		t.Errorf("took %s, waited %v, failed %d; want 140ms, 1.5 (two, then one), 1", f.took, f.waited, f.failed)
	}
	if f.beyond != 5*ms || f.share != 145.0/140 {
		t.Errorf("beyond %s, share %v; want those of the leader: 5ms, 145/140", f.beyond, f.share)
	}
	if want := (spread{30 * ms, 145 * ms, 145 * ms}); f.across != want {
		t.Errorf("across %v, want %v", f.across, want)
	}
	if want := (spread{6 * ms, 8 * ms, 8 * ms}); f.apart != want {
		t.Errorf("apart %v, want %v", f.apart, want)
	}
}
