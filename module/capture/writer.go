// Package capture is the ResponseWriter of a fill: it takes what the origin
// writes, asks once what to do with it when the final header is there, and hands
// the body on. It keeps nothing and decides nothing. A Writer is used by the
// fill's goroutine alone.
package capture

import (
	"errors"
	"io"
	"net/http"
)

// ErrDropped is what a write gets when the answer is not wanted: the handler
// should stop.
var ErrDropped = errors.New("capture: the answer is not wanted")

// Writer implements http.ResponseWriter and http.Flusher. It cannot be hijacked:
// a fill never upgrades.
type Writer struct {
	header http.Header
	judge  func(status int, h http.Header) io.Writer
	inform func(status int, h http.Header)
	sink   io.Writer
	status int
	size   int64
}

// New returns a Writer whose header fields start as a copy of h, which are those
// the server itself has set. judge is called once, with the final status and the
// live fields, which it must copy to keep; the body goes to what it returns, nil
// for an answer that is not wanted. inform is called with each informational
// answer before that, from whatever goroutine the handler uses for it.
func New(
	h http.Header, judge func(status int, h http.Header) io.Writer, inform func(status int, h http.Header),
) *Writer {
	return &Writer{header: h.Clone(), judge: judge, inform: inform}
}

// Header returns the fields to be set before WriteHeader.
func (w *Writer) Header() http.Header { return w.header }

// WriteHeader takes the status. Informational ones (RFC 9110 §15.2) are no answer.
// After the final one, more are ignored.
func (w *Writer) WriteHeader(status int) {
	switch {
	case w.status != 0:
		return
	case 100 <= status && status < 200 && status != http.StatusSwitchingProtocols:
		w.inform(status, w.header)
		return
	}
	w.status = status
	w.sink = w.judge(status, w.header)
}

// Write hands p on.
func (w *Writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.sink == nil {
		return 0, ErrDropped
	}
	n, err := w.sink.Write(p)
	w.size += int64(n)
	return n, err
}

// Flush does nothing but settle the header: readers get bytes as they come.
func (w *Writer) Flush() { w.WriteHeader(http.StatusOK) }

// Status returns the final status, 0 if none was written yet.
func (w *Writer) Status() int { return w.status }

// Size returns how many bytes of the body were taken.
func (w *Writer) Size() int64 { return w.size }
