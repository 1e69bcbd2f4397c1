package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/policy"
)

// group is a number of visitors who ask for the same at once.
type group struct {
	visitors []*visitor
}

func (g *group) wait() {
	for _, v := range g.visitors {
		<-v.answered
	}
}

// took returns how long the last of them waited.
func (g *group) took() time.Duration {
	var longest time.Duration
	for _, v := range g.visitors {
		longest = max(longest, v.took)
	}
	return longest
}

// visitor is one client with his connection.
type visitor struct {
	w        *answer
	cancel   context.CancelFunc
	answered chan struct{} // closed when what follows may be read
	err      error
	crashed  string // panic or goexit, if the handler ended so
	took     time.Duration
}

// ask sends the request that args describe n times.
func (s *scenario) ask(n int, args []string) *group {
	e, name := s.start(), strconv.Itoa(s.line)
	if given, ok := strings.CutSuffix(args[0], ":"); ok {
		name, args = given, args[1:]
	}
	g := &group{}
	pace := time.Duration(0)
	q := policy.Request{
		TakesInterim: true, Method: args[0], Scheme: "http", Host: "shop.test", Original: args[1], Current: args[1], Header: http.Header{},
	}
	for _, a := range args[2:] {
		if field, value, ok := strings.Cut(a, ": "); ok {
			q.Header.Add(field, value)
		} else if name, value := option(a); name == "pace" {
			pace = s.duration(value)
		} else {
			s.fatalf("unknown option %q", a)
		}
	}
	for range n {
		own := q
		own.Header = q.Header.Clone()
		ctx, cancel := context.WithCancel(context.Background())
		v := &visitor{
			w:      &answer{t: s.t, ctx: ctx, pace: pace, header: http.Header{"Server": {"Caddy"}}},
			cancel: cancel, answered: make(chan struct{}),
		}
		g.visitors = append(g.visitors, v)
		go v.visit(ctx, e, &own, presented{s.origin, ctx, &own})
	}
	s.groups[name], s.last = g, g
	return g
}

func (v *visitor) visit(ctx context.Context, e *engine.Engine, q *policy.Request, o engine.Origin) {
	start := time.Now()
	v.crashed = "goexit"
	defer close(v.answered)
	defer v.cancel()
	defer func() {
		v.took = time.Since(start)
		v.w.ended = true
		if p := recover(); p != nil {
			v.crashed = "panic"
		}
	}()
	_, v.err = e.Do(ctx, v.w, q, o)
	v.crashed = ""
}

// outcome returns in the words of expect what the server would make of it.
func (v *visitor) outcome() string {
	var status *engine.StatusError
	switch {
	case v.crashed != "":
		return v.crashed
	case errors.Is(v.err, engine.ErrAbort) && v.w.status != 0:
		return "cut " + strconv.Itoa(v.w.status)
	case errors.Is(v.err, engine.ErrAbort):
		return "abort"
	case errors.As(v.err, &status) && v.w.status == 0:
		return strconv.Itoa(status.Status)
	case v.err != nil && v.w.status == 0 && v.err == errRefused: //nolint:errorlint // unchanged, not wrapped
		return "refused"
	case v.err != nil:
		return fmt.Sprintf("%d and the error %v", v.w.status, v.err)
	}
	return strconv.Itoa(v.w.status)
}

// is reports whether the visitor got what the words of expect say.
func (v *visitor) is(want []string) bool {
	outcome := want[0]
	want = want[1:]
	if outcome == "cut" {
		outcome, want = "cut "+want[0], want[1:]
	}
	if v.outcome() != outcome {
		return false
	}
	if len(want) > 0 && want[0] != "-" {
		body := want[0]
		if n, ok := strings.CutPrefix(body, "page("); ok {
			size, _ := strconv.Atoi(strings.TrimSuffix(n, ")"))
			body = page(size)
		}
		if v.w.body.String() != body {
			return false
		}
	}
	return len(want) < 2 || v.cacheStatus() == want[1]
}

func (v *visitor) cacheStatus() string { return strings.Join(v.fields()["Cache-Status"], ", ") }

// fields returns the header fields that he got.
func (v *visitor) fields() http.Header {
	if v.w.sent == nil { // the server sends an error page with these
		return v.w.header
	}
	return v.w.sent
}

func (v *visitor) String() string {
	body := v.w.body.String()
	if len(body) > 60 {
		body = fmt.Sprintf("%s… (%d bytes)", body[:50], len(body))
	}
	return fmt.Sprintf("[%s '%s' '%s']", v.outcome(), body, v.cacheStatus())
}

// answer is a ResponseWriter that minds how it is used.
type answer struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // of the connection
	pace   time.Duration   // for each piece
	header http.Header
	sent   http.Header // nil until WriteHeader
	status int
	body   strings.Builder

	interims []string // informational answers: the status and Link
	ended    bool     // the handler has returned
}

func (a *answer) Header() http.Header {
	if a.ended {
		a.t.Error("the header was touched after the handler had returned")
	}
	return a.header
}

func (a *answer) WriteHeader(status int) {
	if status < 200 {
		a.interims = append(a.interims, fmt.Sprintf("%d %s", status, a.header.Get("Link")))
		return
	}
	if a.status != 0 {
		a.t.Errorf("status %d was written after %d", status, a.status)
	}
	a.status, a.sent = status, a.header.Clone()
}

func (a *answer) Write(p []byte) (int, error) {
	switch {
	case a.ended:
		a.t.Error("the body was written to after the handler had returned")
	case a.status == 0:
		a.t.Error("the body came before the header")
	case !pause(a.ctx, a.pace):
		return 0, a.ctx.Err()
	}
	return a.body.Write(p)
}

func (a *answer) Flush() {}
