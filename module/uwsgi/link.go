package uwsgi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// link is the connection of one request. It closes when the request's context ends, and gives each stage its own
// deadline. Safe for concurrent use by one reader, one writer and any number of callers of Close.
type link struct {
	conn     net.Conn
	canceled func() error // the context's Err
	unwatch  func() bool
	write    time.Duration // between two writes
	header   time.Duration // from the request's last byte to the end of the response's head
	idle     time.Duration // between two reads of the body

	mu     sync.Mutex
	inBody bool // mu; the head is read
}

func newLink(ctx context.Context, conn net.Conn, t *Transport) *link {
	l := &link{
		conn:     conn,
		canceled: ctx.Err,
		write:    time.Duration(t.WriteTimeout),
		header:   time.Duration(t.HeaderTimeout),
		idle:     time.Duration(t.ReadTimeout),
	}
	l.unwatch = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return l
}

// Write sends all of p, or fails when the application takes none of it for the write timeout.
func (l *link) Write(p []byte) (int, error) {
	_ = l.conn.SetWriteDeadline(after(l.write))
	return l.conn.Write(p)
}

// Read reads the response. While the request is still being sent it may wait for ever: the application may need all
// of a slow upload before it answers.
func (l *link) Read(p []byte) (int, error) {
	l.mu.Lock()
	if l.inBody {
		_ = l.conn.SetReadDeadline(after(l.idle))
	}
	l.mu.Unlock()
	return l.conn.Read(p)
}

// requestSent starts the wait for the response's head.
func (l *link) requestSent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.inBody { // an early answer has its own deadlines by now
		_ = l.conn.SetReadDeadline(after(l.header))
	}
}

// headRead ends the wait for the head; from here on each read has the idle timeout.
func (l *link) headRead() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inBody = true
}

// Close closes the connection, and with it the reads and writes that wait.
func (l *link) Close() error {
	l.unwatch()
	return l.conn.Close()
}

// explain says at which stage err ended the exchange. When the context has ended, it is the reason, whatever the
// closed connection reported.
func (l *link) explain(stage string, err error) error {
	if cause := l.canceled(); cause != nil {
		err = cause
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return timeoutError{stage, err}
	}
	return fmt.Errorf("uwsgi: %s: %w", stage, err)
}

// timeoutError is a net.Error by itself: reverse_proxy looks no deeper, and answers 504 to one and 502 to the rest.
type timeoutError struct {
	stage string
	err   error
}

func (e timeoutError) Error() string { return "uwsgi: timeout " + e.stage + ": " + e.err.Error() }
func (e timeoutError) Unwrap() error { return e.err }
func (timeoutError) Timeout() bool   { return true }

// Temporary is deprecated in net.Error, and still part of it.
func (timeoutError) Temporary() bool { return true }

var _ net.Error = timeoutError{}

// after returns the time that a deadline needs.
func after(d time.Duration) time.Time {
	return time.Now().Add(d) //nolint:forbidigo // a socket's deadline is a time of the real clock, not a caching decision
}
