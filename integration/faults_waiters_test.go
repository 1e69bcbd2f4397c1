package integration

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// 100 clients wait for a page that proves to be for one visitor. The others are at
// the origin at the same time then, none behind another; and of the next 100 nobody
// waits for a fill.
func TestFaultR18_ProvesUncacheable(t *testing.T) {
	const clients = 100
	for name, transport := range protocols() {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, withH2C+shopSite(o, "1h", "hit_for_miss 2m"))
			wantCached(t, e, o, newPage())
			before := atRest(t)
			target, header, others := newPage(), edge.NewGate(t, 0), edge.NewGate(t, clients-1)
			var first atomic.Bool
			o.Script(func(conn io.Writer, a edge.Asked) bool {
				if first.CompareAndSwap(false, true) {
					header.Pass()
				} else {
					others.Pass() // opens when all of them are here
				}
				return private(conn, a)
			})
			wait := edge.Crowd(clients, func(int) *edge.Answer { return visit(t.Context(), transport, e, target) })
			edge.WaitFor(t, clients)
			header.Open()
			all := wait()
			next := edge.NewGate(t, clients)
			o.Script(func(conn io.Writer, a edge.Asked) bool {
				next.Pass()
				return private(conn, a)
			})
			for _, a := range edge.Crowd(clients, func(int) *edge.Answer { return visit(t.Context(), transport, e, target) })() {
				a.Want(t, "fwd=bypass", "detail=hit-for-miss")
				all = append(all, a)
			}
			wantDistinct(t, all)
			if n := o.Hits(target); n != 2*clients {
				t.Errorf("the origin had %d requests, want %d", n, 2*clients)
			}
			if times(0, 1) == 1 {
				privateTimes(t, e, o, transport, clients)
			}
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

// private answers one visitor alone.
func private(conn io.Writer, a edge.Asked) bool {
	edge.Reply(conn, "200 OK", edge.EchoBody(a), "Cache-Control: no-store", "Connection: close")
	return false
}

// privateTimes takes the times of two such crowds that nobody holds back, on an origin
// that takes 500 ms: twice that for the first, once for the second.
func privateTimes(t *testing.T, e *edge.Edge, o *edge.Origin, transport *http.Transport, clients int) {
	t.Helper()
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		pause(t, 500*time.Millisecond)
		return private(conn, a)
	})
	target := newPage()
	for _, crowd := range []string{"first", "second"} {
		start := time.Now()
		wantDistinct(t, edge.Crowd(clients, func(int) *edge.Answer { return visit(t.Context(), transport, e, target) })())
		t.Logf("the origin takes 500 ms: the %s crowd took %v", crowd, time.Since(start))
	}
	if n := o.Hits(target); n != 2*clients {
		t.Errorf("the origin had %d requests, want %d", n, 2*clients)
	}
}

// lateVary is a page whose answer shows that it varies by header, and what visitors
// have in that: the leader, and two crowds who wait for him; "" for nothing.
type lateVary struct {
	option, header, field string // field is where the answer says what it is
	values                [3]string
}

// A page turns out to vary by a header in which those who wait for it differ. Each
// gets his own variant, and each variant is made once.
func TestFaultR21_VaryFoundLate(t *testing.T) {
	for name, v := range map[string]lateVary{
		"codings":   {"codings pass", "Accept-Encoding", "Content-Encoding", [3]string{"gzip", "", "br"}},
		"languages": {"hit_for_miss 0", "Accept-Language", "Content-Language", [3]string{"de", "", "fr"}},
	} {
		for protocol, transport := range protocols() {
			t.Run(name+" over "+protocol, func(t *testing.T) {
				transport.DisableCompression = true // of the test's own client
				o := edge.NewOrigin(t, nil)
				e := edge.Start(t, withH2C+shopSite(o, "1h", v.option))
				wantCached(t, e, o, newPage())
				before := atRest(t)
				for range times(4, 100) {
					v.drive(t, o, func(target, value string) *edge.Answer {
						if value == "" {
							return visit(t.Context(), transport, e, target)
						}
						return visit(t.Context(), transport, e, target, v.header+": "+value)
					})
				}
				transport.CloseIdleConnections()
				before.settles(t)
			})
		}
	}
}

