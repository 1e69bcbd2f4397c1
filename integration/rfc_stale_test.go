package integration

import (
	"io"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// turnsStale stores a page that is fresh for a second, lets it go stale, and has the
// origin answer by the script from then on. It returns the page's target.
func turnsStale(t *testing.T, e *edge.Edge, o *edge.Origin, page, script func(io.Writer, edge.Asked) bool) string {
	t.Helper()
	o.Script(page)
	target := newPage()
	e.Get(target).Want(t, "fwd=uri-miss", "stored")
	o.Script(script)
	edge.Poll(t, "the page is stale", func() bool { return !e.Get(target).Is(t, "detail=fresh") })
	return target
}

// fails answers with an error.
func fails(conn io.Writer, _ edge.Asked) bool {
	edge.Reply(conn, "503 Service Unavailable", "sorry", "Retry-After: 9")
	return true
}

// hangsUp closes the connection without an answer.
func hangsUp(io.Writer, edge.Asked) bool { return false }

// TestStaleIfErrorOfTheLine: with the option a stale page stands in for an error of
// the origin's, in whatever form it comes. The first visitor has waited for it; then
// nobody waits, and the origin is asked behind the stale page until it is well.
func TestStaleIfErrorOfTheLine(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, shopSite(o, "1s", "stale_if_error 1h"))
	for name, broken := range map[string]func(io.Writer, edge.Asked) bool{"503": fails, "no answer": hangsUp} {
		o.Script(sends("page", `ETag: "one"`))
		target := newPage()
		e.Get(target).Want(t, "fwd=uri-miss", "stored")
		o.Script(broken)
		var first *edge.Answer
		edge.Poll(t, "the page is stale", func() bool { first = e.Get(target); return !first.Is(t, "detail=fresh") })
		wantStandIn(t, first)
		first.Want(t, "fwd=stale")
		for range 20 {
			a := e.Get(target)
			a.Want(t, "hit")
			wantStandIn(t, a)
		}
		if a := e.Get(target, "Range: bytes=0-1"); a.Status != 206 || a.Body != "pa" {
			t.Errorf("%s: a part has status %d, body %q", name, a.Status, a.Body)
		}
		o.Script(sends("new page"))
		edge.Poll(t, "the new page is there", func() bool {
			a := e.Get(target)
			if a.Body == "new page" {
				return true
			}
			a.Want(t, "hit")
			wantStandIn(t, a)
			return false
		})
	}
}

// wantStandIn fails the test unless the answer is the stale page in place of an error.
func wantStandIn(t *testing.T, a *edge.Answer) {
	t.Helper()
	a.Want(t, "detail=stale-if-error")
	if a.Status != 200 || a.Body != "page" || a.Header["Age"] == nil || ttlOf(t, a) > 0 {
		t.Errorf("status %d, body %q, Age %q, %q", a.Status, a.Body, a.Header["Age"], a.Header["Cache-Status"])
	}
}

// TestStaleIsForbidden: no stale page is served, not even in place of an error, where
// the origin forbids it, or nobody allows it; the error goes through, and stays out of
// the store.
func TestStaleIsForbidden(t *testing.T) {
	// RFC 9111: 4.2.4-1, 4.2.4-2, 5.2.2.2-1, 5.2.2.2-2, 5.2.2.2-3, 5.2.2.8-1, 5.2.2.10-1
	for window, directives := range map[string][]string{
		"1h": {
			"max-age=1, must-revalidate", "max-age=1, proxy-revalidate", "s-maxage=1", "max-age=1, stale-if-error=0, stale-while-revalidate=0",
			"max-age=1, must-revalidate, stale-if-error=600, stale-while-revalidate=600",
		},
		"0s": {"max-age=1, stale-if-error=600, stale-while-revalidate=600"},
		"":   {"max-age=1"},
	} {
		t.Run(window, func(t *testing.T) {
			var options []string
			if window != "" {
				options = []string{"stale_if_error " + window, "stale_while_revalidate " + window}
			}
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, shopSite(o, "1h", options...))
			targets := make([]string, len(directives))
			for i := range directives {
				o.Script(sends("page", "Cache-Control: "+directives[i], `ETag: "one"`))
				targets[i] = newPage()
				e.Get(targets[i]).Want(t, "fwd=uri-miss", "stored")
			}
			o.Script(fails)
			for i, target := range targets {
				edge.Poll(t, "the page is stale", func() bool { return !e.Get(target).Is(t, "detail=fresh") })
				wantError(t, e, o, target, directives[i])
			}
		})
	}
}

