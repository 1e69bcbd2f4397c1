package caddyfile

import (
	"slices"
	"strings"

	"github.com/page-cache/page-cache/module/config"
)

// readSession reads names of cookies, which the word private behind them sends to
// another list.
func readSession(p *parser, s subdirective) error {
	names, of := p.h.RemainingArgs(), &p.line.Rule.Session
	option := s.name
	if n := len(names); n > 0 && names[n-1] == "private" {
		names, of, option = names[:n-1], &p.line.Rule.PrivateSession, "session private"
	}
	if len(names) == 0 {
		return p.h.Errf("%s: names are missing; write %s", s.name, s.usage())
	}
	*of = append(*of, names...)
	p.mark(option, names...)
	return nil
}

// cookieOption is one option in the block of csrf.
type cookieOption struct {
	name   string
	syntax string
	set    func(c *config.CSRF, value string) error
}

func cookieOptions() []cookieOption {
	word := func(of func(*config.CSRF) *string) func(*config.CSRF, string) error {
		return func(c *config.CSRF, value string) error {
			*of(c) = value
			return nil
		}
	}
	return []cookieOption{
		{"cookie", "<name>", word(func(c *config.CSRF) *string { return &c.Cookie })},
		{"domain", "<domain>", word(func(c *config.CSRF) *string { return &c.Domain })},
		{"path", "<path>", word(func(c *config.CSRF) *string { return &c.Path })},
		{"max_age", "<duration>", func(c *config.CSRF, value string) error {
			d, err := config.ParseDuration(value)
			c.MaxAge = &d
			return err
		}},
		{"same_site", "lax|strict|none", word(func(c *config.CSRF) *string { return &c.SameSite })},
		{"secure", "on|off", word(func(c *config.CSRF) *string { return &c.Secure })},
		{"http_only", "", func(c *config.CSRF, _ string) error {
			c.HTTPOnly = true
			return nil
		}},
	}
}

func (o cookieOption) usage() string { return strings.TrimSpace(o.name + " " + o.syntax) }

// readCSRF reads the framework and, in a block, what is said of the cookie.
func readCSRF(p *parser, s subdirective) error {
	if err := p.once(s.name); err != nil {
		return err
	}
	args := p.h.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return p.h.Errf("%s: got %d frameworks; write %s", s.name, len(args), s.usage())
	}
	p.mark(s.name, args[0])
	c := &config.CSRF{Framework: args[0]}
	for nesting := p.h.Nesting(); p.h.NextBlock(nesting); {
		if err := p.readCookieOption(s.name, c); err != nil {
			return err
		}
	}
	p.line.Rule.CSRF = c
	return nil
}

// readCookieOption reads one line of csrf's block.
func (p *parser) readCookieOption(csrf string, c *config.CSRF) error {
	table := cookieOptions()
	i := slices.IndexFunc(table, func(o cookieOption) bool { return o.name == p.h.Val() })
	if i < 0 {
		names := make([]string, len(table))
		for i, o := range table {
			names[i] = o.name
		}
		return p.h.Errf("%s: unknown option %q; allowed are %s", csrf, p.h.Val(), strings.Join(names, ", "))
	}
	o := table[i]
	option := csrf + " " + o.name
	if err := p.once(option); err != nil {
		return err
	}
	want := 0
	if o.syntax != "" {
		want = 1
	}
	args := p.h.RemainingArgs()
	value := strings.Join(args, "")
	if len(args) != want || value == "" && want > 0 {
		return p.h.Errf("%s: got %d values; write %s", option, len(args), o.usage())
	}
	if err := o.set(c, value); err != nil {
		return p.h.Errf("%s: %w", option, err)
	}
	if c.MaxAge != nil && o.name == "max_age" {
		value = c.MaxAge.String() // as an error of the rule's spells it
	}
	p.mark(option, value)
	return nil
}
