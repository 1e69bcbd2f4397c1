package policy

import (
	"math"
	"time"

	"github.com/page-cache/page-cache/module/entry"
)

// leastAhead is which part of a page's lifetime refresh_ahead takes for the time of
// a fill that takes less, but no more than mostOfLeast: a page that is soon made need
// not be cut fine.
const (
	leastAhead  = 50
	mostOfLeast = 2 * time.Second
)

// DecideAhead reports whether a fresh response that is being served should be
// refreshed already. chance is drawn for this request, evenly from [0, 1). The lead
// before the end of the lifetime is drawn from an exponential distribution, as XFetch
// does (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
// Prevention, 2015): its mean is the line's, or the time that the page's last fill
// took. So a page that nobody asks for is left alone, and the busier it is the surer
// it is renewed before it is stale, at a moment of its own. It never takes more than
// half of the lifetime.
func DecideAhead(e *entry.Entry, r *Rule, j *Judged, chance float64) bool {
	if r.conf.RefreshAhead == nil || j.Reuse != ReuseNow || j.Left <= 0 || e.NoCache {
		return false
	}
	lifetime, _ := r.freshFor(e.Status, &e.Terms)
	mean := time.Duration(*r.conf.RefreshAhead)
	if mean == 0 {
		mean = max(e.Took, min(lifetime/leastAhead, mostOfLeast))
	}
	lead := -math.Log(1-chance) * float64(mean)
	return float64(j.Left) < min(lead, float64(lifetime)/2)
}
