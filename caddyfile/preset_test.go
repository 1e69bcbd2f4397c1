package caddyfile_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	cfile "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/page-cache/page-cache/caddyfile"
	"github.com/page-cache/page-cache/module/config"
)

// TestPresetsInReadme: the block that the README shows for a preset is what the preset
// stands for.
func TestPresetsInReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, preset := range []string{config.PresetDjango, config.PresetWordPress} {
		_, block, _ := strings.Cut(string(readme), "<!-- preset "+preset+" -->\n```caddyfile\n")
		block, _, ok := strings.Cut(block, "```")
		if !ok || strings.Contains(block, "preset") {
			t.Errorf("%s: the README has no block for it:\n%s", preset, block)
			continue
		}
		got, want := parseRule(t, "page_cache /* 15s {\n preset "+preset+"\n}"), parseRule(t, block)
		if got.Preset != "" || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v\nwant %+v", preset, got, want)
		}
	}
}

// parseRule reads a directive with a matcher.
func parseRule(t *testing.T, text string) config.Rule {
	t.Helper()
	h := httpcaddyfile.Helper{Dispenser: cfile.NewTestDispenser(text)}
	h.Next()
	if _, err := h.ExtractMatcherSet(); err != nil {
		t.Fatal(err)
	}
	line, err := caddyfile.ParseRule(h)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return line.Rule
}
