package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// An origin of streams sends each event, with a number of its own for each request, when
// the test says so.

// beat is what moves all streams: event by event, the next when everybody has had the
// last.
type beat struct {
	t      *testing.T
	events []chan struct{} // closed when the event may be sent
	sent   []atomic.Int64  // when that was
	had    []atomic.Int32  // how many have had it
	slow   atomic.Int64    // the longest that one took
}

func newBeat(t *testing.T, events int) *beat {
	t.Helper()
	b := &beat{t: t, events: make([]chan struct{}, events), sent: make([]atomic.Int64, events), had: make([]atomic.Int32, events)}
	for i := range b.events {
		b.events[i] = make(chan struct{})
	}
	return b
}

// await is called by the origin before it sends an event; false: the test is over.
func (b *beat) await(event int) bool {
	select {
	case <-b.events[event]:
		return true
	case <-b.t.Context().Done():
		return false
	}
}

// got is called by a visitor who has an event.
func (b *beat) got(event int) {
	took := time.Now().UnixNano() - b.sent[event].Load()
	for old := b.slow.Load(); took > old && !b.slow.CompareAndSwap(old, took); old = b.slow.Load() {
	}
	b.had[event].Add(1)
}

// run sends all events to so many streams, pause apart, and looks at the memory after
// each.
func (b *beat) run(streams int, pause time.Duration, memory *watermark) {
	b.t.Helper()
	for i := range b.events {
		next := time.NewTimer(pause)
		b.sent[i].Store(time.Now().UnixNano())
		close(b.events[i])
		edge.Poll(b.t, fmt.Sprintf("event %d is there", i), func() bool { return int(b.had[i].Load()) == streams || b.t.Failed() })
		if i == 0 || i == len(b.events)-1 {
			memory.look()
		}
		if i == 0 {
			memory.start = memory.highest // all streams are there
			first := time.Duration(b.slow.Load())
			b.t.Logf("the first event took %v at most", first)
			if limit := time.Duration(times(5000, 100)) * time.Millisecond; first > limit {
				b.t.Errorf("that is more than %v", limit)
			}
		}
		<-next.C
	}
	b.t.Logf("an event took %v at most", time.Duration(b.slow.Load()))
}

// stream is one kind of stream: how it is asked for, and what the origin says before the
// first event and around each.
type stream struct {
	accept, head  string
	before, after string // around an event, in the body
	chunked       bool
}

func kinds() map[string]stream {
	const forOne = "Cache-Control: no-store\r\n"
	return map[string]stream{
		"events":                            {accept: "text/event-stream", head: "Content-Type: text/event-stream\r\n", before: "data: ", after: "\n\n", chunked: true},
		"events, unasked":                   {accept: "*/*", head: "Content-Type: text/event-stream\r\n", before: "data: ", after: "\n\n", chunked: true},
		"drip":                              {accept: "*/*", head: forOne, after: "\n", chunked: true},
		"drip, until the connection closes": {accept: "*/*", head: forOne, after: "\n"},
	}
}

// send is the origin's side.
func (s stream) send(b *beat) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, a edge.Asked) bool {
		head := "HTTP/1.1 200 OK\r\nConnection: close\r\n" + s.head
		if s.chunked {
			head += "Transfer-Encoding: chunked\r\n"
		}
		_, err := io.WriteString(conn, head+"\r\n")
		for i := range b.events {
			if err != nil || !b.await(i) {
				return false
			}
			event := fmt.Sprintf("%s%d of %d%s", s.before, i, a.N, s.after)
			if s.chunked {
				event = fmt.Sprintf("%x\r\n%s\r\n", len(event), event)
			}
			_, err = io.WriteString(conn, event)
		}
		if s.chunked {
			io.WriteString(conn, "0\r\n\r\n")
		}
		return false
	}
}

