package integration

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// nonsense returns 100 values of Accept-Encoding that no client sends, the same in
// each run.
func nonsense() []string {
	const alphabet = `gzipbrdeflate*;=,q0.19 -/"\()<>@[]{}?`
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]string, 100)
	for i := range all {
		value := make([]byte, 1+random.IntN(60))
		for j := range value {
			value[j] = alphabet[random.IntN(len(alphabet))]
		}
		all[i] = string(value)
	}
	return all
}

// TestS29_NonsenseCodingsCostNothing: what nobody can read as a list of codings does
// not make the origin work, nor a page of its own.
func TestS29_NonsenseCodingsCostNothing(t *testing.T) {
	for name, options := range map[string][]string{"plain": nil, "codings pass": {"codings pass"}} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := shop(t, o, options...)
			target := newPage()
			page := wantCached(t, e, o, target)
			hits, stored := o.Hits(), entries(t)
			for _, value := range nonsense() {
				if a := e.Get(target, "Accept-Encoding: "+value); a.Status != http.StatusOK || a.Header["Content-Encoding"] != nil || !a.Whole() {
					t.Errorf("%q: status %d, %v", value, a.Status, a.Header)
				}
			}
			// Some may happen to say identity;q=0.
			if n := o.Hits() - hits; n > 3 {
				t.Errorf("%d requests at the origin", n)
			}
			if n := entries(t); n != stored {
				t.Errorf("%d more responses are stored", n-stored)
			}
			wantHit(t, e, o, page, target)
		})
	}
}

// TestS34_UpgradesBypass: who asks to switch protocols is forwarded, whether a page is
// stored or not, and what he gets is nobody else's.
func TestS34_UpgradesBypass(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	warm := newPage()
	page := wantCached(t, e, o, warm)
	for _, lines := range [][]string{
		{"Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"},
		{"Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"},
		{"Upgrade: x"},
		{"Upgrade:"},
		{"upgrade: TLS/1.3, h2c"},
	} {
		nominated := []string{"Upgrade"}
		for _, line := range lines {
			if name, _, _ := strings.Cut(line, ":"); strings.HasPrefix(name, "HTTP2") {
				nominated = append(nominated, name)
			}
		}
		for _, connection := range [][]string{nil, {"Connection: " + strings.Join(nominated, ", ")}} {
			cold := newPage()
			for _, target := range []string{warm, cold} {
				a := wantBypass(t, e, o, "upgrade", append([]string{target}, append(lines, connection...)...)...)
				if a.Status != http.StatusOK || connection != nil && o.Last().Header["Http2-Settings"] != nil {
					t.Errorf("%q: status %d; the origin saw %v", lines, a.Status, o.Last().Header)
				}
			}
			wantClean(t, wantCached(t, e, o, cold), "Sec-WebSocket", "websocket", "AAMAAABk")
		}
	}
	wantHit(t, e, o, page, warm)
}

// TestS34_FieldsOfOneHop: TE and Trailer are between the visitor and the edge, and
// change nothing; a fill has neither.
func TestS34_FieldsOfOneHop(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	warm := newPage()
	page := wantCached(t, e, o, warm)
	for _, line := range []string{
		"TE: trailers", "TE: trailers, deflate;q=0.5", "TE: nonsense", "TE:",
		"Trailer: X-Sum", "Trailer: Content-Length", "Trailer:", "Expect: 100-continue", "Expect: 100-continue, x",
	} {
		before, target := o.Hits(), newPage()
		a := e.Get(target, line)
		a.Want(t, "fwd=uri-miss", "stored")
		if h := o.Last().Header; h["Te"] != nil || h["Trailer"] != nil || h["Expect"] != nil {
			t.Errorf("%q: the origin saw %v", line, h)
		}
		if b := e.Get(target, line); !b.Is(t, "hit") || b.Body != a.Body || e.Get(target).Body != a.Body || o.Hits() != before+1 {
			t.Errorf("%q: %d requests at the origin, %q", line, o.Hits()-before, b.Header["Cache-Status"])
		}
		if b := e.Get(warm, line); b.Body != page.Body {
			t.Errorf("%q: not the stored page, %q", line, b.Header["Cache-Status"])
		}
	}
}

// TestS34_Expectations: one that nobody can meet is refused and leaves nothing behind,
// whoever refuses it; who waits for leave to send his content gets it.
func TestS34_Expectations(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	for _, line := range []string{"Expect: x", "Expect: 200-ok"} {
		if a := e.Get(target, line); a.Status != http.StatusExpectationFailed || o.Hits() != 0 {
			t.Errorf("%q: status %d, %d requests at the origin", line, a.Status, o.Hits())
		}
	}
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "417 Expectation Failed", edge.EchoBody(a), "Cache-Control: max-age=60")
		return true
	})
	for range 2 {
		if a := e.Get(target); a.Status != http.StatusExpectationFailed || a.Is(t, "stored") || a.Is(t, "hit") {
			t.Errorf("417 of the origin's: status %d, %q", a.Status, a.Header["Cache-Status"])
		}
	}
	o.Script(edge.Echo)
	for _, method := range []string{"POST", "GET"} {
		target := newPage()
		if body := sendsWhenToldTo(t, e, method, target); !strings.Contains(body, "body=content\n") {
			t.Errorf("%s: the origin echoes %q", method, body)
		}
		wantClean(t, wantCached(t, e, o, target), "content\n")
	}
}

// sendsWhenToldTo sends a request whose content waits for 100 Continue, and returns the
// answer's body.
func sendsWhenToldTo(t *testing.T, e *edge.Edge, method, target string) string {
	t.Helper()
	conn, err := net.Dial("tcp", e.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, edge.Request(method, target, "Expect: 100-continue", "Content-Length: 7"))
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%s: %q, %v, want 100 Continue", method, line, err)
	}
	if line, err = in.ReadString('\n'); err != nil || strings.TrimSpace(line) != "" {
		t.Fatalf("%s: %q, %v behind 100 Continue", method, line, err)
	}
	io.WriteString(conn, "content")
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
