package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// stopTimeout is more than the run script takes to end Caddy and uWSGI, with
// force if need be.
const stopTimeout = 30 * time.Second

// urlPattern finds where the shop is in what the run script prints.
var urlPattern = regexp.MustCompile(`http://[^\s]+`)

// shop is a running storefront.
type shop struct {
	url  string
	cmd  *exec.Cmd
	done chan error // The script's end, sent once.
}

// startShop runs the storefront's script on a free port and returns when the
// script has seen the shop answer.
func startShop(ctx context.Context, root, state string) (*shop, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	// Not bound to ctx: that would kill the script before it can end its own.
	script := filepath.Join(root, "examples", "storefront", "run")
	cmd := exec.CommandContext(context.WithoutCancel(ctx), script)
	cmd.Env = append(os.Environ(),
		"EDGE_PORT="+strconv.Itoa(port),
		"EDGE_ADMIN=off",
		"DEMO_TTL="+demoTTL.String(),
		"STOREFRONT_STATE="+state,
	)
	cmd.Stderr = os.Stderr
	// A group of its own: Ctrl-C reaches this program alone, which then stops
	// the script in order; and what outlives the script can be found.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the storefront: %w", err)
	}
	s := &shop{cmd: cmd, done: make(chan error, 1)}
	urls := make(chan string, 1)
	go s.watch(stdout, urls)
	select {
	case s.url = <-urls:
		return s, nil
	case err := <-s.done:
		s.done <- nil
		return nil, errors.Join(errors.New("the storefront did not start"), err, s.stop())
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), s.stop())
	}
}

// watch reads the script's output to its end, then waits for the script.
func (s *shop) watch(stdout io.Reader, urls chan<- string) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url := urlPattern.FindString(lines.Text()); url != "" {
			select {
			case urls <- url:
			default:
			}
		}
	}
	err := s.cmd.Wait()
	if err == nil && len(urls) == 0 {
		err = lines.Err()
	}
	s.done <- err
}

// stop ends the script, which ends what it started, and makes sure of both.
func (s *shop) stop() error {
	group := -s.cmd.Process.Pid
	// An error means that it has ended by itself, which done reports.
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	var err error
	select {
	case err = <-s.done:
	case <-time.NewTimer(stopTimeout).C:
		err = errors.New("the storefront did not stop in time and was killed")
	}
	// Whatever is left of the group; no such process is the good case.
	if syscall.Kill(group, syscall.SIGKILL) == nil && err == nil {
		err = errors.New("the storefront left processes running; they were killed")
	}
	return err
}

// freePort returns a port that nobody listens on right now.
func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("no TCP port"), listener.Close())
	}
	return address.Port, listener.Close()
}
