package capture

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// judge notes what it is asked and told, and has the body written to its buffer.
type judge struct {
	asked  int
	status int
	header http.Header
	body   bytes.Buffer
	told   []string // the status and the Link of each informational answer
}

func (j *judge) inform(status int, h http.Header) {
	j.told = append(j.told, strconv.Itoa(status)+h.Get("Link"))
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
			w := New(http.Header{}, j.judge, j.inform)
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

// TestInformationalAnswers: each is told as it comes, with the fields that are set
// then, and none after the final one; RFC 9110 §15.2.
func TestInformationalAnswers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		serve func(w *Writer)
		told  []string
		asked int
	}{
		{"none", func(w *Writer) { w.WriteHeader(http.StatusOK) }, nil, 1},
		{"one", func(w *Writer) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusOK)
		}, []string{"103</a>"}, 1},
		{"several", func(w *Writer) {
			w.WriteHeader(http.StatusContinue)
			w.Header().Set("Link", "</a>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Link", "</b>")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(199)
			w.WriteHeader(http.StatusNotFound)
		}, []string{"100", "103</a>", "103</b>", "199</b>"}, 1},
		{"without an answer", func(w *Writer) { w.WriteHeader(http.StatusProcessing) }, []string{"102"}, 0},
		{"after the answer", func(w *Writer) {
			w.WriteHeader(http.StatusOK)
			w.WriteHeader(http.StatusEarlyHints)
		}, nil, 1},
		{"after the body has begun", func(w *Writer) {
			_, _ = io.WriteString(w, "page")
			w.WriteHeader(http.StatusEarlyHints)
		}, nil, 1},
		{"after a flush", func(w *Writer) {
			w.Flush()
			w.WriteHeader(http.StatusEarlyHints)
		}, nil, 1},
		{"switching protocols is final", func(w *Writer) {
			w.WriteHeader(http.StatusSwitchingProtocols)
			w.WriteHeader(http.StatusEarlyHints)
		}, nil, 1},
		{"99 is no such answer", func(w *Writer) { w.WriteHeader(99) }, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var j judge
			tt.serve(New(http.Header{}, j.judge, j.inform))
			if !slices.Equal(j.told, tt.told) || j.asked != tt.asked {
				t.Errorf("told %q and judged %d times, want %q and %d", j.told, j.asked, tt.told, tt.asked)
			}
		})
	}
}

func TestServerFieldsAreCopied(t *testing.T) {
	server := http.Header{"Server": {"Caddy"}}
	w := New(server, new(judge).judge, nil)
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
	w := New(http.Header{}, func(int, http.Header) io.Writer { return nil }, nil)
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
	w := New(http.Header{}, func(int, http.Header) io.Writer { return &halfWriter{room: 7} }, nil)
	n, err := io.Copy(w, strings.NewReader("half a page"))
	if n != 7 || !errors.Is(err, io.ErrShortWrite) || w.Size() != 7 {
		t.Errorf("wrote %d bytes, %v; size %d", n, err, w.Size())
	}
}
