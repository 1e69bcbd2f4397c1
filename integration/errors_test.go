package integration

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// lifetimes are what an origin says beside a status.
var lifetimes = []string{"", "Cache-Control: max-age=60", "Cache-Control: public, s-maxage=60"}

// matrix answers with the status and the lifetime that the query names, in the
// form that the status wants.
func matrix(conn io.Writer, a edge.Asked) bool {
	target, _ := url.Parse(a.Target)
	query := target.Query()
	status, _ := strconv.Atoi(query.Get("status"))
	lifetime, _ := strconv.Atoi(query.Get("lifetime"))
	head := fmt.Sprintf("HTTP/1.1 %03d Status\r\n", status)
	if line := lifetimes[lifetime]; line != "" {
		head += line + "\r\n"
	}
	body := ""
	switch status {
	case 301, 302, 303, 307, 308:
		head += "Location: /elsewhere\r\n"
	case 206:
		head += "Content-Range: bytes 0-0/9\r\n"
	}
	switch {
	case status >= 100 && status < 200: // and no final answer
		_, _ = io.WriteString(conn, head+"\r\n")
		return false
	case status != 204 && status != 304:
		body = fmt.Sprintf("status %d, request %d", status, a.N)
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	_, _ = io.WriteString(conn, head+"\r\n"+body)
	return true
}

// inMatrix asks twice for one place of the matrix, and reports whether the second
// visitor got the first one's answer.
func inMatrix(t *testing.T, e *edge.Edge, o *edge.Origin, status, lifetime int) (stored bool) {
	t.Helper()
	target := fmt.Sprintf("/products/category/x?status=%d&lifetime=%d&cb=%d", status, lifetime, pages.Add(1))
	first, second := e.Get(target), e.Get(target)
	hits := o.Hits(target)
	said := len(second.Header["Cache-Status"]) > 0 && second.Is(t, "hit")
	if said != (hits == 1) || said && (first.Body != second.Body || first.Status != second.Status) {
		t.Errorf("%d %q: %d requests at the origin, Cache-Status %q", status, lifetimes[lifetime], hits, second.Header["Cache-Status"])
	}
	asItCame := first.Status == status || first.Status == http.StatusBadGateway ||
		status < 100 && first.Status == 0 || // net/http has no such status, and breaks off
		status == http.StatusSwitchingProtocols && first.Status == http.StatusOK && first.Body == "" // nobody asked for it
	if !asItCame {
		t.Errorf("%d %q: the visitor got %d", status, lifetimes[lifetime], first.Status)
	}
	return said
}

// TestS54_StatusesThatAreStored: without a word of the operator's, 200 is stored,
// and 301, 308, 404 and 410 if the origin gives a lifetime; 404 and 410 for 5 s at
// most; nothing else, whatever the origin says.
func TestS54_StatusesThatAreStored(t *testing.T) {
	o := edge.NewOrigin(t, matrix)
	e := shop(t, o)
	explicit := map[int]bool{301: true, 308: true, 404: true, 410: true}
	for status := 99; status <= 600; status++ {
		for lifetime := range lifetimes {
			want := status == 200 || explicit[status] && lifetime > 0
			if got := inMatrix(t, e, o, status, lifetime); got != want {
				t.Errorf("%d %q: stored %t, want %t", status, lifetimes[lifetime], got, want)
			}
		}
	}
	for _, status := range []int{404, 410, 301} {
		a := e.Get(fmt.Sprintf("/products/category/x?status=%d&lifetime=1&cb=%d", status, pages.Add(1)))
		ttl, _ := a.CacheStatus(t).Params.Get("ttl")
		if limit := map[int]int64{404: 5, 410: 5, 301: 15}[status]; ttl.(int64) > limit || ttl.(int64) < limit-1 {
			t.Errorf("%d: ttl %v, want %d", status, ttl, limit)
		}
	}
}

// TestS54_NothingWritten: a handler that writes nothing leaves the server's empty
// 200, which says what the cache did and is not stored.
func TestS54_NothingWritten(t *testing.T) {
	o := edge.NewOrigin(t, matrix)
	e := shop(t, o)
	for _, lines := range [][]string{nil, {cookie("A")}} {
		target := fmt.Sprintf("/products/category/x?status=101&lifetime=1&cb=%d", pages.Add(1))
		for range 2 {
			if a := e.Get(target, lines...); a.Is(t, "hit") || a.Is(t, "stored") || a.Body != "" {
				t.Errorf("status %d, body %q, Cache-Status %q", a.Status, a.Body, a.Header["Cache-Status"])
			}
		}
	}
	wantHits(t, o, 4)
}

// TestS54_StatusesThatTheOperatorNames: a ttl for a status stores it without the
// origin's lifetime, and changes nothing for any other.
func TestS54_StatusesThatTheOperatorNames(t *testing.T) {
	named := []int{200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 410}
	o := edge.NewOrigin(t, matrix)
	e := shop(t, o, "ttl 10s "+strings.Trim(fmt.Sprint(named), "[]"))
	for _, status := range named {
		for lifetime := range lifetimes {
			if !inMatrix(t, e, o, status, lifetime) {
				t.Errorf("%d %q is not stored", status, lifetimes[lifetime])
			}
		}
	}
	for _, status := range []int{
		201, 202, 205, 206, 226, 304, 305, 306, 400, 401, 403, 405, 407, 408, 412, 413, 414, 415, 416, 417, 421, 425, 429, 431, 451, 499,
		500, 502, 503, 504, 511, 520, 600,
	} {
		for lifetime := range lifetimes {
			if inMatrix(t, e, o, status, lifetime) {
				t.Errorf("%d %q is stored", status, lifetimes[lifetime])
			}
		}
	}
}
