// The tests named TestFaultR03, TestFaultR16 and so on number the faults that the
// project tests for: what may break around the cache, and what visitors must not
// notice of it. With PAGE_CACHE_SOAK=1 they run in their long forms.

package integration

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/page-cache/page-cache/integration/edge"
)

// times returns how often a fault is driven: the short form's number, or in the
// long form the other.
func times(short, long int) int {
	if os.Getenv("PAGE_CACHE_SOAK") == "1" {
		return long
	}
	return short
}

// baseline is what the process holds when nothing happens.
type baseline struct{ goroutines, files int }

// atRest takes the baseline of a running edge.
func atRest(t *testing.T) baseline {
	t.Helper()
	return baseline{goroutines: runtime.NumGoroutine(), files: openFiles(t)}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatalf("counting open files needs /proc, as Linux has it: %v", err)
	}
	return len(files)
}

// settles waits until no fill is under way and goroutines and files are back to
// the baseline, give or take a few of the server's own.
func (b baseline) settles(t *testing.T) {
	t.Helper()
	for _, name := range []string{"caddy_page_cache_fills_in_flight", "caddy_page_cache_fill_bytes"} {
		edge.Poll(t, name+" is 0 again", func() bool { return metric(t, name) == 0 })
	}
	edge.Poll(t, "the goroutines are back", func() bool { return runtime.NumGoroutine() <= b.goroutines+10 })
	edge.Poll(t, "the open files are back", func() bool { return openFiles(t) <= b.files+5 })
}

// metric returns the sum of a metric of the running configuration.
func metric(t *testing.T, name string) float64 {
	t.Helper()
	ctx := caddy.ActiveContext()
	families, err := ctx.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return sum
}

// entries returns how many values are stored: one for a response, and one more for a
// body of 4 KiB and more.
func entries(t *testing.T) int {
	t.Helper()
	return int(metric(t, "caddy_page_cache_entries"))
}

// inParallel calls do(0) to do(n-1) from so many goroutines.
func inParallel(n, goroutines int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}
