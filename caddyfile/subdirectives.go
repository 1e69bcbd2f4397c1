package caddyfile

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/page-cache/page-cache/module/config"
)

// subdirective is one option in the block of a page_cache directive.
type subdirective struct {
	name   string
	syntax string // what follows the name
	read   func(p *parser, s subdirective) error
}

// subdirectives returns all options, in the order in which errors list them.
func subdirectives() []subdirective {
	return []subdirective{
		{"ttl", "<duration> [<status>...]", readTTL},
		{"override", "", flag(func(r *config.Rule) *bool { return &r.Override })},
		{"heuristic", "[<max>]", readHeuristic},
		{"any_status", "", flag(func(r *config.Rule) *bool { return &r.AnyStatus })},
		{"stale_while_revalidate", "<duration>", duration(func(r *config.Rule) **config.Duration { return &r.StaleWhileRevalidate })},
		{"stale_if_error", "<duration>", duration(func(r *config.Rule) **config.Duration { return &r.StaleIfError })},
		{"overload_grace", "<duration>", above0(func(r *config.Rule) *config.Duration { return &r.OverloadGrace }, sameAsNone)},
		{"refresh_ahead", "[<duration>]", readRefreshAhead},
		{"hit_for_miss", "<duration>", duration(func(r *config.Rule) **config.Duration { return &r.HitForMiss })},
		{"browser_ttl", "<duration>", duration(func(r *config.Rule) **config.Duration { return &r.BrowserTTL })},
		{"respect_request_cache_control", "", flag(func(r *config.Rule) *bool { return &r.RespectRequestCacheControl })},
		{"authorization", "rfc9111", word(func(r *config.Rule) *string { return &r.Authorization })},
		{"session", "<cookie>... [private]", readSession},
		{"ignore_cookies", "<cookie>...|*", list(func(r *config.Rule) *[]string { return &r.IgnoreCookies })},
		{"cookies", "only <cookie>...", keyword(map[string]field{
			"only": func(r *config.Rule) *[]string { return &r.CookiesOnly },
		})},
		{"vary_cookies", "<cookie>...", list(func(r *config.Rule) *[]string { return &r.VaryCookies })},
		{"strip_set_cookie", "<cookie>...", list(func(r *config.Rule) *[]string { return &r.StripSetCookie })},
		{"csrf", "django [{ <option>... }]", readCSRF},
		{"max_variants", "<number>", number(func(r *config.Rule) *int { return &r.MaxVariants }, "variants", config.LimitMaxVariants)},
		{"invalidate", "off", word(func(r *config.Rule) *string { return &r.Invalidate })},
		{"preset", "django|wordpress", word(func(r *config.Rule) *string { return &r.Preset })},
		{"query", "ignore <name>... | only <name>...", keyword(map[string]field{
			"ignore": func(r *config.Rule) *[]string { return &r.QueryIgnore },
			"only":   func(r *config.Rule) *[]string { return &r.QueryOnly },
		})},
		{"vary", "<header>...", list(func(r *config.Rule) *[]string { return &r.Vary })},
		{"vary_by", "<placeholder>...", list(func(r *config.Rule) *[]string { return &r.VaryBy })},
		{"vary_language", "<language>...|*", list(func(r *config.Rule) *[]string { return &r.VaryLanguage })},
		{"forward", "<header>...|*", list(func(r *config.Rule) *[]string { return &r.Forward })},
		{"codings", "pass", word(func(r *config.Rule) *string { return &r.Codings })},
		{"ranges", "pass", word(func(r *config.Rule) *string { return &r.Ranges })},
		{"store_post", "", flag(func(r *config.Rule) *bool { return &r.StorePost })},
		{"cdn_cache_control", "pass|remove", word(func(r *config.Rule) *string { return &r.CDNCacheControl })},
		{"keep_fields", "<header>...|*", list(func(r *config.Rule) *[]string { return &r.KeepFields })},
		{"bypass", "<matcher>", matcher(func(l *Line) *[]caddy.ModuleMap { return &l.Bypass },
			"write page_cache <matcher> off to take them out of the cache")},
		{"debug", "<matcher>", matcher(func(l *Line) *[]caddy.ModuleMap { return &l.Debug },
			"name those that are yours, with a @name, or everybody is told the keys")},
		{"header_timeout", "<duration>", above0(func(r *config.Rule) *config.Duration { return &r.HeaderTimeout }, noTime)},
		{"idle_timeout", "<duration>", above0(func(r *config.Rule) *config.Duration { return &r.IdleTimeout }, noTime)},
		{"fill_timeout", "<duration>", above0(func(r *config.Rule) *config.Duration { return &r.FillTimeout }, noTime)},
		{"origin", "<name>", word(func(r *config.Rule) *string { return &r.Origin })},
		{"max_fills", "<number>", number(func(r *config.Rule) *int { return &r.MaxFills }, "fills", config.LimitMaxFills)},
		{"queue_timeout", "<duration>", above0(func(r *config.Rule) *config.Duration { return &r.QueueTimeout }, noTime)},
		{"min_bytes", "<size>", readMinBytes},
		{"max_body", "<size>", readMaxBody},
		{"trust_framing", "", flag(func(r *config.Rule) *bool { return &r.TrustFraming })},
	}
}

