package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestParseOutcomes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		out   string
		want  map[string]outcome
		fails bool
	}{
		{
			name: "all kinds",
			out: `{
  "a": true,
  "b": [
    "Assertion",
    "Response 2 comes from cache"
  ],
  "c": [
    "Setup",
    "retry"
  ],
  "d": [
    "FetchError",
    "socket hang up"
  ]
}
`,
			want: map[string]outcome{
				"a": {passed: true},
				"b": {reason: "Response 2 comes from cache"},
				"c": {reason: "Setup: retry"},
				"d": {reason: "FetchError: socket hang up"},
			},
		},
		{
			name: "behind warnings",
			out:  "ERROR: Unanticipated header type\n{\nbroken\n{\n\"a\": true\n}\n",
			want: map[string]outcome{"a": {passed: true}},
		},
		{
			name: "braces in a reason",
			out:  "{\n\"a\": [\"Assertion\", \"body is \\\"\\n{\\n\\\"\"]\n}\n",
			want: map[string]outcome{"a": {reason: "body is \"\n{\n\""}},
		},
		{
			name: "an error without text",
			out:  "{\n\"a\": [\"unknown\", null]\n}\n",
			want: map[string]outcome{"a": {reason: "unknown: no reason given"}},
		},
		{name: "nothing", out: "", fails: true},
		{name: "one test's dump", out: "Running undefined\n", fails: true},
		{name: "cut off", out: "{\n\"a\": true,\n", fails: true},
		{name: "neither", out: "{\n\"a\": false\n}\n", fails: true},
		{name: "short", out: "{\n\"a\": [\"Setup\"]\n}\n", fails: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOutcomes([]byte(test.out))
			if (err != nil) != test.fails {
				t.Fatalf("error %v, want one: %v", err, test.fails)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestCheckKinds(t *testing.T) {
	t.Parallel()
	tests := []test{{ID: "a", Kind: "required"}, {ID: "b", Kind: "optional"}, {ID: "c", Kind: "check"}}
	if err := checkKinds(tests); err != nil {
		t.Error(err)
	}
	if err := checkKinds([]test{{ID: "d", Kind: "advisory"}}); err == nil || !strings.Contains(err.Error(), "advisory") {
		t.Errorf("unknown kind: error %v", err)
	}
	if checkKinds(nil) == nil {
		t.Error("an empty list is taken for a suite")
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	tests := []test{{ID: "ran"}, {ID: "browser", BrowserOnly: true}, {ID: "lost"}}
	results := join(tests, map[string]outcome{"ran": {passed: true}})
	if len(results) != 2 {
		t.Fatalf("%d results, want 2", len(results))
	}
	if !results[0].passed {
		t.Error("a test that passed is said to fail")
	}
	if results[1].ID != "lost" || results[1].passed || results[1].reason == "" {
		t.Errorf("a test without a result: %+v", results[1])
	}
}

func TestUnsettled(t *testing.T) {
	t.Parallel()
	results := []result{
		{test{ID: "yes", Kind: check}, outcome{passed: true}},
		{test{ID: "no", Kind: check}, outcome{}},
		{test{ID: "settled", Kind: required, DependsOn: []string{"yes"}}, outcome{passed: true}},
		{test{ID: "open", Kind: required, DependsOn: []string{"yes", "no"}}, outcome{passed: true}},
		{test{ID: "failed", Kind: optional, DependsOn: []string{"no"}}, outcome{}},
		{test{ID: "question", Kind: check, DependsOn: []string{"no"}}, outcome{passed: true}},
	}
	if got := unsettled(results); got != 1 {
		t.Errorf("%d, want 1: open", got)
	}
}

// TestLock: the lock file pins the suite, and leaves it to npm's settings where
// to fetch it from.
func TestLock(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			Version, Resolved, Integrity string
			InBundle                     bool
		}
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		t.Fatal(err)
	}
	if got := lock.Packages["node_modules/http-cache-tests"].Version; got != "0.4.5" {
		t.Errorf("http-cache-tests %q, want 0.4.5: look through expected.txt after a change", got)
	}
	for name, p := range lock.Packages {
		if p.Resolved != "" {
			t.Errorf("%q: resolved %s, want none", name, p.Resolved)
		}
		if name != "" && !p.InBundle && p.Integrity == "" {
			t.Errorf("%q: no checksum", name)
		}
	}
}
