package config_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
)

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"15s": 15 * time.Second, "1d": 24 * time.Hour, "1d12h": 36 * time.Hour, "0s": 0, "0": 0, "-15s": -15 * time.Second, "1.5m": 90 * time.Second,
	} {
		if got, err := config.ParseDuration(in); err != nil || time.Duration(got) != want {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "15", "forever", "15 s", "s", "d", "1d2d", "-1d", "1.5d", "99999d", "15sec", "15s "} {
		got, err := config.ParseDuration(in)
		if err == nil || !strings.Contains(err.Error(), "write it like 15s, 5m, 2h or 1d") {
			t.Errorf("%q: got %v, %v, want an error that says what is allowed", in, got, err)
		}
	}
}

func TestDurationJSON(t *testing.T) {
	for in, want := range map[string]config.Duration{
		`"15s"`: 15 * second, `"1d"`: 24 * 3600 * second, `15000000000`: 15 * second, `null`: 0,
	} {
		var d config.Duration
		if err := json.Unmarshal([]byte(in), &d); err != nil || d != want {
			t.Errorf("%s: got %v, %v, want %v", in, d, err, want)
		}
	}
	for _, in := range []string{`1.5`, `true`, `"15"`, `{}`} {
		var d config.Duration
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s: got %v, want an error", in, d)
		}
	}
}
