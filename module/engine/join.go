package engine

import (
	"errors"
	"net/http"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/policy"
)

// statusClientClosed is what the access log gets for a client that left before
// it was answered, as nginx and reverse_proxy have it.
const statusClientClosed = 499

// join starts the fill of the key or joins it, and waits for its header.
func (x *exchange) join() Phase {
	if x.since.IsZero() {
		x.since = x.e.Now()
	}
	next := x.await()
	if next != Read {
		x.leave() // a reader who does not read holds up those who do
	}
	return next
}

// await takes a place in the fill, and names the next phase when its header is
// there.
func (x *exchange) await() Phase {
	x.fill, x.reader, x.role = x.e.group.Join(x.key.Digest, x.e.Rule.BodyLimit())
	if x.role == collapse.RoleNone {
		x.reason = cachestatus.ReasonFillLimit
		return Bypass
	}
	if x.role == collapse.RoleLeader {
		if next := x.lead(); next != Join {
			return next
		}
	}
	select {
	case <-x.fill.Decided():
	case <-x.ctx.Done():
		x.status = cachestatus.Status{Fwd: x.fwd(), Detail: x.miss, Collapsed: x.role == collapse.RoleFollower}
		x.w.WriteHeader(statusClientClosed)
		x.wrote = true
		return Done
	}
	return x.settled()
}

// lead starts the fill. It returns Join when the fill is on its way.
func (x *exchange) lead() Phase {
	sent := false
	defer func() {
		if !sent { // also when something panics: the key must not be stuck
			x.abandon(collapse.OutcomeFailed, cachestatus.ReasonInternal)
		}
	}()
	// Between our lookup and our joining another fill of this key may have been
	// stored and left the group; it would be asked for a second time.
	if x.find(); x.entry != nil && x.judged.Reuse == policy.ReuseFresh {
		x.abandon(collapse.OutcomeRepeat, cachestatus.ReasonFresh)
		return Lookup
	}
	send, err := x.o.Detach(&x.in)
	if err != nil {
		return x.standAside(cachestatus.ReasonInternal)
	}
	if !x.e.beginFill() {
		return x.standAside(cachestatus.ReasonReplaced)
	}
	j := &job{
		e: x.e, f: x.fill, send: send,
		in: x.in, key: x.key, learned: x.learned,
		server: http.Header{"Server": x.w.Header()["Server"]},
	}
	sent = true
	go j.run()
	return Join
}

// standAside gives up a fill that cannot be sent, and forwards the request instead.
func (x *exchange) standAside(reason cachestatus.Reason) Phase {
	x.abandon(collapse.OutcomeFailed, reason)
	x.reason = reason
	return Bypass
}

// abandon ends a fill that was never sent, and tells its followers why. Only the
// first call counts.
func (x *exchange) abandon(o collapse.Outcome, reason cachestatus.Reason) {
	x.fill.Settle(o, collapse.Answer{Reason: reason}, nil)
	x.fill.End(nil)
	x.fill.Leave()
}

// settled goes on by what became of the fill.
func (x *exchange) settled() Phase {
	answer := x.fill.Answer()
	leader := x.role == collapse.RoleLeader
	switch x.fill.Outcome() {
	case collapse.OutcomeShared:
		return Read
	case collapse.OutcomeRepeat:
		return Receive
	case collapse.OutcomePrivate:
		if leader {
			return Read
		}
		x.reason = answer.Reason
		return Bypass
	case collapse.OutcomeFailed:
		if leader && answer.Status != 0 {
			return Read
		}
		if leader || x.waitedOut() {
			return Fail
		}
		if x.attempts++; x.attempts < maxAttempts {
			return Lookup
		}
		x.reason = answer.Reason
		return Bypass
	case collapse.OutcomePending:
	}
	x.reason = cachestatus.ReasonInternal
	return Bypass
}

// waitedOut reports whether the visitor shares the error of a fill that ran into
// its time limit: he does when he has waited for most of it. Another try would
// keep him for another such time, and hold on to a dead origin once more. Who came
// late tries again, so nobody waits for more than one and a half of it.
func (x *exchange) waitedOut() bool {
	return errors.Is(x.fill.Err(), ErrFillTimeout) && x.e.Now().Sub(x.since) >= HeaderTimeout/2
}

// fail returns what ended the fill without an answer.
func (x *exchange) fail() Phase {
	err := x.fill.Err()
	x.status = cachestatus.Status{
		Fwd: x.fwd(), Detail: x.fill.Answer().Reason, Collapsed: x.role == collapse.RoleFollower,
	}
	x.w.Header().Add(cachestatus.Field, x.status.String())
	var panicked *panicError
	switch {
	case errors.Is(err, ErrFillTimeout):
		x.err = &StatusError{Status: http.StatusGatewayTimeout, Err: err}
	case errors.Is(err, http.ErrAbortHandler):
		x.err = ErrAbort
	case errors.As(err, &panicked), errors.Is(err, errGoexit):
		x.err = &StatusError{Status: http.StatusInternalServerError, Err: err}
	case errors.Is(err, errReplaced), errors.Is(err, errShort):
		x.err = &StatusError{Status: http.StatusBadGateway, Err: err}
	default:
		x.err = err
	}
	return Done
}

// fwd returns why the request was forwarded.
func (x *exchange) fwd() cachestatus.Fwd {
	if x.miss == cachestatus.ReasonStale {
		return cachestatus.FwdStale
	}
	return cachestatus.FwdURIMiss
}
