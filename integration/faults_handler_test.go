package integration

import (
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/integration/edge"
)

// breaker is a handler behind the cache that ends as a test wants it to.
type breaker struct{}

// broken is what the next requests run into; nil: nothing.
var broken atomic.Pointer[func()]

// CaddyModule returns the module's information.
func (breaker) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_breaker", New: func() caddy.Module { return new(breaker) }}
}

func (breaker) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if f := broken.Load(); f != nil {
		(*f)()
	}
	return next.ServeHTTP(w, r)
}

func init() {
	caddy.RegisterModule(breaker{})
	httpcaddyfile.RegisterHandlerDirective("test_breaker", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		return breaker{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("test_breaker", httpcaddyfile.Before, "reverse_proxy")
}

// A handler ends in the worst way while 50 wait for its answer. The process
// lives, they are released and served by another fill, and the key is usable.
func TestFaultR35_HandlerEndsBadly(t *testing.T) {
	for _, tt := range []struct {
		name   string
		end    func()
		status int // the leader's; 0: his connection is closed
	}{
		{"panic", func() { panic("a bug in the application") }, 500},
		{"abort", func() { panic(http.ErrAbortHandler) }, 0},
		{"goexit", runtime.Goexit, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			e := edge.Start(t, "EDGE {\n\tpage_cache /products/category/* 1h\n\ttest_breaker\n\treverse_proxy "+o.Addr+"\n}\n")
			wantCached(t, e, o, newPage())
			before := atRest(t)
			for range times(5, 1000) {
				endsBadly(t, e, o, tt.end, tt.status)
			}
			before.settles(t)
		})
	}
}

func endsBadly(t *testing.T, e *edge.Edge, o *edge.Origin, end func(), status int) {
	t.Helper()
	gate := edge.NewGate(t, 0)
	var asked atomic.Int32
	fault := func() {
		if asked.Add(1) == 1 {
			gate.Pass()
			end()
		}
	}
	broken.Store(&fault)
	defer broken.Store(nil)
	target := newPage()
	wait := edge.Crowd(1+crowd, func(int) *edge.Answer { return e.Get(target) })
	edge.WaitFor(t, 1+crowd)
	opened := time.Now()
	gate.Open()
	leaders := 0
	for _, a := range wait() {
		switch {
		case a.Status == 200 && a.Whole():
		case a.Status == status:
			leaders++
		default:
			t.Errorf("got %d, %v", a.Status, a.Err)
		}
	}
	if waited := time.Since(opened); waited > 10*time.Second {
		t.Errorf("released after %v", waited)
	}
	if leaders != 1 || asked.Load() != 2 || o.Hits(target) != 1 {
		t.Errorf("%d got the error, %d fills, %d requests at the origin; want 1, 2 and 1", leaders, asked.Load(), o.Hits(target))
	}
	e.Get(target).Want(t, "hit")
}

// The same in a refresh, which runs in no visitor's goroutine: nobody notices, and a later
// one makes the page new.
func TestFaultR35_RefreshEndsBadly(t *testing.T) {
	for name, end := range map[string]func(){
		"panic": func() { panic("a bug in the application") }, "abort": func() { panic(http.ErrAbortHandler) }, "goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, sends("old page"))
			e := edge.Start(t, "EDGE {\n\tpage_cache /products/category/* 1s {\n\t\tstale_while_revalidate 1h\n\t}\n"+
				"\ttest_breaker\n\treverse_proxy "+o.Addr+"\n}\n")
			target := newPage()
			e.Get(target).Want(t, "fwd=uri-miss", "stored")
			before, failures := atRest(t), metric(t, "caddy_page_cache_fill_failures_total")
			o.Script(sends("new page"))
			broken.Store(&end)
			defer broken.Store(nil)
			for want := range times(3, 30) {
				edge.Poll(t, "refreshes have ended badly", func() bool {
					if a := e.Get(target); a.Status != http.StatusOK || a.Body != "old page" || !a.Is(t, "hit") {
						t.Fatalf("status %d, %q, %q, want the old page", a.Status, a.Body, a.Header["Cache-Status"])
					}
					return metric(t, "caddy_page_cache_fill_failures_total")-failures > float64(want)
				})
			}
			broken.Store(nil)
			edge.Poll(t, "the page is new", func() bool { return e.Get(target).Body == "new page" })
			if n := o.Hits(target); n != 2 {
				t.Errorf("%d requests at the origin", n)
			}
			before.settles(t)
		})
	}
}
