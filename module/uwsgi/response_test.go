package uwsgi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func parse(t *testing.T, method, answer string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://shop.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return readResponse(bufio.NewReader(iotest.HalfReader(strings.NewReader(answer))), r)
}

func TestReadResponse(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	long := strings.Repeat("x", 60<<10)
	tests := []struct {
		name, method, answer string
		status               int
		length               int64
		body                 string
		err                  error // of the body
	}{
		{"length", "GET", ok + "Content-Length: 5\r\n\r\nhello", 200, 5, "hello", nil},
		{"more than the length", "GET", ok + "Content-Length: 5\r\n\r\nhello, world", 200, 5, "hello", nil},
		{"less than the length", "GET", ok + "Content-Length: 5\r\n\r\nhell", 200, 5, "hell", io.ErrUnexpectedEOF},
		{"nothing of the length", "GET", ok + "Content-Length: 5\r\n\r\n", 200, 5, "", io.ErrUnexpectedEOF},
		{"length 0", "GET", ok + "Content-Length: 0\r\n\r\nx", 200, 0, "", nil},
		{"the same length twice", "GET", ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, 5, "hello", nil},
		{"no length", "GET", ok + "\r\nhello", 200, -1, "hello", nil},
		{"no length, HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello", 200, -1, "hello", nil},
		{"an echoed HTTP/2.0", "GET", "HTTP/2.0 200 OK\r\n\r\nhello", 200, -1, "hello", nil},
		{"no reason", "GET", "HTTP/1.1 404 \r\n\r\n", 404, -1, "", nil},
		{"not even a blank", "GET", "HTTP/1.1 404\r\n\r\n", 404, -1, "", nil},
		{"chunked", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, -1, "hello", nil},
		{"chunked, cut", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 200, -1, "hello", io.ErrUnexpectedEOF},
		{"HEAD", "HEAD", ok + "Content-Length: 5\r\n\r\n", 200, 5, "", nil},
		{"HEAD with a body", "HEAD", ok + "Content-Length: 5\r\n\r\nhello", 200, 5, "", nil},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\nx", 204, 0, "", nil},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, 0, "", nil},
		{"continue", "GET", "HTTP/1.1 100 Continue\r\n\r\n" + ok + "\r\nhello", 200, -1, "hello", nil},
		{"early hints", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello", 200, 5, "hello", nil},
		{"a large header", "GET", ok + "X: " + long + "\r\n\r\nhello", 200, -1, "hello", nil},
		{"599", "GET", "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n", 599, 0, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, err := parse(t, tt.method, tt.answer)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != tt.status || res.ContentLength != tt.length || res.ProtoMajor != 1 {
				t.Errorf("got %d, length %d, %s; want %d, %d, HTTP/1", res.StatusCode, res.ContentLength, res.Proto, tt.status, tt.length)
			}
			body, err := io.ReadAll(res.Body)
			if string(body) != tt.body || !errors.Is(err, tt.err) {
				t.Errorf("got body %q, %v; want %q, %v", body, err, tt.body, tt.err)
			}
		})
	}
}

