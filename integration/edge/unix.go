package edge

import (
	"net"
	"net/http"
	"testing"
)

// RawUnix is RawTo for a site that is bound to a unix socket. Such a socket is
// handed from one configuration to the next; of a TCP port the old listener is
// closed with the connections that wait in it.
func RawUnix(tb testing.TB, socket, method, request string) *Answer {
	tb.Helper()
	conn, err := new(net.Dialer).DialContext(tb.Context(), "unix", socket)
	if err != nil {
		tb.Errorf("dialing the edge: %v", err)
		return &Answer{Err: err, Header: http.Header{}}
	}
	defer func() { _ = conn.Close() }()
	return exchange(tb, conn, method, request)
}
