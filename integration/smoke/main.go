// Command smoke starts the storefront as `make run` does, with real Django
// under real uWSGI and Caddy in front, visits it as several kinds of visitors,
// and prints what it saw as a table. It exits with 0 only if every row holds,
// and stops what it started in any case.
//
// The Caddy to use is bin/caddy of the repository, or $CADDY.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
	"github.com/page-cache/page-cache/integration/verdict"
)

// deadline bounds the whole run; on a slow machine it takes well under a minute.
const deadline = 5 * time.Minute

// demoTTL is short, so that the run can wait for a page to expire, and long
// enough that a page does not expire between two requests of a busy machine.
const demoTTL = 3 * time.Second

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	root, err := launch.Repository()
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp("", "smoke-")
	if err != nil {
		return err
	}
	s, err := launch.StartStorefront(ctx, root, state, "DEMO_TTL="+demoTTL.String())
	if err != nil {
		return errors.Join(err, os.RemoveAll(state))
	}
	defer func() { err = errors.Join(err, s.Stop(), os.RemoveAll(state)) }()

	rows := checkAll(ctx, s.URL)
	if err := verdict.Print(out, verdicts(rows)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("stopped before the end: %w", context.Cause(ctx))
	}
	return verdict.Failures(verdicts(rows))
}
