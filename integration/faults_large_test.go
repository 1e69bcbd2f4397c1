package integration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

const (
	largeBody = 5 << 20
	largeAt   = 16 // visitors at once
)

// large is a body over max_body, and its sum.
var large = sync.OnceValues(func() ([]byte, string) {
	p := make([]byte, largeBody)
	for i := range p {
		p[i] = byte(i ^ i>>8*7 ^ i>>16*13)
	}
	sum := sha256.Sum256(p)
	return p, hex.EncodeToString(sum[:])
})

// sendLarge answers in chunks, which do not tell how many will come.
func sendLarge(conn io.Writer, _ edge.Asked) bool {
	body, sum := large()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nX-Sum: "+sum+"\r\n\r\n")
	for len(body) > 0 {
		n := min(len(body), 50_000)
		if _, err := fmt.Fprintf(conn, "%x\r\n%s\r\n", n, body[:n]); err != nil {
			return false
		}
		body = body[n:]
	}
	_, _ = io.WriteString(conn, "0\r\n\r\n")
	return false
}

// sendLargeByLength answers with the length in the header.
func sendLargeByLength(conn io.Writer, _ edge.Asked) bool {
	body, _ := large()
	edge.Reply(conn, "200 OK", string(body), "Connection: close")
	return false
}

// download reads a body without keeping it, and returns its sum. It calls pause
// after the first bytes and again half way.
func download(ctx context.Context, e *edge.Edge, target string, pause func()) (sum string, err error) {
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.Addr+target, nil)
	if err != nil {
		return "", err
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	h := sha256.New()
	for _, n := range []int64{1, largeBody/2 - 1} {
		if _, err := io.CopyN(h, response.Body, n); err != nil {
			return "", err
		}
		pause()
	}
	_, err = io.Copy(h, response.Body)
	return hex.EncodeToString(h.Sum(nil)), err
}

// Bodies over max_body are streamed and not stored, whether the header tells how large
// they are or not.
func TestFaultR25_LargerThanMaxBody(t *testing.T) {
	for name, send := range largeKinds() {
		t.Run(name, func(t *testing.T) { largerThanMaxBody(t, send) })
	}
}

func largeKinds() map[string]func(io.Writer, edge.Asked) bool {
	return map[string]func(io.Writer, edge.Asked) bool{"unknown length": sendLarge, "known length": sendLargeByLength}
}

func largerThanMaxBody(t *testing.T, send func(io.Writer, edge.Asked) bool) {
	t.Helper()
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "max_body 1MiB")
	page := newPage()
	kept := wantCached(t, e, o, page)
	_, want := large()
	o.Script(send)
	before, stored := atRest(t), entries(t)
	inParallel(times(32, 100), largeAt, func(int) {
		if sum, err := download(t.Context(), e, newPage(), func() {}); err != nil || sum != want {
			t.Errorf("sum %s, want %s; %v", sum, want, err)
		}
	})
	// Many visitors of one page read one stream, each all of it.
	target, hits := newPage(), o.Hits()
	inParallel(8, 8, func(int) {
		if sum, err := download(t.Context(), e, target, func() {}); err != nil || sum != want {
			t.Errorf("together: sum %s, want %s; %v", sum, want, err)
		}
	})
	if n := o.Hits() - hits; n > 8 {
		t.Errorf("%d fills for 8 visitors", n)
	}
	before.settles(t)
	if got := entries(t); got != stored {
		t.Errorf("%d responses are stored, want %d", got, stored)
	}
	wantHit(t, e, o, kept, page)
}

// What such bodies cost while they run through is bounded, also when their
// visitors are slow: all of them stand still at once.
func TestFaultR25_MemoryIsBounded(t *testing.T) {
	for name, send := range largeKinds() {
		t.Run(name, func(t *testing.T) { largeMemory(t, send) })
	}
}

func largeMemory(t *testing.T, send func(io.Writer, edge.Asked) bool) {
	t.Helper()
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "max_body 1MiB")
	wantCached(t, e, o, newPage())
	_, want := large()
	o.Script(send)
	before, memory := atRest(t), newWatermark()
	var arrived atomic.Int32
	gates := [2]*edge.Gate{edge.NewGate(t, 0), edge.NewGate(t, 0)}
	wait := edge.Crowd(largeAt, func(int) *edge.Answer {
		next := 0
		sum, err := download(t.Context(), e, newPage(), func() {
			arrived.Add(1)
			gates[next].Pass()
			next++
		})
		if err != nil || sum != want {
			t.Errorf("sum %s, want %s; %v", sum, want, err)
		}
		return nil
	})
	for i, gate := range gates {
		edge.Poll(t, "all visitors stand still", func() bool { return int(arrived.Load()) == (i+1)*largeAt })
		memory.look()
		gate.Open()
	}
	wait()
	before.settles(t)
	memory.wantBelow(t, largeAt<<20+30<<20) // max_body each, and what a server needs
}

// watermark is how far what the heap holds has risen. What nobody holds any more
// does not count: the store's room is a large part of the heap, so the collector
// lets as much garbage lie before it runs.
type watermark struct{ start, highest uint64 }

func newWatermark() *watermark {
	w := &watermark{}
	w.look()
	w.start = w.highest
	return w
}

func (w *watermark) look() {
	for range 2 { // what was made during the first is found by the second
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.highest = max(w.highest, m.HeapInuse)
}

func (w *watermark) wantBelow(t *testing.T, rise uint64) {
	t.Helper()
	got := w.highest - w.start
	t.Logf("the heap has risen by %d KiB at most", got>>10)
	if got > rise {
		t.Errorf("that is more than %d KiB", rise>>10)
	}
}
