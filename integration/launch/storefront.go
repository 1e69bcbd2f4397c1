package launch

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
)

// scriptPatience is more than the run script takes to end Caddy and uWSGI, with
// force if need be.
const scriptPatience = 30 * time.Second

// urlPattern finds where the shop is in what the run script prints.
var urlPattern = regexp.MustCompile(`http://[^\s]+`)

// Storefront is the shop of examples/storefront behind Caddy, as its run script
// starts them. URL is where it is.
type Storefront struct {
	URL    string
	script *Process
}

// StartStorefront runs the storefront's script on a free port, with a state folder and
// more variables for the script, and returns when the script has seen the shop answer.
// root is the repository.
func StartStorefront(ctx context.Context, root, state string, env ...string) (*Storefront, error) {
	ports, err := FreePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	// Not bound to ctx: that would kill the script before it can end its own.
	cmd := exec.Command(filepath.Join(root, "examples", "storefront", "run"))
	cmd.Env = append(os.Environ(),
		"EDGE_PORT="+ports[0],
		"EDGE_ADMIN=off",
		"STOREFRONT_STATE="+state,
	)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	stdout, in := io.Pipe()
	cmd.Stdout = in
	script, err := Start("the storefront", cmd)
	if err != nil {
		return nil, err
	}
	s := &Storefront{script: script}
	urls := make(chan string, 1)
	go watch(stdout, urls)
	select {
	case s.URL = <-urls:
		return s, nil
	case <-script.Done():
		return nil, errors.Join(errors.New("the storefront did not start"), s.Stop())
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), s.Stop())
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

// Stop ends the script, which ends what it started.
func (s *Storefront) Stop() error { return s.script.Stop(scriptPatience) }
