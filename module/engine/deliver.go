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

// writeHit sends the stored response.
func (x *exchange) writeHit() {
	h := x.entry.Header // this exchange's own: the store gave a copy
	h.Set("Age", strconv.FormatInt(int64(x.judged.Age/time.Second), 10))
	if bodyAllowed(x.entry.Status) {
		h.Set("Content-Length", strconv.Itoa(len(x.entry.Body)))
	}
	resident := x.judged.Age - x.entry.InitialAge
	if left, ok := x.e.Rule.BrowserLimit(x.entry.Status, resident); ok {
		policy.CapBrowser(h, x.judged.Age, left, x.now)
	}
	x.writeHead(x.entry.Status, h)
	if x.q.Method != http.MethodHead && bodyAllowed(x.entry.Status) {
		// An error means that the client has gone, which is nobody's trouble.
		_, _ = x.w.Write(x.entry.Body)
	}
}

// read answers with the fill's body as it grows.
func (x *exchange) read() Phase {
	answer := x.fill.Answer()
	shared := x.fill.Outcome() == collapse.OutcomeShared
	x.status = cachestatus.Status{
		Fwd: x.fwd(), FwdStatus: answer.Status, Detail: answer.Reason,
		Collapsed: x.role == collapse.RoleFollower,
	}
	h := answer.Header.Clone()
	if shared {
		x.status.Stored, x.status.HasTTL, x.status.TTL, x.status.Detail = true, true, answer.Fresh, x.miss
		if left, ok := x.e.Rule.BrowserLimit(answer.Status, 0); ok {
			policy.CapBrowser(h, answer.Age, left, answer.At)
		}
		if answer.Age >= time.Second {
			h.Set("Age", strconv.FormatInt(int64(answer.Age/time.Second), 10))
		}
	}
	x.writeHead(answer.Status, h)
	if x.q.Method == http.MethodHead || !bodyAllowed(answer.Status) {
		return Done
	}
	x.err = x.copyBody()
	return Done
}

// copyBody sends the fill's body at this client's pace.
func (x *exchange) copyBody() error {
	for {
		piece, err := x.reader.Next(x.ctx)
		switch {
		case errors.Is(err, io.EOF):
			maps.Copy(x.w.Header(), x.fill.Trailer())
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
	out.Add(cachestatus.Field, x.status.String())
	x.wrote = true
	x.w.WriteHeader(status)
}
