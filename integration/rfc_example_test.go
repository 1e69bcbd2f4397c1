package integration

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// startRFC9111 runs examples/rfc9111/Caddyfile in front of o: its site, as its
// global options are what the edge of the tests has anyway.
func startRFC9111(t *testing.T, o *edge.Origin) *edge.Edge {
	t.Helper()
	raw, err := os.ReadFile("../examples/rfc9111/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	const site, origin = "http://:{$EDGE_PORT:8080} {", "{$ORIGIN_ADDR:127.0.0.1:8000}"
	global, text, found := strings.Cut(string(raw), site)
	if !found || strings.Count(text, origin) != 1 || strings.Contains(global, "page_cache") {
		t.Fatalf("the example has changed:\n%s", raw)
	}
	return edge.Start(t, "EDGE {"+strings.Replace(text, origin, o.Addr, 1))
}

// exampleCase is an answer of the origin's and two requests for it: whether the
// second is answered from the store.
type exampleCase struct {
	status        string
	said          []string
	first, second []string
	hit           bool
}

// TestRFC9111Example: what the example of a transparent cache promises.
func TestRFC9111Example(t *testing.T) {
	// RFC 9111: 3.5-1, 3-6, 3-7
	const lasting, old = "Cache-Control: max-age=600", "Last-Modified: " + modified
	ann, bob := []string{"Authorization: Basic YW5uOg=="}, []string{"Authorization: Basic Ym9iOg=="}
	for name, c := range map[string]exampleCase{
		"503 with a lifetime":          {"503 Service Unavailable", []string{lasting}, nil, nil, true},
		"503 without one":              {"503 Service Unavailable", nil, nil, nil, false},
		"404 with a lifetime":          {"404 Not Found", []string{lasting}, nil, nil, true},
		"302 with a lifetime":          {"302 Found", []string{lasting, "Location: /elsewhere"}, nil, nil, true},
		"200 without a lifetime":       {"200 OK", nil, nil, nil, false},
		"200 with Last-Modified":       {"200 OK", []string{old}, nil, nil, true},
		"302 with Last-Modified":       {"302 Found", []string{old, "Location: /elsewhere"}, nil, nil, false},
		"302 public and Last-Modified": {"302 Found", []string{old, "Cache-Control: public", "Location: /elsewhere"}, nil, nil, true},
		"max-age beats Last-Modified":  {"200 OK", []string{old, "Cache-Control: max-age=0"}, nil, nil, false},
		"no-cache of the client":       {"200 OK", []string{lasting}, nil, []string{"Cache-Control: no-cache"}, false},
		"max-age=0 of the client":      {"200 OK", []string{lasting}, nil, []string{"Cache-Control: max-age=0"}, false},
		"Pragma of the client":         {"200 OK", []string{lasting}, nil, []string{"Pragma: no-cache"}, false},
		"no-store of the client":       {"200 OK", []string{lasting}, []string{"Cache-Control: no-store"}, nil, false},
		"cookies":                      {"200 OK", []string{lasting}, []string{"Cookie: a=b"}, []string{"Cookie: sessionid=A"}, true},
		"Authorization":                {"200 OK", []string{lasting}, ann, ann, false},
		"Authorization and nobody":     {"200 OK", []string{lasting}, ann, nil, false},
		"Authorization, public":        {"200 OK", []string{lasting + ", public"}, ann, nil, true},
		"Authorization, public, other": {"200 OK", []string{lasting + ", public"}, ann, bob, true},
		"Authorization, s-maxage":      {"200 OK", []string{"Cache-Control: s-maxage=600"}, ann, bob, true},
		"Authorization, revalidated":   {"200 OK", []string{lasting + ", must-revalidate"}, ann, bob, true},
		"nobody, then Authorization":   {"200 OK", []string{lasting + ", public"}, nil, bob, true},
		"Set-Cookie":                   {"200 OK", []string{lasting + ", public", "Set-Cookie: a=b"}, nil, nil, false},
		"private":                      {"200 OK", []string{lasting + ", private"}, nil, nil, false},
		"Vary: Authorization":          {"200 OK", []string{lasting + ", public", "Vary: Authorization"}, ann, bob, false},
	} {
		t.Run(name, func(t *testing.T) { c.run(t) })
	}
}

func (c exampleCase) run(t *testing.T) {
	t.Helper()
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, c.status, fmt.Sprintf("answer %d", a.N), append(c.said, "X-Request-Id: 7", "Server-Timing: db")...)
		return true
	})
	e := startRFC9111(t, o)
	target := newPage()
	first, second := e.Get(target, c.first...), e.Get(target, c.second...)
	if second.Is(t, "hit") != c.hit || o.Hits() != map[bool]int{true: 1, false: 2}[c.hit] {
		t.Errorf("first %q, second %q, %d requests at the origin", first.Header["Cache-Status"], second.Header["Cache-Status"], o.Hits())
	}
	if !strings.HasPrefix(c.status, fmt.Sprint(second.Status)) {
		t.Errorf("status %d, want %s", second.Status, c.status)
	}
	if c.hit {
		wantFields(t, second, map[string]string{"X-Request-Id": "7", "Server-Timing": "db", "Set-Cookie": ""})
	}
}

