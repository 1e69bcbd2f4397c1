package caddyfile

import (
	"errors"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/page-cache/page-cache/module/config"
)

// Line is what one page_cache directive says.
type Line struct {
	// Rule is valid, and has written out what a preset stands for.
	Rule config.Rule
	// Bypass holds the matcher sets of the bypass lines, one each: a request
	// bypasses if it matches any of them.
	Bypass []caddy.ModuleMap
	// Debug holds those of the debug lines: a request is told its key if it
	// matches any of them.
	Debug []caddy.ModuleMap
}

// ParseRule reads one page_cache directive, without its matcher, which
// httpcaddyfile.RegisterHandlerDirective has taken off.
//
// A Helper that holds nothing but a Dispenser will do where there is no site; it
// knows no named matchers.
func ParseRule(h httpcaddyfile.Helper) (Line, error) {
	if !h.Next() {
		return Line{}, h.ArgErr()
	}
	p := &parser{h: h, directive: h.Token()}
	if err := p.parse(); err != nil {
		return Line{}, err
	}
	return p.line, nil
}

// parser reads one directive.
type parser struct {
	h         httpcaddyfile.Helper
	directive caddyfile.Token
	line      Line
	places    []place // of the options read so far
}

// place is where an option was given. Its values are spelled as those of
// config.OptionError, so that an error can be put where its value stands.
type place struct {
	option string
	values []string
	token  caddyfile.Token
}

func (p *parser) parse() error {
	if err := p.positional(); err != nil {
		return err
	}
	for nesting := p.h.Nesting(); p.h.NextBlock(nesting); {
		if err := p.subdirective(); err != nil {
			return err
		}
	}
	p.line.Rule.Expand()
	return p.validate()
}

// positional reads what stands between the matcher and the block.
func (p *parser) positional() error {
	args := p.h.RemainingArgs()
	switch {
	case len(args) == 0:
		return nil
	case len(args) > 1, strings.HasPrefix(args[0], "/"), strings.HasPrefix(args[0], "@"):
		return p.h.Errf("unexpected %q; write page_cache [<matcher>] [<ttl>|off]: first one matcher, "+
			"which is a /path or a @name (it can hold several paths), then a ttl in one word, like 15s", strings.Join(args, " "))
	case args[0] == "off":
		p.line.Rule.Off = true
		p.mark("off")
		return nil
	}
	if _, err := config.ParseDuration(args[0]); err != nil {
		return p.h.Errf("ttl: %w, or write off to take these requests out of the cache", err)
	}
	return p.setTTL(args[0])
}

// subdirective reads one line of the block.
func (p *parser) subdirective() error {
	name := p.h.Val()
	table := subdirectives()
	i := slices.IndexFunc(table, func(s subdirective) bool { return s.name == name })
	if i < 0 {
		names := make([]string, len(table))
		for i, s := range table {
			names[i] = s.name
		}
		return p.h.Errf("unknown option %q; allowed are %s", name, strings.Join(names, ", "))
	}
	return table[i].read(p, table[i])
}

// mark notes that the option of the current line was given, with these values.
func (p *parser) mark(option string, values ...string) {
	p.places = append(p.places, place{option, values, p.h.Token()})
}

// find returns the place where option was given with value, or else the one
// where it was given at all.
func (p *parser) find(option, value string) (at place, given bool) {
	for _, pl := range p.places {
		switch {
		case pl.option != option:
		case slices.Contains(pl.values, value):
			return pl, true
		case !given:
			at, given = pl, true
		}
	}
	return at, given
}

func (p *parser) validate() error {
	err := p.line.Rule.Validate()
	if p.line.Rule.Off {
		err = errors.Join(err,
			p.notWithOff("bypass", "there is nothing to except"),
			p.notWithOff("debug", "there is no key to tell"))
	}
	return p.locate(err)
}

// notWithOff refuses an option that is not in the rule beside off.
func (p *parser) notWithOff(option, because string) error {
	at, given := p.find(option, "")
	if !given {
		return nil
	}
	return &config.OptionError{
		Option: option, Value: strings.Join(at.values, " "),
		Problem: "off forwards every request untouched, so " + because + "; remove one of them",
	}
}

// locate adds to each of the errors that are joined in err the file and the line
// of the option that it is about.
func (p *parser) locate(err error) error {
	if err == nil {
		return nil
	}
	type joinedError interface {
		error
		Unwrap() []error
	}
	if joined, ok := errors.AsType[joinedError](err); ok {
		var errs []error
		for _, e := range joined.Unwrap() {
			errs = append(errs, p.locate(e))
		}
		return errors.Join(errs...)
	}
	token := p.directive
	if wrong, ok := errors.AsType[*config.OptionError](err); ok {
		if at, given := p.find(wrong.Option, wrong.Value); given {
			token = at.token
		}
	}
	return wrapAt(token, err)
}

// wrapAt adds to err the file, the line and the chain of imports of token.
func wrapAt(token caddyfile.Token, err error) error {
	d := caddyfile.NewDispenser([]caddyfile.Token{token})
	d.Next()
	return d.WrapErr(err)
}
