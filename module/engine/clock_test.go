package engine_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/variant"
)

// set returns t as the clock would give it after somebody has set it by d: the wall
// reading is another one, the monotonic reading goes on.
func set(t *testing.T, at time.Time, d time.Duration) time.Time {
	t.Helper()
	// There is no other way to set a clock. The first word of a time with a monotonic reading: a flag, 33 bits of seconds
	// and 30 of nanoseconds.
	word := (*uint64)(unsafe.Pointer(&at))
	if *word>>63 == 0 {
		t.Fatal("a time without a monotonic reading")
	}
	*word += uint64(d/time.Second) << 30
	return at
}

// TestFaultR33_ClockIsSet: a clock that is set back or forward makes no page fresh for
// longer, none older than it is, and costs one fill at most.
func TestFaultR33_ClockIsSet(t *testing.T) {
	for name, step := range map[string]time.Duration{
		"an hour back": -time.Hour, "an hour forward": time.Hour, "a year forward": 365 * 24 * time.Hour, "a second back": -time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now() // a bubble's times have no monotonic reading
			synctest.Test(t, func(t *testing.T) { clockIsSet(t, start, step) })
		})
	}
}

func clockIsSet(t *testing.T, start time.Time, step time.Duration) {
	t.Helper()
	var passed, by time.Duration
	now := func() time.Time { return set(t, start.Add(passed), by) }
	fills := 0
	page := handler(func(w http.ResponseWriter) error {
		fills++
		_, err := io.WriteString(w, "page")
		return err
	})
	b := &bench{t: t, store: &memory{}, limits: collapse.NewLimits(10, 1<<20), notes: &notes{counts: map[string]int{}}}
	b.engine = engine.New(engine.Config{
		Rule: policy.Compile(config.Rule{TTL: config.Duration(15 * time.Second)}), Store: b.store, Limits: b.limits, Upstream: new(engine.Upstream), Freeze: new(freeze.Switch), Chance: func() float64 { return 0 },
		Marks: collapse.NewMarks(), Failed: collapse.NewMarks(),
		Ledger: purge.New(), Sessions: session.New(1 << 20), Variants: variant.New(), Random: random, TagKey: []byte{1}, Recorder: b.notes, Now: now, Start: start,
	})
	check := func(wantFills int, age, status string) {
		t.Helper()
		w, err := b.get(page, http.Header{})
		if err != nil || fills != wantFills || w.sent.Get("Age") != age || w.sent.Get("Cache-Status") != status {
			t.Errorf("got %v, %d fills, %v; want %d, Age %q, %q", err, fills, w.sent, wantFills, age, status)
		}
	}
	check(1, "", "page-cache;fwd=uri-miss;fwd-status=200;stored;ttl=15;detail=not-found")
	passed, by = 5*time.Second, step
	check(1, "5", "page-cache;hit;ttl=10;detail=fresh")
	passed = 14 * time.Second
	check(1, "14", "page-cache;hit;ttl=1;detail=fresh")
	passed = 15 * time.Second
	check(2, "", "page-cache;fwd=stale;fwd-status=200;stored;ttl=15;detail=stale")
	by = 0 // and it is set right again
	check(2, "0", "page-cache;hit;ttl=15;detail=fresh")
}
