package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

const (
	endlessAt    = 8       // streams at once
	endlessBy    = 1 << 16 // bytes of a chunk
	endlessStops = 5       // how often all visitors stand still, to be measured
)

const endlessHead = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"

func endlessChunk() string {
	return fmt.Sprintf("%x\r\n%s\r\n", endlessBy, strings.Repeat("0123456789abcdef", endlessBy/16))
}

// streams answers with chunks without end, the first when it is asked, the others when
// the gate is open.
func streams(gate *edge.Gate) func(io.Writer, edge.Asked) bool {
	chunk := endlessChunk()
	return func(conn io.Writer, _ edge.Asked) bool {
		_, err := io.WriteString(conn, endlessHead+chunk)
		for gate.Pass(); err == nil; {
			_, err = io.WriteString(conn, chunk)
		}
		return false
	}
}

// opened starts reading the answer to a GET. The caller closes its body.
func opened(ctx context.Context, t *testing.T, e *edge.Edge, target string) *http.Response {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.Addr+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "shop.test"
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Errorf("%s: %v", target, err)
		return &http.Response{Body: http.NoBody}
	}
	return response
}

// Answers that never end are streamed, each from its first chunk on; they cost what a
// large one costs, and are over when their visitors have left.
func TestFaultR26_EndlessStream(t *testing.T) {
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "max_body 1MiB")
	wantCached(t, e, o, newPage())
	o.Script(streams(gate))
	before, stored, memory := atRest(t), entries(t), newWatermark()
	each := int64(times(2<<20, 2<<30/endlessAt/(endlessStops-1)))
	var arrived atomic.Int32
	gates := make([]*edge.Gate, endlessStops)
	for i := range gates {
		gates[i] = edge.NewGate(t, 0)
	}
	var first atomic.Int64
	wait := edge.Crowd(endlessAt, func(int) *edge.Answer {
		asked := time.Now()
		response := opened(t.Context(), t, e, newPage())
		defer response.Body.Close()
		n := int64(endlessBy) // while the origin holds the second chunk back
		for i := range gates {
			if _, err := io.CopyN(io.Discard, response.Body, n); err != nil {
				t.Errorf("the stream ended: %v", err)
			}
			if i == 0 {
				first.Store(max(first.Load(), int64(time.Since(asked))))
			}
			arrived.Add(1)
			gates[i].Pass()
			n = each
		}
		return nil
	})
	start := time.Now()
	for i, stop := range gates {
		within(t, 10*time.Minute, "all visitors stand still", func() bool { return int(arrived.Load()) == (i+1)*endlessAt })
		memory.look()
		gate.Open()
		stop.Open()
	}
	wait()
	total := float64(each * endlessAt * (endlessStops - 1) >> 20)
	t.Logf("%.0f MiB at %.0f MiB/s; the slowest first chunk took %v", total, total/time.Since(start).Seconds(), time.Duration(first.Load()))
	if limit := time.Duration(times(5000, 100)) * time.Millisecond; time.Duration(first.Load()) > limit {
		t.Errorf("that is more than %v", limit)
	}
	before.settles(t) // and so the origin may stop
	memory.wantBelow(t, endlessAt<<20+30<<20)
	if n := entries(t); n != stored {
		t.Errorf("%d responses are stored, want %d", n, stored)
	}
}

// within is edge.Poll for what takes longer in the long form.
func within(t *testing.T, patience time.Duration, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !yes(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("it has not come to this: %s", what)
		}
	}
}

// dripping is an origin whose page comes in small pieces, as the test has them sent. It
// tells when the edge has hung up. The page is whole when pieces is closed.
type dripping struct {
	pieces chan string
	closed chan struct{}
}

func drips(o *edge.Origin) *dripping {
	d := &dripping{pieces: make(chan string), closed: make(chan struct{})}
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		defer close(d.closed)
		c := conn.(net.Conn)
		go func() {
			io.WriteString(c, endlessHead)
			for piece := range d.pieces {
				fmt.Fprintf(c, "%x\r\n%s\r\n", len(piece), piece)
			}
			io.WriteString(c, "0\r\n\r\n")
		}()
		_, _ = c.Read(make([]byte, 1))
		return false
	})
	return d
}

func (d *dripping) hungUp() bool {
	select {
	case <-d.closed:
		return true
	default:
		return false
	}
}

// fillTime is how long a fill's body may take to come in the tests of that; it is more
// than a visitor needs to come and to leave.
const fillTime = 500 * time.Millisecond

// The deadline of a fill ends what nobody reads. Who is there reads on, however long
// that takes, and when he leaves it is over.
func TestFaultR26_DeadlineWhileAVisitorReads(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "fill_timeout "+fillTime.String())
	wantCached(t, e, o, newPage())
	for range times(2, 20) {
		before := atRest(t)
		d, target := drips(o), newPage()
		response := opened(t.Context(), t, e, target)
		edge.Poll(t, "the deadline has passed", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
		for i := range 5 {
			want := fmt.Sprintf("piece %d", i)
			d.pieces <- want
			got := make([]byte, len(want))
			if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != want {
				t.Fatalf("read %q, %v, want %q", got, err, want)
			}
		}
		if d.hungUp() {
			t.Error("the edge has hung up on the origin while a visitor reads")
		}
		response.Body.Close()
		edge.Poll(t, "the edge has hung up", d.hungUp)
		close(d.pieces)
		before.settles(t)
		o.Script(edge.Echo)
		e.Get(target).Want(t, "fwd=uri-miss")
	}
}

// A visitor leaves before the deadline: the fill goes on without him up to it, and may
// be stored until then.
func TestFaultR26_DeadlineWhenNobodyReads(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "fill_timeout "+fillTime.String())
	wantCached(t, e, o, newPage())
	for range times(2, 20) {
		before := atRest(t)
		d, target := drips(o), newPage()
		ctx, leave := context.WithCancel(t.Context())
		asked := time.Now()
		response := opened(ctx, t, e, target)
		d.pieces <- "piece"
		leave()
		if _, err := io.ReadAll(response.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("the visitor has left, and got %v", err)
		}
		response.Body.Close()
		edge.Poll(t, "the edge has hung up", d.hungUp)
		if took := time.Since(asked); took < fillTime {
			t.Errorf("the fill ended after %v, before its deadline", took)
		}
		close(d.pieces)
		before.settles(t)
		o.Script(edge.Echo)
		wantCached(t, e, o, target)
	}
}
