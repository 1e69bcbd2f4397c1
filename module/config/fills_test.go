package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
)

// TestFills: what bounds a line's fills, at its bounds.
func TestFills(t *testing.T) {
	hour := config.Duration(time.Hour)
	for name, tt := range map[string]struct {
		rule config.Rule
		says string // empty: valid
	}{
		"none":                        {config.Rule{}, ""},
		"all":                         {config.Rule{HeaderTimeout: 1e9, IdleTimeout: 1e9, FillTimeout: hour, MaxFills: 1, QueueTimeout: 1e6}, ""},
		"as many as there are":        {config.Rule{MaxFills: config.LimitMaxFills}, ""},
		"more":                        {config.Rule{MaxFills: config.LimitMaxFills + 1}, "max_fills: 1025 is not a number of fills"},
		"fewer than none":             {config.Rule{MaxFills: -1}, "max_fills: -1"},
		"negative":                    {config.Rule{HeaderTimeout: -1}, "header_timeout: -1ns is negative"},
		"too short":                   {config.Rule{IdleTimeout: 15}, "idle_timeout: 15ns is too short"},
		"too long":                    {config.Rule{FillTimeout: hour + 1}, "fill_timeout: 1h0m0.000000001s is too long; give 1h0m0s or less"},
		"a queue of another line's":   {config.Rule{QueueTimeout: 1e9, Origin: "shop"}, ""},
		"a queue in front of nothing": {config.Rule{QueueTimeout: 1e9}, "queue_timeout: without max_fills"},
	} {
		err := tt.rule.Validate()
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", name, err, tt.says)
		}
	}
	got := (&config.Rule{HeaderTimeout: 5e9}).Timeouts()
	if want := (config.Timeouts{Header: 5e9, Idle: 60e9, Fill: 60e9, Queue: 10e9}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
