package engine

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/policy"
)

// settled goes on by what became of the fill.
func (x *exchange) settled() Phase {
	answer := x.fill.Answer()
	x.setCookie = answer.Cookie
	leader := x.role == collapse.RoleLeader
	switch x.fill.Outcome() {
	case collapse.OutcomeShared:
		return x.share(answer)
	case collapse.OutcomeRepeat:
		return Lookup
	case collapse.OutcomePrivate, collapse.OutcomeHeld:
		// What was made without a field of this visitor's that counts is not for
		// him, even if it was made because of him.
		// Nor is the whole of a page that is too large to be stored, for who asked for
		// a part, as in awaitWhole.
		tooMuch := x.in.Range && x.q.Method == http.MethodGet && answer.Reason == cachestatus.ReasonTooLarge &&
			answer.Status != http.StatusPartialContent
		switch {
		case tooMuch:
			x.reason = cachestatus.ReasonRange
		case !policy.AcceptsCoding(x.q.Header, answer.Header):
			x.reason = cachestatus.ReasonContentEncoding
		case leader && x.matches(answer) && !x.spares(answer) && !hollow(answer):
			return Read
		default:
			x.reason = answer.Reason
		}
		return Bypass
	case collapse.OutcomeFailed:
		return x.failed(answer)
	case collapse.OutcomePending:
	}
	x.reason = cachestatus.ReasonInternal
	return Bypass
}

// hollow reports whether the body of an answer that is not shared is a stored page's, with
// nobody's tokens in it: a 304 gave it to one visitor alone, and he needs one of his own.
func hollow(answer *collapse.Answer) bool { return len(answer.Holes) > 0 }

// share goes on with an answer that is for all, or for all of one variant.
func (x *exchange) share(answer *collapse.Answer) Phase {
	if !x.matches(answer) {
		return Lookup // as a leader or follower of his own variant
	}
	if !policy.AcceptsCoding(x.q.Header, answer.Header) {
		x.reason = cachestatus.ReasonContentEncoding
		return Bypass
	}
	if answer.Token != "" || x.in.Range && x.q.Method == http.MethodGet && answer.Status != http.StatusPartialContent {
		return x.awaitWhole()
	}
	return Read
}

// matches reports whether an answer is the variant that this visitor asks for, and
// notes what it varies by.
func (x *exchange) matches(answer *collapse.Answer) bool {
	if len(answer.Names) == 0 {
		return true
	}
	if answer.Status != http.StatusPartialContent {
		x.askFor("") // the whole came, whatever was asked for
		x.choose(x.in.Inputs.Variant)
	}
	if !slices.Equal(answer.Names, x.names) {
		x.names = union(x.names, answer.Names)
		x.choose(x.e.Rule.Variant(x.names, x.q.Header))
	}
	return x.key.Digest == answer.Variant
}

// awaitWhole waits for the whole page that a part is wanted of. Who asks for a part
// does not read, so a page that turns out too large to be stored is not fetched
// for him alone.
func (x *exchange) awaitWhole() Phase {
	x.leave()
	select {
	case <-x.fill.Done():
	case <-x.fill.Streamed(): // it will not be whole
	case <-x.ctx.Done():
		return x.gone()
	}
	whole, ok := x.fill.Whole()
	if !ok {
		x.reason = cachestatus.ReasonRange
		return Bypass
	}
	x.whole = whole
	return Read
}

// failed goes on after a fill that gave no answer for all.
func (x *exchange) failed(answer *collapse.Answer) Phase {
	leader := x.role == collapse.RoleLeader
	_, refused := errors.AsType[*RefusalError](x.fill.Err()) // which is no error of the origin's (RFC 5861 §4)
	switch {
	case (!refused || x.e.frozen()) && x.graced():
		x.grace = true
		return Stale
	case leader && hollow(answer):
		x.reason = answer.Reason
		return Bypass
	case leader && answer.Status != 0:
		return Read
	case leader || x.waitedOut():
		return Fail
	}
	if x.attempts++; x.attempts < maxAttempts {
		return Lookup
	}
	if x.reason = answer.Reason; x.reason == cachestatus.ReasonMaxFills {
		return Refuse
	}
	return Bypass
}

// spared reports whether the stored response may stand in for a fill that there is no
// place for. Who wants the origin's own word waits for it.
func (x *exchange) spared() bool { return x.miss != cachestatus.ReasonRequest && x.graced() }

// graced reports whether the stored response may stand in for an error now.
func (x *exchange) graced() bool {
	if x.entry == nil {
		return false
	}
	x.now = x.e.Now()
	x.judged = x.reuse(x.entry)
	// It may be good without that: the edge was frozen meanwhile.
	may := x.judged.IfError || x.judged.Reuse == policy.ReuseNow
	return may && policy.AcceptsCoding(x.q.Header, x.entry.Header)
}

// waitedOut reports whether the visitor shares the error of a fill that ran into
// its time limit, at the origin or in the queue before it: he does when he has waited
// for most of it. Another try would keep him for another such time, and hold on to a
// dead origin once more. Who came late tries again, so nobody waits for more than one
// and a half of it.
func (x *exchange) waitedOut() bool {
	waited := x.e.Now().Sub(x.since)
	switch err := x.fill.Err(); {
	case errors.Is(err, ErrFillTimeout):
		return waited >= x.e.timeouts.Header/2
	case errors.Is(err, collapse.ErrQueue):
		return waited >= x.e.timeouts.Queue/2
	}
	return false
}

// fail returns what ended the fill without an answer.
func (x *exchange) fail() Phase {
	err := x.fill.Err()
	x.status = cachestatus.Status{
		Fwd: x.fwd(), Detail: x.fill.Answer().Reason, Collapsed: x.role == collapse.RoleFollower,
	}
	x.w.Header().Add(cachestatus.Field, x.member())
	var panicked *panicError
	var refusal *RefusalError
	switch {
	case errors.Is(err, collapse.ErrQueue):
		x.err = x.overloaded(err)
	case errors.Is(err, ErrFillTimeout):
		x.err = &StatusError{Status: http.StatusGatewayTimeout, Err: err}
	case errors.Is(err, http.ErrAbortHandler):
		x.err = ErrAbort
	case errors.As(err, &panicked), errors.Is(err, errGoexit):
		x.err = &StatusError{Status: http.StatusInternalServerError, Err: err}
	case errors.Is(err, errReplaced), errors.Is(err, errShort):
		x.err = &StatusError{Status: http.StatusBadGateway, Err: err}
	case errors.As(err, &refusal):
		x.err = refusal.Err
	default:
		x.err = err
	}
	return Done
}

// overloaded returns the error of who found no place, and tells him when to come
// again (RFC 9110 §10.2.3): a queue that did not move for so long takes as long again.
func (x *exchange) overloaded(err error) error {
	x.w.Header().Set("Retry-After", strconv.FormatInt(int64((x.e.timeouts.Queue+time.Second-1)/time.Second), 10))
	return &StatusError{Status: http.StatusServiceUnavailable, Err: err}
}

// fwd returns why the request was forwarded.
func (x *exchange) fwd() cachestatus.Fwd {
	if x.miss == cachestatus.ReasonVariant {
		return cachestatus.FwdVaryMiss
	}
	if x.miss == cachestatus.ReasonRequest {
		return cachestatus.FwdRequest
	}
	if x.miss == cachestatus.ReasonStale || x.miss == cachestatus.ReasonNoCache {
		return cachestatus.FwdStale
	}
	return cachestatus.FwdURIMiss
}
