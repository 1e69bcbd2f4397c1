package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/capture"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/framing"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/store"
)

// job is a fill at work, in a goroutine of its own. Its fields up to server are
// set by the leader before that starts; the rest is the goroutine's.
type job struct {
	e       *Engine
	f       *collapse.Fill
	send    Fill
	in      policy.Intake
	key     cachekey.Key
	learned []string
	server  http.Header // what the server itself puts into every answer

	ctx         context.Context //nolint:containedctx // a job lives as long as its context
	cancel      context.CancelCauseFunc
	report      *framing.Report
	watch       *time.Timer
	w           *capture.Writer
	requestTime time.Time
	storage     policy.Storage
	header      http.Header // as it will be stored; nil unless storable
	noStatus    bool
}

// panicError is a panic of the origin's handler.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("the origin's handler panicked: %v", e.value) }

// run sends the fill and sees to it that it ends, whatever the handler does.
func (j *job) run() {
	defer j.e.endFill()
	defer j.f.Leave()
	defer func() {
		if v := recover(); v != nil { // ours: the handler's are taken in attempt
			j.e.Recorder.FillFailed(&panicError{v}, debug.Stack())
			j.f.End(&panicError{v})
		}
	}()
	j.ctx, j.cancel = context.WithCancelCause(j.e.base)
	defer j.cancel(nil)
	j.ctx, j.report = framing.With(j.ctx)
	j.requestTime = j.e.Now()
	j.w = capture.New(j.server, j.judge)
	defer context.AfterFunc(j.ctx, j.giveUp)()
	j.watch = time.AfterFunc(HeaderTimeout, func() { j.cancel(ErrFillTimeout) })
	defer j.watch.Stop()
	j.attempt()
}

// attempt calls the handler and concludes, also when the handler panics or ends
// the goroutine.
func (j *job) attempt() {
	err := errGoexit
	var stack []byte
	defer func() {
		if v := recover(); v != nil {
			if err, stack = error(&panicError{v}), debug.Stack(); v == http.ErrAbortHandler { //nolint:errorlint // a panic's value
				err, stack = http.ErrAbortHandler, nil
			}
		}
		if cause := context.Cause(j.ctx); cause != nil {
			err = cause
		}
		if err != nil && !errors.Is(err, errRepeat) {
			j.e.Recorder.FillFailed(err, stack)
		}
		j.conclude(err)
	}()
	err = j.send(j.ctx, j.w)
}

// giveUp ends a fill whose context has ended. It does not wait for the handler,
// which may not heed the context.
func (j *job) giveUp() {
	err, reason := context.Cause(j.ctx), cachestatus.ReasonFillFailed
	if errors.Is(err, ErrFillTimeout) {
		reason = cachestatus.ReasonFillTimeout
	}
	j.f.Settle(collapse.OutcomeFailed, collapse.Answer{Reason: reason}, err)
	j.f.End(err)
}

// judge decides what becomes of the answer whose header has come.
func (j *job) judge(status int, h http.Header) io.Writer {
	now := j.e.Now()
	answer := policy.Response{
		Status: status, Header: h, RequestTime: j.requestTime, ResponseTime: now,
		CloseDelimited: j.report.Verdict() == framing.CloseDelimited,
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
	if n, ok := policy.ContentLength(h); ok && outcome == collapse.OutcomeShared {
		j.f.Body.Grow(n)
	}
	j.watch.Reset(IdleTimeout)
	return bodyWriter{j}
}

// errRepeat ends a fill whose answer is not used.
var errRepeat = errors.New("the fill is repeated with the headers the origin varies by")

// withLength returns h with the Content-Length of from, if that has one.
func withLength(h, from http.Header) http.Header {
	if length := from["Content-Length"]; len(length) > 0 {
		h = h.Clone()
		h["Content-Length"] = length
	}
	return h
}

// bodyWriter hands a fill's body on, and minds the time between its pieces; the
// time that readers take does not count.
type bodyWriter struct{ j *job }

func (b bodyWriter) Write(p []byte) (int, error) {
	b.j.watch.Stop()
	n, err := b.j.f.Body.Write(p)
	if err != nil {
		b.j.cancel(err)
		return n, err
	}
	b.j.watch.Reset(IdleTimeout)
	return n, nil
}

// conclude stores the answer if it is proven whole, and ends the fill. err is
// what went wrong, nil if the handler returned as it should.
func (j *job) conclude(err error) {
	if err == nil && j.w.Status() == 0 {
		j.noStatus = true
		j.w.WriteHeader(http.StatusOK)
	}
	j.watch.Stop()
	if err == nil {
		err = j.short()
	}
	if err != nil {
		j.f.Settle(collapse.OutcomeFailed, collapse.Answer{Reason: cachestatus.ReasonFillFailed}, err)
		j.f.End(err)
		j.e.Recorder.Filled(cachestatus.ReasonFillFailed)
		return
	}
	j.f.SetTrailer(trailers(j.w.Header()))
	reason := j.store()
	j.f.End(nil)
	j.e.Recorder.Filled(reason)
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
	switch j.report.Verdict() {
	case framing.SelfDelimited:
		return true
	case framing.Unknown:
		// reverse_proxy leaves its mark; a handler that made the body itself, in
		// this process, and returned nil has written all of it.
		return !strings.HasSuffix(strings.Join(h["Via"], ","), " Caddy")
	case framing.Unproven, framing.CloseDelimited:
	}
	return false
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
