package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/framing"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/store"
)

// judge decides what becomes of the answer whose header has come.
func (j *job) judge(status int, h http.Header) io.Writer {
	now := j.e.Now()
	length, declared := policy.ContentLength(h)
	answer := policy.Response{
		Status: status, Header: h, RequestTime: j.requestTime, ResponseTime: now,
		CloseDelimited: !declared && j.unprovable(),
	}
	s := policy.DecideStorage(&answer, j.e.Rule, &j.in, j.learned)
	if j.noStatus {
		s.Disposal, s.Reason = policy.DisposeRelay, cachestatus.ReasonNoStatus
	}
	if cause := context.Cause(j.ctx); cause != nil {
		return nil // what a handler writes to a cancelled request is no answer
	}
	j.storage = s
	a := collapse.Answer{Status: status, Header: h.Clone(), Reason: s.Reason, At: now}
	outcome := collapse.OutcomePrivate
	switch s.Disposal {
	case policy.DisposeStore:
		outcome = collapse.OutcomeShared
		j.header = policy.StorableFields(h, now)
		a.Header, a.Fresh, a.Age = withLength(j.header, h), s.Fresh, s.InitialAge
	case policy.DisposeFail:
		outcome = collapse.OutcomeFailed
	case policy.DisposeRepeat:
		j.e.learn(s.Learn)
		j.f.Settle(collapse.OutcomeRepeat, a, nil)
		j.cancel(errRepeat)
		return nil
	case policy.DisposeRelay:
	}
	if !j.f.Settle(outcome, a, nil) {
		return nil
	}
	j.watch.Stop()
	if outcome == collapse.OutcomeShared {
		j.late = time.AfterFunc(StoreTimeout, j.f.Outgrow)
		if declared {
			j.f.Body.Declare(length)
		}
	}
	j.listen()
	return bodyWriter{j}
}

// short reports a body that is not as long as it was declared.
func (j *job) short() error {
	n, ok := policy.ContentLength(j.w.Header())
	if ok && n != j.w.Size() && bodyAllowed(j.w.Status()) {
		return errShort
	}
	return nil
}

// store stores the answer and returns why it did not.
func (j *job) store() cachestatus.Reason {
	if j.header == nil {
		return j.storage.Reason
	}
	body, whole := j.f.Body.Whole()
	if !whole {
		return cachestatus.ReasonTooLarge
	}
	if !j.proven() {
		return cachestatus.ReasonFraming
	}
	e := entry.Entry{
		Key: j.key.Text, Status: j.w.Status(), Header: j.header, Body: body,
		StoredAt:   j.e.sinceStart(j.f.Answer().At),
		InitialAge: j.storage.InitialAge, Lifetime: j.storage.Lifetime, Explicit: j.storage.Explicit,
	}
	switch err := j.e.Store.Set(store.Digest(j.key.Digest), e.Encode()); {
	case errors.Is(err, store.ErrTooLarge):
		return cachestatus.ReasonTooLarge
	case err != nil:
		j.e.Recorder.StoreFailed("set", err)
		return cachestatus.ReasonStore
	}
	return cachestatus.ReasonNone
}

// proven reports whether the body's end is known to be its end: by a declared
// length, by the transport's word, or because no transport was involved at all.
func (j *job) proven() bool {
	h := j.w.Header()
	if _, ok := policy.ContentLength(h); ok || j.e.Rule.TrustFraming() || !bodyAllowed(j.w.Status()) {
		return true
	}
	return j.report.Verdict() != framing.Unproven && !j.unprovable()
}

// unprovable reports whether it is known already that only the closing connection
// will show the body's end: by the transport's word, or because reverse_proxy, which
// leaves its mark in Via, has the answer from a transport that gives no word.
// FastCGI is one: it reads a cut as an end, and its protocol's version is 0.0.
// A handler that made the body itself, in this process, has written all of it when
// it returns.
func (j *job) unprovable() bool {
	via := strings.Join(j.w.Header()["Via"], ",")
	via = strings.TrimSpace(via[strings.LastIndexByte(via, ',')+1:])
	proxied := strings.HasSuffix(via, " Caddy")
	switch j.report.Verdict() {
	case framing.CloseDelimited:
		return true
	case framing.Unknown:
		return proxied
	case framing.SelfDelimited, framing.Unproven:
	}
	return proxied && strings.HasPrefix(via, "0.")
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// trailers picks the fields that were announced to follow the body, or set after
// it under net/http's prefix.
func trailers(h http.Header) http.Header {
	var out http.Header
	add := func(name string, values []string) {
		if out == nil {
			out = http.Header{}
		}
		out[name] = values
	}
	for _, f := range h["Trailer"] {
		for name := range strings.SplitSeq(f, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); len(h[name]) > 0 {
				add(name, h[name])
			}
		}
	}
	for name, values := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			add(name, values)
		}
	}
	return out
}
