package engine_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/framing"
	"github.com/page-cache/page-cache/module/policy"
)

var errRefused = errors.New("the origin refused the connection")

// plan is how the origin answers one request.
type plan struct {
	status  int
	header  http.Header
	body    string        // {n} stands for the request's number, {Name} for its header field
	latency time.Duration // before the header
	piece   int           // bytes written at a time; 0: all
	pace    time.Duration // after each piece
	trouble string        // what happens instead of an end: stall, abort …
	after   int           // bytes of the body before that; -1: not even the header
	framing framing.Verdict
	interim []int // informational answers before the header, each with the header's Link
	answers bool  // a condition that holds is answered by 304
}

// plan reads the words of an origin line.
func (s *scenario) plan(args []string) plan {
	p := plan{status: s.number(args[0]), header: http.Header{}, body: "page", after: -1}
	for _, a := range args[1:] {
		if name, value, ok := strings.Cut(a, ": "); ok {
			p.header.Add(name, value)
			continue
		}
		switch name, value := option(a); name {
		case "body":
			p.body = value
		case "size":
			p.body = page(s.number(value))
		case "length":
			p.header.Set("Content-Length", value)
		case "latency":
			p.latency = s.duration(value)
		case "piece":
			p.piece = s.number(value)
		case "pace":
			p.pace = s.duration(value)
		case "after":
			p.after = s.number(value)
		case "stall", "deaf", "abort", "panic", "goexit", "refused", "nothing":
			p.trouble = name
		case "interim":
			p.interim = append(p.interim, s.number(value))
		case "conditional":
			p.answers = true
		case "framing":
			p.framing = map[string]framing.Verdict{
				"self": framing.SelfDelimited, "unproven": framing.Unproven, "close": framing.CloseDelimited,
			}[value]
		default:
			s.fatalf("unknown option %q", a)
		}
	}
	return p
}

// origin is a scripted application.
type origin struct {
	t *testing.T

	mu     sync.Mutex // protects what follows
	plans  []plan     // the first is for the next request; the last one stays
	filled int
	own    int
	mended chan struct{} // closed to let go of what is deaf
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	return &origin{t: t, plans: []plan{{status: http.StatusOK, body: "page", after: -1}}, mended: make(chan struct{})}
}

func (o *origin) set(p plan) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.plans = []plan{p}
}

func (o *origin) add(p plan) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.plans = append(o.plans, p)
}

func (o *origin) fills() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.filled
}

func (o *origin) forwards() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.own
}

// mend lets go of what is deaf.
func (o *origin) mend() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.mended)
	o.mended = make(chan struct{})
}

// next counts a request and returns its number and the plan for it.
func (o *origin) next(count *int) (n int, p plan, mended <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*count++
	p = o.plans[0]
	if len(o.plans) > 1 {
		o.plans = o.plans[1:]
	}
	return o.filled + o.own, p, o.mended
}

// presented is the origin as one visitor's request sees it.
type presented struct {
	o   *origin
	ctx context.Context //nolint:containedctx // as a request has it
	q   *policy.Request
}

// Forward implements engine.Origin.
func (p presented) Forward(w http.ResponseWriter, mark func(int, http.Header)) error {
	n, plan, mended := p.o.next(&p.o.own)
	if p.q.Method == http.MethodHead {
		plan.piece = -1
	}
	return plan.serve(p.ctx, &marked{w, mark, false}, fields{n, p.q.Header}, mended)
}

// Detach implements engine.Origin.
func (p presented) Detach(in *policy.Intake) (engine.Fill, error) {
	in = &policy.Intake{Inputs: in.Inputs, Forward: in.Forward.Clone()}
	return func(ctx context.Context, w http.ResponseWriter, conditions http.Header) error {
		h := maps.Clone(in.Forward)
		if h == nil {
			h = http.Header{}
		}
		for _, list := range [...][]cachekey.Field{in.Inputs.Headers, in.Inputs.Variant} {
			for _, f := range list {
				if len(f.Values) > 0 {
					h[f.Name] = f.Values
				}
			}
		}
		if in.Inputs.Part != "" {
			h["Range"] = []string{in.Inputs.Part}
		}
		maps.Copy(h, conditions)
		n, plan, mended := p.o.next(&p.o.filled)
		return plan.serve(ctx, w, fields{n, h}, mended)
	}, nil
}

// marked calls mark before the header is written.
type marked struct {
	http.ResponseWriter

	mark func(int, http.Header)
	done bool
}

func (m *marked) WriteHeader(status int) {
	if !m.done {
		m.done = true
		m.mark(status, m.Header())
	}
	m.ResponseWriter.WriteHeader(status)
}

func (m *marked) Write(p []byte) (int, error) {
	if !m.done {
		m.WriteHeader(http.StatusOK)
	}
	return m.ResponseWriter.Write(p)
}

// fields is what a body may name of its request.
type fields struct {
	n      int
	header http.Header
}

var placeholder = regexp.MustCompile(`\{[\w-]+\}`)

func (f fields) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if name == "{n}" {
			return strconv.Itoa(f.n)
		}
		return strings.Join(f.header[name[1:len(name)-1]], ",")
	})
}

// serve answers as planned.
func (p *plan) serve(ctx context.Context, w http.ResponseWriter, f fields, mended <-chan struct{}) error {
	for _, status := range p.interim {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(status)
		w.Header().Del("Link")
	}
	if !pause(ctx, p.latency) {
		return ctx.Err()
	}
	framing.From(ctx).Note(p.framing)
	if p.after < 0 && p.trouble != "" {
		return p.fail(ctx, mended)
	}
	for name, values := range p.header {
		for _, v := range values {
			w.Header().Add(name, f.fill(v))
		}
	}
	if p.holds(f.header) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.WriteHeader(p.status)
	body := f.fill(p.body)
	if p.after >= 0 {
		body = body[:p.after]
	}
	if err := p.write(ctx, w, body); err != nil {
		return err
	}
	return p.fail(ctx, mended)
}

// holds reports whether a request with these fields is answered by 304.
func (p *plan) holds(h http.Header) bool {
	if !p.answers {
		return false
	}
	if tag := h.Get("If-None-Match"); tag != "" {
		return tag == p.header.Get("ETag")
	}
	return h.Get("If-Modified-Since") != "" && h.Get("If-Modified-Since") == p.header.Get("Last-Modified")
}

func (p *plan) write(ctx context.Context, w http.ResponseWriter, body string) error {
	if p.piece < 0 || p.status == http.StatusNoContent {
		return nil
	}
	for len(body) > 0 {
		n := len(body)
		if p.piece > 0 {
			n = min(n, p.piece)
		}
		if _, err := w.Write([]byte(body[:n])); err != nil {
			return err
		}
		if body = body[n:]; !pause(ctx, p.pace) {
			return ctx.Err()
		}
	}
	return nil
}

// fail does what the plan has instead of an end.
func (p *plan) fail(ctx context.Context, mended <-chan struct{}) error {
	switch p.trouble {
	case "stall": // until it is told to stop
		<-ctx.Done()
		return ctx.Err()
	case "deaf": // and does not hear that either
		<-mended
		return errRefused
	case "abort": // as reverse_proxy does when a body breaks off
		panic(http.ErrAbortHandler)
	case "panic":
		panic("the origin's bug")
	case "goexit":
		runtime.Goexit()
	case "refused":
		return errRefused
	}
	return nil
}

// pause reports whether the context has let it sleep.
func pause(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
