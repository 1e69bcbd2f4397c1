package integration

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// trips answers with an error page that is as personal as the request: it echoes it,
// and sets a cookie.
func trips(conn io.Writer, a edge.Asked) bool {
	edge.Reply(conn, "500 Internal Server Error", edge.EchoBody(a), sid(a.N))
	return true
}

// TestS15_PersonalErrorIsNobodyElses: what breaks for a visitor with a session breaks
// for him alone. The next one has the page, stale if need be, or an error of his own.
func TestS15_PersonalErrorIsNobodyElses(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, shopSite(o, "1s", "stale_if_error 1h"))
	warm := turnsStale(t, e, o, sends("page"), trips)
	for _, target := range []string{warm, newPage()} {
		for _, visitor := range []string{"A", "C"} {
			a := wantBypass(t, e, o, "cookie", target, cookie(visitor))
			if a.Status != http.StatusInternalServerError || !a.Has("canary-"+visitor) {
				t.Errorf("%s is to get his own error, and got %d\n%s", visitor, a.Status, a.Body)
			}
		}
		hits := o.Hits()
		b := e.Get(target) // nobody's canary: edge/oracle.go looks
		if target == warm {
			b.Want(t, "detail=stale-if-error")
			if b.Status != http.StatusOK || b.Body != "page" || b.Header["Set-Cookie"] != nil {
				t.Errorf("B got %d %v %q, want the stale page", b.Status, b.Header, b.Body)
			}
			continue
		}
		if b.Status != http.StatusInternalServerError || o.Hits() != hits+1 || echoed(b, "n") != fmt.Sprint(o.Hits()) {
			t.Errorf("B got %d of request %s, want an error of his own, %d", b.Status, echoed(b, "n"), o.Hits())
		}
	}
}

// TestS15_ErrorOfALeaderIsHisOwn: nor is the error of the visitor whose fill many wait
// for theirs, whoever he is: each has his own, or the stale page.
func TestS15_ErrorOfALeaderIsHisOwn(t *testing.T) {
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, shopSite(o, "1s", "stale_if_error 1h"))
	warm := turnsStale(t, e, o, sends("page"), trips)
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		gate.Pass()
		return trips(conn, a)
	})
	hits, cold := o.Hits(), newPage()
	wait := edge.Crowd(crowd, func(int) *edge.Answer { return e.Get(cold) })
	edge.WaitFor(t, crowd)
	gate.Open()
	requests, cookies := map[string]bool{}, map[string]bool{}
	for _, a := range wait() {
		if a.Status != http.StatusInternalServerError || a.Is(t, "stored") || len(a.Header["Set-Cookie"]) != 1 {
			t.Errorf("status %d, %q, cookies %q", a.Status, a.Header["Cache-Status"], a.Header["Set-Cookie"])
			continue
		}
		requests[echoed(a, "n")], cookies[a.Header["Set-Cookie"][0]] = true, true
	}
	if len(requests) != crowd || len(cookies) != crowd || o.Hits() != hits+crowd {
		t.Errorf("%d visitors share %d errors and %d cookies, of %d requests", crowd, len(requests), len(cookies), o.Hits()-hits)
	}
	for _, a := range edge.Crowd(crowd, func(int) *edge.Answer { return e.Get(warm) })() {
		if a.Status != http.StatusOK || a.Body != "page" || a.Header["Set-Cookie"] != nil {
			t.Errorf("status %d, %q, cookies %q, want the stale page", a.Status, a.Body, a.Header["Set-Cookie"])
		}
	}
}

// TestS58_UnavailableForAWhile: 503 is never stored and no copy of the page lost by
// it. Who has a stale page is served as ever, and the rest is told when to come again.
// Recovery is not held up by what was.
func TestS58_UnavailableForAWhile(t *testing.T) {
	const ttl, spared = time.Second, time.Second // spared: how long a failing origin may be left alone
	for name, options := range map[string][]string{"stale pages may stand in": {"stale_if_error 1h"}, "none may": {}} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, shopSite(o, "1s", options...))
			warm, cold := turnsStale(t, e, o, sends("old page"), fails), newPage()
			stored := entries(t)
			for range 20 {
				a := e.Get(warm)
				if ok := a.Status == http.StatusOK && a.Body == "old page"; ok != (len(options) > 0) || !ok && a.Status != http.StatusServiceUnavailable {
					t.Errorf("a page that was stored: status %d, body %q", a.Status, a.Body)
				}
				a = e.Get(cold)
				a.Want(t, "fwd=uri-miss", "fwd-status=503", "detail=origin-error")
				if a.Status != http.StatusServiceUnavailable || a.Body != "sorry" || a.Header.Get("Retry-After") != "9" || a.Is(t, "stored") {
					t.Errorf("a new page: status %d, %v, body %q", a.Status, a.Header, a.Body)
				}
			}
			if got := entries(t); got != stored {
				t.Errorf("%d responses are stored, want %d", got, stored)
			}
			if n := o.Hits(cold); n != 20 {
				t.Errorf("%d requests for the new page, want each", n)
			}
			o.Script(sends("new page"))
			recovered := time.Now()
			if a := e.Get(cold); a.Status != http.StatusOK || a.Body != "new page" || !a.Is(t, "stored") {
				t.Errorf("after recovery: status %d, body %q, %q", a.Status, a.Body, a.Header["Cache-Status"])
			}
			edge.Poll(t, "the page is new", func() bool { return e.Get(warm).Body == "new page" })
			took := time.Since(recovered)
			t.Logf("the stored page was new after %v", took)
			if guard := ttl + spared + 5*time.Second; took > guard {
				t.Errorf("that is more than %v", guard)
			}
		})
	}
}
