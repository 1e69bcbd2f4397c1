package policy

import (
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/entry"
)

// Reuse is the verdict on whether a stored response may answer (RFC 9111 §4).
type Reuse int

// The verdicts DecideReuse can reach.
const (
	// ReuseFresh serves it as it is.
	ReuseFresh Reuse = iota
	// ReuseStale asks the origin first.
	ReuseStale
)

// Judged is a stored response seen at one moment.
type Judged struct {
	Reuse  Reuse
	Reason cachestatus.Reason
	Age    time.Duration // current_age, RFC 9111 §4.2.3
	Left   time.Duration // freshness left; negative or 0 when stale
}

// DecideReuse judges e by the rule in force now, whatever rule it was stored
// under. now is the time since the process's start.
func DecideReuse(e *entry.Entry, r *Rule, now time.Duration) Judged {
	resident := max(0, now-e.StoredAt)
	j := Judged{Age: e.InitialAge + resident, Reuse: ReuseStale, Reason: cachestatus.ReasonStale}
	if statusReason(e.Status, r, e.Explicit) != cachestatus.ReasonNone || int64(len(e.Body)) > r.BodyLimit() {
		return j
	}
	fresh, _ := r.freshFor(e.Status, e.Explicit, e.Lifetime, e.InitialAge)
	j.Left = fresh - resident
	if j.Left > 0 {
		j.Reuse, j.Reason = ReuseFresh, cachestatus.ReasonFresh
	}
	return j
}
