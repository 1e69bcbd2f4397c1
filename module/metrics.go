package pagecache

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// collector reads the process's counters when it is scraped. It is made anew for
// each configuration, because Caddy's registry is.
type collector struct{ s *shared }

//nolint:gochecknoglobals // read-only descriptions
var (
	requestsDesc = prometheus.NewDesc("caddy_page_cache_requests_total",
		"Requests that a page_cache line handled, by outcome and reason.", []string{"outcome", "detail"}, nil)
	fillsDesc = prometheus.NewDesc("caddy_page_cache_fills_total",
		"Fills that have ended, by whether their answer was stored and why not.", []string{"outcome", "detail"}, nil)
	fillFailuresDesc = prometheus.NewDesc("caddy_page_cache_fill_failures_total",
		"Fills that gave no whole answer.", nil, nil)
	refreshesSkippedDesc = prometheus.NewDesc("caddy_page_cache_refreshes_skipped_total",
		"Refreshes behind a stale page for which there was no room; the next visitor tries again.", nil, nil)
	storeFailuresDesc = prometheus.NewDesc("caddy_page_cache_store_failures_total",
		"Operations in which the store failed or gave bytes that are no entry.", []string{"op"}, nil)
	storeResetsDesc = prometheus.NewDesc("caddy_page_cache_store_resets_total",
		"Parts of the store that were replaced because they broke.", nil, nil)
	fillsActiveDesc = prometheus.NewDesc("caddy_page_cache_fills_in_flight",
		"Fills under way.", nil, nil)
	fillBytesDesc = prometheus.NewDesc("caddy_page_cache_fill_bytes",
		"Bytes of bodies that fills under way keep.", nil, nil)
	marksDesc = prometheus.NewDesc("caddy_page_cache_hit_for_miss_marks",
		"Pages remembered as not being for all, those whose time is over included.", nil, nil)
	frozenDesc = prometheus.NewDesc("caddy_page_cache_frozen",
		"1 while the edge is frozen (admin API), else 0.", nil, nil)
	entriesDesc = prometheus.NewDesc("caddy_page_cache_entries",
		"Values in the store: responses, stale ones included, bodies of 4 KiB and more, and what pages vary by.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		requestsDesc, fillsDesc, fillFailuresDesc, refreshesSkippedDesc, storeFailuresDesc, storeResetsDesc,
		fillsActiveDesc, fillBytesDesc, marksDesc, frozenDesc, entriesDesc,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n))
	}
	for _, n := range c.s.counters.Requests() {
		counter(requestsDesc, n.N, n.Outcome, n.Detail)
	}
	for _, n := range c.s.counters.Fills() {
		counter(fillsDesc, n.N, n.Outcome, n.Detail)
	}
	get, set := c.s.counters.StoreFailures()
	counter(storeFailuresDesc, get, "get")
	counter(storeFailuresDesc, set, "set")
	counter(fillFailuresDesc, c.s.counters.FillFailures())
	counter(refreshesSkippedDesc, c.s.counters.RefreshesSkipped())
	counter(storeResetsDesc, c.s.store.Resets())
	gauge(fillsActiveDesc, c.s.limits.Fills())
	gauge(fillBytesDesc, c.s.limits.Bytes())
	gauge(marksDesc, int64(c.s.marks.Len()))
	on := int64(0)
	if frozen.State(time.Now()).On {
		on = 1
	}
	gauge(frozenDesc, on)
	gauge(entriesDesc, int64(c.s.store.Len()))
}

func registerMetrics(r *prometheus.Registry, s *shared) error {
	var already prometheus.AlreadyRegisteredError
	if err := r.Register(collector{s}); err != nil && !errors.As(err, &already) {
		return err
	}
	return nil
}
