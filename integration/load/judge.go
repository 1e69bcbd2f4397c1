package main

import (
	"errors"
	"fmt"
	"strings"
)

// leastRatio is the share of hits that is promised for requests without a session.
const leastRatio = 0.95

// shared are the kinds of pages that all visitors without a session see alike.
var shared = []string{"home", "category", "product", "search"}

// judge returns what is wrong with a run of so many requests, and nil if nothing is.
// A run in which there was nothing to leak has shown nothing, and fails.
func judge(r report, requests int) error {
	var errs []error
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for _, name := range shared {
		k := r.of(name)
		add(k.requests() == 0, "%s: nobody without a session asked for it", name)
		add(k.requests() > 0 && k.ratio() < leastRatio, "%s: %.2f %% of the requests without a session were hits, want %.0f %%",
			name, 100*k.ratio(), 100*leastRatio)
	}
	add(r.Answers < requests, "%d answers, want %d", r.Answers, requests)
	add(r.LeakCount > 0, "%d leaks: %s", r.LeakCount, strings.Join(r.Leaks, "; "))
	add(r.FailureCount > 0, "%d failures: %s", r.FailureCount, strings.Join(r.Failures, "; "))
	add(r.Canaries < 2 || r.Personal == 0 || r.PersonalHits == 0 || r.Tokens == 0 || r.Posts == 0,
		"%d canaries, %d personal pages, %d of them stored, %d tokens, %d forms: too few to show anything",
		r.Canaries, r.Personal, r.PersonalHits, r.Tokens, r.Posts)
	return errors.Join(errs...)
}

// of returns the kind of that name for requests without a session.
func (r report) of(name string) kind {
	for _, k := range r.Kinds {
		if k.Name == name && !k.Session {
			return k
		}
	}
	return kind{Name: name}
}
