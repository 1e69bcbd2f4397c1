package integration

import (
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// The configuration is replaced again and again while visitors come: none of them
// notices, pages that were stored stay, fills under way end well, and nothing of
// the old configurations is left.
func TestFaultR30_Reload(t *testing.T) {
	const warm, visitors = 20, 8
	var gate atomic.Pointer[edge.Gate]
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		if strings.HasSuffix(a.Target, slowly) {
			gate.Load().Pass()
		}
		edge.Reply(conn, "200 OK", edge.EchoBody(a), "Connection: close")
		return false
	})
	socket := filepath.Join(t.TempDir(), "edge.sock")
	site := strings.Replace(shopSite(o, "1h"), "EDGE {\n", "http:// {\n\tbind unix/"+socket+"\n", 1)
	e := &replaceable{edge: edge.Start(t, site), t: t, socket: socket}
	targets := make([]string, warm)
	for i := range targets {
		targets[i] = newPage()
		e.get(targets[i]).Want(t, "fwd=uri-miss", "stored")
	}
	before, failures := atRest(t), metric(t, "caddy_page_cache_fill_failures_total")
	stop := make(chan struct{})
	var asked, hits atomic.Int64
	wait := edge.Crowd(visitors, func(v int) *edge.Answer {
		for i := v; ; i++ {
			select {
			case <-stop:
				return nil
			default:
			}
			target, isWarm := targets[i%warm], i%4 != 0
			if !isWarm {
				target = newPage()
			}
			a := e.get(target)
			if a.Status != 200 || !a.Whole() {
				t.Errorf("a visitor got %d, whole %t, %v", a.Status, a.Whole(), a.Err)
				return nil
			}
			if asked.Add(1); isWarm && a.Is(t, "hit") {
				hits.Add(1)
			} else if isWarm {
				t.Errorf("%s was lost: %q", target, a.Header["Cache-Status"])
			}
		}
	})
	for i := range times(20, 100) {
		gate.Store(edge.NewGate(t, 0))
		e.reload(t, o, gate.Load(), site, strconv.Itoa(i))
	}
	close(stop)
	wait()
	t.Logf("%d requests, %d of them hits; %d were asked twice", asked.Load(), hits.Load(), e.retried.Load())
	if n := metric(t, "caddy_page_cache_fill_failures_total"); n != failures {
		t.Errorf("%v fills failed", n-failures)
	}
	for _, target := range targets {
		if n := o.Hits(target); n != 1 {
			t.Errorf("%s was filled %d times", target, n)
		}
	}
	before.settles(t)
}

// slowly ends the target of a page that the origin holds back.
const slowly = "&slowly"

// replaceable is an edge whose configuration is replaced. Its site is bound to a
// unix socket, which is handed from one configuration to the next.
type replaceable struct {
	edge    *edge.Edge
	t       *testing.T
	socket  string
	retried atomic.Int64
}

// get asks as a browser does: again, if the connection is closed before a byte of
// an answer has come. Caddy does that to connections on which nothing was read yet
// when a server ends, with page-cache or without; that the cache closes none is
// seen from its counters.
func (e *replaceable) get(target string) *edge.Answer {
	for {
		a := edge.RawUnix(e.t, e.socket, "GET", edge.Request("GET", target))
		if a.Status != 0 || e.t.Failed() {
			return a
		}
		e.retried.Add(1)
	}
}

// reload replaces the configuration while a fill of the old one is at the origin,
// which answers only when the new one is in force.
func (e *replaceable) reload(t *testing.T, o *edge.Origin, gate *edge.Gate, site, version string) {
	t.Helper()
	target := newPage() + slowly
	fill := edge.Crowd(1, func(int) *edge.Answer { return e.get(target) })
	edge.Poll(t, "the fill is at the origin", func() bool { return o.Hits(target) == 1 })
	var wg sync.WaitGroup
	wg.Go(func() {
		edge.Poll(t, "the new configuration answers", func() bool { return e.get("/version").Header.Get("X-Version") == version })
		gate.Open()
	})
	e.edge.Load(strings.Replace(site, "{\n", "{\n\theader X-Version "+version+"\n", 1))
	wg.Wait()
	if a := fill()[0]; a.Status != 200 || !a.Whole() {
		t.Errorf("the fill under way got %d, %v", a.Status, a.Err)
	}
	e.get(target).Want(t, "hit")
	if n := o.Hits(target); n != 1 {
		t.Errorf("the page was filled %d times", n)
	}
}