// usage is the whole line as it should be written.
func (s subdirective) usage() string { return strings.TrimSpace(s.name + " " + s.syntax) }

// field picks a list out of a rule.
type field func(*config.Rule) *[]string

// list reads an option that adds its arguments to a list.
func list(of field) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		args := p.h.RemainingArgs()
		if len(args) == 0 {
			return p.h.Errf("%s: names are missing; write %s", s.name, s.usage())
		}
		names := of(&p.line.Rule)
		*names = append(*names, args...)
		p.mark(s.name, args...)
		return nil
	}
}

// keyword reads an option whose first argument says which list the others go to.
func keyword(lists map[string]field) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		if !p.h.NextArg() {
			return p.h.Errf("%s: it says nothing; write %s", s.name, s.usage())
		}
		word := p.h.Val()
		of, ok := lists[word]
		if !ok {
			return p.h.Errf("%s: unknown word %q; write %s", s.name, word, s.usage())
		}
		s.name += " " + word
		s.syntax = "<name>..."
		return list(of)(p, s)
	}
}

// flag reads an option without arguments.
func flag(of func(*config.Rule) *bool) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		if err := p.once(s.name); err != nil {
			return err
		}
		if args := p.h.RemainingArgs(); len(args) > 0 {
			return p.h.Errf("%s: unexpected %q; it takes no value, and holds when it is there", s.name, strings.Join(args, " "))
		}
		*of(&p.line.Rule) = true
		p.mark(s.name)
		return nil
	}
}

// word reads an option with one word for a value. Which words there are, the
// rule's validation says.
func word(of func(*config.Rule) *string) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		if err := p.once(s.name); err != nil {
			return err
		}
		args := p.h.RemainingArgs()
		switch {
		case len(args) == 0, args[0] == "":
			return p.h.Errf("%s: it says nothing; write %s", s.name, s.usage())
		case len(args) > 1:
			return p.h.Errf("%s: unexpected %q; write %s", s.name, strings.Join(args, " "), s.usage())
		}
		*of(&p.line.Rule) = args[0]
		p.mark(s.name, args[0])
		return nil
	}
}

// duration reads an option with one duration, for which 0 is not the same as
// none.
func duration(of func(*config.Rule) **config.Duration) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		d, err := p.oneDuration(s)
		if err == nil {
			*of(&p.line.Rule) = &d
		}
		return err
	}
}

// What an option's 0 would mean, for above0.
const (
	noTime     = "0 would leave no time at all; leave it out for the default"
	sameAsNone = "0 would be the same as none; leave it out for that"
)

// above0 reads a duration of which 0 is refused, and why.
func above0(of func(*config.Rule) *config.Duration, because string) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		d, err := p.oneDuration(s)
		if err == nil && d == 0 {
			return p.h.Errf("%s: %s", s.name, because)
		}
		*of(&p.line.Rule) = d
		return err
	}
}

// number reads an option that counts things, of which there are limit at most.
func number(of func(*config.Rule) *int, things string, limit int) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		if err := p.once(s.name); err != nil {
			return err
		}
		args := p.h.RemainingArgs()
		if len(args) != 1 {
			return p.h.Errf("%s: got %d numbers; write %s", s.name, len(args), s.usage())
		}
		n, err := strconv.Atoi(args[0])
		if err != nil || n == 0 {
			return p.h.Errf("%s: %q is not a number of %s; give 1 to %d, or leave it out", s.name, args[0], things, limit)
		}
		*of(&p.line.Rule) = n
		p.mark(s.name, args[0])
		return nil
	}
}

// matcher reads an option that adds a matcher to a list; all says why it may not
// be one of every request.
func matcher(of func(*Line) *[]caddy.ModuleMap, all string) func(*parser, subdirective) error {
	return func(p *parser, s subdirective) error {
		if n := p.h.CountRemainingArgs(); n != 1 {
			return p.h.Errf("%s: got %d matchers; write %s, with a /path or a @name, once for each", s.name, n, s.usage())
		}
		set, ok, err := p.h.MatcherToken()
		switch {
		case err != nil:
			return p.h.Errf("%s: %w; define it in the same site, or write a /path", s.name, err)
		case !ok:
			return p.h.Errf("%s: %q is not a matcher; write a /path or a @name", s.name, p.h.Val())
		case len(set) == 0:
			return p.h.Errf("%s: %s matches every request; %s", s.name, p.h.Val(), all)
		}
		sets := of(&p.line)
		*sets = append(*sets, set)
		p.mark(s.name, p.h.Val())
		return nil
	}
}

// once refuses an option that was given before.
func (p *parser) once(option string) error {
	if at, given := p.find(option, ""); given {
		return p.h.Errf("%s: it is given already, at %s:%d; remove one of them", option, at.token.File, at.token.Line)
	}
	return nil
}
