package uwsgi

import (
	"fmt"
	"math"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

const allowedOptions = "dial_timeout, write_timeout, header_timeout, read_timeout, buffer_limit, max_block, var"

// UnmarshalCaddyfile reads the transport's block within reverse_proxy:
//
//	transport uwsgi {
//	    dial_timeout   <duration>
//	    write_timeout  <duration>
//	    header_timeout <duration>
//	    read_timeout   <duration>
//	    buffer_limit   <size>
//	    max_block      <size>
//	    var            <name> <value>
//	}
//
// Durations and sizes are above zero; sizes are as in 65535, 32KiB or 10MiB, max_block at most 65535. var may stand
// several times, once for each name, and its value may hold placeholders. Anything else is an error that names the
// file, the line and what is allowed.
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the transport's name
	if d.NextArg() {
		return d.Errf("transport uwsgi takes no argument %q; options stand in a block", d.Val())
	}
	seen := make(map[string]bool)
	for d.NextBlock(0) {
		option := d.Val()
		if seen[option] && option != "var" {
			return d.Errf("option %s of transport uwsgi stands twice", option)
		}
		seen[option] = true
		if err := t.unmarshalOption(d, option); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transport) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	args := d.RemainingArgs()
	var err error
	switch option {
	case "dial_timeout":
		err = parseDuration(args, &t.DialTimeout)
	case "write_timeout":
		err = parseDuration(args, &t.WriteTimeout)
	case "header_timeout":
		err = parseDuration(args, &t.HeaderTimeout)
	case "read_timeout":
		err = parseDuration(args, &t.ReadTimeout)
	case "buffer_limit":
		t.BufferLimit, err = parseSize(args, math.MaxInt64-1)
	case "max_block":
		var size int64
		size, err = parseSize(args, blockLimit)
		t.MaxBlock = int(size)
	case "var":
		err = t.addVar(args)
	default:
		return d.Errf("unknown option %q of transport uwsgi; allowed are %s", option, allowedOptions)
	}
	if err != nil {
		return d.Errf("option %s of transport uwsgi: %v", option, err)
	}
	return nil
}

func parseDuration(args []string, into *caddy.Duration) error {
	if len(args) != 1 {
		return fmt.Errorf("needs one duration above zero, like 30s; got %d arguments", len(args))
	}
	value, err := caddy.ParseDuration(args[0])
	if err != nil || value <= 0 {
		return fmt.Errorf("needs a duration above zero, like 30s; got %q", args[0])
	}
	*into = caddy.Duration(value)
	return nil
}

func parseSize(args []string, limit uint64) (int64, error) {
	if len(args) != 1 {
		return 0, fmt.Errorf("needs one size above zero, like 32KiB; got %d arguments", len(args))
	}
	size, err := humanize.ParseBytes(args[0])
	if err != nil || size == 0 || size > limit {
		return 0, fmt.Errorf("needs a size from 1 to %d bytes, like 32KiB; got %q", limit, args[0])
	}
	return int64(size), nil //nolint:gosec // at most limit, which fits
}

func (t *Transport) addVar(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("needs a name and a value; got %d arguments", len(args))
	}
	name, value := args[0], args[1]
	if err := checkName(name); err != nil {
		return err
	}
	if _, ok := t.Vars[name]; ok {
		return fmt.Errorf("%s stands twice", name)
	}
	if t.Vars == nil {
		t.Vars = make(map[string]string)
	}
	t.Vars[name] = value
	return nil
}

// checkName allows what an environment variable's name may be.
func checkName(name string) error {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	if name == "" || strings.Trim(name, letters+"0123456789") != "" {
		return fmt.Errorf("a variable's name is of letters, digits and underscores; got %q", name)
	}
	return nil
}
