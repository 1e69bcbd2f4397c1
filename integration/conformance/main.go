// Command conformance runs the public suite http-cache-tests, the one behind
// cache-tests.fyi, against a real Caddy with page-cache in front of the suite's
// own server, and prints what came of it as a table. It exits with 0 only if
// the required and optional tests that did not pass are exactly those that
// expected.txt lists, and stops what it started in any case.
//
// The Caddy to use is bin/caddy of the repository, or $CADDY.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// deadline bounds the whole run, which takes a quarter of a minute: the suite
// waits more than it works.
const deadline = 5 * time.Minute

// options are the command line.
type options struct {
	config  string // The Caddyfile; empty: the example.
	update  bool   // Write expected.txt instead of comparing with it.
	verbose bool   // Print the answers of the checks too.
}

func main() {
	var o options
	flag.StringVar(&o.config, "config", "", "Caddyfile to test instead of examples/rfc9111/Caddyfile")
	flag.BoolVar(&o.update, "update", false, "rewrite expected.txt with the tests that do not pass; reasons are kept")
	flag.BoolVar(&o.verbose, "v", false, "print the answers of the checks too")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, o)
	stop()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o options) error {
	root, err := launch.Repository()
	if err != nil {
		return err
	}
	here := filepath.Join(root, "integration", "conformance")
	list := filepath.Join(here, "expected.txt")
	known, err := loadExpected(list)
	if err != nil {
		return err
	}
	if o.config == "" {
		o.config = filepath.Join(root, "examples", "rfc9111", "Caddyfile")
	}
	found, err := judge(ctx, here, places{root: root, config: o.config}, known)
	if err != nil {
		return err
	}
	if err := printReport(out, found, known); err != nil {
		return err
	}
	if o.verbose {
		if err := printChecks(out, found); err != nil {
			return err
		}
	}
	if o.update {
		return os.WriteFile(list, formatExpected(found, known), 0o644)
	}
	return compare(found, known)
}

// judge runs the suite between a server and an edge of its own. What fails and
// is not known to is run once more, few tests at a time: the suite goes by the
// clock, and a busy machine can be late.
func judge(ctx context.Context, here string, p places, known expected) (found []result, err error) {
	s := suite{dir: here}
	tests, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	state, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()
	p.state = state
	e, err := startEdge(ctx, s, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.stop()) }()

	outcomes, err := s.run(ctx, e.url)
	if err != nil {
		return nil, e.explain(ctx, err)
	}
	found = join(tests, outcomes)
	again := surprises(found, known)
	if len(again) == 0 {
		return found, nil
	}
	second, err := s.rerun(ctx, e.url, again)
	if err != nil {
		return nil, e.explain(ctx, err)
	}
	maps.Copy(outcomes, second)
	return join(tests, outcomes), nil
}
