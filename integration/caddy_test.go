package integration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/integration/edge"
)

// probe is a handler that keeps the placeholders which the handlers behind it
// left, as an access log would see them.
type probe struct{}

var probed struct {
	sync.Mutex
	values map[string]string
}

func (probe) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.probe_placeholders", New: func() caddy.Module { return new(probe) }}
}

func (probe) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	err := next.ServeHTTP(w, r)
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	probed.Lock()
	defer probed.Unlock()
	probed.values = map[string]string{}
	for _, name := range []string{
		"http.page_cache.status", "http.page_cache.detail", "http.page_cache.ttl", "http.page_cache.age",
		"http.reverse_proxy.upstream.hostport", "http.reverse_proxy.status_code",
	} {
		if value, ok := repl.GetString(name); ok {
			probed.values[name] = value
		}
	}
	return err
}

func init() {
	caddy.RegisterModule(probe{})
	httpcaddyfile.RegisterHandlerDirective("probe_placeholders", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return probe{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("probe_placeholders", httpcaddyfile.Before, "header")
}

func placeholder(name string) string {
	probed.Lock()
	defer probed.Unlock()
	return probed.values[name]
}

// TestPlaceholders: the access log learns what the cache did, and on a miss what
// reverse_proxy did in the fill.
func TestPlaceholders(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, "EDGE {\n probe_placeholders\n page_cache /x 15s\n reverse_proxy "+o.Addr+"\n}\n")
	want := func(values map[string]string) {
		t.Helper()
		for name, value := range values {
			if got := placeholder(name); got != value {
				t.Errorf("{%s} is %q, want %q", name, got, value)
			}
		}
	}
	e.Get("/x")
	want(map[string]string{
		"http.page_cache.status": "MISS", "http.page_cache.detail": "not-found", "http.page_cache.ttl": "15",
		"http.reverse_proxy.upstream.hostport": o.Addr, "http.reverse_proxy.status_code": "200",
	})
	e.Get("/x")
	want(map[string]string{"http.page_cache.status": "HIT", "http.page_cache.age": "0", "http.reverse_proxy.status_code": ""})
	e.Get("/x", "Cookie: a=b")
	want(map[string]string{"http.page_cache.status": "BYPASS", "http.page_cache.detail": "cookie"})
	e.Get("/y")
	want(map[string]string{"http.page_cache.status": ""})
}

// TestMetrics: the counters are on Caddy's metrics page, and outlive a reload.
func TestMetrics(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	site := "EDGE {\n metrics /metrics\n page_cache /x 15s\n reverse_proxy " + o.Addr + "\n}\n"
	e := edge.Start(t, site)
	e.Get("/x")
	e.Get("/x")
	for _, when := range []string{"before", "after a reload"} {
		page := e.Get("/metrics").Body
		for _, want := range []string{
			`caddy_page_cache_requests_total{detail="fresh",outcome="hit"} 1`,
			`caddy_page_cache_requests_total{detail="not-found",outcome="miss"} 1`,
			`caddy_page_cache_fills_total{detail="none",outcome="stored"} 1`,
			`caddy_page_cache_fills_in_flight 0`,
			`caddy_page_cache_fill_bytes 0`,
			`caddy_page_cache_entries 1`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s on the metrics page", when, want)
			}
		}
		e.Load(site + "\n# again\n")
	}
}

// TestErrorsReachHandleErrors: an origin that is down is for the site's own error
// page, as without a cache.
func TestErrorsReachHandleErrors(t *testing.T) {
	down := edge.FreeAddr(t)
	e := edge.Start(t, `EDGE {
	page_cache 15s
	reverse_proxy `+down+`
	handle_errors {
		respond "sorry: {err.status_code}" {err.status_code}
	}
}`)
	for range 2 {
		a := e.Get("/x")
		if a.Status != http.StatusBadGateway || a.Body != "sorry: 502" {
			t.Errorf("status %d, body %q", a.Status, a.Body)
		}
		a.Want(t, "fwd=uri-miss", "detail=fill-failed")
	}
	a := e.Get("/x", "Cookie: a=b")
	if a.Status != http.StatusBadGateway || a.Body != "sorry: 502" {
		t.Errorf("status %d, body %q", a.Status, a.Body)
	}
	a.Want(t, "fwd=bypass", "detail=cookie")
}

