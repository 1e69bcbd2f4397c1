package cachestatus_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/cachestatus"
)

// TestReasons: the list is closed, and each reason has one word and one sentence.
func TestReasons(t *testing.T) {
	// Words are lower-case tokens, also in structured fields (RFC 8941 §3.3.4).
	word := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{cachestatus.ReasonNone.String(): true, cachestatus.Reason(255).String(): true}
	reasons := cachestatus.Reasons()
	for i, r := range reasons {
		if int(r) != i+1 {
			t.Errorf("reason %d stands at %d", r, i)
		}
		if !word.MatchString(r.String()) || len(r.String()) > 32 {
			t.Errorf("%q is no word", r)
		}
		if seen[r.String()] {
			t.Errorf("%q stands for two reasons", r)
		}
		seen[r.String()] = true
		checkHelp(t, r)
	}
	if !slices.Contains(reasons, cachestatus.ReasonFresh) || !slices.Contains(reasons, cachestatus.ReasonInternal) {
		t.Error("the first or the last is missing")
	}
	if slices.Contains(reasons, cachestatus.ReasonNone) {
		t.Error("none can be sent")
	}
}

// checkHelp: the sentence stands in a table of Markdown and in Prometheus.
func checkHelp(t *testing.T, r cachestatus.Reason) {
	t.Helper()
	help := r.Help()
	switch {
	case help == "":
		t.Errorf("%s has no help", r)
	case !strings.HasSuffix(help, "."), strings.ToUpper(help[:1]) != help[:1]:
		t.Errorf("%s: %q is no sentence", r, help)
	case strings.ContainsAny(help, "|\n\r\t"), strings.Contains(help, "  "), strings.TrimSpace(help) != help:
		t.Errorf("%s: %q breaks a table", r, help)
	}
}

func TestReasonsThatAreNone(t *testing.T) {
	if r := cachestatus.ReasonNone; r.String() != "none" || r.Help() != "" {
		t.Errorf("%q, %q", r.String(), r.Help())
	}
	beyond := cachestatus.Reason(len(cachestatus.Reasons()) + 1)
	for _, r := range []cachestatus.Reason{beyond, 255} {
		if r.String() != "unknown" || r.Help() != "" {
			t.Errorf("%d: %q, %q", r, r.String(), r.Help())
		}
	}
	cachestatus.Reasons()[0] = cachestatus.ReasonInternal
	if cachestatus.Reasons()[0] != cachestatus.ReasonFresh {
		t.Error("the list can be changed from outside")
	}
}
