package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// stopTimeout is what a server gets to end by itself.
const stopTimeout = 5 * time.Second

// places are the files that an edge is made from, and the folder for its own.
type places struct {
	root   string
	config string
	state  string
}

// edge is the suite's server and Caddy in front of it.
type edge struct {
	url    string
	origin *launch.Process
	caddy  *launch.Process
}

// startEdge returns when both answer.
func startEdge(ctx context.Context, s suite, p places) (*edge, error) {
	ports, err := launch.FreePorts(ctx, 2)
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
	if e.origin, err = launch.StartLogged("the suite's server", server, filepath.Join(p.state, "server.log")); err != nil {
		return nil, err
	}
	if err := e.origin.Until(ctx, answersAt("http://"+originAddr)); err != nil {
		return nil, errors.Join(e.explain(ctx, err), e.stop())
	}
	caddy := exec.Command(launch.Caddy(p.root), "run", "--config", p.config, "--adapter", "caddyfile")
	caddy.Env = append(os.Environ(),
		"EDGE_PORT="+ports[1],
		"ORIGIN_ADDR="+originAddr,
		"XDG_CONFIG_HOME="+p.state,
		"XDG_DATA_HOME="+p.state,
	)
	if e.caddy, err = launch.StartLogged("Caddy", caddy, filepath.Join(p.state, "caddy.log")); err != nil {
		return nil, errors.Join(err, e.stop())
	}
	if err := e.caddy.Until(ctx, answersAt(e.url)); err != nil {
		return nil, errors.Join(e.explain(ctx, err), e.stop())
	}
	return e, nil
}

// answersAt is answers, for one place: the suite's server itself, or the edge.
func answersAt(base string) func(context.Context) bool {
	return func(ctx context.Context) bool { return answers(ctx, base) }
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
	for _, p := range []*launch.Process{e.origin, e.caddy} {
		if p != nil {
			err = fmt.Errorf("%w\n%s wrote:\n%s", err, p.Name(), p.Wrote())
		}
	}
	return err
}

// stop ends both, the edge first.
func (e *edge) stop() error {
	var errs []error
	for _, p := range []*launch.Process{e.caddy, e.origin} {
		if p != nil {
			errs = append(errs, p.Stop(stopTimeout))
		}
	}
	return errors.Join(errs...)
}
