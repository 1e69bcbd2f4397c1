package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/capture"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/framing"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
)

// job is a fill at work, in a goroutine of its own. Its fields up to server are
// set by the leader before that starts; the rest is the goroutine's.
type job struct {
	e       *Engine
	f       *collapse.Fill
	send    Fill
	in      policy.Intake
	joined  cachekey.Key // what it was joined under, and what was stored then
	key     cachekey.Key // what the answer is stored under, once that is judged
	primary cachekey.Key // what stands for all variants
	base    *entry.Entry // the stored response that is asked about; nil: the whole is asked for
	had     bool         // there was a stored response
	behind  bool         // it is a refresh of a page that has failed
	// usual and storedAt are the stored response's.
	usual, storedAt time.Duration
	server          http.Header // what the server itself puts into every answer

	ctx         context.Context //nolint:containedctx // a job lives as long as its context
	cancel      context.CancelCauseFunc
	report      *framing.Report
	watch       *time.Timer // runs while the origin is silent
	late        *time.Timer // runs while the answer may be stored; nil before
	w           *capture.Writer
	requestTime time.Time
	again       bool // a 304 was about something else: ask once more
	confirmed   bool // a 304 was about base
	status      int  // of the answer as it is read and stored
	storage     policy.Storage
	header      http.Header // as it will be stored; nil unless storable
	noStatus    bool
	// pending is the head of an answer whose tokens are not found yet: it is for
	// nobody before its body is whole.
	pending *collapse.Answer
	own     *collapse.Answer // what its leader gets if they cannot be found
	holes   []int
	token   string
	arrived time.Time     // when the header came
	frozen  freeze.State  // when it began
	took    time.Duration // until the header came, if it did
	headed  bool          // it did
	told    sync.Once     // how the origin has fared
}

// panicError is a panic of the origin's handler.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("the origin's handler panicked: %v", e.value) }

// run sends the fill and sees to it that it ends, whatever the handler does.
func (j *job) run() {
	defer j.release()
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
	j.frozen = j.e.Freeze.State(j.e.Now())
	defer context.AfterFunc(j.ctx, j.giveUp)()
	j.f.OnDesertion(func() { j.cancel(collapse.ErrNoReaders) })
	queued := !j.f.TryEnter()
	err := j.f.Enter(j.ctx, j.e.timeouts.Queue)
	if err == nil && queued && j.f.Unwanted() {
		err = collapse.ErrNoReaders // its turn is for those who still wait
	}
	if err != nil {
		j.turnAway(err)
		return
	}
	j.watch = time.AfterFunc(j.e.timeouts.Header, func() { j.cancel(ErrFillTimeout) })
	defer j.watch.Stop()
	defer func() {
		if j.late != nil {
			j.late.Stop()
		}
	}()
	j.attempt()
}

// turnAway ends a fill that got no place at the origin.
func (j *job) turnAway(err error) {
	reason := cachestatus.ReasonFillFailed // its configuration was replaced meanwhile
	if errors.Is(err, collapse.ErrQueue) {
		reason = cachestatus.ReasonMaxFills
	}
	j.e.Recorder.Filled(reason)
	j.f.Leave()
	j.f.Settle(collapse.OutcomeFailed, collapse.Answer{Reason: reason}, err)
	j.f.End(err)
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
		if err != nil && !errors.Is(err, collapse.ErrNoReaders) {
			j.e.Recorder.FillFailed(err, stack)
		}
		j.conclude(err)
	}()
	var conditions http.Header
	if j.base != nil {
		conditions = policy.Conditions(j.base)
	}
	if err = j.ask(conditions); j.again {
		j.base, err = nil, errGoexit
		err = j.ask(nil)
	}
}

// ask sends the fill.
func (j *job) ask(conditions http.Header) error {
	j.requestTime = j.e.Now()
	j.w = capture.New(j.server, j.judge, j.inform)
	return j.send(j.ctx, j.w, conditions)
}

// inform passes an informational answer on to the leader, without the fields that
// the server puts into every answer.
func (j *job) inform(status int, h http.Header) {
	fields := h.Clone()
	for name := range j.server {
		delete(fields, name)
	}
	j.f.Inform(collapse.Interim{Status: status, Header: fields})
}

// giveUp ends a fill whose context has ended. It does not wait for the handler,
// which may not heed the context.
func (j *job) giveUp() {
	err, reason := context.Cause(j.ctx), cachestatus.ReasonFillFailed
	j.fails(err)
	if errors.Is(err, ErrFillTimeout) {
		reason = cachestatus.ReasonFillTimeout
	}
	j.f.Settle(collapse.OutcomeFailed, collapse.Answer{Reason: reason}, err)
	j.f.End(err)
}

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
	b.j.listen()
	return n, nil
}

// listen waits for the next piece of a body: for idle_timeout if many wait for it,
// for as long as its one reader does if it is private.
func (j *job) listen() {
	if j.header != nil {
		j.watch.Reset(j.e.timeouts.Idle)
	}
}

// conclude stores the answer if it is proven whole, and ends the fill. err is
// what went wrong, nil if the handler returned as it should.
func (j *job) conclude(err error) {
	if err == nil && j.w.Status() == 0 {
		j.noStatus = true
		j.w.WriteHeader(http.StatusOK)
	}
	j.watch.Stop()
	switch {
	case err != nil:
	case j.confirmed:
		_, err = j.f.Body.Write(j.base.Body)
	default:
		err = j.short()
	}
	if err != nil {
		if refusal, ok := errors.AsType[*RefusalError](err); ok && j.w.Status() == 0 {
			j.status = refusal.Status
			j.supersede()
		}
		j.fails(err)
		j.e.Recorder.Filled(j.discarded(err))
		j.f.Leave()
		j.f.Settle(collapse.OutcomeFailed, collapse.Answer{Reason: cachestatus.ReasonFillFailed}, err)
		j.f.End(err)
		return
	}
	j.f.SetTrailer(trailers(j.w.Header()))
	body, reason := j.search()
	if reason == cachestatus.ReasonNone {
		reason = j.store(body)
	}
	j.reveal(reason)
	j.settles(reason)
	if j.header != nil {
		j.remember(reason)
	}
	j.e.Recorder.Filled(reason)
	j.f.Leave()
	j.f.End(nil)
}

// discarded returns why a fill that ended with err was not stored.
func (j *job) discarded(err error) cachestatus.Reason {
	switch {
	case errors.Is(err, ErrFillTimeout):
		return cachestatus.ReasonFillTimeout
	case errors.Is(err, collapse.ErrNoReaders) && j.storage.Reason != cachestatus.ReasonNone:
		return j.storage.Reason // it was for one visitor, and he has left
	}
	return cachestatus.ReasonFillFailed
}
