package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// lifetimes is how many expiries a turn sees.
	lifetimes = 3
	// quiet is how long the origin must have had nothing to do before an expiry
	// counts as over.
	quiet = time.Second
	// slack is what a turn gets over its lifetimes: an origin that is asked by
	// everybody takes seconds to answer.
	slack = time.Minute
	// look is how often the origin's log is read.
	look = 100 * time.Millisecond
)

// play sends the visitors to one contender's page until it has expired three
// times. The page is warm when they come.
func (s *stage) play(ctx context.Context, c contender, round int) (turn, error) {
	asked := target(c.id, round)
	page := c.url + asked
	if err := warm(ctx, page); err != nil {
		return turn{}, fmt.Errorf("%s: the first request: %w", c.name, err)
	}
	t := turn{began: time.Now()}
	visiting := gather(ctx, page)
	found, err := s.watch(ctx, asked)
	t.requests = visiting.stop()
	if err != nil {
		return turn{}, fmt.Errorf("%s: %w", c.name, err)
	}
	t.expiries = found
	return t, nil
}

// warm returns when the page is stored: the first answer is there a moment before
// that, the second comes from the store, or waited for it.
func warm(ctx context.Context, page string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	return errors.Join(fetch(ctx, client, page), fetch(ctx, client, page))
}

// watch reads the origin's log until it shows all expiries, and their end.
func (s *stage) watch(ctx context.Context, asked string) ([]expiry, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lifetimes*s.ttl+slack, errors.New("the page did not expire three times"))
	defer cancel()
	ticks := time.NewTicker(look)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ticks.C:
		}
		all, err := readOrigin(s.originLog(), asked)
		if err != nil {
			return nil, err
		}
		found := expiries(all, s.ttl)
		if len(found) == lifetimes && time.Since(found[lifetimes-1].end()) > quiet {
			return found, nil
		}
		if len(found) > lifetimes {
			return nil, fmt.Errorf("the origin was asked at %d moments, want %d", len(found), lifetimes)
		}
	}
}
