package uwsgi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	caddy.RegisterModule(Transport{})
	code := m.Run()
	stopUWSGI()
	os.Exit(code)
}

// newTransport returns a transport as Caddy provisions it.
func newTransport(t *testing.T, change func(*Transport)) *Transport {
	t.Helper()
	transport := new(Transport)
	if change != nil {
		change(transport)
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: t.Context()})
	defer cancel()
	if err := errors.Join(transport.Provision(ctx), transport.Validate()); err != nil {
		t.Fatal(err)
	}
	return transport
}

// address is an upstream as reverse_proxy hands it to a transport.
type address struct{ network, addr string }

func (a address) in(ctx context.Context) context.Context {
	// The key of reverseproxy.DialInfo has no name outside its package.
	info := reverseproxy.DialInfo{Network: a.network, Address: a.addr}
	ctx = context.WithValue(ctx, caddy.CtxKey("reverse_proxy.dial_info"), info) //nolint:forbidigo // as reverse_proxy does
	return context.WithValue(ctx, caddyhttp.VarsCtxKey, make(map[string]any))   //nolint:forbidigo // as Caddy's server does
}

// dial is the address in a Caddyfile's words.
func (a address) dial() string {
	if a.network == "unix" {
		return "unix/" + a.addr
	}
	return a.addr
}

func newRequest(ctx context.Context, t *testing.T, method, target string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, "http://shop.test"+target, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read returns the whole body of an answer, and the error at its end.
func read(t *testing.T, res *http.Response) (string, error) {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// fakeApp answers each connection with serve, once its packet is read, and is done when the test is.
func fakeApp(t *testing.T, serve func(conn net.Conn, vars map[string]string)) address {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				vars, err := decodePacket(conn)
				if err != nil {
					t.Errorf("packet: %v", err)
					return
				}
				byName := make(map[string]string)
				for _, v := range vars {
					byName[v.name] = v.value
				}
				serve(conn, byName)
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	return address{"unix", path}
}

// answering is a fake application that reads nothing of a body and answers in these words.
func answering(t *testing.T, answer string) address {
	t.Helper()
	return fakeApp(t, func(conn net.Conn, _ map[string]string) { _, _ = io.WriteString(conn, answer) })
}

// deadAddress is a unix socket that nobody listens on.
func deadAddress(t *testing.T) address {
	t.Helper()
	return address{"unix", filepath.Join(t.TempDir(), "nobody.sock")}
}

// noLeak fails the test when it leaves a goroutine behind. Not for parallel tests: they would see each other's.
func noLeak(t *testing.T) {
	t.Helper()
	current := goleak.IgnoreCurrent()
	caddys := goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh") // of a Caddy that has ended
	t.Cleanup(func() { goleak.VerifyNone(t, current, caddys) })
}

// realUWSGI is the one uWSGI that the tests share, started by the first that needs it.
var realUWSGI struct {
	once      sync.Once
	err       error
	cmd       *exec.Cmd
	dir       string
	drained   chan struct{}
	unix, tcp address
}

// uwsgiApps returns testdata/app.py behind a real uWSGI, on a unix socket and on TCP.
func uwsgiApps(t *testing.T) map[string]address {
	t.Helper()
	u := &realUWSGI
	u.once.Do(func() { u.err = startUWSGI() })
	if u.err != nil {
		t.Fatalf("uWSGI with its Python plugin is needed (Debian: apt-get install uwsgi-core uwsgi-plugin-python3): %v", u.err)
	}
	return map[string]address{"unix": u.unix, "tcp": u.tcp}
}

var boundTCP = regexp.MustCompile(`bound to TCP address (127\.0\.0\.1:\d+)`)

func startUWSGI() error {
	u := &realUWSGI
	var err error
	if u.dir, err = os.MkdirTemp("", "uwsgi"); err != nil {
		return err
	}
	u.unix = address{"unix", filepath.Join(u.dir, "app.sock")}
	u.drained = make(chan struct{})
	u.cmd = exec.Command("/usr/bin/uwsgi", "--plugin", "python3", "--need-app", "--die-on-term", "--no-orphans", "--master", "--processes", "4",
		"--socket", u.unix.addr, "--socket", "127.0.0.1:0", "--buffer-size", "65535", "--wsgi-file", filepath.Join("testdata", "app.py"))
	log, err := u.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := u.cmd.Start(); err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() {
		defer close(u.drained)
		ready <- awaitWorkers(bufio.NewScanner(log))
		_, _ = io.Copy(io.Discard, log)
	}()
	select {
	case err = <-ready:
	case <-time.After(30 * time.Second):
		err = errors.New("no worker within 30s")
	}
	return err
}

func awaitWorkers(lines *bufio.Scanner) error {
	var seen strings.Builder
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(&seen, line)
		if m := boundTCP.FindStringSubmatch(line); m != nil {
			realUWSGI.tcp = address{"tcp", m[1]}
		}
		if strings.HasPrefix(line, "spawned uWSGI worker 4 ") {
			return nil
		}
	}
	return fmt.Errorf("it ended:\n%s", seen.String())
}

func stopUWSGI() {
	u := &realUWSGI
	if u.cmd != nil && u.cmd.Process != nil {
		// Not SIGTERM: a worker that is born while the master ends, as one does after a killed one, misses its signal
		// and keeps the master waiting. With --no-orphans, the workers go with the master.
		_ = u.cmd.Process.Signal(syscall.SIGKILL)
		<-u.drained
		_ = u.cmd.Wait()
	}
	_ = os.RemoveAll(u.dir)
}
