package uwsgi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// closed reports on a channel when the other side has closed a connection.
func closed(conn net.Conn, ch chan<- struct{}) {
	_, _ = io.Copy(io.Discard, conn)
	ch <- struct{}{}
}

// short sets every timeout to a time that a test can wait for.
func short(t *Transport) {
	d := caddy.Duration(50 * time.Millisecond)
	t.DialTimeout, t.WriteTimeout, t.HeaderTimeout, t.ReadTimeout = d, d, d, d
}

// fullQueue is a unix socket whose listen queue has no room.
func fullQueue(t *testing.T) (app address, accept func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "full.sock")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	first, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), path)
	ln, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	t.Cleanup(func() { _ = first.Close(); _ = ln.Close() })
	return address{"unix", path}, func() {
		if conn, err := ln.Accept(); err == nil {
			_ = conn.Close() // the one that fills the queue
		}
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := decodePacket(conn); err == nil {
			_, _ = io.WriteString(conn, helloAnswer)
		}
	}
}

func TestTimeouts(t *testing.T) {
	noLeak(t)
	gone := make(chan struct{}, 1)
	silent := fakeApp(t, func(conn net.Conn, _ map[string]string) { closed(conn, gone) })
	half := fakeApp(t, func(conn net.Conn, _ map[string]string) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 O")
		closed(conn, gone)
	})
	deaf := fakeApp(t, func(net.Conn, map[string]string) { <-gone })
	full, _ := fullQueue(t)
	tests := []struct {
		name  string
		app   address
		body  io.Reader
		stage string
	}{
		{"no answer", silent, nil, "reading the response"},
		{"half a head", half, nil, "reading the response"},
		{"no answer to a body", silent, strings.NewReader("hello"), "reading the response"},
		{"a body that is not taken", deaf, bytes.NewReader(make([]byte, 8<<20)), "sending the request"},
		{"no connection", full, nil, "connecting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := newTransport(t, short).RoundTrip(newRequest(tt.app.in(t.Context()), t, "POST", "/", tt.body))
			if err == nil {
				_ = res.Body.Close()
				t.Fatal("got an answer")
			}
			if !strings.Contains(err.Error(), tt.stage) {
				t.Errorf("got error %q, want one that says %q", err, tt.stage)
			}
			var netErr net.Error
			if _, dial := errors.AsType[reverseproxy.DialError](err); dial != (tt.app == full) {
				t.Errorf("got %T, is it a dial error: %t", err, dial)
			} else if !dial && (!errors.As(err, &netErr) || !netErr.Timeout()) {
				t.Errorf("got %v, want a timeout", err)
			}
			switch tt.app {
			case deaf:
				gone <- struct{}{}
			case full:
			default:
				<-gone // or the application would wait for ever
			}
		})
	}
}

func TestTimeoutWithinTheBody(t *testing.T) {
	noLeak(t)
	gone := make(chan struct{}, 1)
	app := fakeApp(t, func(conn net.Conn, _ map[string]string) {
		_, _ = io.WriteString(conn, helloAnswer[:len(helloAnswer)-2])
		closed(conn, gone)
	})
	impatient := newTransport(t, func(t *Transport) { t.ReadTimeout = caddy.Duration(50 * time.Millisecond) })
	res, err := impatient.RoundTrip(newRequest(app.in(t.Context()), t, "GET", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	body, err := read(t, res)
	if netErr, ok := errors.AsType[net.Error](err); body != "hel" || !ok || !netErr.Timeout() {
		t.Errorf("got %q, %v; want \"hel\" and a timeout", body, err)
	}
	<-gone
}

// The wait for an answer begins when the request is sent: an upload may take longer than the header timeout.
func TestSlowUploadOutlivesTheHeaderTimeout(t *testing.T) {
	noLeak(t)
	app := fakeApp(t, func(conn net.Conn, vars map[string]string) {
		_, _ = io.CopyN(io.Discard, conn, 2)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"+vars["CONTENT_LENGTH"])
	})
	body, client := io.Pipe()
	go func() {
		_, _ = io.WriteString(client, "a")
		<-time.After(400 * time.Millisecond)
		_, _ = io.WriteString(client, "b")
	}()
	r := newRequest(app.in(t.Context()), t, "POST", "/", body)
	r.ContentLength = 2
	impatient := newTransport(t, func(t *Transport) { t.HeaderTimeout = caddy.Duration(300 * time.Millisecond) })
	res, err := impatient.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, res); got != "2" || err != nil {
		t.Errorf("got %q, %v; want \"2\"", got, err)
	}
}

func TestContextEndsEveryStage(t *testing.T) {
	noLeak(t)
	gone, reached := make(chan struct{}, 1), make(chan struct{}, 1)
	silent := fakeApp(t, func(conn net.Conn, _ map[string]string) { reached <- struct{}{}; closed(conn, gone) })
	deaf := fakeApp(t, func(net.Conn, map[string]string) { reached <- struct{}{}; <-gone })
	full, _ := fullQueue(t)
	stuck, client := io.Pipe()
	defer client.Close()
	tests := []struct {
		name string
		app  address
		body io.Reader
	}{
		{"connecting", full, nil},
		{"a full socket", deaf, bytes.NewReader(make([]byte, 8<<20))},
		{"a client that sends nothing", silent, stuck},
		{"the head", silent, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(tt.app.in(t.Context()))
			defer cancel()
			go func() {
				if tt.app != full {
					<-reached
				}
				cancel()
			}()
			r := newRequest(ctx, t, "POST", "/", tt.body)
			if tt.body != nil {
				r.ContentLength = 8 << 20
			}
			res, err := newTransport(t, nil).RoundTrip(r)
			if err == nil {
				_ = res.Body.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context canceled", err)
			}
			switch tt.app {
			case deaf:
				gone <- struct{}{}
			case silent:
				<-gone
			}
		})
	}
	t.Run("the body", func(t *testing.T) {
		app := fakeApp(t, func(conn net.Conn, _ map[string]string) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nhel")
			closed(conn, gone)
		})
		ctx, cancel := context.WithCancel(app.in(t.Context()))
		defer cancel()
		res, err := newTransport(t, nil).RoundTrip(newRequest(ctx, t, "GET", "/", nil))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadFull(res.Body, make([]byte, 3))
		cancel()
		// A body that ends by close must not seem to end here.
		if _, err := read(t, res); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context canceled", err)
		}
		<-gone
	})
}
