package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
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
		r.validateDurations(),
		checkWord("authorization", r.Authorization, AuthorizationRFC9111),
		r.validateCookies(),
		r.validateCSRF(),
		r.validateMaxVariants(),
		r.validateInvalidate(),
		checkWord("preset", r.Preset, PresetDjango, PresetWordPress),
		r.validateQuery(),
		r.validateHeaders(),
		checkEach("vary_by", r.VaryBy, checkPlaceholder),
		r.validateLanguage(),
		checkWord("codings", r.Codings, CodingsPass),
		checkWord("ranges", r.Ranges, RangesPass),
		checkWord("cdn_cache_control", r.CDNCacheControl, CDNCacheControlPass, CDNCacheControlRemove),
		checkEach("keep_fields", r.KeepFields, checkField),
		r.validateMinBytes(),
		r.validateMaxBody(),
		r.validateFills(),
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
		{"heuristic", r.Heuristic != 0},
		{"any_status", r.AnyStatus},
		{"stale_while_revalidate", r.StaleWhileRevalidate != nil},
		{"stale_if_error", r.StaleIfError != nil},
		{"overload_grace", r.OverloadGrace != 0},
		{"refresh_ahead", r.RefreshAhead != nil},
		{"hit_for_miss", r.HitForMiss != nil},
		{"browser_ttl", r.BrowserTTL != nil},
		{"respect_request_cache_control", r.RespectRequestCacheControl},
		{"authorization", r.Authorization != ""},
		{"session", len(r.Session) > 0},
		{"ignore_cookies", len(r.IgnoreCookies) > 0},
		{"cookies only", len(r.CookiesOnly) > 0},
		{"session private", len(r.PrivateSession) > 0},
		{"vary_cookies", len(r.VaryCookies) > 0},
		{"strip_set_cookie", len(r.StripSetCookie) > 0},
		{"csrf", r.CSRF != nil},
		{"max_variants", r.MaxVariants != 0},
		{"invalidate", r.Invalidate != ""},
		{"preset", r.Preset != ""},
		{"query ignore", len(r.QueryIgnore) > 0},
		{"query only", len(r.QueryOnly) > 0},
		{"vary", len(r.Vary) > 0},
		{"vary_by", len(r.VaryBy) > 0},
		{"forward", len(r.Forward) > 0},
		{"vary_language", len(r.VaryLanguage) > 0},
		{"codings", r.Codings != ""},
		{"ranges", r.Ranges != ""},
		{"store_post", r.StorePost},
		{"cdn_cache_control", r.CDNCacheControl != ""},
		{"keep_fields", len(r.KeepFields) > 0},
		{"min_bytes", r.MinBytes != nil},
		{"max_body", r.MaxBody != 0},
		{"header_timeout", r.HeaderTimeout != 0},
		{"idle_timeout", r.IdleTimeout != 0},
		{"fill_timeout", r.FillTimeout != 0},
		{"origin", r.Origin != ""},
		{"max_fills", r.MaxFills != 0},
		{"queue_timeout", r.QueueTimeout != 0},
		{"trust_framing", r.TrustFraming},
	} {
		if o.given {
			names = append(names, o.name)
		}
	}
	return names
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

func (r *Rule) validateLanguage() error {
	if err := checkEach("vary_language", r.VaryLanguage, checkLanguage); err != nil {
		return err
	}
	for i, name := range r.VaryLanguage {
		if slices.ContainsFunc(r.VaryLanguage[:i], func(other string) bool { return strings.EqualFold(name, other) }) {
			return &OptionError{Option: "vary_language", Value: name, Problem: fmt.Sprintf("%q is given twice; remove one of them", name)}
		}
	}
	if len(r.VaryLanguage) > 1 && slices.Contains(r.VaryLanguage, "*") {
		return &OptionError{
			Option: "vary_language", Value: "*",
			Problem: `"*" is for every language, and others are named beside it; remove it, or them`,
		}
	}
	for _, name := range r.Forward {
		if len(r.VaryLanguage) > 0 && strings.EqualFold(name, "Accept-Language") {
			return &OptionError{
				Option: "forward", Value: name,
				Problem: fmt.Sprintf("%q would change nothing, but vary_language has pages vary by it; remove one of them", name),
			}
		}
	}
	return nil
}

func (r *Rule) validateMaxVariants() error {
	if r.MaxVariants >= 0 && r.MaxVariants <= LimitMaxVariants {
		return nil
	}
	return &OptionError{
		Option: "max_variants", Value: strconv.Itoa(r.MaxVariants),
		Problem: fmt.Sprintf("%d is not a number of variants; give 1 to %d, or leave it out for the default of %d",
			r.MaxVariants, LimitMaxVariants, DefaultMaxVariants),
	}
}

func (r *Rule) validateInvalidate() error {
	if r.Invalidate == InvalidateOff && r.StorePost {
		return &OptionError{
			Option: "invalidate", Value: r.Invalidate,
			Problem: "off leaves the page as it is after a POST, which store_post replaces; remove one of them",
		}
	}
	return checkWord("invalidate", r.Invalidate, InvalidateOff)
}

// checkWord judges an option that takes one of a few words.
func checkWord(option, word string, allowed ...string) error {
	if word == "" || slices.Contains(allowed, word) {
		return nil
	}
	return &OptionError{
		Option: option, Value: word,
		Problem: fmt.Sprintf("%q is unknown; write %s %s, or leave it out", word, option, strings.Join(allowed, " or ")),
	}
}

func (r *Rule) validateMinBytes() error {
	var problem string
	switch least := r.LeastBody(); {
	case least < 0:
		problem = fmt.Sprintf("%d bytes is less than nothing; give 0 or more, or leave it out for the default of %d", least, DefaultMinBytes)
	case r.MinBytes != nil && least > r.BodyLimit():
		problem = fmt.Sprintf("%d bytes is more than max_body lets be stored, which is %d; give less, or raise max_body", least, r.BodyLimit())
	default:
		return nil
	}
	return &OptionError{Option: "min_bytes", Problem: problem}
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
