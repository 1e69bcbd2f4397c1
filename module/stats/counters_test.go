package stats_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/stats"
)

func TestZeroValue(t *testing.T) {
	var c stats.Counters
	get, set := c.StoreFailures()
	if len(c.Requests()) != 0 || len(c.Fills()) != 0 || get != 0 || set != 0 || c.FillFailures() != 0 {
		t.Error("something was counted before anything happened")
	}
}

// TestRequests: each outcome, with each reason, counts apart from all others.
func TestRequests(t *testing.T) {
	var c stats.Counters
	outcomes := []struct {
		word   string
		status cachestatus.Status
	}{
		{"hit", cachestatus.Status{Hit: true}},
		{"miss", cachestatus.Status{Fwd: cachestatus.FwdURIMiss}},
		{"miss", cachestatus.Status{Fwd: cachestatus.FwdVaryMiss}},
		{"stale", cachestatus.Status{Fwd: cachestatus.FwdStale}},
		{"bypass", cachestatus.Status{Fwd: cachestatus.FwdRequest}},
		{"bypass", cachestatus.Status{Fwd: cachestatus.FwdBypass}},
		{"bypass", cachestatus.Status{Fwd: cachestatus.FwdMethod}},
		{"error", cachestatus.Status{}},
	}
	reasons := append(cachestatus.Reasons(), cachestatus.ReasonNone)
	want := map[stats.Count]bool{}
	counts := map[[2]string]uint64{}
	for i, o := range outcomes {
		for j, r := range reasons {
			for range 1 + (i+j)%3 {
				o.status.Detail = r
				c.Answered(o.status)
				counts[[2]string{o.word, r.String()}]++
			}
		}
	}
	for labels, n := range counts {
		want[stats.Count{Outcome: labels[0], Detail: labels[1], N: n}] = true
	}
	got := c.Requests()
	for _, count := range got {
		if !want[count] {
			t.Errorf("got %+v", count)
		}
		delete(want, count)
	}
	for count := range want {
		t.Errorf("%+v is missing", count)
	}
	if len(c.Fills()) != 0 {
		t.Error("requests count as fills")
	}
}

// TestWords: what is counted for a status is what its own word says.
func TestWords(t *testing.T) {
	for _, hit := range []bool{true, false} {
		for _, fwd := range []cachestatus.Fwd{"", "bypass", "method", "uri-miss", "vary-miss", "stale", "request", "another"} {
			var c stats.Counters
			s := cachestatus.Status{Hit: hit, Fwd: fwd, Detail: cachestatus.ReasonFresh}
			c.Answered(s)
			words := map[string]string{"HIT": "hit", "MISS": "miss", "STALE": "stale", "BYPASS": "bypass", "ERROR": "error"}
			if got := c.Requests(); len(got) != 1 || got[0].Outcome != words[s.Word()] {
				t.Errorf("%s counts as %+v", s, got)
			}
		}
	}
}

func TestFills(t *testing.T) {
	var c stats.Counters
	for _, r := range []cachestatus.Reason{
		cachestatus.ReasonNone, cachestatus.ReasonNone, cachestatus.ReasonSetCookie, cachestatus.ReasonInternal, cachestatus.ReasonSetCookie,
	} {
		c.Filled(r)
	}
	want := []stats.Count{{"stored", "none", 2}, {"discarded", "set-cookie", 2}, {"discarded", "internal", 1}}
	if got := c.Fills(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(c.Requests()) != 0 {
		t.Error("fills count as requests")
	}
}

func TestFailures(t *testing.T) {
	var c stats.Counters
	c.StoreFailed("get")
	c.StoreFailed("set")
	c.StoreFailed("set")
	c.FillFailed()
	for range 3 {
		c.RefreshSkipped()
	}
	if get, set := c.StoreFailures(); get != 1 || set != 2 || c.FillFailures() != 1 || c.RefreshesSkipped() != 3 {
		t.Errorf("got %d, %d, %d, %d", get, set, c.FillFailures(), c.RefreshesSkipped())
	}
}

// TestRoom: the table has a place for every reason there is.
func TestRoom(t *testing.T) {
	var c stats.Counters
	for _, r := range cachestatus.Reasons() {
		c.Filled(r)
	}
	if got := len(c.Fills()); got != len(cachestatus.Reasons()) {
		t.Errorf("%d reasons share places in %d", len(cachestatus.Reasons()), got)
	}
}

// TestConcurrency: nothing is lost when many count and read.
func TestConcurrency(t *testing.T) {
	const goroutines, rounds = 8, 1000
	var c stats.Counters
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range rounds {
				c.Answered(cachestatus.Status{Hit: true, Detail: cachestatus.ReasonFresh})
				c.Filled(cachestatus.ReasonNone)
				c.StoreFailed("get")
				c.FillFailed()
			}
			c.Requests()
			c.Fills()
		})
	}
	wg.Wait()
	const n = goroutines * rounds
	get, _ := c.StoreFailures()
	if !slices.Equal(c.Requests(), []stats.Count{{"hit", "fresh", n}}) || !slices.Equal(c.Fills(), []stats.Count{{"stored", "none", n}}) ||
		get != n || c.FillFailures() != n {
		t.Errorf("got %+v, %+v, %d, %d, want %d of each", c.Requests(), c.Fills(), get, c.FillFailures(), n)
	}
}

// BenchmarkAnswered counts hits on all cores at once.
func BenchmarkAnswered(b *testing.B) {
	var c stats.Counters
	hit := cachestatus.Status{Hit: true, Detail: cachestatus.ReasonFresh}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Answered(hit)
		}
	})
}
