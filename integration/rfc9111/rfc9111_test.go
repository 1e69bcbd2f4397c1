// Package rfc9111 holds the tests to RFC 9111: each requirement of its sections 3 to
// 5 has a test that proves it, or a reason why it cannot apply to this cache.
//
// A test says what it proves by a comment of the form "RFC 9111: 4.2.3-1, 4.2.3-2",
// behind // within a Test or Fuzz function or its doc comment, and behind # in a
// scenario. The numbers are those of requirements.txt.
package rfc9111

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write README.md anew")

const root = "../.."

// TestRequirements fails when a requirement has neither a test nor a reason, or both;
// when a marker names none; and when README.md does not say so.
func TestRequirements(t *testing.T) {
	text, err := os.ReadFile("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	requirements, err := parseRequirements(string(text))
	fail(t, err)
	if len(requirements) == 0 {
		t.Fatal("no requirements")
	}
	claims, err := collect(os.DirFS(root))
	fail(t, err)
	fail(t, check(requirements, claims))

	const readme = "README.md"
	have, err := os.ReadFile(readme)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	want := render(requirements, claims)
	switch {
	case string(have) == want:
	case !*update:
		t.Error("README.md is stale: go test ./integration/rfc9111 -args -update")
	default:
		if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fail reports each of the joined errors on a line of its own.
func fail(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		t.Error(line)
	}
}

// check holds claims and requirements to each other.
func check(requirements []requirement, claims []claim) error {
	var errs []error
	known := map[string]bool{}
	for i := range requirements {
		r := &requirements[i]
		known[r.id()] = true
		tests := provedBy(r, claims)
		switch {
		case len(tests) == 0 && r.reason == "":
			errs = append(errs, fmt.Errorf("%s (%s %s) has no test, and no reason why it cannot apply", r.id(), r.level, r.text))
		case len(tests) > 0 && r.reason != "":
			errs = append(errs, fmt.Errorf("%s is called not applicable, and %s proves it: one of them is wrong", r.id(), tests[0].at))
		}
	}
	for _, c := range claims {
		if !known[c.id] {
			errs = append(errs, fmt.Errorf("%s: there is no requirement %q", c.at, c.id))
		}
	}
	return errors.Join(errs...)
}

// provedBy returns the claims for r, one for each test.
func provedBy(r *requirement, claims []claim) []claim {
	var own []claim
	for _, c := range claims {
		if c.id == r.id() {
			own = append(own, c)
		}
	}
	slices.SortStableFunc(own, func(a, b claim) int {
		return cmp.Or(strings.Compare(a.test, b.test), strings.Compare(a.file, b.file))
	})
	return slices.CompactFunc(own, func(a, b claim) bool { return a.test == b.test && a.file == b.file })
}

const intro = `# RFC 9111, requirement by requirement

What sections 3 to 5 of [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111) ask of a shared cache, in short words.
Each requirement has the tests that prove it, or the reason why it cannot apply to this cache.
Made from requirements.txt and the tests by ` + "`go test ./integration/rfc9111 -args -update`" + `, and held to both.
`

// render writes the list with its proofs.
func render(requirements []requirement, claims []claim) string {
	var b strings.Builder
	b.WriteString(intro)
	section := ""
	for i := range requirements {
		r := &requirements[i]
		if r.section != section {
			section = r.section
			fmt.Fprintf(&b, "\n## [§%[1]s](https://www.rfc-editor.org/rfc/rfc9111#section-%[1]s)\n\n", section)
			b.WriteString("| no. | level | requirement | proved by |\n|---|---|---|---|\n")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.id(), r.level, cell(r.text), cell(proof(r, claims)))
	}
	return b.String()
}

func proof(r *requirement, claims []claim) string {
	var links []string
	for _, c := range provedBy(r, claims) {
		links = append(links, fmt.Sprintf("[`%s`](%s/%s)", c.test, root, c.file))
	}
	switch {
	case len(links) > 0:
		return strings.Join(links, ", ")
	case r.reason != "":
		return "not applicable: " + r.reason
	}
	return "**nothing**"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
