package integration

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/page-cache/page-cache/integration/edge"
)

// secureShop is shop over TLS. It returns the transports that speak each version of
// HTTP to it.
func secureShop(t *testing.T, o *edge.Origin) map[string]http.RoundTripper {
	t.Helper()
	_, certFile, keyFile := edge.NewCertificate(t, "shop.test")
	site := strings.Replace(shopSite(o, "15s"), "EDGE {", "https://shop.test:PORT {\n\ttls "+certFile+" "+keyFile, 1)
	e := edge.Start(t, site)
	config := &tls.Config{InsecureSkipVerify: true, ServerName: "shop.test"}
	to := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", e.Addr)
	}
	h2 := new(http.Protocols)
	h2.SetHTTP2(true)
	h1 := &http.Transport{TLSClientConfig: config.Clone(), DialContext: to, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	second := &http.Transport{TLSClientConfig: config.Clone(), DialContext: to, Protocols: h2}
	third := &http3.Transport{
		TLSClientConfig: config.Clone(),
		Dial: func(ctx context.Context, _ string, tlsConfig *tls.Config, quicConfig *quic.Config) (*quic.Conn, error) {
			return quic.DialAddr(ctx, e.Addr, tlsConfig, quicConfig)
		},
	}
	t.Cleanup(func() {
		h1.CloseIdleConnections()
		second.CloseIdleConnections()
		third.Close()
	})
	return map[string]http.RoundTripper{"HTTP/1.1": h1, "HTTP/2.0": second, "HTTP/3.0": third}
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
