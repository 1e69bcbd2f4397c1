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
	// ReuseNever takes the response for one that is not there.
	ReuseNever Reuse = iota
	// ReuseNow serves it as it is.
	ReuseNow
	// ReuseWhileRevalidate serves it as it is and refreshes it behind (RFC 5861 §3).
	ReuseWhileRevalidate
	// ReuseValidated asks the origin first, with the response's validators.
	ReuseValidated
)

// Judged is a stored response seen at one moment.
type Judged struct {
	Reuse  Reuse
	Reason cachestatus.Reason
	Age    time.Duration // current_age, RFC 9111 §4.2.3
	Left   time.Duration // freshness left; negative or 0 when stale
	// IfError: it may be served if the origin answers with an error or not at all
	// (RFC 5861 §4, RFC 9111 §4.2.4).
	IfError bool
}

// Strain is what lets a stale response be used where a calm day would not.
type Strain struct {
	// Frozen: the operator wants the last good pages, however old.
	Frozen bool
	// Failing: the origin has failed a moment ago, so what IfError allows is served
	// without waiting for it to fail again.
	Failing bool
	// Grace is for how long a response that was fresh once may be used after it has
	// gone stale because of the trouble that the origin is in.
	Grace time.Duration
}

// StandsIn returns why the response stands in for an answer that failed.
func (j *Judged) StandsIn() cachestatus.Reason {
	if j.Reuse == ReuseNow || j.Reason == cachestatus.ReasonOverloadGrace {
		return j.Reason
	}
	return cachestatus.ReasonIfError
}

// DecideReuse judges e by the rule in force now, whatever rule it was stored
// under, for a request with the demand d, under the strain s. now is the time since
// the process's start. Strain never reaches past no-cache or must-revalidate (RFC 9111
// §4.2.4), nor past what the request demands.
func DecideReuse(e *entry.Entry, r *Rule, d *Demand, now time.Duration, s Strain) Judged {
	resident := max(0, now-e.StoredAt)
	j := Judged{Age: min(e.InitialAge+resident, maxSeconds*time.Second), Reason: cachestatus.ReasonStale}
	if r.statusReason(e.Status, &e.Terms) != cachestatus.ReasonNone || e.Size() > r.BodyLimit() {
		return j
	}
	fresh, reason := r.freshFor(e.Status, &e.Terms)
	if reason == cachestatus.ReasonStatus {
		return j // a ttl of 0 takes the status out, with its stale windows
	}
	j.Left = fresh - resident
	stale := max(0, -j.Left)
	ever := !e.NoCache && !e.MustRevalidate
	graced := ever && fresh > 0 && stale < s.Grace
	j.IfError = graced || ever && stale < window(e.StaleIfError, r.conf.StaleIfError, fresh > 0)
	revalidates := ever && stale < window(e.StaleWhileRevalidate, r.conf.StaleWhileRevalidate, fresh > 0)
	switch {
	case e.NoCache:
		j.Reuse, j.Reason = ReuseValidated, cachestatus.ReasonNoCache
	case !d.accepts(&j):
		j.Reuse, j.Reason = ReuseValidated, cachestatus.ReasonRequest
	case j.Left > 0:
		j.Reuse, j.Reason = ReuseNow, cachestatus.ReasonFresh
	case s.Frozen && ever && fresh > 0:
		j.Reuse, j.Reason = ReuseNow, cachestatus.ReasonFrozen
	case revalidates:
		j.Reuse, j.Reason = ReuseWhileRevalidate, cachestatus.ReasonWhileRevalidate
	case ever && d.takesStale(stale):
		j.Reuse, j.Reason = ReuseNow, cachestatus.ReasonMaxStale
	case graced:
		j.Reuse, j.Reason = ReuseWhileRevalidate, cachestatus.ReasonOverloadGrace
	case s.Failing && j.IfError:
		j.Reuse, j.Reason = ReuseWhileRevalidate, cachestatus.ReasonIfError
	default:
		j.Reuse = ReuseValidated
	}
	return j
}

// accepts reports whether a response as fresh and as old as j will do (RFC 9111
// §5.2.1.1, §5.2.1.3, §5.2.1.4). Who names a greatest age takes a stale one only if
// he says that too.
func (d *Demand) accepts(j *Judged) bool {
	switch {
	case d.NoCache,
		d.MaxAge.Set && (j.Age > d.MaxAge.Value || j.Left <= 0 && !d.takesStale(-j.Left)),
		d.MinFresh.Set && j.Left < d.MinFresh.Value:
		return false
	}
	return true
}

// takesStale reports whether a response will do that has been stale for this long
// (RFC 9111 §5.2.1.2).
func (d *Demand) takesStale(stale time.Duration) bool {
	return d.AnyStale || d.MaxStale.Set && stale <= d.MaxStale.Value
}
