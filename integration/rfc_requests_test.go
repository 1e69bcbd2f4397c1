package integration

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// reloads are what a browser says to get a new page.
var reloads = [][]string{
	{"Cache-Control: no-cache"},
	{"Cache-Control: no-store"},
	{"Cache-Control: max-age=0"},
	{"Pragma: no-cache"},
	{"Cache-Control: no-cache, no-store, max-age=0, must-revalidate", "Pragma: no-cache"},
	{"cache-control: NO-CACHE"},
	{"Cache-Control: min-fresh=999999"},
	{"Cache-Control: max-age=99999999999999999999, no-cache"},
}

// TestS30_ReloadsCostNothing: no client can make the origin work by asking for a
// new page, as often as he likes.
func TestS30_ReloadsCostNothing(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, shopSite(o, "1h"))
	target := newPage()
	page := wantCached(t, e, o, target)
	for _, lines := range reloads {
		inParallel(100, 16, func(int) {
			if a := e.Get(target, lines...); !a.Is(t, "hit", "detail=fresh") || a.Body != page.Body {
				t.Errorf("%q: Cache-Status %q", lines, a.Header["Cache-Status"])
			}
		})
	}
	wantHits(t, o, 1)
	cold := newPage()
	e.Get(cold, "Cache-Control: no-store").Want(t, "fwd=uri-miss", "stored")
	e.Get(cold, "Cache-Control: no-cache").Want(t, "hit")
	wantHits(t, o, 2)
}

// TestS30_ReloadsThatAreRespected: with the option they are obeyed, each.
func TestS30_ReloadsThatAreRespected(t *testing.T) {
	// RFC 9111: 5.2.1.5-1
	o := edge.NewOrigin(t, answering("X-Version: 1"))
	e := edge.Start(t, shopSite(o, "1h", "respect_request_cache_control"))
	target := newPage()
	wantCached(t, e, o, target)
	for _, lines := range reloads {
		for range 3 {
			before := o.Hits()
			a := e.Get(target, lines...)
			a.Want(t, "fwd=request", "detail=request-directive")
			noStore := strings.Contains(lines[0], "no-store")
			if o.Hits() != before+1 || a.Is(t, "stored") == noStore {
				t.Errorf("%q: %d requests at the origin, Cache-Status %q", lines, o.Hits()-before, a.Header["Cache-Status"])
			}
		}
	}
	for _, lines := range [][]string{
		{"Cache-Control: max-age=3000"},
		{"Cache-Control: min-fresh=10"},
		{"Cache-Control: max-stale"},
		{"Cache-Control: public", "Pragma: no-cache"},
		{"Pragma: cow"},
		{"Cache-Control: only-if-cached"},
	} {
		if a := e.Get(target, lines...); !a.Is(t, "hit") {
			t.Errorf("%q: Cache-Status %q", lines, a.Header["Cache-Status"])
		}
	}
	cold := newPage()
	for range 2 {
		a := e.Get(cold, "Cache-Control: no-store")
		a.Want(t, "fwd=request", "detail=request-directive")
		if a.Is(t, "stored") {
			t.Errorf("Cache-Status %q", a.Header["Cache-Status"])
		}
	}
	wantCached(t, e, o, cold)
}

// conditions are a visitor's about a copy of his own.
var conditions = [][]string{
	{`If-None-Match: "x"`},
	{`If-None-Match: W/"x", "y"`},
	{`If-None-Match: *`},
	{`If-None-Match: "real"`},
	{`If-None-Match: cow`},
	{"If-Modified-Since: Wed, 01 Jan 2031 00:00:00 GMT"},
	{"If-Modified-Since: Wed, 01 Jan 1990 00:00:00 GMT"},
	{"If-Modified-Since: cow"},
	{`If-Match: "x"`},
	{"If-Match: *"},
	{"If-Unmodified-Since: Wed, 01 Jan 1990 00:00:00 GMT"},
	{`If-Range: "x"`, "Range: bytes=0-0"},
	{`If-Range: "real"`, "Range: bytes=0-0"},
	{"Range: bytes=5-"},
	{`If-None-Match: "real"`, "If-Modified-Since: Wed, 01 Jan 1990 00:00:00 GMT", "Range: bytes=0-0", `If-Range: "real"`, `If-Match: "real"`},
}

// TestS31_ConditionsOnAColdPage: no fill carries a visitor's condition, so the whole
// page is stored whatever he has; his own answer is the right one for him.
func TestS31_ConditionsOnAColdPage(t *testing.T) {
	for _, option := range []string{"", "forward *", "respect_request_cache_control", "codings pass"} {
		o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
			edge.Reply(conn, "200 OK", edge.EchoBody(a), `ETag: "real"`, "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT")
			return true
		})
		options := []string{}
		if option != "" {
			options = append(options, option)
		}
		e := shop(t, o, options...)
		for _, lines := range conditions {
			target := newPage()
			a := e.Get(target, lines...)
			a.Want(t, "fwd=uri-miss", "fwd-status=200", "stored")
			clean := e.Get(target)
			clean.Want(t, "hit")
			wantClean(t, clean, "If-", "Range: bytes")
			if got := o.Hits(target); got != 1 {
				t.Errorf("%q: %d requests at the origin", lines, got)
			}
			if again := e.Get(target, lines...); again.Status != a.Status || again.Body != a.Body || !again.Is(t, "hit") {
				t.Errorf("%q: cold %d with %d bytes, stored %d with %d bytes", lines, a.Status, len(a.Body), again.Status, len(again.Body))
			}
		}
	}
}

// TestS31_AnswersToConditions: what each condition gets, cold and stored.
func TestS31_AnswersToConditions(t *testing.T) {
	// RFC 9111: 4.3.2-1
	o := edge.NewOrigin(t, answering(`ETag: "real"`, "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT"))
	e := shop(t, o)
	want := []int{200, 200, 304, 304, 200, 304, 200, 200, 412, 200, 412, 200, 206, 206, 304}
	for i, lines := range conditions {
		target := newPage()
		for _, method := range []string{"GET", "GET", "HEAD"} {
			status := want[i]
			if method == "HEAD" && status == 206 {
				status = 200
			}
			a := e.Do(method, target, lines...)
			if a.Status != status || (status == 304 || status == 412) && a.Body != "" {
				t.Errorf("%s with %q: status %d with %d bytes, want %d", method, lines, a.Status, len(a.Body), status)
			}
			if status == 304 {
				wantFields(t, a, map[string]string{"Etag": `"real"`, "Content-Type": ""})
			}
		}
	}
	wantHits(t, o, len(conditions))
}

// TestS31_CrowdWithConditions: visitors with conditions of all kinds at a cold page
// cost the origin one request without any.
func TestS31_CrowdWithConditions(t *testing.T) {
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		gate.Pass()
		edge.Reply(conn, "200 OK", edge.EchoBody(a), `ETag: "real"`, "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT")
		return true
	})
	e := shop(t, o)
	target := newPage()
	n := 3 * len(conditions)
	wait := edge.Crowd(n, func(i int) *edge.Answer { return e.Get(target, conditions[i%len(conditions)]...) })
	edge.WaitFor(t, n)
	gate.Open()
	statuses := map[int]int{}
	for _, a := range wait() {
		statuses[a.Status]++
	}
	if got := fmt.Sprint(statuses); got != "map[200:21 206:6 304:12 412:6]" {
		t.Errorf("statuses %s", got)
	}
	wantHits(t, o, 1)
	if got := o.Last().Header; got["If-None-Match"] != nil || got["If-Match"] != nil || got["Range"] != nil {
		t.Errorf("the fill carries %v", got)
	}
}