func TestReadResponseRefuses(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	var many strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&many, "X-%d: y\r\n", i)
	}
	tests := []struct{ name, answer string }{
		{"HTTP/0.9", "<html>hello</html>\r\n\r\n"},
		{"CGI", "Status: 200 OK\r\n\r\n"},
		{"another protocol", "ICY 200 OK\r\n\r\n"},
		{"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"},
		{"status 000", "HTTP/1.1 000 X\r\n\r\n"},
		{"status 099", "HTTP/1.1 099 X\r\n\r\n"},
		{"status 600", "HTTP/1.1 600 X\r\n\r\n"},
		{"status 999", "HTTP/1.1 999 X\r\n\r\n"},
		{"status 20", "HTTP/1.1 20 X\r\n\r\n"},
		{"status 2000", "HTTP/1.1 2000 X\r\n\r\n"},
		{"status +20", "HTTP/1.1 +20 X\r\n\r\n"},
		{"status 2x0", "HTTP/1.1 2x0 X\r\n\r\n"},
		{"no status", "HTTP/1.1 \r\n\r\n"},
		{"two blanks", "HTTP/1.1  200 OK\r\n\r\n"},
		{"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"},
		{"two status lines", ok + "HTTP/1.1 500 No\r\n\r\n"},
		{"two status lines with a colon", ok + "HTTP/1.1 500: No\r\n\r\n"},
		{"empty line first", "\r\n" + ok + "\r\n"},
		{"line feeds alone", "HTTP/1.1 200 OK\nX: y\n\n"},
		{"a line feed within", ok + "X: y\nSet-Cookie: a=b\r\n\r\n"},
		{"a carriage return within", ok + "X: y\rSet-Cookie: a=b\r\n\r\n"},
		{"no colon", ok + "X\r\n\r\n"},
		{"no name", ok + ": y\r\n\r\n"},
		{"a blank before the colon", ok + "X : y\r\n\r\n"},
		{"obs-fold", ok + "X: y\r\n z\r\n\r\n"},
		{"obs-fold with a colon", ok + "X: y\r\n\tZ: z\r\n\r\n"},
		{"obs-fold at once", ok + " X: y\r\n\r\n"},
		{"NUL in a value", ok + "X: a\x00b\r\n\r\n"},
		{"NUL in a name", ok + "X\x00: ab\r\n\r\n"},
		{"NUL in the reason", "HTTP/1.1 200 O\x00K\r\n\r\n"},
		{"two lengths", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
		{"a list of lengths", ok + "Content-Length: 5, 6\r\n\r\nhello"},
		{"negative length", ok + "Content-Length: -1\r\n\r\n"},
		{"signed length", ok + "Content-Length: +5\r\n\r\nhello"},
		{"empty length", ok + "Content-Length:\r\n\r\n"},
		{"hexadecimal length", ok + "Content-Length: 0x5\r\n\r\nhello"},
		{"length 2^63", ok + "Content-Length: 9223372036854775808\r\n\r\n"},
		{"length beyond 2^64", ok + "Content-Length: 18446744073709551621\r\n\r\nhello"},
		{"bad length of a 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n"},
		{"length and chunked", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"gzip, chunked", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{"identity", ok + "Transfer-Encoding: identity\r\n\r\n"},
		{"chunked twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"10,000 headers", ok + many.String() + "\r\n"},
		{"an endless line", ok + "X: " + strings.Repeat("y", maxHead)},
		{"an endless status line", "HTTP/1.1 200 " + strings.Repeat("y", maxHead)},
		{"endless informational responses", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 5000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, err := parse(t, http.MethodGet, tt.answer)
			if err == nil {
				_ = res.Body.Close()
			}
			if !errors.Is(err, errBadResponse) {
				t.Errorf("got error %v, want a malformed response", err)
			}
		})
	}
}

func TestReadResponseCutOff(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"
	for i := range len(answer) {
		if _, err := parse(t, http.MethodGet, answer[:i]); !errors.Is(err, io.ErrUnexpectedEOF) { //nolint:bodyclose // there is none
			t.Errorf("after %q: got error %v, want unexpected EOF", answer[:i], err)
		}
	}
}

func TestInformationalResponsesReachTheTrace(t *testing.T) {
	t.Parallel()
	var seen []string
	stop := errors.New("enough")
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			seen = append(seen, fmt.Sprint(code, " ", header.Get("Link")))
			if code == http.StatusProcessing {
				return stop
			}
			return nil
		},
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://shop.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = readResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 100 Continue\r\n\r\n"+ //nolint:bodyclose // there is none
		"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")), r)
	if want := []string{"103 </a.css>", "102 "}; !slices.Equal(seen, want) || !errors.Is(err, stop) {
		t.Errorf("got %q, %v; want %q, %v", seen, err, want, stop)
	}
}

func FuzzReadResponse(f *testing.F) {
	f.Add("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	f.Add("GET", "HTTP/2.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n")
	f.Add("HEAD", "HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.0 404 \r\nContent-Length: 9\r\n\r\n")
	f.Add("GET", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n")
	f.Fuzz(func(t *testing.T, method, answer string) {
		r := &http.Request{Method: method}
		res, err := readResponse(bufio.NewReader(strings.NewReader(answer)), r) //nolint:bodyclose // it reads from a string
		if err != nil {
			if !errors.Is(err, errBadResponse) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if res.StatusCode < 200 || res.StatusCode > 599 || res.ProtoMajor != 1 {
			t.Fatalf("let through: %s %d", res.Proto, res.StatusCode)
		}
		for name, values := range res.Header {
			if strings.ContainsAny(name+strings.Join(values, ""), "\x00\r\n") {
				t.Fatalf("let through: %q: %q", name, values)
			}
		}
		body, err := io.ReadAll(res.Body)
		if res.ContentLength >= 0 && method != http.MethodHead && err == nil && int64(len(body)) != res.ContentLength {
			t.Fatalf("%d bytes end without an error, announced were %d", len(body), res.ContentLength)
		}
	})
}
