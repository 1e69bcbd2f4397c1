package integration

import (
	"context"
	"io"
	"net/http"
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

// visit is one request of a client that may give up.
func visit(ctx context.Context, transport http.RoundTripper, e *edge.Edge, target string) *edge.Answer {
	return visitAt(ctx, transport, "http://"+e.Addr+target)
}

func visitAt(ctx context.Context, transport http.RoundTripper, url string) *edge.Answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return &edge.Answer{Err: err}
	}
	r.Host = "shop.test"
	response, err := transport.RoundTrip(r)
	if err != nil {
		return &edge.Answer{Err: err, Header: http.Header{}}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return &edge.Answer{Status: response.StatusCode, Header: response.Header, Body: string(body), Err: err}
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
