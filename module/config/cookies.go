package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (r *Rule) validateCookies() error {
	var both error
	if len(r.CookiesOnly) > 0 && slices.Contains(r.IgnoreCookies, "*") {
		both = &OptionError{
			Option: "ignore_cookies", Value: "*",
			Problem: `"*" takes in those that cookies only names, too; remove it, or write session instead of cookies only`,
		}
	}
	err := errors.Join(
		checkEach("session", r.Session, cookieCheck(
			"would name every cookie; a cookie that nobody called harmless makes a request personal "+
				"by itself, so name only those that ignore_cookies or cookies only would take in")),
		checkEach("ignore_cookies", r.IgnoreCookies, cookieCheck("")),
		checkEach("cookies only", r.CookiesOnly, cookieCheck(
			"would keep every cookie, as without the option; name the cookies that matter")),
		both,
		checkEach("session private", r.PrivateSession, cookieCheck(
			"would name every cookie, so that each value of an analytics cookie had pages of its own; "+
				"name the cookies that tell who is logged in")),
		checkEach("vary_cookies", r.VaryCookies, cookieCheck(
			"would name every cookie, sessions included, so that each visitor had a variant of his own; "+
				"name those that have a few values, like a language")),
		checkEach("strip_set_cookie", r.StripSetCookie, cookieCheck(
			"would take away every cookie, so that nobody could log in; name those that nobody needs")),
	)
	if err != nil {
		return err // and what the names do to each other is not to be told yet
	}
	return r.validateSessions()
}

// validateSessions refuses names that stand in two lists of which one would undo the
// other. A name in session and in vary_cookies or ignore_cookies is no such one:
// session comes first.
func (r *Rule) validateSessions() error {
	var errs []error
	for _, name := range r.PrivateSession {
		for _, other := range r.Session {
			if covers(other, name) {
				errs = append(errs, &OptionError{
					Option: "session private", Value: name,
					Problem: fmt.Sprintf("%q stands in session as %q, too, where no page of it is stored; remove one of them", name, other),
				})
			}
		}
	}
	for _, name := range r.StripSetCookie {
		for _, other := range slices.Concat(r.Session, r.PrivateSession) {
			if overlap(name, other) {
				errs = append(errs, &OptionError{
					Option: "strip_set_cookie", Value: name,
					Problem: fmt.Sprintf("%q would take %q away, which session names, and a login would be lost; remove one of them", name, other),
				})
			}
		}
	}
	return errors.Join(errs...)
}

// covers reports whether a name that may end in a * takes in all that another one does.
func covers(pattern, name string) bool {
	head, starred := strings.CutSuffix(pattern, "*")
	return pattern == name || starred && strings.HasPrefix(name, head)
}

// overlap reports whether there are names that both take in.
func overlap(a, b string) bool { return covers(a, b) || covers(b, a) }