// TestRFC9111ExampleHeuristic: without a lifetime a page is fresh for a tenth of the
// time that it has been unchanged, a day at most.
func TestRFC9111ExampleHeuristic(t *testing.T) {
	// RFC 9111: 4.2.2-1
	for said, most := range map[string]int64{
		"Last-Modified: " + modified: 86400, "Last-Modified: " + httpTime(-10*time.Hour): 3600,
		"Last-Modified: " + httpTime(-10*time.Hour) + "\r\nCache-Control: max-age=60": 60,
	} {
		o := edge.NewOrigin(t, answering(said))
		e := startRFC9111(t, o)
		a := wantCached(t, e, o, newPage())
		if ttl := ttlOf(t, a); ttl > most || ttl < most-60 {
			t.Errorf("%q: ttl %d, want %d", said, ttl, most)
		}
	}
	o := edge.NewOrigin(t, answering("Last-Modified: "+httpTime(time.Hour)))
	e := startRFC9111(t, o)
	target := newPage()
	for range 2 {
		if a := e.Get(target); a.Is(t, "hit") {
			t.Errorf("modified in the future: Cache-Status %q", a.Header["Cache-Status"])
		}
	}
}

// TestRFC9111ExampleCodings: what the origin encodes is stored as it is, for those who
// take it.
func TestRFC9111ExampleCodings(t *testing.T) {
	var coded bytes.Buffer
	z := gzip.NewWriter(&coded)
	io.WriteString(z, wholePage)
	z.Close()
	for _, vary := range []string{"Vary: Accept-Encoding", "X-None: 1"} {
		o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
			if strings.Contains(a.Header.Get("Accept-Encoding"), "gzip") && !strings.Contains(a.Header.Get("Accept-Encoding"), "gzip;q=0") {
				return sends(coded.String(), "Content-Encoding: gzip", "Cache-Control: max-age=600", vary, `ETag: "gz"`)(conn, a)
			}
			return sends(wholePage, "Cache-Control: max-age=600", vary, `ETag: "plain"`)(conn, a)
		})
		e := startRFC9111(t, o)
		target := newPage()
		e.Get(target, "Accept-Encoding: gzip")
		hit := e.Get(target, "Accept-Encoding: gzip")
		hit.Want(t, "hit")
		wantFields(t, hit, map[string]string{"Content-Encoding": "gzip", "Etag": `"gz"`})
		if hit.Body != coded.String() {
			t.Errorf("%s: %d bytes of %d", vary, len(hit.Body), coded.Len())
		}
		for _, refusal := range []string{"gzip;q=0", "identity", "br"} {
			if a := e.Get(target, "Accept-Encoding: "+refusal); a.Body != wholePage || a.Header["Content-Encoding"] != nil {
				t.Errorf("%s, %s: %d bytes of coding %q, Cache-Status %q", vary, refusal, len(a.Body), a.Header["Content-Encoding"], a.Header["Cache-Status"])
			} else if vary == "X-None: 1" {
				a.Want(t, "fwd=bypass", "detail=content-encoding")
			}
		}
		if a := e.Get(target, "Accept-Encoding: gzip"); !a.Is(t, "hit") || a.Body != coded.String() {
			t.Errorf("%s: Cache-Status %q", vary, a.Header["Cache-Status"])
		}
	}
}

// TestRFC9111ExamplePassesRequests: what a request says reaches the origin on a fill,
// but for cookies and what is the edge's own.
func TestRFC9111ExamplePassesRequests(t *testing.T) {
	o := edge.NewOrigin(t, answering("Cache-Control: max-age=600"))
	e := startRFC9111(t, o)
	e.Get(newPage(), "User-Agent: cow", "X-Odd: 1", "Accept-Language: de", "Cookie: a=b").Want(t, "fwd=uri-miss", "stored")
	asked := o.Last().Header
	if asked.Get("User-Agent") != "cow" || asked.Get("X-Odd") != "1" || asked.Get("Accept-Language") != "de" || asked["Cookie"] != nil {
		t.Errorf("the origin was asked with %v", asked)
	}
	page := newPage()
	e.Get(page)
	before := o.Hits()
	e.Get(page, "Cache-Control: no-cache").Want(t, "fwd=request", "stored")
	if o.Hits() != before+1 {
		t.Errorf("%d requests at the origin", o.Hits()-before)
	}
	if a := e.Get(newPage(), "Cache-Control: only-if-cached"); a.Status != 504 {
		t.Errorf("only-if-cached: status %d", a.Status)
	}
}
