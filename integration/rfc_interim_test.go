package integration

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// hinting answers with informational answers, waits for the gate, and then with a
// page.
func hinting(gate *edge.Gate) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, a edge.Asked) bool {
		io.WriteString(conn, "HTTP/1.1 102 Processing\r\n\r\n"+
			"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Hint: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n"+
			"HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n")
		gate.Pass()
		edge.Reply(conn, "200 OK", edge.EchoBody(a), "X-Final: 1")
		return true
	}
}

// TestFaultR37_HintsBeforeThePage: what the origin says beforehand reaches the visitor
// whose request made it say so, as it comes and byte by byte, and is no part of the
// page.
func TestFaultR37_HintsBeforeThePage(t *testing.T) {
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, hinting(gate))
	e := shop(t, o)
	target := newPage()
	conn, err := net.Dial("tcp", e.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, edge.Request("GET", target))
	hints := make([]byte, 0, 1<<10)
	for strings.Count(string(hints), "\r\n\r\n") < 3 { // while the origin holds the page back
		var next [1]byte
		if _, err := io.ReadFull(conn, next[:]); err != nil {
			t.Fatalf("%v after %q", err, hints)
		}
		hints = append(hints, next[0])
	}
	want := "HTTP/1.1 102 Processing\r\n\r\n" +
		"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Hint: 1\r\n\r\n" +
		"HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n"
	if strings.ReplaceAll(string(hints), "Server: Caddy\r\n", "") != want {
		t.Errorf("the hints are\n%q, want\n%q", hints, want)
	}
	gate.Open()
	page, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(page), "HTTP/1.1 200 OK\r\n") || strings.Count(string(page), "HTTP/1.1") != 1 {
		t.Errorf("the page is %q, %v", page, err)
	}
	for _, bad := range []string{"Link:", "X-Hint", "X-Hop"} {
		if strings.Contains(string(page), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	edge.Poll(t, "the page is stored", func() bool { return e.Get(target).Is(t, "hit") })
	hit := e.Get(target)
	wantFields(t, hit, map[string]string{"Link": "", "X-Hint": "", "X-Final": "1"})
	if raw := rawAnswer(t, e, edge.Request("GET", target)); !strings.HasPrefix(raw, "HTTP/1.1 200 OK\r\n") {
		t.Errorf("a hit begins with %.60q", raw)
	}
}

// rawAnswer returns all that the edge sends for a request that asks it to close.
func rawAnswer(t *testing.T, e *edge.Edge, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", e.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, request)
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// TestFaultR37_HintsForOneVisitor: those who wait for the same page get the page
// alone; nor does a client of HTTP/1.0, who knows no such answers, get any.
func TestFaultR37_HintsForOneVisitor(t *testing.T) {
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, hinting(gate))
	e := shop(t, o)
	target := newPage()
	raws := make([]string, 5)
	wait := edge.Crowd(len(raws), func(i int) *edge.Answer {
		raws[i] = rawAnswer(t, e, edge.Request("GET", target))
		return nil
	})
	edge.WaitFor(t, len(raws))
	gate.Open()
	wait()
	hinted := 0
	for _, raw := range raws {
		if strings.Contains(raw, "103 Early Hints") {
			hinted++
		}
		if !strings.Contains(raw, "HTTP/1.1 200 OK\r\n") {
			t.Errorf("an answer without a page: %q", raw)
		}
	}
	if hinted != 1 {
		t.Errorf("%d of %d were given hints, want the first alone", hinted, len(raws))
	}
	old := rawAnswer(t, e, "GET "+newPage()+" HTTP/1.0\r\nHost: shop.test\r\n\r\n")
	if !strings.HasPrefix(old, "HTTP/1.0 200 OK\r\n") && !strings.HasPrefix(old, "HTTP/1.1 200 OK\r\n") || strings.Contains(old, " 103 ") {
		t.Errorf("a client of HTTP/1.0 got %q", old)
	}
}

// TestFaultR37_EveryVersion: the same over every version of HTTP over TLS; the origin
// holds the page back until its visitor has all of it.
func TestFaultR37_EveryVersion(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	transports := secureShop(t, o)
	for version, transport := range transports {
		target, gate := newPage(), edge.NewGate(t, 0)
		o.Script(hinting(gate))
		for i, want := range [][]string{{"102 []", "103 [</a.css>; rel=preload]", "103 [</b.css>; rel=preload]"}, nil} {
			var got []string
			response, body := hinted(t, transport, target, func(code int, h textproto.MIMEHeader) {
				if got = append(got, fmt.Sprintf("%d %v", code, h["Link"])); len(got) == len(want) {
					gate.Open()
				}
			})
			if response.StatusCode != http.StatusOK || len(body) == 0 || response.Header["Link"] != nil {
				t.Errorf("%s: status %d, %d bytes, Link %q", version, response.StatusCode, len(body), response.Header["Link"])
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: visitor %d was told %q beforehand, want %q; Cache-Status %q", version, i+1, got, want, response.Header["Cache-Status"])
			}
			edge.Poll(t, "the fill has ended", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
		}
		if n := o.Hits(target); n != 1 {
			t.Errorf("%s: %d requests at the origin", version, n)
		}
	}
}

// hinted is fetch for one who wants to know what he is told beforehand.
func hinted(t *testing.T, transport http.RoundTripper, target string, told func(int, textproto.MIMEHeader)) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		told(code, h)
		return nil
	}}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, "https://shop.test"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: %v after %d bytes", target, err, len(body))
	}
	return response, string(body)
}

