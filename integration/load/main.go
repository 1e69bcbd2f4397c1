// Command load sends a crowd to the storefront: real Django under real uWSGI, Caddy in
// front with the shop's own Caddyfile, and Locust's visitors with the headers and
// cookies of browsers (locustfile.py). It prints what the edge did with each kind of
// page, and exits with 0 only if nearly all requests without a session were hits, and
// no visitor ever saw what belongs to another. It stops what it started in any case.
//
// The Caddy to use is bin/caddy of the repository, or $CADDY.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// stopTimeout is what Locust gets to end by itself when it is interrupted.
const stopTimeout = 10 * time.Second

// options are the command line.
type options struct {
	requests, users int
	patience        time.Duration
	seed            string
}

func main() {
	var o options
	flag.IntVar(&o.requests, "requests", 100_000, "how many answers to look at")
	flag.IntVar(&o.users, "users", 60, "how many visitors there are at a time")
	flag.DurationVar(&o.patience, "patience", 30*time.Minute, "after which time to give up")
	flag.StringVar(&o.seed, "seed", "", "the same visitors again, as far as the network allows")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), o.patience)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, o)
	stop()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o options) (err error) {
	if o.requests < 1 || o.users < 1 {
		return errors.New("want a request and a visitor at least")
	}
	root, err := launch.Repository()
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp("", "load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()
	shop, err := launch.StartStorefront(ctx, root, state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Stop()) }()

	fmt.Fprintf(out, "%d visitors at a time, until %d answers are there\n", o.users, o.requests)
	seen, err := visit(ctx, root, state, shop.URL, o)
	if err != nil {
		return err
	}
	if err := printReport(out, seen); err != nil {
		return err
	}
	return judge(seen, o.requests)
}

// visit runs Locust to its end, and returns what its visitors saw.
func visit(ctx context.Context, root, state, url string, o options) (report, error) {
	result := filepath.Join(state, "load.json")
	// Debian's own Python, which has Locust.
	cmd := exec.CommandContext(ctx, "/usr/bin/python3", "-B", "-m", "locust",
		"--locustfile", filepath.Join(root, "integration", "load", "locustfile.py"),
		"--headless", "--only-summary", "--host", url,
		"--users", strconv.Itoa(o.users), "--spawn-rate", strconv.Itoa(o.users),
		"--exit-code-on-error", "0", // What was wrong is in the result.
	)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	cmd.Env = append(os.Environ(),
		"LOAD_REQUESTS="+strconv.Itoa(o.requests), "LOAD_RESULT="+result, "LOAD_SEED="+o.seed)
	wrote, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return report{}, fmt.Errorf("stopped before the end: %w\n%s", context.Cause(ctx), launch.Tail(wrote))
	}
	if err != nil {
		return report{}, fmt.Errorf("locust (integration/load/deps.sh installs it): %w\n%s", err, launch.Tail(wrote))
	}
	text, err := os.ReadFile(result)
	if err != nil {
		return report{}, fmt.Errorf("locust left no result: %w\n%s", err, launch.Tail(wrote))
	}
	return readReport(text)
}
