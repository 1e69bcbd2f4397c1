package main

import (
	"context"
	"fmt"
)

// categoryPath is a page that many queries make slow.
const categoryPath = "/products/category/apparel-1/"

// check is one row to be: run returns what it saw, for the table, and what is
// wrong with it.
type check struct {
	what string
	run  func(ctx context.Context, base string) (string, error)
}

// checkAll runs every check in order; later ones rely on no earlier one but
// for the category page, which the first row finds cold.
func checkAll(ctx context.Context, base string) []row {
	var checks []check
	checks = append(checks, categoryChecks()...)
	checks = append(checks, queryChecks()...)
	checks = append(checks, formChecks()...)
	checks = append(checks, languageChecks()...)
	checks = append(checks, personChecks()...)
	checks = append(checks, neverStoredChecks()...)
	checks = append(checks, check{"cacheable page, after its ttl", checkExpiry})
	checks = append(checks, check{"style sheets and pictures", checkFiles})
	checks = append(checks, timingChecks()...)
	rows := make([]row, 0, len(checks))
	for _, c := range checks {
		saw, err := c.run(ctx, base)
		rows = append(rows, row{c.what, saw, err})
	}
	return rows
}

// wantStored checks for an answer that was fetched now and kept.
func wantStored(a answer) error {
	if a.cache.forward != "uri-miss" || !a.cache.stored || a.cache.ttl <= 0 {
		return fmt.Errorf("want fwd=uri-miss;stored, got %s", a.cache)
	}
	return nil
}

// wantHit checks for an answer from the cache that tells its age.
func wantHit(a answer) error {
	if !a.cache.hit {
		return fmt.Errorf("want hit, got %s", a.cache)
	}
	if a.header.Get("Age") == "" {
		return fmt.Errorf("a hit without Age: %s", a.cache)
	}
	return nil
}

// wantBypass checks for an answer to a request that went past the cache.
func wantBypass(a answer) error {
	if a.cache.forward != "bypass" || a.cache.stored {
		return fmt.Errorf("want fwd=bypass and nothing stored, got %s", a.cache)
	}
	return nil
}
