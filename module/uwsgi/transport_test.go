package uwsgi

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/page-cache/page-cache/module/framing"
)

const helloAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func TestFullListenQueueIsWaitedFor(t *testing.T) {
	noLeak(t)
	app, accept := fullQueue(t)
	go accept()
	res, err := newTransport(t, nil).RoundTrip(newRequest(app.in(t.Context()), t, "GET", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, res); got != "hello" || err != nil {
		t.Errorf("got %q, %v; want hello", got, err)
	}
}

func TestDialErrorsAreSuch(t *testing.T) {
	t.Parallel()
	body := &countingBody{Reader: strings.NewReader("hello")}
	r := newRequest(deadAddress(t).in(t.Context()), t, "POST", "/", body)
	r.ContentLength = 5
	_, err := newTransport(t, nil).RoundTrip(r) //nolint:bodyclose // there is none
	if _, ok := errors.AsType[reverseproxy.DialError](err); !ok {
		t.Errorf("got %T %v, want a dial error", err, err)
	}
	if body.reads != 0 || body.closes != 1 {
		t.Errorf("got %d reads, %d closes; want a body that is closed and whole", body.reads, body.closes)
	}
}

type countingBody struct {
	io.Reader
	reads, closes int
}

func (b *countingBody) Read(p []byte) (int, error) { b.reads++; return b.Reader.Read(p) }
func (b *countingBody) Close() error               { b.closes++; return nil }

// echo answers with the announced length, a colon and the body.
func echo(conn net.Conn, vars map[string]string) {
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"+vars["CONTENT_LENGTH"]+":")
	if vars["CONTENT_LENGTH"] != "" {
		_, _ = io.CopyN(conn, conn, 5)
	}
}

func TestBodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	app := fakeApp(t, echo)
	transport := newTransport(t, func(t *Transport) { t.BufferLimit = 5 })
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{"empty", "", 200, ":"},
		{"at the limit", "hello", 200, "5:hello"},
		{"one over", "hello!", 413, "413 Request Entity Too Large\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := app.in(t.Context())
			body := io.NopCloser(strings.NewReader(tt.body))
			for range 2 { // a retry gets the same body, read to its end
				r := newRequest(ctx, t, "POST", "/", nil)
				r.Body, r.ContentLength = body, -1
				res, err := transport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				got, err := read(t, res)
				if res.StatusCode != tt.status || got != tt.want || err != nil {
					t.Errorf("got %d %q, %v; want %d %q", res.StatusCode, got, err, tt.status, tt.want)
				}
				if tt.status != http.StatusOK {
					return
				}
			}
		})
	}
}

// A body that was streamed once is never sent in part to the next upstream.
func TestStreamedBodyIsNotSentTwice(t *testing.T) {
	t.Parallel()
	ctx := answering(t, "garbage\r\n").in(t.Context())
	body := &countingBody{Reader: strings.NewReader("hello")}
	attempt := func() (*http.Response, error) {
		r := newRequest(ctx, t, "POST", "/", body)
		r.ContentLength = 5
		return newTransport(t, nil).RoundTrip(r)
	}
	if _, err := attempt(); !errors.Is(err, errBadResponse) { //nolint:bodyclose // there is none
		t.Fatalf("got %v, want a malformed response", err)
	}
	res, err := attempt()
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d, want 502", res.StatusCode)
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	noLeak(t)
	received := make(chan int64, 1)
	app := fakeApp(t, func(conn net.Conn, _ map[string]string) {
		n, _ := io.Copy(io.Discard, conn) // ends only when the connection is closed
		received <- n
	})
	tests := []struct {
		name   string
		body   io.Reader
		status int
	}{
		{"short", strings.NewReader("hell"), 400},
		{"cut off", io.MultiReader(strings.NewReader("hell"), failing{io.ErrUnexpectedEOF}), 400},
		{"over a limit", io.MultiReader(strings.NewReader("hell"), failing{&http.MaxBytesError{Limit: 4}}), 413},
		{"over Caddy's limit", io.MultiReader(strings.NewReader("hell"), failing{caddyhttp.Error(413, errors.New("too large"))}), 413},
		{"too slow", io.MultiReader(strings.NewReader("hell"), failing{os.ErrDeadlineExceeded}), 408},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(app.in(t.Context()), t, "POST", "/", tt.body)
			r.ContentLength = 5
			res, err := newTransport(t, nil).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if got := <-received; res.StatusCode != tt.status || got != 4 {
				t.Errorf("got %d, the application %d bytes; want %d and 4 bytes", res.StatusCode, got, tt.status)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// What the client alone can mend is an answer, made before anything is dialed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	large := func(r *http.Request) { r.Header.Set("X-Large", strings.Repeat("x", 70<<10)) }
	tests := []struct {
		name, method string
		change       func(*http.Request)
		status       int
	}{
		{"a 70 kB header", "GET", large, 431},
		{"a 70 kB header of a HEAD", "HEAD", large, 431},
		{"a 70 kB header name", "GET", func(r *http.Request) { r.Header[strings.Repeat("X", 70<<10)] = []string{""} }, 431},
		{"a 70 kB path", "GET", func(r *http.Request) { r.URL.Path = "/" + strings.Repeat("x", 70<<10) }, 431},
		{"many headers", "GET", func(r *http.Request) {
			for i := range 9 {
				r.Header["X-"+strings.Repeat("X", i)] = []string{strings.Repeat("x", 8<<10)}
			}
		}, 431},
		{"a line feed in the path", "GET", func(r *http.Request) { r.URL.Path = "/a\nb" }, 400},
		{"a NUL in the path", "GET", func(r *http.Request) { r.URL.Path = "/a\x00b" }, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, report := framing.With(deadAddress(t).in(t.Context()))
			r := newRequest(ctx, t, tt.method, "/", nil)
			tt.change(r)
			res, err := newTransport(t, nil).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := read(t, res)
			if res.StatusCode != tt.status || err != nil || (body == "") != (tt.method == http.MethodHead) {
				t.Errorf("got %d %q, %v; want %d", res.StatusCode, body, err, tt.status)
			}
			if got := report.Verdict(); got != framing.SelfDelimited {
				t.Errorf("got %s, want self-delimited", got)
			}
		})
	}
}

func TestMaxBlockIsASetting(t *testing.T) {
	t.Parallel()
	r := newRequest(deadAddress(t).in(t.Context()), t, "GET", "/", nil)
	r.Header.Set("Cookie", strings.Repeat("x", 5000))
	res, err := newTransport(t, func(t *Transport) { t.MaxBlock = 4096 }).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d, want 431", res.StatusCode)
	}
}

func TestBadAnswersAreErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		want         error
	}{
		{"none", "", io.ErrUnexpectedEOF},
		{"half a head", "HTTP/1.1 200 OK\r\nX: y\r\n", io.ErrUnexpectedEOF},
		{"no HTTP", "hello\r\n\r\n", errBadResponse},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", errBadResponse},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newTransport(t, nil).RoundTrip(newRequest(answering(t, tt.answer).in(t.Context()), t, "GET", "/", nil)) //nolint:bodyclose // there is none
			if _, dial := errors.AsType[reverseproxy.DialError](err); !errors.Is(err, tt.want) || dial {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, answer string
		want                 framing.Verdict
	}{
		{"length", "GET", helloAnswer, framing.SelfDelimited},
		{"length 0", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", framing.SelfDelimited},
		{"no length", "GET", "HTTP/1.1 200 OK\r\n\r\nhello", framing.CloseDelimited},
		{"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", framing.SelfDelimited},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", framing.SelfDelimited},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", framing.SelfDelimited},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", framing.SelfDelimited},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, report := framing.With(answering(t, tt.answer).in(t.Context()))
			res, err := newTransport(t, nil).RoundTrip(newRequest(ctx, t, tt.method, "/", nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := report.Verdict(); got != tt.want {
				t.Errorf("at the head: got %s, want %s", got, tt.want)
			}
			if _, err := read(t, res); err != nil {
				t.Error(err)
			}
			if got := report.Verdict(); got != tt.want {
				t.Errorf("at the end: got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	bad := Transport{
		DialTimeout: -1, WriteTimeout: -1, HeaderTimeout: -1, ReadTimeout: -1, BufferLimit: -1, MaxBlock: 65536,
		Vars: map[string]string{"A-B": ""},
	}
	err := bad.Validate()
	for _, want := range []string{"dial_timeout", "write_timeout", "header_timeout", "read_timeout", "buffer_limit", "max_block", "A-B"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
	good := newTransport(t, nil)
	if got, want := good.DialTimeout, caddy.Duration(3*time.Second); got != want {
		t.Errorf("dial_timeout: got %v, want %v", got, want)
	}
	if good.HeaderTimeout != caddy.Duration(time.Minute) || good.ReadTimeout != good.HeaderTimeout || good.WriteTimeout != good.HeaderTimeout {
		t.Errorf("got timeouts %v %v %v, want a minute", good.HeaderTimeout, good.ReadTimeout, good.WriteTimeout)
	}
	if good.BufferLimit != 10<<20 || good.MaxBlock != 65535 {
		t.Errorf("got limits %d, %d; want 10 MiB, 65535", good.BufferLimit, good.MaxBlock)
	}
}
