package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

const (
	startTimeout = 30 * time.Second
	pollInterval = 50 * time.Millisecond
)

// places are the files that an edge is made from, and the folder for its own.
type places struct {
	root   string
	config string
	state  string
}

// edge is the suite's server and Caddy in front of it.
type edge struct {
	url    string
	origin *process
	caddy  *process
}

// startEdge returns when both answer.
func startEdge(ctx context.Context, s suite, p places) (*edge, error) {
	ports, err := freePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	originAddr := "127.0.0.1:" + ports[0]
	e := &edge{url: "http://127.0.0.1:" + ports[1]}
	server := exec.Command("node", "--no-warnings", filepath.Join(s.dir, "origin.mjs"))
	server.Dir = s.folder()
	server.Env = append(os.Environ(),
		"npm_config_protocol=http",
		"npm_config_port="+ports[0],
		"npm_config_pidfile="+filepath.Join(p.state, "server.pid"),
	)
	if e.origin, err = start("the suite's server", server, filepath.Join(p.state, "server.log")); err != nil {
		return nil, err
	}
	if err := e.origin.waitUntil(ctx, "http://"+originAddr); err != nil {
		return nil, errors.Join(e.explain(ctx, err), e.stop())
	}
	binary := os.Getenv("CADDY")
	if binary == "" {
		binary = filepath.Join(p.root, "bin", "caddy")
	}
	caddy := exec.Command(binary, "run", "--config", p.config, "--adapter", "caddyfile")
	caddy.Env = append(os.Environ(),
		"EDGE_PORT="+ports[1],
		"ORIGIN_ADDR="+originAddr,
		"XDG_CONFIG_HOME="+p.state,
		"XDG_DATA_HOME="+p.state,
	)
	if e.caddy, err = start("Caddy", caddy, filepath.Join(p.state, "caddy.log")); err != nil {
		return nil, errors.Join(err, e.stop())
	}
	if err := e.caddy.waitUntil(ctx, e.url); err != nil {
		return nil, errors.Join(e.explain(ctx, err), e.stop())
	}
	return e, nil
}

// waitUntil returns when the suite's server answers at base: itself, or
// through the edge.
func (p *process) waitUntil(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("%s did not answer within %s", p.name, startTimeout))
	defer cancel()
	ticks := time.NewTicker(pollInterval)
	defer ticks.Stop()
	for !answers(ctx, base) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it answered: %v", p.name, p.cmd.ProcessState)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
	}
	return nil
}

// answers asks for the record of a test that never ran: the suite's server says
// 404, an edge that cannot reach it 502.
func answers(ctx context.Context, base string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/state/none", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close()) == nil && response.StatusCode == http.StatusNotFound
}

// explain adds to an error the last of what the two wrote; if the run was
// stopped, that is all there is to say.
func (e *edge) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped before the end: %w", context.Cause(ctx))
	}
	for _, p := range []*process{e.origin, e.caddy} {
		if p != nil {
			err = fmt.Errorf("%w\n%s wrote:\n%s", err, p.name, p.wrote())
		}
	}
	return err
}

// stop ends both, the edge first.
func (e *edge) stop() error {
	var errs []error
	for _, p := range []*process{e.caddy, e.origin} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	return errors.Join(errs...)
}

// freePorts returns ports of the loopback interface that nobody listens on
// right now, all different.
func freePorts(ctx context.Context, n int) (ports []string, err error) {
	var config net.ListenConfig
	for range n {
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return nil, errors.New("no TCP port")
		}
		ports = append(ports, strconv.Itoa(address.Port))
	}
	return ports, nil
}
