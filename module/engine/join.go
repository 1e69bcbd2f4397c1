package engine

import (
	"bytes"
	"maps"
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
		switch {
		case x.spared():
			x.grace = true
			return Stale
		case x.e.Upstream.Places.Bounded(): // whoever is forwarded here would pass those who queue
			x.reason = cachestatus.ReasonMaxFills
			return Refuse
		}
		return Bypass
	}
	if x.role == collapse.RoleLeader {
		if next := x.lead(); next != Join {
			return next
		}
	}
	for {
		var informed <-chan struct{} // for the leader alone: what a fill is told is not for all before its answer is
		if x.role == collapse.RoleLeader {
			informed = x.fill.Informed()
		}
		select {
		case <-informed:
			x.inform()
		case <-x.fill.Decided():
			x.inform()
			return x.settled()
		case <-x.ctx.Done():
			return x.gone()
		}
	}
}

// inform passes on the informational answers that have come.
func (x *exchange) inform() {
	if x.role != collapse.RoleLeader || !x.q.TakesInterim {
		return
	}
	for _, i := range x.fill.Interims() {
		h := x.w.Header()
		own := h.Clone()
		maps.Copy(h, i.Header)
		x.w.WriteHeader(i.Status)
		clear(h) // an informational answer leaves its fields behind
		maps.Copy(h, own)
	}
}

// gone ends the exchange of a client that has left.
func (x *exchange) gone() Phase {
	x.status = cachestatus.Status{Fwd: x.fwd(), Detail: x.miss, Collapsed: x.role == collapse.RoleFollower}
	x.w.WriteHeader(statusClientClosed)
	x.wrote = true
	return Done
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
	key := x.key.Digest
	if x.find(); x.servable() || x.key.Digest != key {
		x.abandon(collapse.OutcomeRepeat, cachestatus.ReasonFresh)
		return Lookup
	}
	if !x.fill.TryEnter() && x.spared() {
		x.abandon(collapse.OutcomeFailed, cachestatus.ReasonMaxFills)
		x.grace = true
		return Stale
	}
	reason := x.send(x.fill, false)
	if reason == cachestatus.ReasonNone {
		sent = true
		return Join
	}
	x.abandon(collapse.OutcomeFailed, reason)
	x.reason = reason
	return Bypass
}

// send puts a fill on its way, which asks about the stored response if there is
// one with validators. It returns why it did not.
func (x *exchange) send(f *collapse.Fill, behind bool) cachestatus.Reason {
	in := x.in
	send, err := x.o.Detach(&in)
	if err != nil {
		return cachestatus.ReasonInternal
	}
	if !x.e.beginFill() {
		return cachestatus.ReasonReplaced
	}
	j := &job{
		e: x.e, f: f, send: send, in: in, joined: x.key, key: x.key, primary: x.primary, had: x.entry != nil, behind: behind,
		server: http.Header{"Server": x.w.Header()["Server"]},
	}
	if x.entry != nil {
		j.usual, j.storedAt = x.entry.Usual, x.entry.StoredAt
	}
	if x.entry != nil && policy.Conditions(x.entry) != nil {
		base := *x.entry
		base.Header = base.Header.Clone() // this exchange may serve it meanwhile
		if x.e.join(&base) == nil {
			if len(base.Holes) > 0 {
				base.Body = bytes.Clone(base.Body) // whose holes are filled in for this visitor then
			}
			j.base = &base
		}
	}
	go j.run()
	return cachestatus.ReasonNone
}

// refresh starts a fill behind an answer from the store, unless there is one, or no
// room for it, or the last one has failed a moment ago: then one of the next visitors
// will. It reports whether one is under way.
func (x *exchange) refresh() bool {
	if x.e.holdsBack(&x.key) || x.e.frozen() {
		return false
	}
	fill, reader, role := x.e.group.Join(x.key.Digest, x.e.Rule.BodyLimit())
	if role == collapse.RoleNone {
		x.e.Recorder.RefreshSkipped()
		return false
	}
	defer reader.Close()
	if role == collapse.RoleFollower {
		return true
	}
	sent, behind := false, false
	defer func() {
		if !sent {
			abandon(fill, collapse.OutcomeRepeat, cachestatus.ReasonFresh)
		}
		if !sent && behind {
			x.e.relent(&x.key)
		}
	}()
	// As in lead: it may have been refreshed a moment ago.
	if found, err := x.e.head(&x.key); err == nil && found.StoredAt > x.entry.StoredAt {
		return false
	}
	if !fill.TryEnter() || !fill.Background() { // visitors who wait come first
		x.e.Recorder.RefreshSkipped()
		return false
	}
	behind = x.e.extend(&x.key)
	sent = x.send(fill, behind) == cachestatus.ReasonNone
	return sent
}

// abandon ends the fill that was never sent, and tells its followers why.
func (x *exchange) abandon(o collapse.Outcome, reason cachestatus.Reason) { abandon(x.fill, o, reason) }

// abandon ends a fill that was never sent. Only the first call counts.
func abandon(f *collapse.Fill, o collapse.Outcome, reason cachestatus.Reason) {
	f.Settle(o, collapse.Answer{Reason: reason}, nil)
	f.End(nil)
	f.Leave()
}
