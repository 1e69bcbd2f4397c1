// Command browser visits the storefront, real Django under real uWSGI behind
// page-cache, as shoppers do: with Debian's Chromium, and by plain HTTP. One fills a
// cart, logs in, pays and logs out; others look around at the same time and must see
// nothing of it; a forger is refused. Then Go, curl and Chromium take pages in each
// coding, which must be the origin's bytes with the tokens of who asked. It prints
// what it saw as a table, exits with 0 only if every row holds, and stops what it
// started in any case.
//
// The Caddy to use is bin/caddy of the repository, or $CADDY; the browser is
// /usr/bin/chromium, or $CHROMIUM.
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

// deadline bounds the whole run, which takes about a minute.
const deadline = 4 * time.Minute

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	root, err := launch.Repository()
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp("", "browser-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()
	s := &stage{Stage: launch.Stage{Root: root, State: state}}
	rows, err := s.perform(ctx)
	if err := errors.Join(err, s.Stop()); err != nil {
		return errors.Join(verdict.Print(out, verdicts(rows)), err)
	}
	if err := verdict.Print(out, verdicts(rows)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("stopped before the end: %w", context.Cause(ctx))
	}
	return verdict.Failures(verdicts(rows))
}
