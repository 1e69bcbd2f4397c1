package edge

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Asked is a request as the origin received it.
type Asked struct {
	Method string
	Target string // raw
	Host   string
	Header http.Header
	Body   string
	N      int // which request this is, from 1
}

// Origin is an HTTP/1.1 server that a test scripts byte by byte and that keeps
// what it was asked.
type Origin struct {
	Addr string

	mu     sync.Mutex // protects what follows
	asked  []Asked
	answer func(conn io.Writer, a Asked) (keep bool)
	conns  map[net.Conn]bool
	wg     sync.WaitGroup
}

// NewOrigin listens on loopback until the test ends. answer writes the whole
// response and says whether the connection stays open; it is called from many
// goroutines. nil: Echo.
func NewOrigin(tb testing.TB, answer func(conn io.Writer, a Asked) (keep bool)) *Origin {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if answer == nil {
		answer = Echo
	}
	o := &Origin{Addr: l.Addr().String(), answer: answer, conns: map[net.Conn]bool{}}
	o.wg.Go(func() { o.accept(l) })
	tb.Cleanup(func() {
		l.Close()
		o.mu.Lock()
		for c := range o.conns {
			c.Close()
		}
		o.mu.Unlock()
		o.wg.Wait()
	})
	return o
}

// Script changes what the origin answers from the next request on.
func (o *Origin) Script(answer func(conn io.Writer, a Asked) (keep bool)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = answer
}

func (o *Origin) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.conns[conn] = true
		o.mu.Unlock()
		o.wg.Go(func() { o.serve(conn) })
	}
}

func (o *Origin) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.conns, conn)
	}()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		a := Asked{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header, Body: string(body)}
		o.mu.Lock()
		a.N = len(o.asked) + 1
		o.asked = append(o.asked, a)
		answer := o.answer
		o.mu.Unlock()
		if !answer(conn, a) {
			return
		}
	}
}

// Hits returns how many requests there were; with a target, how many for it.
func (o *Origin) Hits(target ...string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, a := range o.asked {
		if len(target) == 0 || a.Target == target[0] {
			n++
		}
	}
	return n
}

// Conns returns how many connections to the origin are open.
func (o *Origin) Conns() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns)
}

// Last returns the newest request; the zero Asked if there was none.
func (o *Origin) Last() Asked {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.asked) == 0 {
		return Asked{}
	}
	return o.asked[len(o.asked)-1]
}

// All returns every request so far, oldest first.
func (o *Origin) All() []Asked {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Asked(nil), o.asked...)
}

// Echo answers 200 with what was asked as the body, without Cache-Control. A
// personal answer, one to a request with a sessionid cookie, has
// canary-<sessionid> in it.
func Echo(conn io.Writer, a Asked) bool {
	Reply(conn, "200 OK", EchoBody(a))
	return true
}

// EchoBody is the body of Echo.
func EchoBody(a Asked) string {
	var b strings.Builder
	fmt.Fprintf(&b, "n=%d\nmethod=%s\ntarget=%s\nhost=%s\n", a.N, a.Method, a.Target, a.Host)
	for name, values := range a.Header {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(values, " | "))
	}
	for c := range strings.SplitSeq(a.Header.Get("Cookie"), ";") {
		if id, ok := strings.CutPrefix(strings.TrimSpace(c), "sessionid="); ok {
			fmt.Fprintf(&b, "canary-%s\n", id)
		}
	}
	fmt.Fprintf(&b, "body=%s\n", a.Body)
	return b.String()
}

// Reply writes a response with Content-Length, X-Sum (the body's SHA-256) and
// the given header lines.
func Reply(conn io.Writer, status, body string, lines ...string) {
	sum := sha256.Sum256([]byte(body))
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\nX-Sum: %s\r\n",
		status, len(body), hex.EncodeToString(sum[:]))
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	_, _ = io.WriteString(conn, b.String()+"\r\n"+body)
}

// Whole reports whether the answer's body is the one that the origin announced
// in X-Sum.
func (a *Answer) Whole() bool {
	sum := sha256.Sum256([]byte(a.Body))
	return a.Err == nil && a.Header.Get("X-Sum") == hex.EncodeToString(sum[:])
}
