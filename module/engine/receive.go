package engine

import (
	"errors"
	"net/http"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
)

// receive judges the request and names what would answer it.
func (x *exchange) receive() Phase {
	x.in = policy.DecideIntake(x.q, x.e.Rule)
	x.reason = x.in.Reason
	switch x.in.Admission {
	case policy.AdmitBypass:
		return Bypass
	case policy.AdmitRefuse:
		return Refuse
	case policy.AdmitLookup:
	}
	if len(x.in.Session) > 0 {
		x.in.Inputs.Session = x.e.Sessions.Name(x.in.Session)
	}
	x.in.Inputs.Generation = x.e.Ledger.Generation(policy.URI(&x.in.Inputs))
	x.primary = x.in.Inputs.Key()
	x.key = x.primary
	return Lookup
}

// seenOf is of how many hits one is counted for its variant, as so many: the count need
// not be exact, and hits must not queue for it.
const seenOf = 16

// hit answers from the stored response.
func (x *exchange) hit() Phase {
	if in := &x.in.Inputs; in.Session == "" && in.Varies() && x.e.Chance() < 1.0/seenOf {
		x.e.Variants.Seen(in.Page().Digest, x.key.Digest, seenOf)
	}
	if policy.DecideAhead(x.entry, x.e.Rule, &x.judged, x.e.Chance()) && x.refresh() {
		x.judged.Reason = cachestatus.ReasonRefreshAhead
	}
	x.status = cachestatus.Status{Hit: true, HasTTL: true, TTL: x.judged.Left, Detail: x.judged.Reason}
	x.writeStored()
	return Done
}

// stale answers from a stored response that is stale: while a refresh runs behind
// it, or in place of the error that a fill has met or of one that may not be sent.
func (x *exchange) stale() Phase {
	if !x.grace {
		x.refresh()
		return x.hit()
	}
	x.status = cachestatus.Status{HasTTL: true, TTL: x.judged.Left}
	switch {
	case x.role == collapse.RoleNone:
		x.status.Hit, x.status.Detail = true, x.reason
	case x.fill.Answer().Reason == cachestatus.ReasonMaxFills:
		x.status.Hit, x.status.Detail = true, cachestatus.ReasonMaxFills
	default:
		x.status.Fwd, x.status.FwdStatus = x.fwd(), x.fill.Answer().FwdStatus
		x.status.Collapsed, x.status.Detail = x.role == collapse.RoleFollower, x.judged.StandsIn()
	}
	x.writeStored()
	return Done
}

// refuse answers with an error of the edge's own.
func (x *exchange) refuse() Phase {
	x.status = cachestatus.Status{Detail: x.reason}
	x.w.Header().Add(cachestatus.Field, x.member())
	if x.reason == cachestatus.ReasonMaxFills {
		x.err = x.overloaded(collapse.ErrQueue)
		return Done
	}
	code := http.StatusGatewayTimeout
	if x.reason == cachestatus.ReasonPurge {
		code = http.StatusMethodNotAllowed
		x.w.Header().Set("Allow", "GET, HEAD")
	}
	x.err = &StatusError{Status: code, Err: errors.New(x.reason.Help())}
	return Done
}

// invalidate puts out of reach what the answer to an unsafe request invalidates,
// before the client has that answer: who is told that his change is made must not
// see the old page. It returns the generations of the request's own URI before and
// after; 0 and 0 if it invalidates nothing.
func (x *exchange) invalidate(status int, h http.Header) (before, now uint64) {
	for i, uri := range x.e.Rule.Invalidates(x.q, status, h) {
		was, is := x.e.Ledger.Invalidate(uri)
		if i == 0 { // its own comes first
			before, now = was, is
		}
	}
	return before, now
}

// compare sees to it that a stored response which the answer to a HEAD contradicts
// is not used again without a question to the origin (RFC 9111 §4.3.5). since is the
// state of the edge when the HEAD was sent.
func (x *exchange) compare(status int, h http.Header, since freeze.State) {
	if x.q.Method != http.MethodHead || status != http.StatusOK || x.entry == nil || x.entry.Key != x.key.Text ||
		!policy.Contradicts(x.entry, h) || !x.e.mayStore(since) {
		return
	}
	if now, err := x.e.head(&x.key); err != nil || now.StoredAt != x.entry.StoredAt {
		return // it is another one by now
	}
	outdated := *x.entry
	outdated.NoCache = true
	x.e.keep(&x.key, &outdated)
}

// member returns this cache's member of Cache-Status.
func (x *exchange) member() string {
	if x.q.Debug {
		if x.primary.Text != "" {
			x.status.Key = x.in.Inputs.String()
		}
		if x.status.Detail == cachestatus.ReasonCookie {
			x.status.Cookie = x.in.Cookie
		}
		if x.status.Detail == cachestatus.ReasonSetCookie {
			x.status.Cookie = x.setCookie
		}
	}
	return x.status.String()
}

// bypass forwards the request as it is.
func (x *exchange) bypass() Phase {
	x.status = cachestatus.Status{Fwd: cachestatus.FwdBypass, Detail: x.reason}
	if x.reason == cachestatus.ReasonMethod {
		x.status.Fwd = cachestatus.FwdMethod
	}
	if x.reason == cachestatus.ReasonRequest {
		x.status.Fwd = cachestatus.FwdRequest
	}
	marked, frozen := false, x.e.Freeze.State(x.e.Now())
	w, post := x.watchPost()
	x.err = x.o.Forward(w, func(status int, h http.Header) {
		marked = true
		before, now := x.invalidate(status, h)
		x.compare(status, h, frozen)
		if x.e.Rule.NamesSession(h) {
			x.e.Sessions.Forget(policy.Crumbs(x.q.Header["Cookie"]))
		}
		if post != nil {
			post.head(status, h, before, now)
		}
		x.status.FwdStatus = status
		h.Add(cachestatus.Field, x.member())
	})
	if !marked { // an error, or nothing written at all, which the server makes a 200
		if x.err == nil {
			x.invalidate(http.StatusOK, x.w.Header())
		}
		x.w.Header().Add(cachestatus.Field, x.member())
	}
	if post != nil && marked && x.err == nil {
		post.keep()
	}
	x.wrote = marked
	return Done
}
