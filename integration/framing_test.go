package integration

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestHalfClosedClientSeesTheCut: a client that has closed its own side, and reads
// on, must not take half a page for the whole.
func TestHalfClosedClientSeesTheCut(t *testing.T) {
	more := make(chan struct{})
	o := edge.NewOrigin(t, func(c io.Writer, _ edge.Asked) bool {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
		<-more
		io.WriteString(c, "6\r\nsecond\r\n0\r\n\r\n")
		return true
	})
	e := shop(t, o)
	release := sync.OnceFunc(func() { close(more) })
	t.Cleanup(release)
	conn, err := net.Dial("tcp", e.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "GET "+newPage()+" HTTP/1.1\r\nHost: shop.test\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodGet})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	first := make([]byte, 5)
	if _, err := io.ReadFull(response.Body, first); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	// net/http ends the request's context when it sees the close; the origin holds
	// the rest back until the answer has ended one way or the other.
	rest, err := io.ReadAll(response.Body)
	if err == nil && string(rest) != "second" {
		t.Errorf("the body ended cleanly after %q", string(first)+string(rest))
	}
	release()
}

// cutFastCGI is a FastCGI application that dies within each page.
func cutFastCGI(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { cutAnswer(conn) })
		}
	})
	return l.Addr().String()
}

// cutAnswer reads a request up to the end of its body, and answers with one
// record and no end of the request.
func cutAnswer(conn net.Conn) {
	defer conn.Close()
	for {
		var head [8]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		length := int64(binary.BigEndian.Uint16(head[4:6]))
		if _, err := io.CopyN(io.Discard, conn, length+int64(head[6])); err != nil {
			return
		}
		if stdin := byte(5); head[1] == stdin && length == 0 {
			break
		}
	}
	body := "Content-Type: text/html\r\n\r\n<p>half a pa"
	record := []byte{1, 6, 0, 1, 0, byte(len(body)), 0, 0}
	conn.Write(append(record, body...))
}

// TestFastCGIHalfPage: Caddy's FastCGI transport takes a cut for an end, so its
// pages are not stored unless their length is declared, however the mark of
// reverse_proxy got lost on the way.
func TestFastCGIHalfPage(t *testing.T) {
	for name, site := range map[string]string{
		"alone": `EDGE {
	page_cache /p/* 15s
	reverse_proxy FCGI {
		transport fastcgi
	}
}`,
		"behind another": `EDGE {
	page_cache /p/* 15s
	reverse_proxy NEW {
		@missing status 404
		handle_response @missing {
			reverse_proxy FCGI {
				transport fastcgi
			}
		}
	}
}`,
		"without Via": `GLOBAL order page_cache after encode
EDGE {
	page_cache /p/* 15s
	handle {
		header -Via
		reverse_proxy FCGI {
			transport fastcgi
		}
	}
}`,
	} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, func(c io.Writer, _ edge.Asked) bool {
				io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
				return true
			})
			e := edge.Start(t, strings.NewReplacer("FCGI", cutFastCGI(t), "NEW", o.Addr).Replace(site))
			for range 2 {
				a := e.Get("/p/1")
				if !strings.Contains(a.Body, "half a pa") || a.Is(t, "hit") {
					t.Errorf("body %q, Cache-Status %q", a.Body, a.Header["Cache-Status"])
				}
			}
		})
	}
}

// TestReloadWaitsOnceForAllLines: three lines with a fill that hangs, whose
// visitors have gone, cost a reload one drain.
func TestReloadWaitsOnceForAllLines(t *testing.T) {
	stop := make(chan struct{})
	asked := make(chan struct{}, 3)
	o := edge.NewOrigin(t, func(io.Writer, edge.Asked) bool {
		asked <- struct{}{}
		<-stop
		return false
	})
	t.Cleanup(func() { close(stop) })
	e := edge.Start(t, "EDGE {\n page_cache /a 15s\n page_cache /b 15s\n page_cache /c 15s\n reverse_proxy "+o.Addr+"\n}\n")
	for _, target := range []string{"/a", "/b", "/c"} {
		conn, err := net.Dial("tcp", e.Addr)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, edge.Request("GET", target))
		<-asked
		conn.Close()
	}
	start := time.Now()
	e.Load("EDGE {\n respond hi\n}\n")
	// One drain is 5 s; three would be 15.
	if took := time.Since(start); took > 14*time.Second {
		t.Errorf("the reload took %v", took)
	}
}
