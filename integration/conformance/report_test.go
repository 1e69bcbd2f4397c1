package main

import (
	"strings"
	"testing"
)

func TestPrintReport(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := printReport(&out, sample(), expected{"slow": "by choice"}); err != nil {
		t.Fatal(err)
	}
	want := `suite  required  optional  checks: yes
one    1/2       -         -
two    -         0/1       0/1
all    1/2       0/1       0/1
FAILED required bad: Response 2 comes from cache
known  optional slow: Setup: retry
       because: by choice
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestPrintChecks(t *testing.T) {
	t.Parallel()
	results := append(sample(), result{test{ID: "other", Name: "Does it?", Kind: check}, outcome{passed: true}})
	results[3].Name = "Is it?"
	results[3].reason = "Response body is \"a\n b\""
	var out strings.Builder
	if err := printChecks(&out, results); err != nil {
		t.Fatal(err)
	}
	want := "no  question: Is it? (Response body is \"a b\")\nyes other: Does it?\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}
