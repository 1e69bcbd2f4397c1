package caddyfile

import (
	"strconv"
	"strings"

	"github.com/page-cache/page-cache/module/config"
)

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
	case p.line.Rule.TTL != 0:
		at, _ := p.find("ttl", p.line.Rule.TTL.String())
		return p.h.Errf("ttl: it is given already, as %s at %s:%d; remove one of them, or name the statuses that %s is for",
			p.line.Rule.TTL, at.token.File, at.token.Line, arg)
	case ttl == 0:
		return p.h.Errf("ttl: 0 would be the same as none, so that only the origin's own lifetimes count; " +
			"remove it for that, or write page_cache <matcher> off to take these requests out of the cache")
	}
	p.line.Rule.TTL = ttl
	p.mark("ttl", ttl.String())
	return nil
}

func (p *parser) setStatusTTL(arg string, ttl config.Duration) error {
	status, err := strconv.Atoi(arg)
	if err != nil {
		return p.h.Errf("ttl: %q is not a status; write each as its number, like 301 or 404", arg)
	}
	if _, given := p.line.Rule.StatusTTL[status]; given {
		return p.h.Errf("ttl: status %d has one already; remove one of them", status)
	}
	if p.line.Rule.StatusTTL == nil {
		p.line.Rule.StatusTTL = make(map[int]config.Duration)
	}
	p.line.Rule.StatusTTL[status] = ttl
	return nil
}

func readHeuristic(p *parser, s subdirective) error {
	d, err := p.optionalDuration(s, config.DefaultHeuristic, sameAsNone)
	p.line.Rule.Heuristic = d
	return err
}

func readRefreshAhead(p *parser, s subdirective) error {
	d, err := p.optionalDuration(s, 0, "0 would refresh no page ahead; leave it out for that, or leave out the duration for the time that a page's fill takes")
	p.line.Rule.RefreshAhead = &d
	return err
}

// oneDuration reads the one argument of an option that may be given once.
func (p *parser) oneDuration(s subdirective) (config.Duration, error) {
	if err := p.once(s.name); err != nil {
		return 0, err
	}
	args := p.h.RemainingArgs()
	switch len(args) {
	case 0:
		return 0, p.h.Errf("%s: the duration is missing; write %s", s.name, s.usage())
	case 1:
	default:
		return 0, p.h.Errf("%s: unexpected %q; write one duration in one word, like 15s", s.name, strings.Join(args, " "))
	}
	d, err := config.ParseDuration(args[0])
	if err != nil {
		return 0, p.h.Errf("%s: %w", s.name, err)
	}
	p.mark(s.name, d.String())
	return d, nil
}

// optionalDuration reads the duration of an option that means standard without one.
// zero says why 0 is refused.
func (p *parser) optionalDuration(s subdirective, standard config.Duration, zero string) (config.Duration, error) {
	if p.h.CountRemainingArgs() == 0 {
		if err := p.once(s.name); err != nil {
			return 0, err
		}
		p.mark(s.name)
		return standard, nil
	}
	d, err := p.oneDuration(s)
	if err == nil && d == 0 {
		err = p.h.Errf("%s: %s", s.name, zero)
	}
	return d, err
}

func readMinBytes(p *parser, s subdirective) error {
	if err := p.once(s.name); err != nil {
		return err
	}
	n, err := readSize(p.h.Dispenser, s.name)
	if err != nil {
		return err
	}
	p.line.Rule.MinBytes = &n
	p.mark(s.name)
	return nil
}

func readMaxBody(p *parser, s subdirective) error {
	if err := p.once(s.name); err != nil {
		return err
	}
	n, err := readLimit(p.h.Dispenser, s.name)
	if err != nil {
		return err
	}
	p.line.Rule.MaxBody = n
	p.mark(s.name)
	return nil
}
