package integration

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// wholePage is what the origin would have sent.
var wholePage = strings.Repeat("<p>All our shoes</p>\n", 4000)

// half sends the head of a page with its sum, and half of what follows.
func half(conn io.Writer, head, body string) {
	sum := sha256.Sum256([]byte(wholePage))
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Sum: "+hex.EncodeToString(sum[:])+"\r\n"+
		head+"\r\n\r\n"+body[:len(body)/2])
}

func declared() string { return fmt.Sprintf("Content-Length: %d", len(wholePage)) }

func oneChunk() string { return fmt.Sprintf("%x\r\n%s\r\n", len(wholePage), wholePage) }

// breaks drives an origin whose answers all break off, eight visitors to a page,
// and checks that nobody gets a clean end and that nothing is stored.
func breaks(t *testing.T, answer func(conn io.Writer)) {
	t.Helper()
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	breaksFor(t, o, e.Get, func() {}, answer)
}

// breaksFor is breaks for visitors who ask by the given function, which may take lines
// of a header, and leave by the other.
func breaksFor(t *testing.T, o *edge.Origin, ask func(string, ...string) *edge.Answer, leave func(), answer func(conn io.Writer)) {
	t.Helper()
	wantStored(t, o, ask, newPage())
	before, stored := atRest(t), entries(t)
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		answer(conn)
		return false
	})
	n := times(160, 1000)
	targets := make([]string, n/8)
	for i := range targets {
		targets[i] = newPage()
	}
	inParallel(n, 32, func(i int) {
		if a := ask(targets[i/8]); a.Err == nil && a.Status != 502 {
			t.Errorf("status %d and a clean end after %d bytes", a.Status, len(a.Body))
		}
	})
	leave()
	before.settles(t)
	if got := entries(t); got != stored {
		t.Errorf("%d responses were stored", got-stored)
	}
	o.Script(edge.Echo)
	for _, target := range targets {
		wantStored(t, o, ask, target)
	}
}

// wantStored is wantCached for visitors who ask by the given function.
func wantStored(t *testing.T, o *edge.Origin, ask func(string, ...string) *edge.Answer, target string) {
	t.Helper()
	before, first := o.Hits(target), ask(target)
	first.Want(t, "fwd=uri-miss", "stored")
	edge.Poll(t, "the page is stored", func() bool { return ask(target).Is(t, "hit") })
	if n := o.Hits(target) - before; n != 1 || !first.Whole() {
		t.Errorf("%s: %d requests at the origin, whole %t", target, n, first.Whole())
	}
}

func TestFaultR03_ResetInMidBody(t *testing.T) {
	breaks(t, func(conn io.Writer) {
		half(conn, declared(), wholePage)
		_ = conn.(*net.TCPConn).SetLinger(0) // closing then resets
	})
}

func TestFaultR04_ShorterThanItsLength(t *testing.T) {
	t.Run("half of it", func(t *testing.T) {
		breaks(t, func(conn io.Writer) { half(conn, declared(), wholePage) })
	})
	t.Run("5 bytes of 1000", func(t *testing.T) {
		breaks(t, func(conn io.Writer) { half(conn, "Content-Length: 1000", "0123456789") })
	})
	t.Run("nothing", func(t *testing.T) {
		breaks(t, func(conn io.Writer) { half(conn, declared(), "") })
	})
}

func TestFaultR05_BrokenChunks(t *testing.T) {
	const chunked = "Transfer-Encoding: chunked"
	t.Run("in the middle of a chunk", func(t *testing.T) {
		breaks(t, func(conn io.Writer) { half(conn, chunked, oneChunk()) })
	})
	t.Run("without the last chunk", func(t *testing.T) {
		breaks(t, func(conn io.Writer) { half(conn, chunked, strings.Repeat(oneChunk(), 2)) })
	})
	t.Run("with a chunk of a bad size", func(t *testing.T) {
		breaks(t, func(conn io.Writer) { half(conn, chunked, strings.Repeat(oneChunk()+"xyz\r\n", 2)) })
	})
}

// A coding that breaks off inside a whole answer is the origin's business: what
// it sent is handed on byte by byte, be it as a page's coding, which is not
// stored, or as a file, which is.
func TestFaultR05_BrokenGzipInWholeFraming(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, wholePage)
	_ = z.Close()
	cut := b.String()[:b.Len()-20]
	for _, tt := range []struct{ name, field, status string }{
		{"as a coding", "Content-Encoding: gzip", "detail=content-encoding"},
		{"as a file", "X-File: shoes.gz", "stored"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := edge.NewOrigin(t, func(conn io.Writer, _ edge.Asked) bool {
				edge.Reply(conn, "200 OK", cut, tt.field, "Connection: close")
				return false
			})
			e := shop(t, o)
			e.Get("/other")
			before := atRest(t)
			for range times(10, 100) {
				target := newPage()
				// Without it reverse_proxy would ask the origin for gzip by itself, for
				// those who are forwarded, and unpack it.
				const gzipped = "Accept-Encoding: gzip"
				e.Get(target, gzipped).Want(t, "fwd=uri-miss", tt.status)
				inParallel(10, 10, func(int) {
					if a := e.Get(target, gzipped); a.Status != 200 || a.Body != cut {
						t.Errorf("status %d and %d bytes, want the %d of the origin; %v", a.Status, len(a.Body), len(cut), a.Err)
					}
				})
			}
			before.settles(t)
		})
	}
}
