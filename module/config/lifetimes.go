package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (r *Rule) validateTTL() error {
	var errs []error
	if problem := r.TTL.problem(); problem != "" {
		errs = append(errs, &OptionError{Option: "ttl", Value: r.TTL.String(), Problem: problem})
	}
	storable := StorableStatuses()
	for _, status := range slices.Sorted(maps.Keys(r.StatusTTL)) {
		value := strconv.Itoa(status)
		if !slices.Contains(storable, status) {
			errs = append(errs, &OptionError{
				Option: "ttl", Value: value,
				Problem: fmt.Sprintf("an answer with status %d cannot have a ttl; one may name %s", status, joinInts(storable)),
			})
		}
		if problem := r.StatusTTL[status].problem(); problem != "" {
			errs = append(errs, &OptionError{Option: "ttl", Value: value, Problem: "for status " + value + ": " + problem})
		}
	}
	return errors.Join(errs...)
}

// problem says why d cannot be a ttl, or a window; empty if it can.
func (d Duration) problem() string {
	switch {
	case d < 0:
		return fmt.Sprintf("%s is negative; give a duration like 15s, 5m, 2h or 1d", d)
	case d > 0 && time.Duration(d) < time.Millisecond:
		return fmt.Sprintf("%s is too short to mean anything; give a duration like \"15s\" (a bare number in JSON counts nanoseconds)", d)
	case d > MaxTTL:
		return fmt.Sprintf("%s is too long; give %dd or less", d, time.Duration(MaxTTL)/(24*time.Hour))
	}
	return ""
}

func (r *Rule) validateOverride() error {
	if !r.Override || r.TTL != 0 || len(r.StatusTTL) > 0 {
		return nil
	}
	return &OptionError{
		Option:  "override",
		Problem: "there is no ttl that could replace the origin's lifetime; give one, such as 15s, or remove override",
	}
}

// validateDurations judges the durations other than the ttls.
func (r *Rule) validateDurations() error {
	var errs []error
	for _, o := range []struct {
		name string
		d    *Duration
	}{
		{"heuristic", &r.Heuristic},
		{"stale_while_revalidate", r.StaleWhileRevalidate},
		{"stale_if_error", r.StaleIfError},
		{"overload_grace", &r.OverloadGrace},
		{"refresh_ahead", r.RefreshAhead},
		{"hit_for_miss", r.HitForMiss},
		{"browser_ttl", r.BrowserTTL},
	} {
		if o.d == nil {
			continue
		}
		if problem := o.d.problem(); problem != "" {
			errs = append(errs, &OptionError{Option: o.name, Value: o.d.String(), Problem: problem})
		}
	}
	if r.HitForMiss != nil && *r.HitForMiss > MaxHitForMiss {
		errs = append(errs, &OptionError{
			Option: "hit_for_miss", Value: r.HitForMiss.String(),
			Problem: fmt.Sprintf("%s is too long; give %s or less: a page that becomes one for all is not stored before", r.HitForMiss, MaxHitForMiss),
		})
	}
	return errors.Join(errs...)
}

func joinInts(ns []int) string {
	words := make([]string, len(ns))
	for i, n := range ns {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}
