// Package edge runs a real Caddy server with page-cache in this process, in
// front of an origin whose every byte a test decides. It is for tests only.
//
// Caddy keeps one configuration per process, so tests that use Start must not
// run in parallel with each other.
package edge

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // a full server, as xcaddy builds it
	"github.com/dunglas/httpsfv"

	_ "github.com/page-cache/page-cache/module" // what is tested
)

// Edge is a running server.
type Edge struct {
	Addr string // host:port of the first site
	tb   testing.TB
}

// FreeAddr returns an address on loopback that was free a moment ago.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start runs a Caddyfile until the test ends. In its text PORT stands for a free
// port, and EDGE for the address of a site on it for any host; Addr then holds
// where to reach it. Lines that begin with GLOBAL go into the global options; there is
// no admin endpoint unless one of them says where.
func Start(tb testing.TB, caddyfile string) *Edge {
	tb.Helper()
	e := &Edge{Addr: FreeAddr(tb), tb: tb}
	e.Load(caddyfile)
	tb.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			tb.Errorf("stopping Caddy: %v", err)
		}
	})
	return e
}

// Load replaces the running configuration, as a reload does.
func (e *Edge) Load(caddyfile string) {
	e.tb.Helper()
	text := e.expand(caddyfile)
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		e.tb.Fatalf("adapting: %v\n%s", err, text)
	}
	for _, w := range warnings {
		if !strings.Contains(w.Message, "not formatted") {
			e.tb.Errorf("adapting: %v", w)
		}
	}
	if err := caddy.Load(config, true); err != nil {
		e.tb.Fatalf("loading: %v\n%s", err, text)
	}
	replaced()
}

func (e *Edge) expand(caddyfile string) string {
	global, site := "", ""
	for line := range strings.Lines(caddyfile) {
		if option, ok := strings.CutPrefix(line, "GLOBAL "); ok {
			global += "\t" + option
		} else {
			site += line
		}
	}
	_, port, _ := net.SplitHostPort(e.Addr)
	site = strings.ReplaceAll(site, "EDGE", "http://:"+port)
	site = strings.ReplaceAll(site, "PORT", port)
	admin := "\tadmin off\n"
	if strings.Contains(global, "\tadmin ") {
		admin = ""
	}
	return "{\n" + admin + "\tpersist_config off\n\tauto_https off\n\tgrace_period 10s\n\tlog {\n\t\tlevel ERROR\n\t}\n" +
		global + "}\n" + site
}

// Answer is a response as a client saw it.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Err    error // how reading the body ended, if not well
}

// CacheStatus returns our member of Cache-Status, which must be the last.
func (a *Answer) CacheStatus(tb testing.TB) httpsfv.Item {
	tb.Helper()
	list, err := httpsfv.UnmarshalList(a.Header["Cache-Status"])
	if err != nil || len(list) == 0 {
		tb.Fatalf("Cache-Status %q: %v", a.Header["Cache-Status"], err)
	}
	item, ok := list[len(list)-1].(httpsfv.Item)
	if name, _ := item.Value.(httpsfv.Token); !ok || name != "page-cache" {
		tb.Fatalf("Cache-Status %q: the last member is not ours", a.Header["Cache-Status"])
	}
	return item
}

// Is reports whether the answer's Cache-Status has all of the given parameters:
// "hit", "fwd=bypass", "detail=cookie" or "stored", for example.
func (a *Answer) Is(tb testing.TB, params ...string) bool {
	tb.Helper()
	item := a.CacheStatus(tb)
	for _, p := range params {
		name, want, hasValue := strings.Cut(p, "=")
		got, ok := item.Params.Get(name)
		if !ok || hasValue && fmt.Sprint(got) != want {
			return false
		}
	}
	return true
}

// Want fails the test unless Is.
func (a *Answer) Want(tb testing.TB, params ...string) {
	tb.Helper()
	if !a.Is(tb, params...) {
		tb.Errorf("Cache-Status %q, want %v (status %d)", a.Header["Cache-Status"], params, a.Status)
	}
}

// Raw sends bytes over a new connection, and reads one response to a request of
// the given method. An answer that is being stored is in the store when it
// returns.
func (e *Edge) Raw(method, request string) *Answer { return RawTo(e.tb, e.Addr, method, request) }

// RawTo is Raw for any address.
func RawTo(tb testing.TB, addr, method, request string) *Answer {
	tb.Helper()
	return RawFrom(tb, "", addr, method, request)
}

// RawFrom is RawTo from a source address of the test's choice: all of 127.0.0.0/8
// is this machine's on Linux. "" leaves the choice to the system.
func RawFrom(tb testing.TB, from, addr, method, request string) *Answer {
	tb.Helper()
	dialer := net.Dialer{Timeout: 10 * time.Second}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	conn, err := dialer.Dial("tcp", addr)
	if err != nil {
		tb.Errorf("dialing the edge: %v", err)
		return &Answer{Err: err, Header: http.Header{}}
	}
	defer conn.Close()
	return exchange(tb, conn, method, request)
}

// RawTLS is Raw over TLS to the given server name, with a certificate of the
// client's if cert is not nil.
func RawTLS(tb testing.TB, addr, name, request string, cert *tls.Certificate) *Answer {
	tb.Helper()
	config := &tls.Config{InsecureSkipVerify: true, ServerName: name, NextProtos: []string{"http/1.1"}}
	if cert != nil {
		config.Certificates = []tls.Certificate{*cert}
	}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", addr, config)
	if err != nil {
		tb.Errorf("dialing the edge: %v", err)
		return &Answer{Err: err, Header: http.Header{}}
	}
	defer conn.Close()
	method, _, _ := strings.Cut(request, " ")
	return exchange(tb, conn, method, request)
}

func exchange(tb testing.TB, conn net.Conn, method, request string) *Answer {
	tb.Helper()
	if err := conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		tb.Error(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return &Answer{Err: err, Header: http.Header{}}
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return &Answer{Err: err, Header: http.Header{}}
	}
	defer response.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: body.String(), Err: err}
	judge(tb, method, request, a)
	if status := a.Header["Cache-Status"]; len(status) > 0 && strings.Contains(status[len(status)-1], "stored") {
		settle()
	}
	return a
}

// Get sends a plain GET with the given header lines.
func (e *Edge) Get(target string, lines ...string) *Answer { return e.Do("GET", target, lines...) }

// Do sends a request without a body. Host is shop.test unless a line says
// otherwise.
func (e *Edge) Do(method, target string, lines ...string) *Answer {
	return e.Raw(method, Request(method, target, lines...))
}

// Request writes the text of a request without a body.
func Request(method, target string, lines ...string) string {
	host := "Host: shop.test\r\n"
	for _, l := range lines {
		if strings.HasPrefix(strings.ToLower(l), "host:") {
			host = ""
		}
	}
	all := strings.Join(lines, "\r\n")
	if all != "" {
		all += "\r\n"
	}
	return method + " " + target + " HTTP/1.1\r\n" + host + all + "Connection: close\r\n\r\n"
}
