package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

func categoryChecks() []check {
	var cold answer
	return []check{
		{"category page, cold", func(ctx context.Context, base string) (saw string, err error) {
			cold, err = newStranger(base).page(ctx, categoryPath)
			if err != nil {
				return "", err
			}
			return cold.cache.String(), wantStored(cold)
		}},
		{"category page, again", func(ctx context.Context, base string) (string, error) {
			a, err := newStranger(base).page(ctx, categoryPath)
			if err != nil {
				return "", err
			}
			saw := fmt.Sprintf("%s, Age %s", a.cache, a.header.Get("Age"))
			return saw, errors.Join(wantHit(a), sameBody(cold, a))
		}},
	}
}

func queryChecks() []check {
	return []check{
		{"category page with utm_source", func(ctx context.Context, base string) (string, error) {
			const path = categoryPath + "?sort_by=price"
			stranger := newStranger(base)
			plain, err := stranger.page(ctx, path)
			if err != nil {
				return "", err
			}
			tracked, err := stranger.page(ctx, path+"&utm_source=mail")
			if err != nil {
				return "", err
			}
			return tracked.cache.String(), errors.Join(wantHit(tracked), sameBody(plain, tracked))
		}},
		{"category page with page=2", func(ctx context.Context, base string) (string, error) {
			first, err := newStranger(base).page(ctx, categoryPath)
			if err != nil {
				return "", err
			}
			second, again, err := twice(ctx, base, categoryPath+"?page=2")
			if err != nil {
				return "", err
			}
			saw := fmt.Sprintf("%s, then %s", second.cache, again.cache)
			return saw, errors.Join(wantStored(second), wantHit(again), sameBody(second, again),
				otherBody(first, second))
		}},
	}
}

// checkFiles fetches what the file server answers for: a page without its style
// sheet works for a program, and for nobody else.
func checkFiles(ctx context.Context, base string) (string, error) {
	const style, image = "text/css", "image/svg+xml"
	files := map[string]string{
		"/static/css/shop.css":           style,
		"/static/admin/css/base.css":     style,
		"/media/products/t-shirts-0.svg": image,
	}
	for path, want := range files {
		a, err := newStranger(base).page(ctx, path)
		if err != nil {
			return "", err
		}
		if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, want) {
			return "", fmt.Errorf("%s: want %s, got %q", path, want, got)
		}
	}
	return fmt.Sprintf("%d files", len(files)), nil
}

// checkExpiry watches a page until its stored answer is replaced.
func checkExpiry(ctx context.Context, base string) (string, error) {
	const path = "/demo/cacheable/?expiry"
	first, second, err := twice(ctx, base, path)
	if err != nil {
		return "", err
	}
	if err := errors.Join(wantStored(first), wantHit(second), sameBody(first, second)); err != nil {
		return "", err
	}
	elapsed := stopwatch()
	fresh, err := untilChanged(ctx, base, path, first)
	if err != nil {
		return "", err
	}
	lived := elapsed()
	saw := fmt.Sprintf("a new body %.1f s later, %s", lived.Seconds(), fresh.cache)
	if fresh.cache.hit || !fresh.cache.stored {
		return saw, fmt.Errorf("want the new body forwarded and stored, got %s", fresh.cache)
	}
	// The answer was some time old when the watch began; a second of grain.
	if lived < demoTTL-time.Second {
		return saw, fmt.Errorf("the page was to be kept for %s", demoTTL)
	}
	return saw, nil
}

// untilChanged asks until another body than the old one comes.
func untilChanged(ctx context.Context, base, path string, old answer) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*demoTTL)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	stranger := newStranger(base)
	for {
		a, err := stranger.page(ctx, path)
		if ctx.Err() != nil {
			return a, errors.New("still the old body long after its ttl")
		}
		if err != nil || a.body != old.body {
			return a, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// twice fetches a page two times, as strangers.
func twice(ctx context.Context, base, path string) (first, second answer, err error) {
	if first, err = newStranger(base).page(ctx, path); err != nil {
		return first, second, err
	}
	second, err = newStranger(base).page(ctx, path)
	return first, second, err
}

// sameBody compares what two visitors see: each has tokens of his own.
func sameBody(a, b answer) error {
	if withoutTokens(a.body) != withoutTokens(b.body) {
		return errors.New("the bodies differ")
	}
	return nil
}

func otherBody(a, b answer) error {
	if withoutTokens(a.body) == withoutTokens(b.body) {
		return errors.New("the bodies are the same")
	}
	return nil
}
