package caddyfile_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	cfile "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/page-cache/page-cache/caddyfile"
	"github.com/page-cache/page-cache/module/config"
)

// FuzzParseRule checks that arbitrary tokens never make ParseRule panic, that
// what it accepts is valid and comes back from JSON as it was, and that what it
// refuses is refused with a place for each error.
func FuzzParseRule(f *testing.F) {
	for _, seed := range []string{
		"", "15s", "/x 15s", "off", "off {\n override\n}", "15s {\n ttl 5s 404 410\n override\n trust_framing\n max_body 2MiB\n}",
		"{\n session a b*\n ignore_cookies _ga*\n cookies only a\n query ignore utm_* *\n}", "{\n query only page\n}",
		"{\n vary A\n vary_by {http.request.host}\n forward * User-Agent\n bypass /x/*\n bypass *\n}", "{ {", "} }", "{}", "15s {\n ttl\n}",
		"15s {\n stale_while_revalidate 1m\n stale_if_error 1d\n browser_ttl 0\n heuristic\n any_status\n}", "{\n heuristic 1h\n}", "{\n heuristic 0\n}",
		"{\n authorization rfc9111\n codings pass\n ranges pass\n header_timeout 5s\n max_fills 20\n origin shop\n refresh_ahead 1s\n overload_grace 5m\n queue_timeout 1s\n store_post\n cdn_cache_control remove\n respect_request_cache_control\n vary_language *\n}",
		"{\n session a b private\n session private\n vary_cookies c*\n strip_set_cookie d\n max_variants 3\n invalidate off\n vary_language de en-GB\n}",
		"{\n preset django\n csrf django {\n  cookie x\n  domain a.b\n  path /\n  max_age 0\n  same_site lax\n  secure on\n  http_only\n }\n ttl 1s\n}",
		"{\n preset wordpress\n session wp* private\n strip_set_cookie php*\n query only p\n}", "off {\n preset django\n}", "{\n csrf django {\n }\n csrf {\n", "{\n csrf django {\n  cookie {\n }\n}",
		"{\n ignore_cookies *\n session a\n keep_fields Server-Timing *\n min_bytes 0\n debug /x/*\n debug *\n}", "off {\n debug /x\n bypass /y\n}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		tokens, err := cfile.Tokenize([]byte("page_cache "+input), "Caddyfile")
		if err != nil {
			t.Skip("not a Caddyfile")
		}
		h := httpcaddyfile.Helper{Dispenser: cfile.NewDispenser(tokens)}
		h.Next()
		if _, err := h.ExtractMatcherSet(); err != nil {
			t.Skip("not a matcher")
		}
		line, err := caddyfile.ParseRule(h)
		if err != nil {
			checkPlaces(t, err)
			return
		}
		if err := line.Rule.Validate(); err != nil {
			t.Errorf("parsed, but not valid: %v", err)
		}
		checkJSON(t, line.Rule)
	})
}

func checkPlaces(t *testing.T, err error) {
	t.Helper()
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !strings.Contains(line, ", at Caddyfile:") {
			t.Errorf("no place in %q of %q", line, err)
		}
	}
}

func checkJSON(t *testing.T, rule config.Rule) {
	t.Helper()
	b, err := json.Marshal(rule)
	if err != nil {
		t.Fatal(err)
	}
	var back config.Rule
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if !reflect.DeepEqual(rule, back) {
		t.Errorf("got %+v, want %+v, by way of %s", back, rule, b)
	}
}

func TestParseRuleWithoutASite(t *testing.T) {
	parse := func(input string) (caddyfile.Line, error) {
		return caddyfile.ParseRule(httpcaddyfile.Helper{Dispenser: cfile.NewTestDispenser(input)})
	}
	line, err := parse("page_cache 15s {\n bypass /preview/*\n debug /staff/*\n bypass /staff/*\n}")
	if err != nil || len(line.Bypass) != 2 || len(line.Debug) != 1 {
		t.Errorf("paths: got %+v, %v, want 2 matcher sets that bypass and 1 that is told keys", line, err)
	}
	if _, err := parse("page_cache 15s {\n bypass @staff\n}"); err == nil || !strings.Contains(err.Error(), "Testfile:2") {
		t.Errorf("name: got %v, want an error that names the line", err)
	}
	if _, err := parse(""); err == nil {
		t.Error("no tokens: got no error")
	}
}

func TestParseApp(t *testing.T) {
	app, err := caddyfile.ParseApp(cfile.NewTestDispenser("page_cache {\n max_size 1GiB\n}"))
	if want := (config.App{MaxSize: 1 << 30}); err != nil || app != want {
		t.Errorf("got %+v, %v, want %+v", app, err, want)
	}
	for _, input := range []string{
		"", "page_cache 15s", "page_cache {\n max_sizes 1GiB\n}", "page_cache {\n max_size\n}", "page_cache {\n max_size 1 GiB\n}",
		"page_cache {\n max_size 1KiB\n}", "page_cache {\n max_size 0\n}", "page_cache {\n max_size 8EiB\n}", "page_cache {\n max_size 1GiB\n max_size 2GiB\n}",
	} {
		app, err := caddyfile.ParseApp(cfile.NewTestDispenser(input))
		if err == nil || app != (config.App{}) {
			t.Errorf("%q: got %+v, %v, want an error and nothing else", input, app, err)
		}
	}
}
