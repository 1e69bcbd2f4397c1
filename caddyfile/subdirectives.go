package caddyfile

import (
	"strconv"
	"strings"

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
		{"session", "<cookie>...", list(func(r *config.Rule) *[]string { return &r.Session })},
		{"ignore_cookies", "<cookie>...", list(func(r *config.Rule) *[]string { return &r.IgnoreCookies })},
		{"cookies", "only <cookie>...", keyword(map[string]field{
			"only": func(r *config.Rule) *[]string { return &r.CookiesOnly },
		})},
		{"query", "ignore <name>... | only <name>...", keyword(map[string]field{
			"ignore": func(r *config.Rule) *[]string { return &r.QueryIgnore },
			"only":   func(r *config.Rule) *[]string { return &r.QueryOnly },
		})},
		{"vary", "<header>...", list(func(r *config.Rule) *[]string { return &r.Vary })},
		{"vary_by", "<placeholder>...", list(func(r *config.Rule) *[]string { return &r.VaryBy })},
		{"forward", "<header>...|*", list(func(r *config.Rule) *[]string { return &r.Forward })},
		{"bypass", "<matcher>", readBypass},
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
		names := of(&p.rule)
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
		*of(&p.rule) = true
		p.mark(s.name)
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

func readTTL(p *parser, s subdirective) error {
	args := p.h.RemainingArgs()
	switch len(args) {
	case 0:
		return p.h.Errf("%s: the duration is missing; write %s", s.name, s.usage())
	case 1:
		return p.setTTL(args[0])
	}
	ttl, err := config.ParseDuration(args[0])
	if err != nil {
		return p.h.Errf("%s: %w", s.name, err)
	}
	for _, arg := range args[1:] {
		if err := p.setStatusTTL(arg, ttl); err != nil {
			return err
		}
	}
	p.mark(s.name, args[1:]...)
	return nil
}

// setTTL sets the ttl of the line, which may stand before the block or in it.
func (p *parser) setTTL(arg string) error {
	ttl, err := config.ParseDuration(arg)
	switch {
	case err != nil:
		return p.h.Errf("ttl: %w", err)
	case p.rule.TTL != 0:
		at, _ := p.find("ttl", p.rule.TTL.String())
		return p.h.Errf("ttl: it is given already, as %s at %s:%d; remove one of them, or name the statuses that %s is for",
			p.rule.TTL, at.token.File, at.token.Line, arg)
	case ttl == 0:
		return p.h.Errf("ttl: 0 would be the same as none, so that only the origin's own lifetimes count; " +
			"remove it for that, or write page_cache <matcher> off to take these requests out of the cache")
	}
	p.rule.TTL = ttl
	p.mark("ttl", ttl.String())
	return nil
}

func (p *parser) setStatusTTL(arg string, ttl config.Duration) error {
	status, err := strconv.Atoi(arg)
	if err != nil {
		return p.h.Errf("ttl: %q is not a status; write each as its number, like 301 or 404", arg)
	}
	if _, given := p.rule.StatusTTL[status]; given {
		return p.h.Errf("ttl: status %d has one already; remove one of them", status)
	}
	if p.rule.StatusTTL == nil {
		p.rule.StatusTTL = make(map[int]config.Duration)
	}
	p.rule.StatusTTL[status] = ttl
	return nil
}

func readBypass(p *parser, s subdirective) error {
	if n := p.h.CountRemainingArgs(); n != 1 {
		return p.h.Errf("%s: got %d matchers; write %s, with a /path or a @name, once for each", s.name, n, s.usage())
	}
	matcher, ok, err := p.h.MatcherToken()
	switch {
	case err != nil:
		return p.h.Errf("%s: %w; define it in the same site, or write a /path", s.name, err)
	case !ok:
		return p.h.Errf("%s: %q is not a matcher; write a /path or a @name", s.name, p.h.Val())
	case len(matcher) == 0:
		return p.h.Errf("%s: %s matches every request; write page_cache <matcher> off to take them out of the cache", s.name, p.h.Val())
	}
	p.bypass = append(p.bypass, matcher)
	p.mark(s.name, p.h.Val())
	return nil
}

func readMaxBody(p *parser, s subdirective) error {
	if err := p.once(s.name); err != nil {
		return err
	}
	n, err := readSize(p.h.Dispenser, s.name)
	if err != nil {
		return err
	}
	p.rule.MaxBody = n
	p.mark(s.name)
	return nil
}
