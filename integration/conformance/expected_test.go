package main

import (
	"maps"
	"strings"
	"testing"
)

func TestParseExpected(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		text  string
		want  expected
		fails bool
	}{
		{name: "empty", want: expected{}},
		{
			name: "comments, reasons with colons, no reason yet",
			text: "# head\n\n# suite\na-1: RFC 9111 §4: by choice\nstale-close-s-maxage=2:\n",
			want: expected{"a-1": "RFC 9111 §4: by choice", "stale-close-s-maxage=2": ""},
		},
		{name: "no colon", text: "a\n", fails: true},
		{name: "a sentence", text: "this is: no id\n", fails: true},
		{name: "twice", text: "a: x\na: y\n", fails: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseExpected(test.text)
			if (err != nil) != test.fails {
				t.Fatalf("error %v, want one: %v", err, test.fails)
			}
			if !test.fails && !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// sample has each case that the list tells apart.
func sample() []result {
	return []result{
		{test{ID: "good", Suite: "one", Kind: required}, outcome{passed: true}},
		{test{ID: "bad", Suite: "one", Kind: required}, outcome{reason: "Response 2 comes from cache"}},
		{test{ID: "slow", Suite: "two", Kind: optional}, outcome{reason: "Setup: retry"}},
		{test{ID: "question", Suite: "two", Kind: check}, outcome{reason: "Response 2 comes from cache"}},
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		known expected
		want  string // Part of the error; empty: none.
	}{
		{"exact", expected{"bad": "why", "slow": "why"}, ""},
		{"a failure that is not listed", expected{"bad": "why"}, "do not pass; mend it, or say why in expected.txt (1): slow"},
		{"a listed test passes", expected{"bad": "why", "slow": "why", "good": "why"}, "take them out (1): good"},
		{"a listed check", expected{"bad": "why", "slow": "why", "question": "why"}, "take them out (1): question"},
		{"an unknown test", expected{"bad": "why", "slow": "why", "gone": "why"}, "take them out (1): gone"},
		{"no reason", expected{"bad": "why", "slow": ""}, "without a reason (1): slow"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := compare(sample(), test.known)
			if test.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q alone", err, test.want)
			}
		})
	}
}

// TestFormatExpected: an update keeps reasons, drops what passes, and reads back.
func TestFormatExpected(t *testing.T) {
	t.Parallel()
	text := string(formatExpected(sample(), expected{"bad": "by choice", "good": "old"}))
	if want := expectedHead + "\n# one\nbad: by choice\n\n# two\nslow:\n"; text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	known, err := parseExpected(text)
	if err != nil {
		t.Fatal(err)
	}
	if want := (expected{"bad": "by choice", "slow": ""}); !maps.Equal(known, want) {
		t.Errorf("read back: %v, want %v", known, want)
	}
}
