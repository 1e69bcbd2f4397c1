package integration

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/page-cache/page-cache/integration/edge"
)

// secured is an edge over TLS, with shopSite's line.
type secured struct {
	*edge.Edge

	t *testing.T
}

func startSecured(t *testing.T, o *edge.Origin, ttl string, options ...string) *secured {
	t.Helper()
	_, certFile, keyFile := edge.NewCertificate(t, "shop.test")
	// A connection to the origin whose request was taken back meanwhile would be kept.
	site := strings.NewReplacer("EDGE {", "https://shop.test:PORT {\n\ttls "+certFile+" "+keyFile,
		o.Addr, o.Addr+" {\n\t\ttransport http {\n\t\t\tkeepalive off\n\t\t}\n\t}").Replace(shopSite(o, ttl, options...))
	return &secured{Edge: edge.Start(t, site), t: t}
}

// client is what speaks one version of HTTP to the edge.
type client interface {
	http.RoundTripper
	CloseIdleConnections()
}

func tlsConfig() *tls.Config { return &tls.Config{InsecureSkipVerify: true, ServerName: "shop.test"} }

// overTCP returns a client of HTTP/1.1, or of HTTP/2 if the protocols say so.
func (s *secured) overTCP(protocols *http.Protocols) *http.Transport {
	transport := &http.Transport{
		TLSClientConfig: tlsConfig(), Protocols: protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
		},
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func (s *secured) http1() *http.Transport {
	only := new(http.Protocols)
	only.SetHTTP1(true)
	return s.overTCP(only)
}

func (s *secured) http2() *http.Transport {
	only := new(http.Protocols)
	only.SetHTTP2(true)
	return s.overTCP(only)
}

// overQUIC is a client of HTTP/3 that knows its connections: the library forgets those
// on which a request has failed, and leaves them open.
type overQUIC struct {
	*http3.Transport

	mu    sync.Mutex // protects conns
	conns []*quic.Conn
}

// CloseIdleConnections closes all connections. Later requests make new ones.
func (c *overQUIC) CloseIdleConnections() {
	c.Transport.CloseIdleConnections()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.CloseWithError(0, "")
	}
	c.conns = nil
}

func (s *secured) http3() *overQUIC {
	c := &overQUIC{Transport: &http3.Transport{TLSClientConfig: tlsConfig()}}
	c.Dial = func(ctx context.Context, _ string, tlsConfig *tls.Config, quicConfig *quic.Config) (*quic.Conn, error) {
		conn, err := quic.DialAddr(ctx, s.Addr, tlsConfig, quicConfig)
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.conns = append(c.conns, conn)
		}
		return conn, err
	}
	s.t.Cleanup(func() {
		c.CloseIdleConnections()
		c.Close()
	})
	return c
}

// secureShop is shop over TLS. It returns the transports that speak each version of
// HTTP to it.
func secureShop(t *testing.T, o *edge.Origin) map[string]http.RoundTripper {
	t.Helper()
	s := startSecured(t, o, "15s")
	return map[string]http.RoundTripper{"HTTP/1.1": s.http1(), "HTTP/2.0": s.http2(), "HTTP/3.0": s.http3()}
}

// fetch sends a GET for a target of the shop's, and returns the response with its
// whole body, and so with its trailers.
func fetch(t *testing.T, transport http.RoundTripper, target string, fields http.Header) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://shop.test"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = fields.Clone()
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: %v after %d bytes", target, err, len(body))
	}
	return response, string(body)
}

// TestEveryVersionUsesTheStore: a page that was stored over one version of HTTP is
// served over each, and each fills the store.
func TestEveryVersionUsesTheStore(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	transports := secureShop(t, o)
	for filler, transport := range transports {
		target := newPage()
		first, body := fetch(t, transport, target, http.Header{})
		if status := first.Header.Get("Cache-Status"); first.Proto != filler || !strings.Contains(status, "fwd=uri-miss") || !strings.Contains(status, "stored") {
			t.Errorf("%s: %s, Cache-Status %q", filler, first.Proto, status)
		}
		edge.Poll(t, "the fill has ended", func() bool { return metric(t, "caddy_page_cache_fills_in_flight") == 0 })
		for version, transport := range transports {
			hit, again := fetch(t, transport, target, http.Header{})
			if hit.Proto != version || !strings.Contains(hit.Header.Get("Cache-Status"), "page-cache;hit") || again != body {
				t.Errorf("stored over %s, asked over %s: %s, Cache-Status %q", filler, version, hit.Proto, hit.Header["Cache-Status"])
			}
		}
		if got := o.Hits(target); got != 1 {
			t.Errorf("stored over %s: %d requests at the origin", filler, got)
		}
	}
}

// TestEveryVersionBypassesForABody: a GET with content is about that content, and
// reaches the origin with it.
func TestEveryVersionBypassesForABody(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	transports := secureShop(t, o)
	for version, transport := range transports {
		target := newPage()
		for range 2 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://shop.test"+target, strings.NewReader("content"))
			if err != nil {
				t.Fatal(err)
			}
			response, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatalf("%s: %v", version, err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || !strings.Contains(string(body), "body=content\n") || !strings.Contains(response.Header.Get("Cache-Status"), "detail=request-body") {
				t.Errorf("%s: Cache-Status %q, body %q, %v", version, response.Header["Cache-Status"], body, err)
			}
		}
		if got := o.Hits(target); got != 2 {
			t.Errorf("%s: %d requests at the origin", version, got)
		}
	}
}