func (v *lateVary) drive(t *testing.T, o *edge.Origin, ask func(target, value string) *edge.Answer) {
	t.Helper()
	target, gate := newPage(), edge.NewGate(t, 0)
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		gate.Pass()
		return v.answer(conn, a)
	})
	leader := edge.Crowd(1, func(int) *edge.Answer { return ask(target, v.values[0]) })
	edge.Poll(t, "the leader's fill is at the origin", func() bool { return o.Hits(target) == 1 })
	wait := edge.Crowd(2*crowd, func(i int) *edge.Answer { return ask(target, v.values[1+i%2]) })
	edge.WaitFor(t, 1+2*crowd)
	gate.Open()
	v.want(t, leader()[0], v.values[0])
	for i, a := range wait() {
		v.want(t, a, v.values[1+i%2])
	}
	edge.Poll(t, "the fills have ended", func() bool { return edge.Filling() == 0 })
	for _, value := range v.values {
		a := ask(target, value)
		v.want(t, a, value)
		a.Want(t, "hit")
	}
	if n := o.Hits(target); n != len(v.values) {
		t.Errorf("the origin was asked %d times for %d variants", n, len(v.values))
	}
}

func (v *lateVary) answer(conn io.Writer, a edge.Asked) bool {
	lines, value := []string{"Vary: " + v.header, "Connection: close"}, a.Header.Get(v.header)
	if value == "identity" { // what a fill asks for if the visitor has no Accept-Encoding
		value = ""
	}
	if value != "" {
		lines = append(lines, v.field+": "+value)
	}
	edge.Reply(conn, "200 OK", "the page for "+value, lines...)
	return false
}

func (v *lateVary) want(t *testing.T, a *edge.Answer, value string) {
	t.Helper()
	if a.Status != 200 || a.Body != "the page for "+value || a.Header.Get(v.field) != value || a.Err != nil {
		t.Errorf("for %q came %d, %q in %q, %v, %q", value, a.Status, a.Body, a.Header.Get(v.field), a.Err, a.Header["Cache-Status"])
	}
}

// 1,000 clients want parts of a page that is on its way as a whole. They wait for the
// whole, get their own parts of it, and the origin is asked once.
func TestFaultR23_RangesOfARunningFill(t *testing.T) {
	for name, transport := range protocols() {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, withH2C+shopSite(o, "1h"))
			wantCached(t, e, o, newPage())
			before := atRest(t)
			target, gate := newPage(), edge.NewGate(t, 0)
			o.Script(func(conn io.Writer, _ edge.Asked) bool {
				half(conn, declared()+"\r\nConnection: close", wholePage)
				gate.Pass()
				_, _ = io.WriteString(conn, wholePage[len(wholePage)/2:])
				return false
			})
			var reading atomic.Int32
			leader := edge.Crowd(1, func(int) *edge.Answer { return reads(t.Context(), transport, e, target, &reading) })
			// The fill's header is there then, so everybody joins what runs.
			edge.Poll(t, "the leader reads", func() bool { return reading.Load() == 1 })
			wait := edge.Crowd(stampede, func(i int) *edge.Answer {
				return visit(t.Context(), transport, e, target, rangeOf(i))
			})
			edge.WaitFor(t, stampede)
			gate.Open()
			if a := leader()[0]; a.Status != 200 || !a.Whole() {
				t.Errorf("the whole: got %d, %d bytes, %v", a.Status, len(a.Body), a.Err)
			}
			for i, a := range wait() {
				wantRangeOf(t, i, a)
			}
			if n := o.Hits(target); n != 1 {
				t.Errorf("the origin had %d requests", n)
			}
			transport.CloseIdleConnections()
			before.settles(t)
		})
	}
}

// rangeOf is what the ith client asks for: a part of 100 bytes somewhere, the end, or
// what lies behind it.
func rangeOf(i int) string {
	switch i % 10 {
	case 8:
		return fmt.Sprintf("Range: bytes=-%d", i+1)
	case 9:
		return fmt.Sprintf("Range: bytes=%d-", len(wholePage)+i)
	}
	return fmt.Sprintf("Range: bytes=%d-%d", i*70, i*70+99)
}

func wantRangeOf(t *testing.T, i int, a *edge.Answer) {
	t.Helper()
	status, want := http.StatusPartialContent, ""
	switch i % 10 {
	case 8:
		want = wholePage[len(wholePage)-i-1:]
	case 9:
		status = http.StatusRequestedRangeNotSatisfiable
	default:
		want = wholePage[i*70 : i*70+100]
	}
	if a.Status != status || a.Body != want || a.Err != nil {
		t.Errorf("%s: got %d, %q, %q, %v", rangeOf(i), a.Status, a.Header.Get("Content-Range"), a.Body, a.Err)
	}
}
