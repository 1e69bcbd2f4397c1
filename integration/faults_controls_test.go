package integration

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/integration/edge"
)

// maker is a handler behind the cache that answers as a test wants it to.
type maker struct{}

// made is how the next requests are answered.
var made atomic.Pointer[func(w http.ResponseWriter, r *http.Request) error]

// CaddyModule returns the module's information.
func (maker) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_maker", New: func() caddy.Module { return new(maker) }}
}

func (maker) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	return (*made.Load())(w, r)
}

func init() {
	caddy.RegisterModule(maker{})
	httpcaddyfile.RegisterHandlerDirective("test_maker", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		return maker{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("test_maker", httpcaddyfile.Before, "reverse_proxy")
}

// making starts an edge whose pages a function makes.
func making(t *testing.T, f func(w http.ResponseWriter, r *http.Request) error) *edge.Edge {
	t.Helper()
	made.Store(&f)
	return edge.Start(t, withH2C+"EDGE {\n\tpage_cache /products/category/* 15s\n\ttest_maker\n}\n")
}

// What a handler may do with its writer, it may do through ours: send what it has, take a
// body from a file, set deadlines, read while it writes.
func TestFaultR39_WriterOfAForwardedRequest(t *testing.T) {
	body, _ := large()
	e := making(t, func(w http.ResponseWriter, r *http.Request) error {
		control := http.NewResponseController(w)
		if err := errors.Join(control.SetWriteDeadline(time.Now().Add(time.Minute)), control.SetReadDeadline(time.Now().Add(time.Minute))); err != nil {
			t.Errorf("%s: deadlines: %v", r.Proto, err)
		}
		// HTTP/2 is that by nature.
		if err := control.EnableFullDuplex(); err != nil {
			t.Errorf("%s: full duplex: %v", r.Proto, err)
		}
		if _, err := io.WriteString(w, "first\n"); err != nil {
			t.Error(err)
		}
		if err := control.Flush(); err != nil {
			t.Errorf("%s: flush: %v", r.Proto, err)
		}
		line, err := bufio.NewReader(r.Body).ReadString('\n') // the visitor says it when he has the first
		if err != nil || line != "seen\n" {
			t.Errorf("%s: read %q, %v", r.Proto, line, err)
		}
		from, ok := w.(io.ReaderFrom)
		if !ok {
			return errors.New("the writer takes no file")
		}
		n, err := from.ReadFrom(strings.NewReader(string(body)))
		if n != largeBody {
			t.Errorf("%s: %d bytes were taken", r.Proto, n)
		}
		return err
	})
	for version, transport := range protocols() {
		says, said := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+e.Addr+newPage(), says)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		in := bufio.NewReader(response.Body)
		if line, err := in.ReadString('\n'); err != nil || line != "first\n" {
			t.Errorf("%s: %q, %v", version, line, err)
		}
		io.WriteString(said, "seen\n")
		said.Close()
		rest, err := io.ReadAll(in)
		response.Body.Close()
		if err != nil || string(rest) != string(body) {
			t.Errorf("%s: %d bytes of %d, %v", version, len(rest), len(body), err)
		}
		if status := response.Header.Get("Cache-Status"); !strings.Contains(status, "fwd=method") {
			t.Errorf("%s: Cache-Status %q", version, status)
		}
		transport.CloseIdleConnections()
	}
}

// A body from a file that is the first thing a handler writes has the cache's mark.
func TestFaultR39_FileOfAForwardedRequest(t *testing.T) {
	body, _ := large()
	e := making(t, func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.Copy(w, io.LimitReader(strings.NewReader(string(body)), largeBody))
		return err
	})
	a := e.Get(newPage(), cookie("A"))
	a.Want(t, "fwd=bypass", "fwd-status=200", "detail=cookie")
	if a.Body != string(body) {
		t.Errorf("%d bytes of %d, %v", len(a.Body), len(body), a.Err)
	}
}

// A handler may take the connection of a forwarded request; that of a fill is nobody's,
// and it is told so.
func TestFaultR39_Hijack(t *testing.T) {
	e := making(t, func(w http.ResponseWriter, _ *http.Request) error {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_, err = fmt.Fprintf(w, "not supported: %t", errors.Is(err, http.ErrNotSupported))
			return err
		}
		defer conn.Close()
		_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntaken")
		return err
	})
	if a := e.Get(newPage(), cookie("A")); a.Body != "taken" {
		t.Errorf("forwarded: status %d, %q, %v", a.Status, a.Body, a.Err)
	}
	target := newPage()
	for range 2 {
		if a := e.Get(target); a.Body != "not supported: true" {
			t.Errorf("a fill: status %d, %q, %v", a.Status, a.Body, a.Err)
		}
	}
}

// rpcOrigin speaks HTTP/2 without TLS, and answers each message of a call as it comes, as
// gRPC does: the header before the first, a trailer behind the last.
func rpcOrigin(t *testing.T) (addr string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		control := http.NewResponseController(w)
		_ = control.Flush()
		for in := bufio.NewReader(r.Body); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				break
			}
			fmt.Fprintf(w, "heard %s", line)
			_ = control.Flush()
		}
		w.Header().Set("Grpc-Status", "0")
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	stop = sync.OnceFunc(func() {
		server.Close()
		<-done
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// Calls as gRPC makes them run through: both sides speak in turns, and the trailer comes.
func TestFaultR39_Calls(t *testing.T) {
	addr, stop := rpcOrigin(t)
	e := edge.Start(t, withH2C+"EDGE {\n\tpage_cache /products/category/* 1h\n\treverse_proxy h2c://"+addr+"\n}\n")
	transport := protocols()["h2c"]
	before, stored, target := atRest(t), entries(t), newPage()
	wait := edge.Crowd(times(20, 200), func(int) *edge.Answer {
		says, said := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+e.Addr+target, says)
		if err != nil {
			t.Error(err)
			return nil
		}
		r.Header.Set("Content-Type", "application/grpc")
		r.Header.Set("Te", "trailers")
		response, err := transport.RoundTrip(r) // before anything was said
		if err != nil {
			t.Error(err)
			return nil
		}
		defer response.Body.Close()
		in := bufio.NewReader(response.Body)
		for i := range times(5, 60) {
			fmt.Fprintf(said, "message %d\n", i)
			if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintf("heard message %d\n", i) {
				t.Errorf("message %d: %q, %v", i, line, err)
				break
			}
		}
		said.Close()
		if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 || response.Trailer.Get("Grpc-Status") != "0" {
			t.Errorf("at the end: %q, %v, trailer %v", rest, err, response.Trailer)
		}
		if status := response.Header.Get("Cache-Status"); !strings.Contains(status, "fwd=method") {
			t.Errorf("Cache-Status %q", status)
		}
		return nil
	})
	wait()
	transport.CloseIdleConnections()
	stop() // its connections would be kept
	before.settles(t)
	if n := entries(t); n != stored {
		t.Errorf("%d responses are stored, want %d", n, stored)
	}
}
