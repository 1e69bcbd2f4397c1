package pagecache_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	pagecache "github.com/page-cache/page-cache/module"
	"github.com/page-cache/page-cache/module/config"
)

// TestPresetFromJSON: what a preset stands for is there before the line is judged, as it
// is in a Caddyfile.
func TestPresetFromJSON(t *testing.T) {
	h := pagecache.Handler{Rule: config.Rule{Preset: config.PresetDjango, StripSetCookie: []string{"mess*"}}}
	err := h.Provision(caddy.Context{})
	if err == nil || !strings.Contains(err.Error(), `would take "messages" away`) {
		t.Errorf("got %v, want an error about a session of the preset's", err)
	}
	if h.Preset != "" || !slices.Contains(h.Session, "sessionid") {
		t.Errorf("got preset %q with the sessions %q", h.Preset, h.Session)
	}
}
