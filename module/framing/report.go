package framing

import (
	"context"
	"sync"
)

// Verdict says how a response body is known to end.
type Verdict uint8

const (
	// Unknown means that no transport was seen at work: the answer came from a handler inside the process.
	Unknown Verdict = iota
	// SelfDelimited means that the body's own framing ends it, so an end without an error is a whole body.
	SelfDelimited
	// Unproven means that a transport is or was at work and has not shown how the body ends: it may prove whole yet
	// while it is being read, and counts as cut off if that does not happen.
	Unproven
	// CloseDelimited means that the transport says so: nothing but the closing of the connection will end the body.
	CloseDelimited
)

// String returns the verdict in lower case, for logs and tests.
func (v Verdict) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case SelfDelimited:
		return "self-delimited"
	case Unproven:
		return "unproven"
	case CloseDelimited:
		return "close-delimited"
	}
	return "invalid"
}

// Report holds the verdict on the response to one request. The zero value says Unknown. A nil Report takes notes and
// forgets them, so that a transport need not ask whether a request is a fill. Safe for concurrent use.
type Report struct {
	mu       sync.Mutex
	verdict  Verdict // mu
	attempts int     // mu; connections that this request was given so far
}

// Verdict returns what is known now. The word on a body is complete when its reader has seen the end of it; before
// that, a body that will prove whole may still read Unproven.
func (r *Report) Verdict() Verdict {
	if r == nil {
		return Unknown
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.verdict
}

// Note records the word of a transport that knows its framing. Call it when the response's head is parsed. The last
// word stands, so a retried request is judged by the attempt whose response is used.
func (r *Report) Note(v Verdict) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdict = v
}

// gotConn starts an attempt with what its connection tells; what an earlier one proved is void.
func (r *Report) gotConn(v Verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts++
	r.verdict = v
}

// wrotePseudoHeader is the sign of HTTP/2 and HTTP/3. Their writer runs on its own and may report an attempt that was
// given up only after the next one has its connection, perhaps to an HTTP/1.0 origin: so the sign is taken from a
// request's first connection alone.
func (r *Report) wrotePseudoHeader() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.attempts == 1 {
		r.verdict = SelfDelimited
	}
}

type contextKey struct{}

// With returns a context that records how the response to a request made under it is framed.
//
// A transport of this project reports by itself. net/http's Transport is judged through its trace: a connection that
// it takes back, or would take back, proves that the body ended by its own framing; HTTP/2 (also without TLS) and
// HTTP/3 are self-delimited by nature. What it closes after the answer stays Unproven, also a chunked body
// under "Connection: close" and every body of a transport without keep-alive: whole, but not proven so. An HTTP/2
// body without TLS stays Unproven when its request needed a second connection.
func With(ctx context.Context) (context.Context, *Report) {
	r := new(Report)
	ctx = context.WithValue(ctx, contextKey{}, r) //nolint:forbidigo // Caddy's proxy stands between the fill and its transport and hands on nothing but the context
	return withTrace(ctx, r), r
}

// From returns the report that With put into ctx, or nil when the request is not a fill.
func From(ctx context.Context) *Report {
	r, _ := ctx.Value(contextKey{}).(*Report)
	return r
}
