package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// warmed stores so many pages, and returns their targets.
func warmed(t *testing.T, e *edge.Edge, n int) []string {
	t.Helper()
	targets := make([]string, n)
	for i := range targets {
		targets[i] = newPage()
		e.Get(targets[i]).Want(t, "fwd=uri-miss", "stored")
	}
	return targets
}

// For a time the origin answers everything with 500. Visitors of pages that are stored
// never notice, and it is asked for each page no more than once a second; when it is
// well again, all pages are fresh within their ttl and a second, and each is the one
// that it was or the new one.
func TestFaultR09_StormOfErrors(t *testing.T) {
	const warm, workers = 100, 16
	storm := time.Duration(times(3, 60)) * time.Second
	o := edge.NewOrigin(t, sends("page"))
	// Without keep-alive, or the connections that a busy machine needs at once count as
	// files that were left open, for the two minutes that they may be idle.
	e := edge.Start(t, "EDGE {\n\tpage_cache /products/category/* 1s {\n\t\tstale_if_error 5m\n\t}\n"+
		"\treverse_proxy "+o.Addr+" {\n\t\ttransport http {\n\t\t\tkeepalive off\n\t\t}\n\t}\n}\n")
	targets := warmed(t, e, warm)
	before, hits := atRest(t), o.Hits()
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		edge.Reply(conn, "500 Internal Server Error", "sorry")
		return true
	})
	var failed atomic.Int64
	stop := make(chan struct{})
	start := time.Now()
	wait := atRate(500, workers, stop, func(i int) {
		if a := e.Get(targets[i%warm]); a.Status != http.StatusOK || a.Body != "page" && a.Body != "new page" {
			failed.Add(1)
		}
	})
	<-time.After(storm)
	hits = o.Hits() - hits
	seconds := int(time.Since(start)/time.Second) + 1
	o.Script(sends("new page"))
	recovered := time.Now()
	for _, target := range targets {
		edge.Poll(t, "the page is new", func() bool { return e.Get(target).Body == "new page" })
	}
	t.Logf("%d requests at the origin in %d s of errors, for %d pages; all are fresh %v after it is well", hits, seconds, warm, time.Since(recovered))
	close(stop)
	wait()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d visitors of warm pages noticed", n)
	}
	if hits > warm*seconds {
		t.Errorf("the origin had %d requests in %d s, for %d pages", hits, seconds, warm)
	}
	before.settles(t)
}

// The origin is not there, in each of the ways in which that can be. Who may have the
// stale page gets it, nobody but the first waits for it, and who asks for another page
// gets an error instead of hanging.
func TestFaultR10_OriginIsNotThere(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, addr string, names *edge.Names){
		"refused":         func(*testing.T, string, *edge.Names) {},
		"blackhole":       func(t *testing.T, addr string, _ *edge.Names) { t.Helper(); edge.Blackhole(t, addr) },
		"no such name":    func(_ *testing.T, _ string, names *edge.Names) { names.Forget() },
		"no word of name": func(_ *testing.T, _ string, names *edge.Names) { names.Quiet() },
	} {
		t.Run(name, func(t *testing.T) {
			addr, names := edge.FreeAddr(t), edge.NewNames(t)
			_, port, _ := net.SplitHostPort(addr)
			closeOrigin := listenAt(t, addr)
			e := edge.Start(t, "EDGE {\n\tpage_cache /products/category/* 1s {\n\t\tstale_if_error 1h\n\t}\n\treverse_proxy shop.origin.test:"+port+
				" {\n\t\ttransport http {\n\t\t\tresolvers "+names.Addr+"\n\t\t\tkeepalive off\n\t\t}\n\t}\n}\n")
			targets := warmed(t, e, 10)
			before := atRest(t)
			closeOrigin()
			leave(t, addr, names)
			visitNobodyThere(t, e, targets)
			before.settles(t)
		})
	}
}

// listenAt is an origin at an address of the test's choice, until it is closed.
func listenAt(t *testing.T, addr string) (shut func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "page")
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	shut = func() {
		_ = server.Close()
		<-done
	}
	t.Cleanup(shut)
	return shut
}

func visitNobodyThere(t *testing.T, e *edge.Edge, targets []string) {
	t.Helper()
	const colds = 20
	inParallel(len(targets), len(targets), func(i int) {
		edge.Poll(t, "the page is stale", func() bool { return !e.Get(targets[i]).Is(t, "detail=fresh") })
	})
	// The origin has failed each page once: nobody waits any more.
	var slowest atomic.Int64
	stop := make(chan struct{})
	wait := atRate(200, 32, stop, func(i int) {
		start := time.Now()
		a := e.Get(targets[i%len(targets)])
		for old, took := slowest.Load(), int64(time.Since(start)); took > old && !slowest.CompareAndSwap(old, took); old = slowest.Load() {
		}
		if a.Status != http.StatusOK || a.Body != "page" || !a.Is(t, "hit", "detail=stale-if-error") {
			t.Errorf("a warm page: got %d %q %q", a.Status, a.Body, a.Header["Cache-Status"])
		}
	})
	start := time.Now()
	for _, a := range edge.Crowd(colds, func(i int) *edge.Answer { return e.Get(fmt.Sprintf("%s&cold=%d", targets[0], i)) })() {
		if a.Status != http.StatusBadGateway && a.Status != http.StatusGatewayTimeout {
			t.Errorf("a cold page: got %d, %v", a.Status, a.Err)
		}
	}
	t.Logf("cold pages got their errors after %v", time.Since(start))
	if patience := 15 * time.Second; time.Since(start) > patience { // reverse_proxy dials for 3 s
		t.Errorf("cold pages hang: %v", time.Since(start))
	}
	if soak := times(0, 1) == 1; soak {
		<-time.After(time.Minute)
	}
	close(stop)
	wait()
	t.Logf("the slowest warm page took %v", time.Duration(slowest.Load()))
}
