package engine

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/policy"
)

// writeStored sends the stored response, in the form that the request wants.
func (x *exchange) writeStored() {
	e := x.entry
	h := e.Header // this exchange's own: the store gave a copy
	received := x.now.Add(-(x.judged.Age - e.InitialAge))
	x.e.Rule.TellBrowsers(h, policy.Told{
		Status: e.Status, Age: x.judged.Age, Resident: x.judged.Age - e.InitialAge, NoCache: e.NoCache, Now: x.now,
	})
	h.Set("Age", strconv.FormatInt(int64(x.judged.Age/time.Second), 10))
	x.deliver(&page{status: e.Status, header: h, body: e.Body, copy: x.copy, owned: true, holes: e.Holes, token: e.Token}, received)
}

// deliver sends a response whose body is there as a whole. p is used up.
func (x *exchange) deliver(p *page, received time.Time) {
	if x.in.Inputs.Session != "" {
		policy.PrivateFields(p.header)
	}
	x.fillIn(p)
	x.varies(p.header, p.status)
	if p.copy != nil {
		policy.Encoded(p.header, p.copy.Coding.String())
		p.body = p.copy.Data
	}
	h, status, body, size := p.header, p.status, p.body, int64(len(p.body))
	conditions := x.q.Header
	if len(p.holes) > 0 || p.copy != nil {
		size = -1 // no two deliveries are parts of one page, and parts are those of the plain one
	}
	if len(p.holes) > 0 {
		conditions = policy.WithoutDates(conditions)
	}
	d := policy.DecideDelivery(x.q.Method, conditions, status, h, size, received)
	if p.minted != "" {
		h.Add("Set-Cookie", p.minted)
	}
	switch {
	case len(d.Ranges) > 0:
		x.writeParts(h, body, d.Ranges)
		return
	case d.Status == http.StatusRequestedRangeNotSatisfiable && d.Status != status:
		h = policy.Refused(h)
		h["Content-Range"], h["Content-Length"] = []string{"bytes */" + strconv.Itoa(len(body))}, []string{"0"}
		body = nil
	case d.Status != status: // a condition was not met
		h, body = conditional(d.Status, h), nil
	case bodyAllowed(status):
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.writeHead(d.Status, h)
	if x.q.Method != http.MethodHead && bodyAllowed(d.Status) {
		// An error means that the client has gone, which is nobody's trouble.
		_, _ = x.w.Write(body)
	}
}

// varies says that the page would be another to who reads other codings.
func (x *exchange) varies(h http.Header, status int) {
	if policy.OffersCopies(x.e.Rule, &x.in, status, h) {
		policy.AddVary(h, "Accept-Encoding")
	}
}

// conditional returns the fields of the answer to a condition that was not met.
func conditional(status int, h http.Header) http.Header {
	if status == http.StatusNotModified {
		return policy.NotModified(h)
	}
	return policy.Refused(h)
}

// read answers with the fill's body as it grows.
func (x *exchange) read() Phase {
	answer := x.fill.Answer()
	outcome := x.fill.Outcome()
	x.status = cachestatus.Status{
		Fwd: x.fwd(), FwdStatus: answer.FwdStatus, Detail: answer.Reason,
		Stored:    answer.Reason != cachestatus.ReasonFrozen && (outcome == collapse.OutcomeShared || outcome == collapse.OutcomeHeld),
		Collapsed: x.role == collapse.RoleFollower,
	}
	if outcome == collapse.OutcomeShared && x.status.Stored {
		x.status.HasTTL, x.status.TTL, x.status.Detail = true, answer.Fresh, x.miss
	}
	h := x.fields(answer, outcome)
	if x.reader == nil { // awaitWhole gave it up for the whole, which may be empty
		x.deliver(&page{status: answer.Status, header: h, body: x.whole, holes: answer.Holes, token: answer.Token}, answer.At)
		return Done
	}
	// A copy that a browser has is of no use beside another secret.
	if d := policy.DecideDelivery(x.q.Method, x.q.Header, answer.Status, h, -1, answer.At); d.Status != answer.Status && !answer.SetsToken {
		x.writeHead(d.Status, conditional(d.Status, h))
		return Done
	}
	x.writeHead(answer.Status, h)
	if x.q.Method == http.MethodHead || !bodyAllowed(answer.Status) {
		return Done
	}
	if len(h["Content-Length"]) == 0 && x.reader.Waiting() {
		// It may be a stream, whose first event is long in coming.
		_ = http.NewResponseController(x.w).Flush()
	}
	x.err = x.copyBody()
	return Done
}

// fields returns the header fields with which a fill's answer reaches this visitor.
func (x *exchange) fields(answer *collapse.Answer, outcome collapse.Outcome) http.Header {
	h := answer.Header.Clone()
	if outcome != collapse.OutcomeShared && outcome != collapse.OutcomeHeld {
		if x.spares(answer) {
			h = x.e.Rule.WithoutToken(h)
		}
		return h
	}
	x.e.Rule.TellBrowsers(h, policy.Told{
		Status: answer.Status, Age: answer.Age, NoCache: outcome == collapse.OutcomeHeld, Now: answer.At,
	})
	if answer.Age >= time.Second {
		h.Set("Age", strconv.FormatInt(int64(answer.Age/time.Second), 10))
	}
	if x.in.Inputs.Session != "" {
		policy.PrivateFields(h)
	}
	if outcome == collapse.OutcomeShared {
		x.varies(h, answer.Status)
	}
	return h
}

// copyBody sends the fill's body at this client's pace.
func (x *exchange) copyBody() error {
	for {
		piece, err := x.reader.Next(x.ctx)
		switch {
		case errors.Is(err, io.EOF):
			if trailer := x.fill.Trailer(); len(trailer) > 0 {
				// Otherwise net/http gives a short body a length, and drops them.
				_ = http.NewResponseController(x.w).Flush()
				maps.Copy(x.w.Header(), trailer)
			}
			return nil
		case err != nil:
			// Also when the client has gone: he may have closed his side only, and
			// must not take what he has for the whole.
			return ErrAbort
		}
		if _, err := x.w.Write(piece); err != nil {
			return ErrAbort
		}
		if x.reader.Waiting() {
			// What has come must not wait for what has not. A writer that cannot
			// flush sends it later.
			_ = http.NewResponseController(x.w).Flush()
		}
	}
}

// writeHead sends the header: what outer handlers have set, h, and Cache-Status
// behind what a cache nearer to the origin said.
func (x *exchange) writeHead(status int, h http.Header) {
	out := x.w.Header()
	if len(h["Server"]) == 0 {
		delete(out, "Server") // as reverse_proxy does when the origin names none
	}
	for name, values := range h {
		switch name {
		case "Server", "Date", "Content-Type", "Content-Length":
			out[name] = values
		default:
			out[name] = append(out[name], values...)
		}
	}
	out.Add(cachestatus.Field, x.member())
	x.wrote = true
	x.w.WriteHeader(status)
}
