package integration

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS61_BytesBehindAnUpgrade: where the origin does not switch protocols, what a client
// sends behind its request is another request to the edge, which the edge's own rules are
// for, and nothing that it passes on.
func TestS61_BytesBehindAnUpgrade(t *testing.T) {
	const guarded = "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"
	for _, status := range []string{"200 OK", "400 Bad Request", "426 Upgrade Required", "304 Not Modified"} {
		for _, upgrade := range []string{"Upgrade: x", "Upgrade: x\r\nConnection: Upgrade", "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"} {
			o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
				body := edge.EchoBody(a)
				if strings.HasPrefix(status, "304") {
					io.WriteString(conn, "HTTP/1.1 304 Not Modified\r\n\r\n")
					return true
				}
				edge.Reply(conn, status, body, "Cache-Control: public, max-age=60")
				return true
			})
			e := edge.Start(t, "EDGE {\n respond /smuggled no 403\n page_cache 15s\n reverse_proxy "+o.Addr+"\n}\n")
			target := newPage()
			answers := pipelined(t, e.Addr, "GET", "GET "+target+" HTTP/1.1\r\nHost: shop.test\r\n"+upgrade+"\r\n\r\n"+guarded)
			if len(answers) != 2 || !strings.HasPrefix(status, fmt.Sprint(answers[0].Status)) || answers[1].Status != http.StatusForbidden {
				t.Errorf("%s, %q: %d answers: %+v", status, upgrade, len(answers), answers)
			}
			if n := o.Hits(); n != 1 || o.Hits("/smuggled") != 0 {
				t.Errorf("%s, %q: %d requests at the origin", status, upgrade, n)
			}
			o.Script(edge.Echo)
			wantClean(t, wantCached(t, e, o, target), "smuggled", "Upgrade")
		}
	}
}

// a reply is a response that an origin was made to send, or sends by mistake, byte by byte.
type reply struct {
	name, bytes string
	fate        string // what becomes of it: refused, forwarded or stored
}

// replies are answers of which one field holds what a visitor wrote, or whose framing has
// two readings.
func replies() []reply {
	const ok, end = "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\n", "Content-Length: 4\r\n\r\npage"
	const second = "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nContent-Length: 4\r\n\r\nevil"
	return []reply{
		{"a line of its own", ok + "X-Echo: a\r\nSet-Cookie: sid=evil\r\n" + end, "forwarded"},
		{"a line by a line feed", ok + "X-Echo: a\nSet-Cookie: sid=evil\r\n" + end, "forwarded"},
		{"a line by a carriage return", ok + "X-Echo: a\rSet-Cookie: sid=evil\r\n" + end, "refused"},
		{"a folded line", ok + "X-Echo: a\r\n Set-Cookie: sid=evil\r\n" + end, "stored"},
		{"no-store in a line of its own", ok + "X-Echo: a\r\nCache-Control: no-store\r\n" + end, "forwarded"},
		{"NUL in a value", ok + "X-Echo: a\x00evil\r\n" + end, "refused"},
		{"NUL in a name", ok + "X-Echo\x00: evil\r\n" + end, "refused"},
		{"a blank in a name", ok + "X Echo: evil\r\n" + end, "stored"}, // without that line
		{"a cookie with a blank before the colon", ok + "Set-Cookie : sid=evil\r\n" + end, "forwarded"},
		{"private with a blank before the colon", "HTTP/1.1 200 OK\r\nCache-Control : private\r\n" + end, "forwarded"},
		{"no-store in small letters with two", ok + "cache-control  : no-store\r\n" + end, "forwarded"},
		{"no colon", ok + "evil\r\n" + end, "refused"},
		{"no name", ok + ": evil\r\n" + end, "refused"},
		{"line feeds alone", strings.ReplaceAll(ok+end, "\r\n", "\n"), "stored"},
		{"two lengths", ok + "Content-Length: 5\r\n" + end, "refused"},
		{"two lengths, the first 0", ok + "Content-Length: 0\r\n" + end, "refused"},
		{"the same length twice", ok + "Content-Length: 4\r\n" + end, "stored"},
		{"a list of lengths", ok + "Content-Length: 4, 5\r\n\r\npage", "refused"},
		{"a negative length", ok + "Content-Length: -4\r\n\r\npage", "refused"},
		{"a length with a sign", ok + "Content-Length: +4\r\n\r\npage", "refused"},
		{"a length of 2^64", ok + "Content-Length: 18446744073709551620\r\n\r\npage", "refused"},
		{"a length and chunks", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n", "stored"},
		{"an odd coding", ok + "Transfer-Encoding: xchunked\r\n" + end, "refused"},
		{"two codings", ok + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n", "refused"},
		{"a second answer", ok + "X-Echo: a\r\nContent-Length: 4\r\n\r\npage" + second, "stored"},
		{"a second answer behind none", ok + "X-Echo: a\r\nContent-Length: 0\r\n\r\n" + second, "stored"},
		{"a second answer behind chunks", ok + "Transfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n" + second, "stored"},
		{"a second answer in a field", ok + "X-Echo: a\r\n\r\n" + second + "\r\n" + end, "forwarded"},
	}
}

// TestS63_SplitAnswers: an origin that writes what a visitor sent into a field, as it is,
// or frames its answer in two ways, is not believed: its answer is refused, or taken for
// one answer that is that request's alone; nothing of it is stored in two parts.
func TestS63_SplitAnswers(t *testing.T) {
	for _, r := range replies() {
		t.Run(r.name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := shop(t, o, "hit_for_miss 0")
			wantCached(t, e, o, newPage()) // a connection to the origin is open
			o.Script(func(conn io.Writer, _ edge.Asked) bool {
				io.WriteString(conn, r.bytes)
				return !strings.Contains(r.bytes, "X-Echo: a\r\n\r\n") // there the end is that of the connection
			})
			target := newPage() + "&q=a%0d%0aSet-Cookie:%20sid=evil"
			first, second := e.Get(target), e.Get(target)
			if refused := first.Status == http.StatusBadGateway; refused != (r.fate == "refused") || second.Is(t, "hit") != (r.fate == "stored") {
				t.Errorf("%d, %q, and then %q; want it %s", first.Status, first.Header["Cache-Status"], second.Header["Cache-Status"], r.fate)
			}
			if second.Is(t, "hit") && (second.Header["Set-Cookie"] != nil || second.Has("evil") && !strings.Contains(second.Header.Get("X-Echo"), "evil") || !slices.Contains([]string{"", "page"}, second.Body)) {
				t.Errorf("stored is %v\n%s", second.Header, second.Body)
			}
			o.Script(edge.Echo)
			for range 3 { // whoever is next on that connection
				page := newPage()
				if a := wantCached(t, e, o, page); echoed(a, "target") != page || a.Has("evil") {
					t.Errorf("the next page is\n%s", a.Body)
				}
			}
			if a := e.Get(target); r.fate != "stored" && (a.Header["Set-Cookie"] != nil || a.Status != http.StatusOK || !a.Whole()) {
				t.Errorf("the same page is %d, %v\n%s", a.Status, a.Header, a.Body)
			}
		})
	}
}
