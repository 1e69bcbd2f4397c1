package edge

import (
	"net"
	"net/http"
	"testing"
)

// RawUnix is RawTo for a site that is bound to a unix socket. Such a socket is
// handed from one configuration to the next; of a TCP port the old listener is
// closed with the connections that wait in it.
func RawUnix(t testing.TB, socket, method, request string) *Answer {
	conn, err := new(net.Dialer).DialContext(t.Context(), "unix", socket)
	if err != nil {
		t.Errorf("dialing the edge: %v", err)
		return &Answer{Err: err, Header: http.Header{}}
	}
	defer conn.Close()
	return exchange(t, conn, method, request)
}
