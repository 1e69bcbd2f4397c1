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

// OptionError says what is wrong with one option of a Rule or an App.
type OptionError struct {
	// Option is the option as a Caddyfile names it, such as "query ignore".
	Option string
	// Value is the part of the option that is wrong: a name, a status, or a
	// duration as Duration.String writes it. Empty: the option as a whole.
	Value string
	// Problem says what is wrong, what is allowed and what to do.
	Problem string
}

// Error returns the option and the problem.
func (e *OptionError) Error() string { return e.Option + ": " + e.Problem }

// Validate reports everything that is wrong with r, each as an *OptionError, in
// the order in which the options are documented. Names given twice in one list
// are harmless and let through.
func (r *Rule) Validate() error {
	if r.Off {
		return r.validateOff()
	}
	return errors.Join(
		r.validateTTL(),
		r.validateOverride(),
		r.validateCookies(),
		r.validateQuery(),
		r.validateHeaders(),
		checkEach("vary_by", r.VaryBy, checkPlaceholder),
		r.validateMaxBody(),
	)
}

// Validate reports everything that is wrong with a, each as an *OptionError.
func (a *App) Validate() error {
	if a.MaxSize == 0 || a.MaxSize >= MinMaxSize {
		return nil
	}
	return &OptionError{
		Option: "max_size",
		Problem: fmt.Sprintf("%d bytes cannot hold a useful number of pages; give %d MiB (%d bytes) or more",
			a.MaxSize, MinMaxSize>>20, MinMaxSize),
	}
}

func (r *Rule) validateOff() error {
	if given := r.given(); len(given) > 0 {
		return &OptionError{
			Option: "off",
			Problem: fmt.Sprintf("it forwards requests untouched and takes no other option, but there is %s; "+
				"remove off or the rest", strings.Join(given, ", ")),
		}
	}
	return nil
}

// given names the options other than off that r has.
func (r *Rule) given() []string {
	var names []string
	for _, o := range []struct {
		name  string
		given bool
	}{
		{"ttl", r.TTL != 0 || len(r.StatusTTL) > 0},
		{"override", r.Override},
		{"session", len(r.Session) > 0},
		{"ignore_cookies", len(r.IgnoreCookies) > 0},
		{"cookies only", len(r.CookiesOnly) > 0},
		{"query ignore", len(r.QueryIgnore) > 0},
		{"query only", len(r.QueryOnly) > 0},
		{"vary", len(r.Vary) > 0},
		{"vary_by", len(r.VaryBy) > 0},
		{"forward", len(r.Forward) > 0},
		{"max_body", r.MaxBody != 0},
		{"trust_framing", r.TrustFraming},
	} {
		if o.given {
			names = append(names, o.name)
		}
	}
	return names
}

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
				Problem: fmt.Sprintf("an answer with status %d is never stored; a ttl may name %s", status, joinInts(storable)),
			})
		}
		if problem := r.StatusTTL[status].problem(); problem != "" {
			errs = append(errs, &OptionError{Option: "ttl", Value: value, Problem: "for status " + value + ": " + problem})
		}
	}
	return errors.Join(errs...)
}

// problem says why d cannot be a ttl; empty if it can.
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

func (r *Rule) validateCookies() error {
	return errors.Join(
		checkEach("session", r.Session, cookieCheck(
			"would name every cookie; a cookie that nobody called harmless makes a request personal "+
				"by itself, so name only those that ignore_cookies or cookies only would take in")),
		checkEach("ignore_cookies", r.IgnoreCookies, cookieCheck(
			"would hand the page of a visitor who is logged out to those who are logged in; "+
				"name the cookies that matter with cookies only, and all others are ignored")),
		checkEach("cookies only", r.CookiesOnly, cookieCheck(
			"would keep every cookie, as without the option; name the cookies that matter")),
	)
}

func (r *Rule) validateQuery() error {
	var both error
	if len(r.QueryIgnore) > 0 && len(r.QueryOnly) > 0 {
		both = &OptionError{
			Option:  "query only",
			Problem: "it cannot stand together with query ignore; query only alone removes every parameter that it does not name",
		}
	}
	return errors.Join(
		checkEach("query ignore", r.QueryIgnore, checkParameter),
		checkEach("query only", r.QueryOnly, checkOnlyParameter),
		both,
	)
}

func (r *Rule) validateHeaders() error {
	var both []error
	for _, name := range r.Forward {
		same := func(other string) bool { return strings.EqualFold(name, other) }
		if slices.ContainsFunc(r.Vary, same) {
			both = append(both, &OptionError{
				Option: "forward", Value: name,
				Problem: fmt.Sprintf("%q stands in vary, too, so the origin gets it already; "+
					"remove it here if it selects a variant, there if it changes nothing", name),
			})
		}
	}
	return errors.Join(
		checkEach("vary", r.Vary, checkHeader),
		checkEach("forward", r.Forward, checkForward),
		errors.Join(both...),
	)
}

func (r *Rule) validateMaxBody() error {
	if r.MaxBody >= 0 {
		return nil
	}
	return &OptionError{
		Option: "max_body",
		Problem: fmt.Sprintf("%d bytes is less than nothing; give 1 or more, or leave it out for the default of %d MiB",
			r.MaxBody, DefaultMaxBody>>20),
	}
}

func joinInts(ns []int) string {
	words := make([]string, len(ns))
	for i, n := range ns {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}
