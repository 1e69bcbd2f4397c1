package capture

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// judge notes what it is asked, and has the body written to its buffer.
type judge struct {
	asked  int
	status int
	header http.Header
	body   bytes.Buffer
}

func (j *judge) judge(status int, h http.Header) io.Writer {
	j.asked++
	j.status, j.header = status, h.Clone()
	return &j.body
}

func TestWriter(t *testing.T) {
	for _, tt := range []struct {
		name   string
		serve  func(w *Writer)
		asked  int
		status int
		header string // X-Page as it was judged
		body   string
	}{
		{"writes nothing", func(*Writer) {}, 0, 0, "", ""},
		{"writes a page", func(w *Writer) {
			w.Header().Set("X-Page", "shoes")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "no ")
			_, _ = io.WriteString(w, "shoes")
		}, 1, 404, "shoes", "no shoes"},
		{"leaves the status out", func(w *Writer) { _, _ = io.WriteString(w, "page") }, 1, 200, "", "page"},
		{"flushes first", func(w *Writer) { w.Flush() }, 1, 200, "", ""},
		{"writes two statuses", func(w *Writer) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusOK)
		}, 1, 404, "", ""},
		{"changes the header afterwards", func(w *Writer) {
			w.Header().Set("X-Page", "shoes")
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Page", "hats")
		}, 1, 200, "shoes", ""},
		{"hints early", func(w *Writer) {
			w.WriteHeader(http.StatusContinue)
			w.WriteHeader(http.StatusProcessing)
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "page")
		}, 1, 200, "", "page"},
		{"hints and nothing else", func(w *Writer) { w.WriteHeader(http.StatusEarlyHints) }, 0, 0, "", ""},
		{"switches protocols", func(w *Writer) { w.WriteHeader(http.StatusSwitchingProtocols) }, 1, 101, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var j judge
			w := New(http.Header{}, j.judge)
			tt.serve(w)
			if j.asked != tt.asked || j.status != tt.status || w.Status() != tt.status {
				t.Errorf("judged %d times, status %d and %d; want %d times and %d", j.asked, j.status, w.Status(), tt.asked, tt.status)
			}
			if j.header.Get("X-Page") != tt.header || j.body.String() != tt.body || w.Size() != int64(len(tt.body)) {
				t.Errorf("got header %v, body %q and size %d", j.header, j.body.String(), w.Size())
			}
		})
	}
}

func TestServerFieldsAreCopied(t *testing.T) {
	server := http.Header{"Server": {"Caddy"}}
	w := New(server, new(judge).judge)
	if w.Header().Get("Server") != "Caddy" {
		t.Error("the server's own field is missing")
	}
	w.Header().Set("Server", "uWSGI")
	w.Header()["Server"][0] = "uWSGI"
	if server.Get("Server") != "Caddy" {
		t.Error("the origin changed the server's own field")
	}
}

func TestUnwantedAnswer(t *testing.T) {
	w := New(http.Header{}, func(int, http.Header) io.Writer { return nil })
	for range 2 {
		if n, err := io.WriteString(w, "page"); n != 0 || !errors.Is(err, ErrDropped) {
			t.Errorf("wrote %d bytes, %v; want none and %v", n, err, ErrDropped)
		}
	}
	if w.Size() != 0 || w.Status() != http.StatusOK {
		t.Errorf("got size %d and status %d", w.Size(), w.Status())
	}
}

// halfWriter takes some bytes and then fails.
type halfWriter struct{ room int }

func (h *halfWriter) Write(p []byte) (int, error) {
	n := min(len(p), h.room)
	h.room -= n
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestSizeIsWhatWasTaken(t *testing.T) {
	w := New(http.Header{}, func(int, http.Header) io.Writer { return &halfWriter{room: 7} })
	n, err := io.Copy(w, strings.NewReader("half a page"))
	if n != 7 || !errors.Is(err, io.ErrShortWrite) || w.Size() != 7 {
		t.Errorf("wrote %d bytes, %v; size %d", n, err, w.Size())
	}
}
