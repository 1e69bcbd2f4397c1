package engine

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/health"
	"github.com/page-cache/page-cache/module/policy"
)

// What is noted of a page whose last fill brought nothing to be stored is one time, until
// when it holds. It says three things, by how much is left of it: more than failing, and
// the origin failed less than holdBack ago and is not asked again for what can be served
// without it; more than holdBack, and the stale page is given at once and the origin
// asked behind it; less, and the origin was well, but is not asked again yet.
const (
	holdBack = time.Second
	// failing is how long after a failure nobody waits for the origin who may have the
	// stale page. Who comes later waits himself: it may be well again.
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

func (u *Upstream) answered(now time.Duration, key *cachekey.Key, took, before time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.health = u.health.Answered(now, pageID(key), took, before)
}

func (u *Upstream) failed(now time.Duration, key *cachekey.Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.health = u.health.Failed(now, pageID(key))
}

func (u *Upstream) fares() health.Health {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.health
}

func pageID(key *cachekey.Key) uint64 { return binary.LittleEndian.Uint64(key.Digest[:]) }

// reuse judges a stored response at x.now. The strain is looked at only when it may
// matter: most of what is found is fresh.
func (x *exchange) reuse(found *entry.Entry) policy.Judged {
	now := x.e.sinceStart(x.now)
	calm := policy.DecideReuse(found, x.e.Rule, &x.in.Demand, now, policy.Strain{})
	if calm.Reuse == policy.ReuseNow || calm.Reuse == policy.ReuseNever {
		return calm
	}
	return policy.DecideReuse(found, x.e.Rule, &x.in.Demand, now, x.e.strain(&x.key, now))
}

// strain tells in what times the page under key is asked for. A page that has failed
// itself is in all the trouble there can be, whatever others are in.
func (e *Engine) strain(key *cachekey.Key, now time.Duration) policy.Strain {
	fares := e.Upstream.fares()
	s := policy.Strain{Frozen: e.frozen(), Failing: fares.Down(now)}
	trouble := fares.Trouble(now)
	if e.Failed.Left(key.Digest, now) > holdBack {
		s.Failing, trouble = true, 1
	}
	s.Grace = e.Rule.Grace(trouble)
	return s
}

// holdsBack reports whether the origin has been asked for key in vain so recently that
// it is not asked again for a page that can be served without it.
func (e *Engine) holdsBack(key *cachekey.Key) bool {
	left := e.Failed.Left(key.Digest, e.sinceStart(e.Now()))
	return left > failing || 0 < left && left <= holdBack
}

// note notes for key what left says: see failing.
func (e *Engine) note(key *cachekey.Key, left time.Duration) {
	e.Failed.Set(key.Digest, e.sinceStart(e.Now())+left)
}

// extend has what is noted of a page that has failed hold for as long as a refresh of it
// may take: an origin that hangs must not make those wait who come meanwhile. It
// reports whether there was anything to extend; relent takes it back.
func (e *Engine) extend(key *cachekey.Key) bool {
	if e.Failed.Left(key.Digest, e.sinceStart(e.Now())) <= holdBack {
		return false
	}
	e.note(key, e.timeouts.Header+failing+holdBack)
	return true
}

// relent lets the origin be asked again at once for a page that has failed.
func (e *Engine) relent(key *cachekey.Key) { e.note(key, failing) }

// frozen reports whether the last good pages are wanted, and nothing is stored.
func (e *Engine) frozen() bool { return e.Freeze.State(e.Now()).On }

// fails notes what has ended a fill early. It counts against the origin if that has
// failed a page which it has made before: that a page which never was one fails says
// nothing, and there is nothing to be served meanwhile. In a deploy nothing is noted.
func (j *job) fails(err error) {
	var refusal *RefusalError
	switch {
	case !j.had || !j.e.mayStore(j.frozen):
	case errors.Is(err, errReplaced):
	case errors.Is(err, collapse.ErrNoReaders), errors.As(err, &refusal):
		j.wasVain()
	default:
		j.told.Do(func() {
			j.e.Upstream.failed(j.e.sinceStart(j.e.Now()), &j.joined)
			j.e.note(&j.joined, failing+holdBack)
		})
	}
	j.release()
}

// release takes back what extend has noted for a refresh that ends without a word about
// the origin. It must be reached on every way out.
func (j *job) release() {
	if j.behind {
		j.told.Do(func() { j.e.relent(&j.joined) })
	}
}

// wasVain notes that the origin was well, but its answer, if it gave one, was none to be
// stored: what stays as it was must not be asked for again by everybody who finds it so.
func (j *job) wasVain() {
	j.told.Do(func() {
		j.answered()
		j.e.note(&j.joined, holdBack-time.Millisecond) // who looks a moment later sees the same
	})
}

// settles notes that a fill has come to its end, and why its answer was not stored.
func (j *job) settles(reason cachestatus.Reason) {
	switch {
	case !j.e.mayStore(j.frozen) || j.f.Outcome() == collapse.OutcomeFailed:
	case reason != cachestatus.ReasonNone:
		if j.had {
			j.wasVain()
		}
	default:
		j.told.Do(func() {
			j.answered()
			j.e.Failed.Clear(j.joined.Digest)
		})
	}
}

// answered notes how long the origin took for its header, of a page that there was: its
// own usual time is what that is compared with.
func (j *job) answered() {
	if j.had && j.headed {
		j.e.Upstream.answered(j.e.sinceStart(j.e.Now()), &j.joined, j.took, j.usual)
	}
}

// usually returns how long the page usually takes, this fill included.
func (j *job) usually() time.Duration {
	if !j.had {
		return j.took
	}
	return health.Usual(j.usual, j.took, j.e.sinceStart(j.e.Now())-j.storedAt)
}

// mayStore reports whether what was asked of the origin in the state since may change
// what is stored. It may not if the edge is frozen, or was meanwhile: the answer may be
// that of an application half replaced.
func (e *Engine) mayStore(since freeze.State) bool {
	now := e.Freeze.State(e.Now())
	return !since.On && !now.On && now.Turns == since.Turns
}