// read is a visitor's: he is to have each event before the next is sent, and those of one
// request of the origin's, which it returns.
func (s stream) read(t *testing.T, b *beat, transport http.RoundTripper, url string) (request string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	r.Host = "shop.test"
	r.Header.Set("Accept", s.accept)
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	if status := response.Header.Get("Cache-Status"); strings.Contains(status, "stored") || strings.Contains(status, "hit;") || strings.Contains(status, "collapsed") {
		t.Errorf("Cache-Status %q", status)
	}
	in := bufio.NewReader(response.Body)
	for i := range b.events {
		var event strings.Builder
		for !strings.HasSuffix(event.String(), s.after) {
			c, err := in.ReadByte()
			if err != nil {
				t.Errorf("event %d: %q, %v", i, event.String(), err)
				return ""
			}
			event.WriteByte(c)
		}
		var number int
		if _, err := fmt.Sscanf(event.String(), s.before+"%d of %s", &number, &request); err != nil || number != i {
			t.Errorf("event %d is %q", i, event.String())
		}
		b.got(i)
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("behind the last event: %q, %v", rest, err)
	}
	return request
}

// Streams on a path that is cached: each visitor has his own, event by event, and the
// edge keeps nothing of what has run through.
func TestFaultR39_Streams(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, withH2C+shopSite(o, "1h"))
	wantCached(t, e, o, newPage())
	before, stored, memory, hits := atRest(t), entries(t), newWatermark(), o.Hits()
	clients, all := protocols(), kinds()
	each := times(24, 200) / len(all) / len(clients) // visitors of one kind over one version
	b := newBeat(t, times(5, 60))
	targets := map[string]string{} // of each kind, for all its visitors
	byTarget := map[string]stream{}
	for name, s := range all {
		targets[name] = newPage()
		byTarget[targets[name]] = s
	}
	o.Script(func(conn io.Writer, a edge.Asked) bool { return byTarget[a.Target].send(b)(conn, a) })
	requests := make([]string, each*len(all)*len(clients))
	var waits []func() []*edge.Answer
	for name, s := range all {
		for _, transport := range clients {
			mine := requests[len(waits)*each:]
			waits = append(waits, edge.Crowd(each, func(i int) *edge.Answer {
				mine[i] = s.read(t, b, transport, "http://"+e.Addr+targets[name])
				return nil
			}))
		}
	}
	edge.Poll(t, "all are at the origin", func() bool { return o.Hits()-hits == len(requests) })
	b.run(len(requests), time.Duration(times(0, 1000))*time.Millisecond, memory)
	for _, wait := range waits {
		wait()
	}
	for _, transport := range clients {
		transport.CloseIdleConnections()
	}
	before.settles(t)
	memory.wantBelow(t, 5<<20)
	wantAllDifferent(t, requests)
	if n := entries(t); n != stored || o.Hits()-hits != len(requests) {
		t.Errorf("%d responses are stored, want %d; %d requests for %d visitors", n, stored, o.Hits()-hits, len(requests))
	}
}

func wantAllDifferent(t *testing.T, values []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, v := range values {
		seen[v] = true
	}
	if len(seen) != len(values) {
		t.Errorf("%d of %d are different", len(seen), len(values))
	}
}

