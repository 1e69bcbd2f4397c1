package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// visitors ask for one page at the same time, each over a connection of
	// their own that is kept.
	visitors = 60
	// A visitor pauses between two requests, for a random time of these bounds:
	// 60 of them make some 300 requests a second, which leaves the cores idle.
	minPause = 100 * time.Millisecond
	maxPause = 300 * time.Millisecond
	// patience ends a request that hangs; nobody comes near it.
	patience = time.Minute
)

// request is one visitor's request and its answer, to the last byte.
type request struct {
	visitor int
	begin   time.Time
	wait    time.Duration
	failed  bool
}

func (r request) end() time.Time { return r.begin.Add(r.wait) }

// crowd visits a page from its start until stop.
type crowd struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
	seen   [visitors][]request // Each visitor's own.
}

// gather sends the visitors to a page.
func gather(ctx context.Context, page string) *crowd {
	c := &crowd{}
	visiting, cancel := context.WithCancel(ctx)
	c.cancel = cancel
	for i := range visitors {
		c.all.Go(func() { c.seen[i] = visit(ctx, visiting, i, page) })
	}
	return c
}

// stop lets everybody finish the request that is under way, and returns all, by
// their begin.
func (c *crowd) stop() []request {
	c.cancel()
	c.all.Wait()
	all := slices.Concat(c.seen[:]...)
	slices.SortFunc(all, func(a, b request) int { return a.begin.Compare(b.begin) })
	return all
}

// visit asks again and again until visiting ends. The requests themselves are
// bound to ctx alone.
func visit(ctx, visiting context.Context, visitor int, page string) []request {
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: patience}
	pause := time.NewTimer(rand.N(maxPause))
	defer pause.Stop()
	var seen []request
	for {
		select {
		case <-visiting.Done():
			return seen
		case <-pause.C:
		}
		r := request{visitor: visitor, begin: time.Now()}
		err := fetch(ctx, client, page)
		r.wait = time.Since(r.begin)
		r.failed = err != nil
		seen = append(seen, r)
		pause.Reset(minPause + rand.N(maxPause-minPause))
	}
}

// fetch reads a whole page, which must be there.
func fetch(ctx context.Context, client *http.Client, page string) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	length, err := io.Copy(io.Discard, resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || length == 0) {
		err = fmt.Errorf("%s: status %d, %d bytes", page, resp.StatusCode, length)
	}
	return err
}