// TestFaultR37_NoPageBehind: an origin that says something beforehand, and then nothing,
// has not answered; nor has one that switches protocols unasked. Nothing is stored, and
// nothing hinders the page that comes at last.
func TestFaultR37_NoPageBehind(t *testing.T) {
	const hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
	o := edge.NewOrigin(t, nil)
	transports := secureShop(t, o)
	for name, tt := range map[string]struct {
		answer string
		status int
	}{
		"103":       {hint, http.StatusBadGateway},
		"103, many": {strings.Repeat(hint, 5), http.StatusBadGateway}, // no client of ours takes more
		"102":       {"HTTP/1.1 102 Processing\r\n\r\n", http.StatusBadGateway},
		"100":       {"HTTP/1.1 100 Continue\r\n\r\n", http.StatusBadGateway},
		// reverse_proxy writes nothing then, and the server makes that an empty 200.
		"101":      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nmore", http.StatusOK},
		"103, 101": {hint + "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nmore", http.StatusOK},
	} {
		for version, transport := range transports {
			t.Run(name+" over "+version, func(t *testing.T) {
				o.Script(func(conn io.Writer, _ edge.Asked) bool {
					io.WriteString(conn, tt.answer)
					return false
				})
				target := newPage()
				for range 2 {
					response, body := hinted(t, transport, target, func(int, textproto.MIMEHeader) {})
					if status := response.Header.Get("Cache-Status"); response.StatusCode != tt.status || body != "" || strings.Contains(status, "stored") || strings.Contains(status, "hit;") {
						t.Errorf("status %d, %q, %q", response.StatusCode, status, body)
					}
				}
				o.Script(edge.Echo)
				hits := o.Hits()
				for range 2 {
					if response, body := fetch(t, transport, target, http.Header{}); response.StatusCode != http.StatusOK || echoed(&edge.Answer{Body: body}, "target") != target {
						t.Errorf("then status %d, %q", response.StatusCode, body)
					}
					edge.Poll(t, "the fill has ended", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
				}
				if n := o.Hits() - hits; tt.status != http.StatusOK && n != 1 {
					t.Errorf("then %d requests at the origin", n)
				}
			})
		}
	}
}

// TestFaultR37_Continue: 100 is about content, which a fill has not; the page behind it
// is stored.
func TestFaultR37_Continue(t *testing.T) {
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		return edge.Echo(conn, a)
	})
	for version, transport := range secureShop(t, o) {
		target := newPage()
		response, first := hinted(t, transport, target, func(code int, _ textproto.MIMEHeader) {
			if code != http.StatusContinue {
				t.Errorf("%s: the visitor was told %d", version, code)
			}
		})
		edge.Poll(t, "the fill has ended", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
		again, second := hinted(t, transport, target, func(code int, _ textproto.MIMEHeader) { t.Errorf("%s: a hit begins with %d", version, code) })
		if response.StatusCode != http.StatusOK || again.StatusCode != http.StatusOK || first == "" || first != second || o.Hits(target) != 1 {
			t.Errorf("%s: status %d and %d, %d requests at the origin", version, response.StatusCode, again.StatusCode, o.Hits(target))
		}
	}
}
