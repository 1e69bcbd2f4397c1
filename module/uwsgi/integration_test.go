package uwsgi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/page-cache/page-cache/module/framing"
)

// upload returns a body of some bytes and its digest in hexadecimal.
func uploadOf(size int) (body []byte, digest string) {
	body = make([]byte, size)
	for i := range body {
		body[i] = byte(i * i >> 7)
	}
	sum := sha256.Sum256(body)
	return body, hex.EncodeToString(sum[:])
}

// do asks the application and returns the status and the whole body.
func do(t *testing.T, app address, r *http.Request) (int, string) {
	t.Helper()
	r = r.WithContext(app.in(r.Context()))
	res, err := newTransport(t, nil).RoundTrip(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	body, err := read(t, res)
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return res.StatusCode, body
}

func TestRealGet(t *testing.T) {
	t.Parallel()
	for name, app := range uwsgiApps(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRequest(t.Context(), t, "GET", "/env?a=b%20c", nil)
			r.RemoteAddr = "198.51.100.7:4711"
			r.Proto = "HTTP/2.0"
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header["Cookie"] = []string{"a=1", "b=2"}
			r.Header["X_Forwarded_Host"] = []string{"evil.test"}
			r.Header["X.Forwarded.Host"] = []string{"evil.test"}
			status, body := do(t, app, r)
			var got map[string]string
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
				t.Fatalf("got %d %q, %v", status, body, err)
			}
			for name, want := range map[string]string{
				"REQUEST_METHOD": "GET", "PATH_INFO": "/env", "QUERY_STRING": "a=b%20c", "REQUEST_URI": "/env?a=b%20c",
				"REMOTE_ADDR": "198.51.100.7", "REMOTE_PORT": "4711", "SERVER_NAME": "shop.test", "SERVER_PORT": "443",
				"SERVER_PROTOCOL": "HTTP/2.0", "SCRIPT_NAME": "", "CONTENT_LENGTH": "", "HTTPS": "on", "wsgi.url_scheme": "https",
				"HTTP_HOST": "shop.test", "HTTP_COOKIE": "a=1; b=2",
			} {
				if value, ok := got[name]; value != want || !ok {
					t.Errorf("%s: got %q, want %q", name, value, want)
				}
			}
			if strings.Contains(body, "evil") {
				t.Errorf("a name with another character than a letter, digit or hyphen got through: %s", body)
			}
		})
	}
}

func TestRealHeadAndEmpty(t *testing.T) {
	t.Parallel()
	for name, app := range uwsgiApps(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, body := do(t, app, newRequest(t.Context(), t, "HEAD", "/env", nil)); status != http.StatusOK || body != "" {
				t.Errorf("HEAD: got %d %q", status, body)
			}
			if status, body := do(t, app, newRequest(t.Context(), t, "GET", "/empty", nil)); status != http.StatusNoContent || body != "" {
				t.Errorf("204: got %d %q", status, body)
			}
		})
	}
}

func TestRealPost(t *testing.T) {
	t.Parallel()
	body, digest := uploadOf(5 << 20)
	tests := []struct {
		name    string
		length  int64
		path    string
		status  int
		prefix  int // bytes before the answer's last line
		content string
	}{
		{"with its length", int64(len(body)), "/digest", 200, 0, digest},
		{"chunked", -1, "/digest", 200, 0, digest},
		{"that nobody reads", int64(len(body)), "/unread", 403, 0, "no"},
		{"that is read after the answer", int64(len(body)), "/early", 200, 64 << 16, digest},
	}
	for name, app := range uwsgiApps(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					r := newRequest(t.Context(), t, "POST", tt.path, bytes.NewReader(body))
					r.ContentLength = tt.length
					status, got := do(t, app, r)
					if status != tt.status || len(got) < tt.prefix || got[tt.prefix:] != tt.content {
						t.Errorf("got %d and %d bytes, want %d and %s", status, len(got), tt.status, tt.content)
					}
				})
			}
		})
	}
}

