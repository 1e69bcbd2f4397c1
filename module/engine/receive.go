package engine

import (
	"errors"
	"net/http"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/store"
)

// receive judges the request and names what would answer it.
func (x *exchange) receive() Phase {
	x.learned = *x.e.learned.Load()
	x.in = policy.DecideIntake(x.q, x.e.Rule, x.learned)
	x.reason = x.in.Reason
	switch x.in.Admission {
	case policy.AdmitBypass:
		return Bypass
	case policy.AdmitRefuse:
		return Refuse
	case policy.AdmitLookup:
	}
	x.in.Inputs.Generation = x.e.Ledger.Generation(policy.URI(&x.in.Inputs))
	x.key = x.in.Inputs.Key()
	return Lookup
}

// lookup reads the store and judges what is there.
func (x *exchange) lookup() Phase {
	x.find()
	switch {
	case x.judged.Reuse == policy.ReuseFresh && x.entry != nil:
		return Hit
	case x.in.OnlyIfCached:
		x.reason = cachestatus.ReasonOnlyIfCached
		return Refuse
	case x.in.Range:
		x.reason = cachestatus.ReasonRange
		return Bypass
	}
	return Join
}

// find sets entry and judged to what is stored under the key, or miss to why the
// origin has to be asked. Trouble with the store is a miss.
func (x *exchange) find() {
	x.entry, x.judged, x.miss = nil, policy.Judged{}, cachestatus.ReasonNotFound
	raw, err := x.e.Store.Get(store.Digest(x.key.Digest))
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			x.e.Recorder.StoreFailed("get", err)
			x.miss = cachestatus.ReasonStore
		}
		return
	}
	found, err := entry.Decode(raw)
	if err != nil {
		x.e.Recorder.StoreFailed("get", err)
		x.miss = cachestatus.ReasonCorrupt
		return
	}
	if found.Key != x.key.Text {
		return // another key with the same digest: as good as nothing
	}
	x.now = x.e.Now()
	x.entry = found
	x.judged = policy.DecideReuse(found, x.e.Rule, x.e.sinceStart(x.now))
	x.miss = x.judged.Reason
}

// hit answers from the stored response.
func (x *exchange) hit() Phase {
	x.status = cachestatus.Status{
		Hit: true, HasTTL: true, TTL: x.judged.Left, Detail: x.judged.Reason,
	}
	x.writeHit()
	return Done
}

// refuse answers with an error of the edge's own.
func (x *exchange) refuse() Phase {
	x.status = cachestatus.Status{Detail: x.reason}
	x.w.Header().Add(cachestatus.Field, x.status.String())
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
// see the old page.
func (x *exchange) invalidate(status int, h http.Header) {
	for _, uri := range policy.Invalidates(x.q, status, h) {
		x.e.Ledger.Invalidate(uri)
	}
}

// bypass forwards the request as it is.
func (x *exchange) bypass() Phase {
	x.status = cachestatus.Status{Fwd: cachestatus.FwdBypass, Detail: x.reason}
	if x.reason == cachestatus.ReasonMethod {
		x.status.Fwd = cachestatus.FwdMethod
	}
	marked := false
	x.err = x.o.Forward(x.w, func(status int, h http.Header) {
		marked = true
		x.invalidate(status, h)
		x.status.FwdStatus = status
		h.Add(cachestatus.Field, x.status.String())
	})
	if !marked { // an error, or nothing written at all, which the server makes a 200
		if x.err == nil {
			x.invalidate(http.StatusOK, x.w.Header())
		}
		x.w.Header().Add(cachestatus.Field, x.status.String())
	}
	x.wrote = marked
	return Done
}
