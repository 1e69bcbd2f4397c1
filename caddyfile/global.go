package caddyfile

import (
	"math"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"

	"github.com/page-cache/page-cache/module/config"
)

// ParseApp reads the global option page_cache. The app that it returns is valid.
func ParseApp(d *caddyfile.Dispenser) (config.App, error) {
	var app config.App
	if !d.Next() {
		return app, d.ArgErr()
	}
	directive := d.Token()
	if args := d.RemainingArgs(); len(args) > 0 {
		return app, d.Errf("unexpected %q; the global option is page_cache { max_size <size> }, "+
			"and a line with a matcher and a ttl belongs into a site", strings.Join(args, " "))
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := readGlobal(d, &app); err != nil {
			return config.App{}, err
		}
		directive = d.Token()
	}
	if err := app.Validate(); err != nil {
		return config.App{}, wrapAt(directive, err)
	}
	return app, nil
}

// readGlobal reads one line of the global option's block.
func readGlobal(d *caddyfile.Dispenser, app *config.App) error {
	name := d.Val()
	if name != "max_size" {
		return d.Errf("unknown option %q; allowed is max_size", name)
	}
	if app.MaxSize != 0 {
		return d.Errf("%s: it is given already; remove one of them", name)
	}
	n, err := readLimit(d, name)
	app.MaxSize = n
	return err
}

// readSize reads the one argument of option, in bytes.
func readSize(d *caddyfile.Dispenser, option string) (int64, error) {
	args := d.RemainingArgs()
	switch len(args) {
	case 0:
		return 0, d.Errf("%s: the size is missing; write it like 2MiB", option)
	case 1:
	default:
		return 0, d.Errf("%s: unexpected %q; write one size in one word, like 2MiB", option, strings.Join(args, " "))
	}
	n, err := humanize.ParseBytes(args[0])
	if err != nil || n > math.MaxInt64 {
		return 0, d.Errf("%s: %q is not a size; write it like 512KiB, 2MiB or 1GiB", option, args[0])
	}
	return int64(n), nil
}

// readLimit reads the one argument of an option that bounds something, in bytes.
func readLimit(d *caddyfile.Dispenser, option string) (int64, error) {
	n, err := readSize(d, option)
	if err == nil && n == 0 {
		return 0, d.Errf("%s: it must be 1 byte or more; leave it out for the default", option)
	}
	return n, err
}