// TestFirstLineHandles: of several lines that match, the first handles the
// request; later ones stand aside, also inside its fill, and off takes a part
// out.
func TestFirstLineHandles(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, `EDGE {
	page_cache /p/* 15s
	page_cache /p/live/* off
	page_cache * 1h
	reverse_proxy `+o.Addr+`
}`)
	e.Get("/p/x").Want(t, "fwd=uri-miss", "ttl=15")
	e.Get("/p/x").Want(t, "hit")
	if a := e.Get("/p/x"); len(a.Header["Cache-Status"]) != 1 {
		t.Errorf("Cache-Status %q: two lines handled the request", a.Header["Cache-Status"])
	}
	e.Get("/q").Want(t, "fwd=uri-miss", "ttl=3600")
	before := o.Hits()
	for range 2 {
		if a := e.Get("/p/live/x"); a.Status != 200 || a.Header["Cache-Status"] != nil {
			t.Errorf("off: status %d, Cache-Status %q", a.Status, a.Header["Cache-Status"])
		}
	}
	if o.Hits() != before+2 {
		t.Errorf("off: %d requests reached the origin, want 2", o.Hits()-before)
	}
}

// TestStoreOutlivesReload: hits go on over a reload, and another max_size begins
// a new store.
func TestStoreOutlivesReload(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	site := "EDGE {\n page_cache /x 1h\n reverse_proxy " + o.Addr + "\n}\n"
	e := edge.Start(t, site)
	e.Get("/x").Want(t, "fwd=uri-miss", "stored")
	e.Load(site + "# changed\n")
	e.Get("/x").Want(t, "hit")
	e.Load("GLOBAL page_cache {\nGLOBAL max_size 16MiB\nGLOBAL }\n" + site)
	e.Get("/x").Want(t, "fwd=uri-miss", "stored")
	e.Get("/x").Want(t, "hit")
}

// TestPassThrough: what is not for the cache keeps its nature through it: events
// arrive as they are flushed, an upgrade becomes a connection, early hints pass.
func TestPassThrough(t *testing.T) {
	more := make(chan struct{})
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		switch {
		case a.Header.Get("Upgrade") == "websocket":
			fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
			<-more
			return false
		case strings.Contains(a.Header.Get("Accept"), "event-stream"):
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\none\n\n\n\r\n")
			<-more
			fmt.Fprint(conn, "0\r\n\r\n")
			return true
		}
		fmt.Fprint(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
		return edge.Echo(conn, a)
	})
	e := edge.Start(t, "EDGE {\n page_cache 15s\n reverse_proxy "+o.Addr+"\n}\n")
	open := func(lines ...string) *bufio.Reader {
		conn, err := net.Dial("tcp", e.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "GET /x HTTP/1.1\r\nHost: shop.test\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n")
		return bufio.NewReader(conn)
	}
	read := func(in *bufio.Reader, until string) {
		t.Helper()
		var all strings.Builder
		for !strings.Contains(all.String(), until) {
			c, err := in.ReadByte()
			if err != nil {
				t.Fatalf("%v before %q in %q", err, until, all.String())
			}
			all.WriteByte(c)
		}
	}
	events := open("Accept: text/event-stream")
	read(events, "detail=event-stream")
	read(events, "one\n\n\n") // while the origin still holds the rest back
	socket := open("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
	read(socket, "101 Switching")
	read(socket, "hello")
	close(more)
	hints := open("Cookie: a=b")
	read(hints, "103 Early Hints")
	read(hints, "200 OK")
}

// TestJSONRefusesNonsense: settings that a Caddyfile refuses are refused in JSON.
func TestJSONRefusesNonsense(t *testing.T) {
	for name, handler := range map[string]string{
		"max_body":    `{"handler":"page_cache","max_body":1073741824}`,
		"unknown":     `{"handler":"page_cache","tll":"15s"}`,
		"off and ttl": `{"handler":"page_cache","off":true,"ttl":"15s"}`,
		"two bounds of one origin": `{"handler":"page_cache","origin":"shop","max_fills":2},` +
			`{"handler":"page_cache","origin":"shop","max_fills":3}`,
	} {
		config := `{"admin":{"disabled":true},"apps":{"http":{"servers":{"s":{"listen":["` + edge.FreeAddr(t) +
			`"],"routes":[{"handle":[` + handler + `]}]}}}}}`
		if err := caddy.Validate(mustConfig(t, []byte(config))); err == nil {
			t.Errorf("%s: accepted", name)
		} else if !strings.Contains(err.Error(), "page_cache") {
			t.Errorf("%s: %v does not say where", name, err)
		}
	}
}
