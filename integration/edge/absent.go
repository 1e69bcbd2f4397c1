package edge

import (
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Blackhole has connections to addr, on which nothing listens, hang until the end of
// the test: its backlog is full, and nobody accepts.
func Blackhole(tb testing.TB, addr string) {
	tb.Helper()
	at, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		tb.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = syscall.Close(fd) })
	name := &syscall.SockaddrInet4{Port: at.Port, Addr: [4]byte(at.IP.To4())}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Bind(fd, name); err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		tb.Fatal(err)
	}
	for range 64 { // how many fit is the kernel's to say
		conn, err := net.DialTimeout("tcp", addr, 300*time.Millisecond)
		if err != nil {
			return
		}
		tb.Cleanup(func() { _ = conn.Close() })
	}
	tb.Fatal("the listener's backlog does not get full")
}

// Names is a DNS server on loopback that says of every name that it is at 127.0.0.1.
type Names struct {
	Addr string

	gone  atomic.Bool // no name exists
	quiet atomic.Bool // nothing is answered
}

// NewNames starts a Names that runs until the test ends.
func NewNames(tb testing.TB) *Names {
	tb.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	n := &Names{Addr: conn.LocalAddr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.serve(conn)
	}()
	tb.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return n
}

// Forget has it answer that no name exists.
func (n *Names) Forget() { n.gone.Store(true) }

// Quiet has it answer nothing at all.
func (n *Names) Quiet() { n.quiet.Store(true) }

func (n *Names) serve(conn net.PacketConn) {
	packet := make([]byte, 1500)
	for {
		size, from, err := conn.ReadFrom(packet)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if n.quiet.Load() || question.Unpack(packet[:size]) != nil || len(question.Questions) == 0 {
			continue
		}
		if answer, err := n.answer(&question).Pack(); err == nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

func (n *Names) answer(question *dnsmessage.Message) *dnsmessage.Message {
	asked := question.Questions[0]
	m := &dnsmessage.Message{
		Header:    dnsmessage.Header{ID: question.ID, Response: true, RecursionAvailable: true},
		Questions: question.Questions[:1],
	}
	switch {
	case n.gone.Load():
		m.RCode = dnsmessage.RCodeNameError
	case asked.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	return m
}
