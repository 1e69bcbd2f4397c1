package engine

import (
	"errors"
	"sync"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/health"
	"github.com/page-cache/page-cache/module/policy"
)

const (
	// holdBack is how long an origin is not asked again for a page whose fill has
	// failed, if somebody can be given the stale one meanwhile.
	holdBack = time.Second
	// failing is how long after a failed fill the stale page is given at once, and the
	// origin asked behind it. Who comes later waits for the origin himself: it may be
	// well again.
	failing = 30 * time.Second
)

// Upstream is what the lines in front of one origin have in common: the places for
// fills, and how the origin has fared. Its zero value is ready. Safe for concurrent
// use, but for Places.Bound.
type Upstream struct {
	Places collapse.Places

	mu     sync.Mutex // protects health
	health health.Health
}

func (u *Upstream) answered(now, took time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.health = u.health.Answered(now, took)
}

func (u *Upstream) failed(now time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.health = u.health.Failed(now)
}

func (u *Upstream) fares() health.Health {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.health
}

// reuse judges a stored response at x.now. The strain is looked at only when it may
// matter: most of what is found is fresh.
func (x *exchange) reuse(found *entry.Entry) policy.Judged {
	now := x.e.sinceStart(x.now)
	calm := policy.DecideReuse(found, x.e.Rule, &x.in.Demand, now, policy.Strain{})
	if calm.Reuse == policy.ReuseNow || calm.Reuse == policy.ReuseNever {
		return calm
	}
	fares := x.e.Upstream.fares()
	return policy.DecideReuse(found, x.e.Rule, &x.in.Demand, now, policy.Strain{
		Frozen:  x.e.frozen(),
		Failing: x.e.Failed.Has(x.key.Digest, now) || fares.Down(now),
		Grace:   x.e.Rule.Grace(fares.Trouble(now)),
	})
}

// holdsBack reports whether the origin has failed a fill of key so recently that it
// is not asked again for a page that can be served without it.
func (e *Engine) holdsBack(key *cachekey.Key) bool {
	return e.Failed.Left(key.Digest, e.sinceStart(e.Now())) > failing-holdBack
}

// frozen reports whether the last good pages are wanted, and nothing is stored.
func (e *Engine) frozen() bool { return e.Freeze.State(e.Now()).On }

// answers notes that the origin has answered a fill, and after which time.
func (j *job) answers() {
	now := j.e.Now()
	j.e.Upstream.answered(j.e.sinceStart(now), now.Sub(j.requestTime))
}

// fails notes what has ended a fill, if it was the origin that failed.
func (j *job) fails(err error) {
	if errors.Is(err, collapse.ErrNoReaders) || errors.Is(err, errReplaced) {
		return
	}
	j.troubled.Do(func() {
		now := j.e.sinceStart(j.e.Now())
		j.e.Upstream.failed(now)
		if j.had { // only then is there something to be served meanwhile
			j.e.Failed.Set(j.joined.Digest, now+failing)
		}
	})
}

// mayStore reports whether what was asked of the origin in the state since may change
// what is stored. It may not if the edge is frozen, or was meanwhile: the answer may be
// that of an application half replaced.
func (e *Engine) mayStore(since freeze.State) bool {
	now := e.Freeze.State(e.Now())
	return !since.On && !now.On && now.Turns == since.Turns
}
