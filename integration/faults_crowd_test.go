package integration

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// protocols are what the tests speak to the edge beside raw HTTP/1.1.
func protocols() map[string]*http.Transport {
	h2 := new(http.Protocols)
	h2.SetUnencryptedHTTP2(true)
	return map[string]*http.Transport{"h1": {DisableKeepAlives: true}, "h2c": {Protocols: h2}}
}

const withH2C = "GLOBAL servers {\nGLOBAL protocols h1 h2c\nGLOBAL }\n"

// visit is one request, with these header lines, of a client that may give up.
func visit(ctx context.Context, transport http.RoundTripper, e *edge.Edge, target string, lines ...string) *edge.Answer {
	return visitAt(ctx, transport, "http://"+e.Addr+target, lines...)
}

func visitAt(ctx context.Context, transport http.RoundTripper, url string, lines ...string) *edge.Answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return &edge.Answer{Err: err}
	}
	r.Host = "shop.test"
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Add(name, value)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return &edge.Answer{Err: err, Header: http.Header{}}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return &edge.Answer{Status: response.StatusCode, Header: response.Header, Body: string(body), Err: err}
}

// reads is a visit that counts itself when the first byte of the body is there.
func reads(ctx context.Context, transport *http.Transport, e *edge.Edge, target string, reading *atomic.Int32) *edge.Answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.Addr+target, nil)
	if err != nil {
		return &edge.Answer{Err: err}
	}
	r.Host = "shop.test"
	response, err := transport.RoundTrip(r)
	if err != nil {
		return &edge.Answer{Err: err}
	}
	defer response.Body.Close()
	var body strings.Builder
	if _, err = io.CopyN(&body, response.Body, 1); err == nil {
		reading.Add(1)
		_, err = io.Copy(&body, response.Body)
	}
	return &edge.Answer{Status: response.StatusCode, Header: response.Header, Body: body.String(), Err: err}
}

// The visitor who started the fill gives up while 99 others wait: they get the
// page, and the origin makes it once.
func TestFaultR16_LeaderLeaves(t *testing.T) {
	for name, transport := range protocols() {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, withH2C+shopSite(o, "1h"))
			wantCached(t, e, o, newPage())
			before := atRest(t)
			for range times(5, 200) {
				leaderLeaves(t, o, func(ctx context.Context, target string) *edge.Answer { return visit(ctx, transport, e, target) })
			}
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

func leaderLeaves(t *testing.T, o *edge.Origin, ask func(ctx context.Context, target string) *edge.Answer) {
	t.Helper()
	const others = 99
	target, gate := newPage(), edge.NewGate(t, 0)
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		gate.Pass()
		edge.Reply(conn, "200 OK", wholePage, "Connection: close")
		return false
	})
	ctx, leave := context.WithCancel(t.Context())
	leader := edge.Crowd(1, func(int) *edge.Answer { return ask(ctx, target) })
	edge.Poll(t, "the leader's fill is at the origin", func() bool { return o.Hits(target) == 1 })
	crowd := edge.Crowd(others, func(int) *edge.Answer { return ask(t.Context(), target) })
	edge.WaitFor(t, 1+others)
	leave()
	if a := leader()[0]; a.Err == nil {
		t.Errorf("the leader has left and got %d", a.Status)
	}
	edge.Poll(t, "the edge has noticed", func() bool { return edge.Waiting() == others })
	gate.Open()
	for _, a := range crowd() {
		if a.Status != 200 || !a.Whole() || !a.Is(t, "fwd=uri-miss", "collapsed") {
			t.Errorf("got %d, whole %t, %v, %q", a.Status, a.Whole(), a.Err, a.Header["Cache-Status"])
		}
	}
	edge.Poll(t, "the page is stored", func() bool { return ask(t.Context(), target).Is(t, "hit") })
	if n := o.Hits(target); n != 1 {
		t.Errorf("the origin made the page %d times", n)
	}
}

// leaving is when everybody leaves who wants a page, and what becomes of it.
type leaving struct {
	head   string // what the origin has sent of the page's head by then; "" for nothing
	stored bool
}

// Everybody who wants a page gives up, on many pages. What is for all is made and
// stored all the same, whether its header has come or half of its body; what is for one
// visitor is given up.
func TestFaultR17_AllLeave(t *testing.T) {
	for when, l := range map[string]leaving{
		"before the header":               {"", true},
		"in the middle of the body":       {declared() + "\r\nConnection: close", true},
		"in the middle of a private body": {declared() + "\r\nCache-Control: private", false},
	} {
		for name, transport := range protocols() {
			t.Run(when+" over "+name, func(t *testing.T) {
				o := edge.NewOrigin(t, nil)
				e := edge.Start(t, withH2C+shopSite(o, "1h", "hit_for_miss 0"))
				wantCached(t, e, o, newPage())
				before := atRest(t)
				for range times(1, 20) {
					allLeave(t, e, o, transport, l)
				}
				transport.CloseIdleConnections()
				before.settles(t)
			})
		}
	}
}

func allLeave(t *testing.T, e *edge.Edge, o *edge.Origin, transport *http.Transport, l leaving) {
	t.Helper()
	const keys, each = 50, 3
	stored, gate := entries(t), edge.NewGate(t, 0)
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		if l.head == "" {
			gate.Pass()
			edge.Reply(conn, "200 OK", wholePage, "Connection: close")
			return false
		}
		half(conn, l.head, wholePage)
		gate.Pass()
		_, _ = io.WriteString(conn, wholePage[len(wholePage)/2:])
		return false
	})
	targets := make([]string, keys)
	for i := range targets {
		targets[i] = newPage()
	}
	ctx, leave := context.WithCancel(t.Context())
	var reading atomic.Int32
	wait := edge.Crowd(keys*each, func(i int) *edge.Answer { return reads(ctx, transport, e, targets[i%keys], &reading) })
	if l.head == "" {
		edge.WaitFor(t, keys*each)
	} else {
		edge.Poll(t, "all of them read", func() bool { return reading.Load() == keys*each })
	}
	leave()
	for _, a := range wait() {
		if a.Err == nil {
			t.Errorf("one who has left got %d and %d bytes", a.Status, len(a.Body))
		}
	}
	edge.Poll(t, "the edge has noticed", func() bool { return edge.Inside() == 0 })
	if l.stored {
		if n := edge.Filling(); n != keys {
			t.Errorf("%d fills are under way, want %d", n, keys)
		}
		gate.Open()
	}
	edge.Poll(t, "the fills have ended", func() bool { return edge.Filling() == 0 })
	gate.Open()
	if got := entries(t) - stored; !l.stored && got != 0 {
		t.Errorf("%d values were stored", got)
	}
	o.Script(edge.Echo)
	for _, target := range targets {
		if !l.stored {
			wantCached(t, e, o, target)
			continue
		}
		a := e.Get(target)
		a.Want(t, "hit")
		if n := o.Hits(target); n != 1 || a.Body != wholePage {
			t.Errorf("the origin was asked %d times; %d bytes are stored", n, len(a.Body))
		}
	}
}
