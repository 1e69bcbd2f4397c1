package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// stopTimeout is more than the run script takes to end Caddy and uWSGI, with
// force if need be.
const stopTimeout = 30 * time.Second

// urlPattern finds where the shop is in what the run script prints.
var urlPattern = regexp.MustCompile(`http://[^\s]+`)

// shop is a running storefront.
type shop struct {
	url    string
	script *launch.Process
}

// startShop runs the storefront's script on a free port and returns when the
// script has seen the shop answer.
func startShop(ctx context.Context, root, state string) (*shop, error) {
	ports, err := launch.FreePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	// Not bound to ctx: that would kill the script before it can end its own.
	cmd := exec.Command(filepath.Join(root, "examples", "storefront", "run"))
	cmd.Env = append(os.Environ(),
		"EDGE_PORT="+ports[0],
		"EDGE_ADMIN=off",
		"DEMO_TTL="+demoTTL.String(),
		"STOREFRONT_STATE="+state,
	)
	cmd.Stderr = os.Stderr
	stdout, in := io.Pipe()
	cmd.Stdout = in
	script, err := launch.Start("the storefront", cmd)
	if err != nil {
		return nil, err
	}
	s := &shop{script: script}
	urls := make(chan string, 1)
	go watch(stdout, urls)
	select {
	case s.url = <-urls:
		return s, nil
	case <-script.Done():
		return nil, errors.Join(errors.New("the storefront did not start"), s.stop())
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), s.stop())
	}
}

// watch reads all that the script prints, for the script must not wait for it.
func watch(stdout io.Reader, urls chan<- string) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url := urlPattern.FindString(lines.Text()); url != "" {
			select {
			case urls <- url:
			default:
			}
		}
	}
	_, _ = io.Copy(io.Discard, stdout)
}

// stop ends the script, which ends what it started.
func (s *shop) stop() error { return s.script.Stop(stopTimeout) }
