package main

import (
	"context"
	"errors"
	"fmt"
)

// neverStoredChecks are about answers that belong to one request. Each body of
// the demo pages holds a value of its own, so equal bodies mean a stored one.
func neverStoredChecks() []check {
	return []check{
		{"Cache-Control: private", func(ctx context.Context, base string) (string, error) {
			return checkNeverStored(ctx, base, "/demo/private/", "Cache-Control", "private")
		}},
		{"Cache-Control: no-store", func(ctx context.Context, base string) (string, error) {
			return checkNeverStored(ctx, base, "/demo/no-store/", "Cache-Control", "no-store")
		}},
		{"Set-Cookie", func(ctx context.Context, base string) (string, error) {
			return checkNeverStored(ctx, base, "/demo/set-cookie/", "Set-Cookie", "")
		}},
	}
}

// checkNeverStored fetches a page twice, as strangers. The header shows that
// the page is what the row says: value, or any if that is empty.
func checkNeverStored(ctx context.Context, base, path, header, value string) (string, error) {
	first, second, err := twice(ctx, base, path)
	if err != nil {
		return "", err
	}
	for _, a := range []answer{first, second} {
		got := a.header.Get(header)
		if got == "" || value != "" && got != value {
			return "", fmt.Errorf("the page has %s %q", header, got)
		}
		if !a.cache.present || a.cache.hit || a.cache.stored {
			return a.cache.String(), errors.New("want an answer that is neither hit nor stored")
		}
	}
	return fmt.Sprintf("%s, then %s", first.cache, second.cache), otherBody(first, second)
}
