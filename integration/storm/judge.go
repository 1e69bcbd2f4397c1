package main

import (
	"errors"
	"fmt"
)

// promise is what a contender is held to, over and above one origin request for
// each expiry. nil: it is shown, not judged.
type promise func(figures) error

// nobodyWaits: stale pages are served while the refresh runs. Half of the
// origin's time is far above what a hit takes and far below what it takes to
// wait for the origin.
func nobodyWaits(f figures) error {
	if f.share >= 0.5 {
		return fmt.Errorf("a visitor waited %.0f %% of what the origin took for the page, want less than 50 %%", 100*f.share)
	}
	return nil
}

// oneRequestAtMost: who finds the page stale waits for the one fill, and for
// nothing else.
func oneRequestAtMost(f figures) error {
	if f.beyond > noticeable {
		return fmt.Errorf("a visitor waited %s longer than the origin took for the page, want at most %s",
			milliseconds(f.beyond), milliseconds(noticeable))
	}
	return nil
}

// judge returns what a contender promised and did not hold.
func judge(r result) error {
	if r.promise == nil {
		return nil
	}
	f := r.figures
	errs := []error{r.promise(f)}
	for turn, counts := range f.origin {
		for i, n := range counts {
			if n != 1 {
				errs = append(errs, fmt.Errorf("expiry %d of round %d cost %d origin requests, want 1", i+1, turn+1, n))
			}
		}
	}
	if f.failed > 0 {
		errs = append(errs, fmt.Errorf("%d requests failed", f.failed))
	}
	err := errors.Join(errs...)
	if err != nil {
		err = fmt.Errorf("%s:\n%w\n(the machine alone made a hit wait up to %s in this run)", r.name, err, milliseconds(f.apart.longest))
	}
	return err
}
