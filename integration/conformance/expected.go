package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// expectedHead begins expected.txt.
const expectedHead = `# The required and optional tests of http-cache-tests that page-cache does not
# pass, each with the reason. The list is exact: a test that fails and is not
# here, and one that is here and passes, both make the run fail.
# Ids by: go run ./integration/conformance -update; reasons by hand.
`

// expected gives the tests that are known not to pass their reasons.
type expected map[string]string

// loadExpected reads the list; without the file it is empty.
func loadExpected(path string) (expected, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return expected{}, nil
	}
	if err != nil {
		return nil, err
	}
	return parseExpected(string(raw))
}

// parseExpected reads lines of the form "id: reason".
func parseExpected(text string) (expected, error) {
	known := expected{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, reason, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(id, " \t") {
			return nil, fmt.Errorf("expected.txt:%d: want \"id: reason\", got %q", n, line)
		}
		if _, ok := known[id]; ok {
			return nil, fmt.Errorf("expected.txt:%d: %s is listed twice", n, id)
		}
		known[id] = strings.TrimSpace(reason)
	}
	return known, nil
}

// formatExpected writes the list anew, by suite; a new test has no reason yet.
func formatExpected(results []result, known expected) []byte {
	var b strings.Builder
	b.WriteString(expectedHead)
	suite := ""
	for _, r := range results {
		if r.passed || r.Kind == check {
			continue
		}
		if r.Suite != suite {
			suite = r.Suite
			fmt.Fprintf(&b, "\n# %s\n", suite)
		}
		b.WriteString(strings.TrimSpace(r.ID+": "+known[r.ID]) + "\n")
	}
	return []byte(b.String())
}

// surprises returns the tests that fail and are not known to.
func surprises(results []result, known expected) []string {
	var ids []string
	for _, r := range results {
		if _, ok := known[r.ID]; !ok && !r.passed && r.Kind != check {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// compare returns an error unless the list and the results agree.
func compare(results []result, known expected) error {
	failing := map[string]bool{}
	var bare []string
	for _, r := range results {
		if r.passed || r.Kind == check {
			continue
		}
		failing[r.ID] = true
		if reason, ok := known[r.ID]; ok && reason == "" {
			bare = append(bare, r.ID)
		}
	}
	var stale []string
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if !failing[id] {
			stale = append(stale, id)
		}
	}
	return errors.Join(
		complain("these do not pass; mend it, or say why in expected.txt", surprises(results, known)),
		complain("these stand in expected.txt without a reason", bare),
		complain("these stand in expected.txt, but no required or optional test of that name fails; take them out", stale),
	)
}

// complain returns an error about the tests of these ids, if there are any.
func complain(what string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("%s (%d): %s", what, len(ids), strings.Join(ids, " "))
}
