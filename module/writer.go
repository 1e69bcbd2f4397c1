package pagecache

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// markWriter passes a forwarded request's answer on as it comes, and lets the
// engine mark its header once. Hijack, deadlines and full duplex go through
// Unwrap.
type markWriter struct {
	*caddyhttp.ResponseWriterWrapper

	mark   func(status int, h http.Header)
	marked bool
}

// WriteHeader marks the final header; informational ones pass as they are.
func (w *markWriter) WriteHeader(status int) {
	if !w.marked && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.marked = true
		w.mark(status, w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write settles the header first, as net/http would.
func (w *markWriter) Write(p []byte) (int, error) {
	w.settle()
	return w.ResponseWriter.Write(p)
}

// ReadFrom keeps the way for sendfile open.
func (w *markWriter) ReadFrom(r io.Reader) (int64, error) {
	w.settle()
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError settles the header before it is sent.
func (w *markWriter) FlushError() error {
	w.settle()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *markWriter) settle() {
	if !w.marked {
		w.WriteHeader(http.StatusOK)
	}
}

// Interface guards.
var (
	_ io.ReaderFrom                             = (*markWriter)(nil)
	_ interface{ FlushError() error }           = (*markWriter)(nil)
	_ interface{ Unwrap() http.ResponseWriter } = (*markWriter)(nil)
)
