package framing_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/page-cache/page-cache/module/framing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rawOrigin answers every connection's first request with the given bytes and closes when they end with a mark.
func rawOrigin(t *testing.T, answers ...string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, answer := range answers {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			_, _ = conn.Read(buf)
			keep := strings.HasSuffix(answer, keepOpen)
			_, _ = io.WriteString(conn, strings.TrimSuffix(answer, keepOpen))
			if keep {
				_, _ = io.Copy(io.Discard, conn) // until the client closes
			}
			_ = conn.Close()
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	return "http://" + ln.Addr().String()
}

const keepOpen = "<keep open>"

// get reads the whole answer and returns the report and the error that the body ended with.
func get(ctx context.Context, t *testing.T, tr http.RoundTripper, url string) (*framing.Report, error) {
	t.Helper()
	ctx, report := framing.With(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return report, err
}

func TestVerdictHTTP1(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		want         framing.Verdict
		broken       bool
	}{
		{"content length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + keepOpen, framing.SelfDelimited, false},
		{"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + keepOpen, framing.SelfDelimited, false},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n" + keepOpen, framing.SelfDelimited, false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + keepOpen, framing.SelfDelimited, false},
		{"chunked, closing", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", framing.Unproven, false},
		{"chunked, cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", framing.Unproven, true},
		{"content length, cut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", framing.Unproven, true},
		{"close-delimited 1.1", "HTTP/1.1 200 OK\r\n\r\nok", framing.Unproven, false},
		{"close-delimited 1.0", "HTTP/1.0 200 OK\r\n\r\nok", framing.Unproven, false},
		{"close-delimited 1.0 that claims to keep", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nok", framing.Unproven, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := &http.Transport{}
			defer tr.CloseIdleConnections()
			report, err := get(t.Context(), t, tr, rawOrigin(t, tt.answer))
			if got := report.Verdict(); got != tt.want || (err != nil) != tt.broken {
				t.Errorf("got %s, body error %v; want %s, an error: %t", got, err, tt.want, tt.broken)
			}
		})
	}
}

func TestVerdictWhenThePoolIsFull(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var held sync.WaitGroup
	held.Add(2)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		held.Done()
		<-release
		_ = http.NewResponseController(w).Flush() // makes it chunked
		_, _ = io.WriteString(w, "ok")
	}))
	defer origin.Close()
	tr := &http.Transport{MaxIdleConnsPerHost: 1}
	defer tr.CloseIdleConnections()
	go func() { held.Wait(); close(release) }()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			report, err := get(t.Context(), t, tr, origin.URL)
			if got := report.Verdict(); got != framing.SelfDelimited || err != nil {
				t.Errorf("got %s, %v; want self-delimited", got, err)
			}
		})
	}
	wg.Wait()
}

// The word must stand before the reader learns of the end: a fill judges on EOF.
func TestVerdictStandsAtEOF(t *testing.T) {
	t.Parallel()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "ok")
	}))
	defer origin.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	for i := range 200 {
		if report, err := get(t.Context(), t, tr, origin.URL); report.Verdict() != framing.SelfDelimited || err != nil {
			t.Fatalf("round %d: got %s, %v; want self-delimited", i, report.Verdict(), err)
		}
	}
}

func TestVerdictHTTP2(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		start func(*httptest.Server, *http.Transport)
	}{
		{"tls", func(s *httptest.Server, tr *http.Transport) {
			s.EnableHTTP2 = true
			s.StartTLS()
			tr.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			tr.ForceAttemptHTTP2 = true
		}},
		{"h2c", func(s *httptest.Server, tr *http.Transport) {
			s.Config.Protocols = new(http.Protocols)
			s.Config.Protocols.SetUnencryptedHTTP2(true)
			s.Start()
			tr.Protocols = new(http.Protocols)
			tr.Protocols.SetUnencryptedHTTP2(true)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			origin := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != 2 {
					t.Errorf("got %s, want HTTP/2", r.Proto)
				}
				_ = http.NewResponseController(w).Flush()
				_, _ = io.WriteString(w, "ok")
			}))
			tr := &http.Transport{}
			tt.start(origin, tr)
			defer origin.Close()
			defer tr.CloseIdleConnections()
			for range 2 { // the second time on a connection that is reused
				if report, err := get(t.Context(), t, tr, origin.URL); report.Verdict() != framing.SelfDelimited || err != nil {
					t.Errorf("got %s, %v; want self-delimited", report.Verdict(), err)
				}
			}
		})
	}
}

// A request that is sent again is judged by its last attempt.
func TestEveryAttemptStartsUnproven(t *testing.T) {
	t.Parallel()
	whole := rawOrigin(t, "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"+keepOpen)
	open := rawOrigin(t, "HTTP/1.0 200 OK\r\n\r\nok")
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	ctx, report := framing.With(t.Context())
	for i, step := range []struct {
		url  string
		want framing.Verdict
	}{{whole, framing.SelfDelimited}, {open, framing.Unproven}} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, step.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if got := report.Verdict(); got != step.want {
			t.Errorf("attempt %d: got %s, want %s", i, got, step.want)
		}
	}
	// A late word of an HTTP/2 writer must not reach the attempt that came after it.
	httptrace.ContextClientTrace(ctx).WroteHeaderField(":method", []string{"GET"})
	if got := report.Verdict(); got != framing.Unproven {
		t.Errorf("after a late pseudo-header: got %s, want close-delimited", got)
	}
}

func TestReportByHand(t *testing.T) {
	t.Parallel()
	if r := framing.From(t.Context()); r != nil {
		t.Errorf("got %v outside a fill, want nil", r)
	}
	framing.From(t.Context()).Note(framing.SelfDelimited) // must not panic
	if got := framing.From(t.Context()).Verdict(); got != framing.Unknown {
		t.Errorf("nil report: got %s, want unknown", got)
	}
	ctx, report := framing.With(t.Context())
	if framing.From(ctx) != report {
		t.Error("From does not return what With made")
	}
	if got := report.Verdict(); got != framing.Unknown {
		t.Errorf("untouched: got %s, want unknown", got)
	}
	for _, v := range []framing.Verdict{framing.Unproven, framing.CloseDelimited, framing.SelfDelimited} {
		framing.From(ctx).Note(v)
		if got := report.Verdict(); got != v {
			t.Errorf("got %s, want %s", got, v)
		}
	}
}

// The proxy adds a trace of its own below the fill's.
func TestTraceComposes(t *testing.T) {
	t.Parallel()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{})
	ctx, report := framing.With(ctx)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{})
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet,
		rawOrigin(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"+keepOpen), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if got := report.Verdict(); got != framing.SelfDelimited {
		t.Errorf("got %s, want self-delimited", got)
	}
}
