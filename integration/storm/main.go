// Command storm shows what becomes of the visitors when a page that everybody
// wants expires: the storefront's slow category page, made by the real Django
// under the real uWSGI, behind page-cache and behind nginx. It prints a table,
// keeps it with a chart beside this file, and exits with 0 only if page-cache
// held what it promises. It stops what it started in any case.
//
// The Caddy to use is bin/caddy of the repository, or $CADDY; nginx is bin/nginx,
// or $NGINX.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// options are the command line.
type options struct {
	ttl    time.Duration
	rounds int
}

func main() {
	var o options
	flag.DurationVar(&o.ttl, "ttl", 5*time.Second, "how long the page is kept, in whole seconds: nginx knows no others")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each contender has its turn")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o options) (err error) {
	if o.ttl < 2*time.Second || o.ttl%time.Second != 0 || o.rounds < 1 {
		return errors.New("want a ttl of whole seconds, two at least, and a round at least")
	}
	root, err := launch.Repository()
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp("", "storm-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()
	s := &stage{Stage: launch.Stage{Root: root, State: state}, ttl: o.ttl, load: loadAverage()}
	results, err := s.perform(ctx, out, o.rounds)
	if err := errors.Join(err, s.Stop()); err != nil {
		return err
	}
	if err := printTable(out, results); err != nil {
		return err
	}
	errs := []error{s.keep(ctx, o, results)}
	for _, r := range results {
		errs = append(errs, judge(r))
	}
	return errors.Join(errs...)
}

// perform gives each contender its turn, round by round: what disturbs the
// machine for a while disturbs all of them.
func (s *stage) perform(ctx context.Context, out io.Writer, rounds int) ([]result, error) {
	if err := s.startShop(ctx); err != nil {
		return nil, err
	}
	contenders, err := s.startEdges(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]result, len(contenders))
	fmt.Fprintf(out, "load average at the start: %s\n", s.load)
	for round := range rounds {
		for i, c := range contenders {
			fmt.Fprintf(out, "round %d of %d: %s\n", round+1, rounds, c.name)
			played, err := s.play(ctx, c, round+1)
			if err != nil {
				return nil, err
			}
			results[i].contender = c
			results[i].turns = append(results[i].turns, played)
		}
	}
	for i := range results {
		results[i].figures = summarize(results[i].turns)
	}
	return results, nil
}
