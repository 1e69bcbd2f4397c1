package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	missSamples = 9
	hitSamples  = 200
	// leastRatio is far below what is measured: it only catches a cache that
	// asks the origin after all.
	leastRatio = 20
)

// timings are the medians of the category page, of one visitor alone.
type timings struct {
	origin, edge time.Duration
}

func timingChecks() []check {
	var t timings
	return []check{
		{"category page from uWSGI", func(ctx context.Context, base string) (saw string, err error) {
			t.origin, err = medianMiss(ctx, base)
			return milliseconds(t.origin), err
		}},
		{"category page from the edge", func(ctx context.Context, base string) (saw string, err error) {
			t.edge, err = medianHit(ctx, base)
			return milliseconds(t.edge), err
		}},
		{"ratio of the two", func(context.Context, string) (string, error) {
			if t.origin == 0 || t.edge == 0 {
				return "", errors.New("not measured")
			}
			ratio := float64(t.origin) / float64(t.edge)
			saw := fmt.Sprintf("%.0f times faster", ratio)
			if ratio < leastRatio {
				return saw, fmt.Errorf("want at least %d times", leastRatio)
			}
			return saw, nil
		}},
	}
}

// medianMiss asks for pages that are each asked for the first time.
func medianMiss(ctx context.Context, base string) (time.Duration, error) {
	stranger := newStranger(base)
	return median(missSamples, func(n int) (time.Duration, error) {
		a, err := stranger.page(ctx, fmt.Sprintf("%s?sample=%d", categoryPath, n))
		if err == nil {
			err = wantStored(a)
		}
		return a.took, err
	})
}

// medianHit asks for one page again and again. The page may expire on the way:
// those answers are asked for once more.
func medianHit(ctx context.Context, base string) (time.Duration, error) {
	stranger := newStranger(base)
	return median(hitSamples, func(int) (time.Duration, error) {
		a, err := stranger.page(ctx, categoryPath)
		if err == nil && !a.cache.hit {
			a, err = stranger.page(ctx, categoryPath)
		}
		if err == nil {
			err = wantHit(a)
		}
		return a.took, err
	})
}

func median(n int, sample func(int) (time.Duration, error)) (time.Duration, error) {
	times := make([]time.Duration, 0, n)
	for i := range n {
		took, err := sample(i)
		if err != nil {
			return 0, err
		}
		times = append(times, took)
	}
	slices.Sort(times)
	return times[n/2], nil
}

// milliseconds shows a time; one that was not measured is left empty.
func milliseconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
