// The tests named TestS01, TestS02 and so on number the threats that the project
// tests for: what a visitor, an origin or a Caddyfile may bring about, and what
// must hold then. What must hold of every answer is in edge/oracle.go: nobody
// gets another's canary or session, and what ends well is what the origin sent.

package integration

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// crowd is how many visitors come at once where a threat needs many.
const crowd = 50

// shop starts an edge with one page_cache line for /products/category/* and 15 s
// in front of o; options stand in the line's block.
func shop(t *testing.T, o *edge.Origin, options ...string) *edge.Edge {
	t.Helper()
	return edge.Start(t, shopSite(o, "15s", options...))
}

func shopSite(o *edge.Origin, ttl string, options ...string) string {
	block := ""
	if len(options) > 0 {
		block = " {\n\t\t" + strings.Join(options, "\n\t\t") + "\n\t}"
	}
	return "EDGE {\n\tpage_cache /products/category/* " + ttl + block + "\n\treverse_proxy " + o.Addr + "\n}\n"
}

var pages atomic.Int64

// newPage returns the target of a page that no test has asked for.
func newPage() string { return fmt.Sprintf("/products/category/x?cb=%d", pages.Add(1)) }

// cookie writes the header of a visitor with a session.
func cookie(session string) string { return "Cookie: sessionid=" + session }

// answering makes an origin's script: Echo, with these header lines.
func answering(lines ...string) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "200 OK", edge.EchoBody(a), lines...)
		return true
	}
}

// echoed returns what an echoed request had under name: n, method, target, host,
// body, or a header. "" is for none.
func echoed(a *edge.Answer, name string) string {
	for line := range strings.Lines(a.Body) {
		for _, separator := range []string{"=", ": "} {
			if value, ok := strings.CutPrefix(line, name+separator); ok {
				return strings.TrimSuffix(value, "\n")
			}
		}
	}
	return ""
}

// wantHits fails the test unless the origin has had this many requests.
func wantHits(t *testing.T, o *edge.Origin, want int) {
	t.Helper()
	if got := o.Hits(); got != want {
		t.Errorf("the origin had %d requests, want %d", got, want)
	}
}

// wantClean fails the test unless the answer is a whole 200 without any of what
// an attacker sent.
func wantClean(t *testing.T, a *edge.Answer, attack ...string) {
	t.Helper()
	if a.Status != 200 || !a.Whole() {
		t.Errorf("status %d, whole %t, %v", a.Status, a.Whole(), a.Err)
	}
	for _, bad := range attack {
		if a.Has(bad) {
			t.Errorf("a clean visitor's answer holds %q:\n%s", bad, a.Body)
		}
	}
}

// wantCached is the positive control: a clean visitor's page is stored, and the
// next one gets the same bytes without the origin.
func wantCached(t *testing.T, e *edge.Edge, o *edge.Origin, target string) *edge.Answer {
	t.Helper()
	before := o.Hits()
	first, second := e.Get(target), e.Get(target)
	first.Want(t, "fwd=uri-miss", "stored")
	second.Want(t, "hit")
	if o.Hits() != before+1 || second.Body != first.Body {
		t.Errorf("%s: two visitors, %d requests at the origin, same body %t", target, o.Hits()-before, second.Body == first.Body)
	}
	wantClean(t, second)
	return second
}

// wantHit fails the test unless a clean visitor gets this page from the store.
func wantHit(t *testing.T, e *edge.Edge, o *edge.Origin, page *edge.Answer, target string) {
	t.Helper()
	before := o.Hits()
	a := e.Get(target)
	a.Want(t, "hit")
	if o.Hits() != before || a.Body != page.Body {
		t.Errorf("%s: not the stored page; %d requests at the origin, body\n%s", target, o.Hits()-before, a.Body)
	}
}

// wantBypass sends a GET, of which a target and header lines are given, and fails
// the test unless it reaches the origin itself, for this reason.
func wantBypass(t *testing.T, e *edge.Edge, o *edge.Origin, reason string, request ...string) *edge.Answer {
	t.Helper()
	before := o.Hits()
	a := e.Get(request[0], request[1:]...)
	a.Want(t, "fwd=bypass", "detail="+reason)
	if a.Is(t, "stored") || o.Hits() != before+1 {
		t.Errorf("%q: %d requests at the origin, Cache-Status %q", request, o.Hits()-before, a.Header["Cache-Status"])
	}
	return a
}

// wantDistinct fails the test unless every answer is of another request at the
// origin, and sets another cookie if it sets one.
func wantDistinct(t *testing.T, answers []*edge.Answer) {
	t.Helper()
	requests, cookies := map[string]bool{}, map[string]bool{}
	set := 0
	for _, a := range answers {
		if a.Status != 200 || !a.Whole() {
			t.Errorf("status %d, whole %t, %v", a.Status, a.Whole(), a.Err)
		}
		requests[echoed(a, "n")] = true
		for _, c := range a.Header["Set-Cookie"] {
			cookies[c] = true
			set++
		}
	}
	if len(requests) != len(answers) || len(cookies) != set {
		t.Errorf("%d answers hold %d of the origin's; %d cookies were set, %d of them different",
			len(answers), len(requests), set, len(cookies))
	}
}

// together sends a crowd to a cold page whose answer may not be shared, and holds
// the origin back so that all of them wait for the first one's fill, and then are
// at the origin at the same time, none behind another.
func together(t *testing.T, lines func(n int) []string) {
	t.Helper()
	header, rest := edge.NewGate(t, 0), edge.NewGate(t, crowd-1)
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		switch {
		case a.N == 1:
			header.Pass()
		case a.N <= crowd:
			rest.Pass()
		}
		edge.Reply(conn, "200 OK", edge.EchoBody(a), lines(a.N)...)
		return true
	})
	e := shop(t, o)
	target := newPage()
	wait := edge.Crowd(crowd, func(int) *edge.Answer { return e.Get(target) })
	edge.WaitFor(t, crowd)
	header.Open()
	answers := wait()
	wantDistinct(t, answers)
	wantHits(t, o, crowd)
	last := e.Get(target)
	wantDistinct(t, append(answers, last))
	if last.Is(t, "hit") || last.Is(t, "stored") {
		t.Errorf("Cache-Status %q: the answer was stored", last.Header["Cache-Status"])
	}
	wantHits(t, o, crowd+1)
	o.Script(edge.Echo)
	wantCached(t, e, o, newPage())
}

// sid is the line that mints a session for the origin's nth request.
func sid(n int) string { return "Set-Cookie: sid=" + strconv.Itoa(n) }

// trustLoopback makes this machine a trusted proxy: the global options for it.
const trustLoopback = "GLOBAL servers {\nGLOBAL trusted_proxies static 127.0.0.1/32\nGLOBAL }\n"
