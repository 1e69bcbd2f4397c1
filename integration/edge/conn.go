package edge

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Conn is a connection to an edge that is kept open between requests, and opened
// again when the edge has closed it. It is for one goroutine at a time.
type Conn struct {
	tb   testing.TB
	addr string
	conn net.Conn // nil: to be opened
	in   *bufio.Reader
}

// NewConn returns a Conn to the address. The end of the test closes it.
func NewConn(tb testing.TB, addr string) *Conn {
	tb.Helper()
	c := &Conn{tb: tb, addr: addr}
	tb.Cleanup(c.Close)
	return c
}

// Close closes the connection; the next Ask opens another.
func (c *Conn) Close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// Ask sends bytes and reads one response to a request of the given method. Unlike
// Raw it does not wait until an answer that is being stored is in the store: who
// asks next joins the fill, or finds the page.
func (c *Conn) Ask(method, request string) *Answer {
	c.tb.Helper()
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.addr, 10*time.Second)
		if err != nil {
			c.tb.Errorf("dialing the edge: %v", err)
			return &Answer{Err: err, Header: http.Header{}}
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		c.tb.Error(err)
	}
	_, err := io.WriteString(c.conn, request)
	var response *http.Response
	if err == nil {
		response, err = http.ReadResponse(c.in, &http.Request{Method: method})
	}
	if err != nil {
		c.Close()
		return &Answer{Err: err, Header: http.Header{}}
	}
	defer response.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: body.String(), Err: err}
	judge(c.tb, method, request, a)
	if response.Close || err != nil {
		c.Close()
	}
	return a
}