func TestRealParallel(t *testing.T) {
	t.Parallel()
	for name, app := range uwsgiApps(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					body, digest := uploadOf(1000 * i)
					r := newRequest(t.Context(), t, "POST", "/digest?"+strconv.Itoa(i), bytes.NewReader(body))
					if status, got := do(t, app, r); status != http.StatusOK || got != digest {
						t.Errorf("request %d: got %d %q, want %s", i, status, got, digest)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestRealClientLeavesInMidAnswer(t *testing.T) {
	apps := uwsgiApps(t)
	for _, how := range []string{"closes the body", "ends its context"} {
		t.Run(how, func(t *testing.T) {
			for name, app := range apps {
				t.Run(name, func(t *testing.T) {
					noLeak(t)
					pipe := filepath.Join(t.TempDir(), "left")
					if err := syscall.Mkfifo(pipe, 0o600); err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(app.in(t.Context()))
					defer cancel()
					r := newRequest(ctx, t, "GET", "/endless", nil)
					r.Header.Set("X-Pipe", pipe)
					res, err := newTransport(t, nil).RoundTrip(r)
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					if _, err := io.ReadFull(res.Body, make([]byte, 200<<10)); err != nil {
						t.Fatal(err)
					}
					if how == "closes the body" {
						_ = res.Body.Close()
					} else {
						cancel()
					}
					// Opening waits for the application, which writes here once it can write to us no more.
					if said, err := os.ReadFile(pipe); string(said) != "left\n" || err != nil {
						t.Errorf("got %q, %v; want the application to notice", said, err)
					}
				})
			}
		})
	}
}

func TestRealWorkerIsKilled(t *testing.T) {
	apps := uwsgiApps(t)
	tests := []struct {
		name, target string
		verdict      framing.Verdict
		end          error
	}{
		{"with a length", "/die?length=1", framing.SelfDelimited, io.ErrUnexpectedEOF},
		{"without", "/die", framing.CloseDelimited, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, app := range apps {
				t.Run(name, func(t *testing.T) {
					noLeak(t)
					ctx, report := framing.With(app.in(t.Context()))
					res, err := newTransport(t, nil).RoundTrip(newRequest(ctx, t, "GET", tt.target, nil))
					if err != nil {
						t.Fatal(err)
					}
					body, err := read(t, res)
					if body != "half " || !errors.Is(err, tt.end) {
						t.Errorf("got %q, %v; want half and %v", body, err, tt.end)
					}
					if got := report.Verdict(); got != tt.verdict {
						t.Errorf("got %s, want %s", got, tt.verdict)
					}
				})
			}
		})
	}
}

func TestRealChunkedByTheApplication(t *testing.T) {
	t.Parallel()
	for name, app := range uwsgiApps(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, report := framing.With(t.Context())
			if status, body := do(t, app, newRequest(ctx, t, "GET", "/chunked", nil)); status != http.StatusOK || body != "hello" {
				t.Errorf("got %d %q, want hello", status, body)
			}
			if got := report.Verdict(); got != framing.SelfDelimited {
				t.Errorf("got %s, want self-delimited", got)
			}
		})
	}
}

// The largest head that the protocol can carry reaches the application whole; one byte more is refused.
func TestRealLargestHead(t *testing.T) {
	t.Parallel()
	for name, app := range uwsgiApps(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := newTransport(t, nil)
			r := newRequest(t.Context(), t, "GET", "/env", nil)
			r.Header["X-Large"] = []string{""}
			packet, err := encodePacket(transport.variables(r, 0), blockLimit)
			if err != nil {
				t.Fatal(err)
			}
			room := blockLimit - (len(packet) - packetHeader)
			for _, tt := range []struct{ more, status int }{{0, http.StatusOK}, {1, http.StatusRequestHeaderFieldsTooLarge}} {
				large := strings.Repeat("x", room+tt.more)
				r.Header["X-Large"] = []string{large}
				status, body := do(t, app, r)
				if status != tt.status || strings.Contains(body, large) != (status == http.StatusOK) {
					t.Errorf("%d more: got %d and %d bytes, want %d", tt.more, status, len(body), tt.status)
				}
			}
		})
	}
}