// wantError fails the test unless the origin's error reaches the visitor of a stale
// page, and the lack of an answer as one of the edge's.
func wantError(t *testing.T, e *edge.Edge, o *edge.Origin, target, directives string) {
	t.Helper()
	before := o.Hits()
	a := e.Get(target)
	a.Want(t, "fwd=stale", "fwd-status=503", "detail=origin-error")
	if a.Status != 503 || a.Body != "sorry" || a.Is(t, "stored") || o.Hits() != before+1 {
		t.Errorf("%s: status %d, body %q, Cache-Status %q", directives, a.Status, a.Body, a.Header["Cache-Status"])
	}
	if got := o.Last().Header.Get("If-None-Match"); got != `"one"` {
		t.Errorf("%s: the question has If-None-Match %q", directives, got)
	}
	o.Script(hangsUp)
	if a := e.Get(target); a.Status != 502 || a.Body != "" {
		t.Errorf("%s, no answer of the origin's: status %d, body %q", directives, a.Status, a.Body)
	}
	o.Script(fails)
}

// TestStaleIfErrorOfTheOrigin: the origin's own leave counts without the option, also
// for a page that was stale when it came.
func TestStaleIfErrorOfTheOrigin(t *testing.T) {
	for directives, allowed := range map[string]bool{
		"max-age=60, stale-if-error=600": true, "max-age=60, stale-if-error=600, must-revalidate": false,
		"max-age=60, stale-if-error=10": false, "max-age=60": false, "no-cache, stale-if-error=600": false,
	} {
		o := edge.NewOrigin(t, sends("page", "Cache-Control: "+directives, "Age: 100", `ETag: "one"`))
		e := shop(t, o)
		target := newPage()
		e.Get(target).Want(t, "fwd=uri-miss", "stored")
		o.Script(fails)
		a := e.Get(target)
		a.Want(t, "fwd=stale", "fwd-status=503")
		if got := a.Status == 200 && a.Body == "page" && a.Is(t, "detail=stale-if-error"); got != allowed || !got && a.Status != 503 {
			t.Errorf("%s: status %d, body %q, Cache-Status %q", directives, a.Status, a.Body, a.Header["Cache-Status"])
		}
	}
}

// TestStaleIfErrorOfARefusedConnection: the origin is not there at all.
func TestStaleIfErrorOfARefusedConnection(t *testing.T) {
	var (
		e      *edge.Edge
		target = newPage()
	)
	outer := t
	t.Run("the origin is up", func(t *testing.T) {
		o := edge.NewOrigin(t, sends("page"))
		e = edge.Start(outer, shopSite(o, "1s", "stale_if_error 1h")) // it outlives the origin
		e.Get(target).Want(t, "fwd=uri-miss", "stored")
	})
	edge.Poll(t, "the page is stale", func() bool { return !e.Get(target).Is(t, "hit") })
	for range 3 {
		a := e.Get(target)
		a.Want(t, "hit", "detail=stale-if-error") // the poll above has asked the origin
		if a.Status != 200 || a.Body != "page" {
			t.Errorf("status %d, body %q", a.Status, a.Body)
		}
	}
	if a := e.Get(newPage()); a.Status != 502 {
		t.Errorf("a page that is not stored: status %d", a.Status)
	}
}

// TestStaleWhileRevalidate: a stale page is served at once to everybody, one refresh
// runs behind, and then it is fresh.
func TestStaleWhileRevalidate(t *testing.T) {
	for name, tt := range map[string]struct {
		options []string
		page    []string
	}{
		"the line's":         {[]string{"stale_while_revalidate 1h"}, []string{"Cache-Control: max-age=1"}},
		"the line's, a tag":  {[]string{"stale_while_revalidate 1h"}, []string{"Cache-Control: max-age=1", `ETag: "one"`}},
		"the origin's":       {nil, []string{"Cache-Control: max-age=1, stale-while-revalidate=600"}},
		"the origin's, less": {[]string{"stale_while_revalidate 1h"}, []string{"Cache-Control: max-age=1, stale-while-revalidate=600"}},
	} {
		t.Run(name, func(t *testing.T) {
			gate := edge.NewGate(t, 0)
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, shopSite(o, "1h", tt.options...))
			target := turnsStale(t, e, o, sends("old page", tt.page...), func(conn io.Writer, a edge.Asked) bool {
				gate.Pass()
				return sends("new page", "Cache-Control: max-age=600")(conn, a)
			})
			for _, a := range edge.Crowd(crowd, func(int) *edge.Answer { return e.Get(target) })() {
				// While the origin holds the new page back.
				if !a.Is(t, "hit", "detail=stale-while-revalidate") || a.Body != "old page" || ttlOf(t, a) > 0 {
					t.Errorf("Cache-Status %q, body %q", a.Header["Cache-Status"], a.Body)
				}
			}
			wantHits(t, o, 2)
			gate.Open()
			edge.Poll(t, "the page is fresh", func() bool { return e.Get(target).Is(t, "hit", "detail=fresh") })
			if a := e.Get(target); a.Body != "new page" {
				t.Errorf("body %q", a.Body)
			}
			wantHits(t, o, 2)
		})
	}
}
