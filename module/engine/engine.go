package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/store"
	"github.com/page-cache/page-cache/module/variant"
)

const (
	// maxSteps is after how many moves an exchange that circles is let go. An origin
	// that names one more header in each Vary takes 27.
	maxSteps    = 40
	maxAttempts = 2 // failed fills after which a follower goes by himself
)

var (
	// ErrAbort means that the answer broke off after it had begun, or that the
	// handler wants the connection closed: the server must end it visibly.
	ErrAbort = errors.New("engine: the answer broke off")
	// ErrFillTimeout means that the origin was silent for too long.
	ErrFillTimeout = errors.New("the origin did not answer the fill in time")

	errStatus   = errors.New("the origin answered with a 5xx")
	errShort    = errors.New("the body has another length than Content-Length says")
	errGoexit   = errors.New("the origin's handler ended its goroutine")
	errReplaced = errors.New("the configuration that owned the fill was replaced")
)

// RefusalError is an error of the origin's handler that says something of the request or
// the page, and nothing of the origin: a status below 500. Visitors get Err, unchanged.
type RefusalError struct {
	Status int
	Err    error
}

// Error implements error.
func (e *RefusalError) Error() string { return e.Err.Error() }

// Unwrap returns the handler's own error.
func (e *RefusalError) Unwrap() error { return e.Err }

// StatusError asks the server for an error response of this status.
type StatusError struct {
	Status int
	Err    error
}

// Error implements error.
func (e *StatusError) Error() string { return fmt.Sprintf("HTTP %d: %v", e.Status, e.Err) }

// Unwrap returns the cause.
func (e *StatusError) Unwrap() error { return e.Err }

// Config is what an Engine is made of. Every field but Trace is needed.
type Config struct {
	Rule     *policy.Rule
	Store    store.Store
	Limits   *collapse.Limits
	Upstream *Upstream
	Marks    *collapse.Marks // pages that proved not to be for all
	Failed   *collapse.Marks // pages whose last fill failed; another one than Marks
	Ledger   *purge.Ledger
	Sessions *session.Table
	Variants *variant.Table
	Freeze   *freeze.Switch
	Recorder Recorder
	Now      func() time.Time     // the clock, with its monotonic reading
	Start    time.Time            // what stored times count from
	Chance   func() float64       // evenly drawn from [0, 1); safe for concurrent use
	Random   func([]byte)         // fills bytes from a source fit for secrets; safe for concurrent use
	TagKey   []byte               // what entity-tags name visitors under; a secret of the process
	Trace    func(from, to Phase) // called on every move, if not nil
}

// Engine is one page_cache line at work.
type Engine struct {
	Config

	timeouts policy.Timeouts
	group    *collapse.Group
	base     context.Context //nolint:containedctx // the parent of all fills, ended by Close
	cancel   context.CancelCauseFunc

	mu     sync.Mutex // protects what follows
	closed bool
	fills  int
	idle   chan struct{} // closed when closed and fills is 0
}

// New returns an Engine. Close ends it.
func New(c Config) *Engine {
	e := &Engine{Config: c, group: collapse.NewGroup(c.Limits, &c.Upstream.Places), idle: make(chan struct{})}
	e.timeouts = c.Rule.Timeouts()
	e.base, e.cancel = context.WithCancelCause(context.Background())
	return e
}

// Result says how a request was answered.
type Result struct {
	Status cachestatus.Status
	Age    time.Duration // of the stored response, for a hit
}

// Do answers the request that q describes by writing to w. ctx is the visitor's.
// The error is ErrAbort, a *StatusError, or the origin's own, unchanged; w has
// then not been written to, but for ErrAbort.
func (e *Engine) Do(ctx context.Context, w http.ResponseWriter, q *policy.Request, o Origin) (Result, error) {
	x := &exchange{e: e, ctx: ctx, w: w, q: q, o: o}
	defer x.leave()
	for p, steps := Receive, 0; p != Done; steps++ {
		n := x.step(p)
		if !slices.Contains(p.next(), n) || steps > maxSteps && n != Done {
			n = x.astray()
		}
		if e.Trace != nil {
			e.Trace(p, n)
		}
		p = n
	}
	e.Recorder.Answered(x.status)
	return Result{Status: x.status, Age: x.judged.Age}, x.err
}

// Close lets the fills under way end, for grace at most, and cancels the rest.
// No fill starts afterwards; requests are then forwarded by themselves.
func (e *Engine) Close(grace time.Duration) {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		if e.fills == 0 {
			close(e.idle)
		}
	}
	e.mu.Unlock()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-e.idle:
	case <-timer.C:
	}
	e.cancel(errReplaced)
}

func (e *Engine) beginFill() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.fills++
	return true
}

func (e *Engine) endFill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fills--
	if e.closed && e.fills == 0 {
		close(e.idle)
	}
}

// sinceStart returns now as stored times count it.
func (e *Engine) sinceStart(now time.Time) time.Duration { return now.Sub(e.Start) }