// Long polls: the origin answers each when there is news, and says that the answer is for
// one. They wait at the origin together, not behind each other, once the edge knows.
func TestFaultR39_LongPoll(t *testing.T) {
	const rounds = 3
	for version, transport := range protocols() {
		t.Run(version, func(t *testing.T) {
			o := edge.NewOrigin(t, answering("Cache-Control: no-store"))
			e := edge.Start(t, withH2C+shopSite(o, "1h"))
			target, visitors := newPage(), times(20, 200)
			e.Get(target).Want(t, "detail=no-store")
			before := atRest(t)
			for range rounds {
				news := edge.NewGate(t, 0)
				o.Script(func(conn io.Writer, a edge.Asked) bool {
					news.Pass()
					edge.Reply(conn, "200 OK", edge.EchoBody(a), "Cache-Control: no-store", "Connection: close")
					return false
				})
				hits := o.Hits()
				wait := edge.Crowd(visitors, func(int) *edge.Answer { return visit(t.Context(), transport, e, target) })
				edge.Poll(t, "all wait at the origin", func() bool { return o.Hits()-hits == visitors })
				news.Open()
				answers := wait()
				wantDistinct(t, answers)
				for _, a := range answers {
					if a.Is(t, "stored") || a.Is(t, "hit") || a.Is(t, "collapsed") {
						t.Errorf("%q", a.Header["Cache-Status"])
					}
				}
			}
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

// A page that may be stored and comes in pieces is one for all while it comes: who asks
// late has at once what is there, and nobody waits for its end.
func TestFaultR39_DripForAll(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	wantCached(t, e, o, newPage())
	before, d, target := atRest(t), drips(o), newPage()
	readers := make([]*http.Response, 0, 3)
	var whole string
	for i := range cap(readers) {
		readers = append(readers, opened(t.Context(), t, e, target))
		piece := fmt.Sprintf("piece %d", i)
		d.pieces <- piece
		for j, r := range readers {
			want := piece
			if j == i { // he has just come
				want = whole + piece
			}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(r.Body, got); err != nil || string(got) != want {
				t.Errorf("visitor %d has %q, %v, want %q", j, got, err, want)
			}
		}
		whole += piece
	}
	close(d.pieces)
	for _, r := range readers {
		if rest, err := io.ReadAll(r.Body); err != nil || len(rest) > 0 {
			t.Errorf("behind the last piece: %q, %v", rest, err)
		}
		r.Body.Close()
	}
	before.settles(t)
	a := e.Get(target)
	a.Want(t, "hit")
	if n := o.Hits(target); n != 1 || a.Body != whole {
		t.Errorf("%d requests at the origin; stored is %q of %q", n, a.Body, whole)
	}
}

// WebSockets: both sides speak when they like, and know when the other has gone.
func TestFaultR39_WebSockets(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, shopSite(o, "1h"))
	target := newPage()
	page := wantCached(t, e, o, target)
	before, sockets, rounds := atRest(t), times(20, 200), times(5, 60)
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		fmt.Fprintf(conn, "hello %d\n", a.N) // unasked
		for in := bufio.NewReader(conn.(net.Conn)); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return false
			}
			fmt.Fprintf(conn, "%d heard %s", a.N, line)
		}
	})
	tick := time.NewTicker(time.Duration(times(1, 1000)) * time.Millisecond)
	defer tick.Stop()
	var all sync.WaitGroup
	turn := make([]chan struct{}, rounds)
	for i := range turn {
		turn[i] = make(chan struct{})
	}
	for range sockets {
		all.Go(func() { speaks(t, e, target, turn) })
	}
	for i := range turn {
		<-tick.C
		close(turn[i])
	}
	all.Wait()
	before.settles(t)
	o.Script(edge.Echo)
	wantHit(t, e, o, page, target)
}

// speaks opens a WebSocket and says something in each turn, which the origin is to hear
// and answer before the next.
func speaks(t *testing.T, e *edge.Edge, target string, turn []chan struct{}) {
	t.Helper()
	conn, err := net.Dial("tcp", e.Addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Error(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", target)
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols || !strings.Contains(response.Header.Get("Cache-Status"), "fwd=bypass") {
		t.Errorf("the handshake: %v, %v", response, err)
		return
	}
	var n int
	if line, err := in.ReadString('\n'); err != nil {
		t.Errorf("%q, %v", line, err)
	} else if _, err := fmt.Sscanf(line, "hello %d", &n); err != nil {
		t.Errorf("%q, %v", line, err)
	}
	for i := range turn {
		<-turn[i]
		fmt.Fprintf(conn, "turn %d\n", i)
		if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintf("%d heard turn %d\n", n, i) {
			t.Errorf("turn %d: %q, %v", i, line, err)
			return
		}
	}
}
