package framing

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"strings"
)

// withTrace lets net/http's Transport report without knowing it. It puts a connection back (PutIdleConn, whatever
// the error: the pool may be full) only after a body that ended by its own framing, and holds back the body's EOF
// until that has happened (eofc in its readLoop), so the verdict stands before the reader sees the end.
func withTrace(ctx context.Context, r *Report) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			verdict := Unproven
			if conn, ok := info.Conn.(*tls.Conn); ok && conn.ConnectionState().NegotiatedProtocol == "h2" {
				verdict = SelfDelimited
			}
			r.gotConn(verdict)
		},
		PutIdleConn: func(error) { r.Note(SelfDelimited) },
		// PutIdleConn is never called for HTTP/2, and the connection of HTTP/2 without TLS looks like any other. The
		// names that begin with a colon are its mark: HTTP/1 refuses to write such a name.
		WroteHeaderField: func(name string, _ []string) {
			if strings.HasPrefix(name, ":") {
				r.wrotePseudoHeader()
			}
		},
	})
}
