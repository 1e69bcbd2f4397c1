package engine

import (
	"context"
	"net/http"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/policy"
)

// Origin is the next handler, as one presented request sees it. Its methods are
// called from the visitor's goroutine.
type Origin interface {
	// Forward hands the presented request on untouched. mark is called with the
	// final status and the live header fields just before they are sent.
	Forward(w http.ResponseWriter, mark func(status int, h http.Header)) error
	// Detach makes a request from in and from nothing else of the visitor's, and
	// returns what sends it. That is called in the fill's goroutine, once, or twice
	// in a row when the first answer is of no use.
	Detach(in *policy.Intake) (Fill, error)
}

// Fill sends a detached request under ctx, with the fields in conditions besides
// its own, and writes the answer to w. It returns nil when the handler did, and
// panics when it does.
type Fill func(ctx context.Context, w http.ResponseWriter, conditions http.Header) error

// Recorder takes note of what happened. Its methods are called from many
// goroutines and must not block.
type Recorder interface {
	// Answered is called once for each request, when its outcome is known.
	Answered(s cachestatus.Status)
	// Filled is called once for each fill, when it has ended, with why its answer
	// is not in the store; ReasonNone says that it is.
	Filled(reason cachestatus.Reason)
	// StoreFailed is called when the store was in trouble or gave bytes that are
	// no entry of ours. op is get or set.
	StoreFailed(op string, err error)
	// FillFailed is called with what ended a fill: an error, or a panic's value
	// with its stack.
	FillFailed(err error, stack []byte)
	// RefreshSkipped is called when a stale page was served and there was no room
	// for the refresh behind it.
	RefreshSkipped()
}
