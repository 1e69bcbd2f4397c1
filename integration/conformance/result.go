package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/page-cache/page-cache/integration/launch"
)

// kind is what the suite makes of a test that does not pass.
type kind string

const (
	required kind = "required" // It breaks the RFC.
	optional kind = "optional" // It could have been answered from the cache.
	check    kind = "check"    // A question; no answer is wrong.
)

// test is one test as list.mjs describes it.
type test struct {
	ID          string   `json:"id"`
	Suite       string   `json:"suite"`
	Name        string   `json:"name"`
	Kind        kind     `json:"kind"`
	BrowserOnly bool     `json:"browser_only"`
	DependsOn   []string `json:"depends_on"`
}

// outcome is what the suite says of a test it ran; reason is empty if it
// passed.
type outcome struct {
	passed bool
	reason string
}

// result is a test that counts, and its outcome.
type result struct {
	test
	outcome
}

// checkKinds returns an error about a test of which it cannot be told what its
// failing means.
func checkKinds(tests []test) error {
	if len(tests) == 0 {
		return errors.New("the suite lists no test")
	}
	for _, t := range tests {
		switch t.Kind {
		case required, optional, check:
		default:
			return fmt.Errorf("test %s is of unknown kind %q", t.ID, t.Kind)
		}
	}
	return nil
}

// parseOutcomes reads what the suite's runner prints: warnings line by line,
// then one JSON object, whose braces stand alone on their lines.
func parseOutcomes(out []byte) (map[string]outcome, error) {
	start := bytes.LastIndex(append([]byte("\n"), out...), []byte("\n{\n"))
	if start < 0 {
		return nil, fmt.Errorf("no results in what the suite printed: %q", launch.Tail(out))
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(out[start:], &raw); err != nil {
		return nil, fmt.Errorf("unreadable results: %w", err)
	}
	outcomes := make(map[string]outcome, len(raw))
	for id, value := range raw {
		o, err := parseOutcome(value)
		if err != nil {
			return nil, fmt.Errorf("unreadable result of %s: %w", id, err)
		}
		outcomes[id] = o
	}
	return outcomes, nil
}

// parseOutcome reads true, or the name and the text of an error.
func parseOutcome(value json.RawMessage) (outcome, error) {
	if string(value) == "true" {
		return outcome{passed: true}, nil
	}
	var words []*string // An error of Node may lack its text.
	if err := json.Unmarshal(value, &words); err != nil {
		return outcome{}, err
	}
	if len(words) != 2 || words[0] == nil {
		return outcome{}, fmt.Errorf("neither true nor an error: %s", value)
	}
	name, text := *words[0], "no reason given"
	if words[1] != nil {
		text = *words[1]
	}
	// Assertion is the plain failure; Setup and errors of Node say that the test
	// did not get as far as its question.
	if name != "Assertion" {
		text = name + ": " + text
	}
	return outcome{reason: text}, nil
}

// join gives every test that counts its outcome; tests for browsers do not.
func join(tests []test, outcomes map[string]outcome) []result {
	results := make([]result, 0, len(tests))
	for _, t := range tests {
		if t.BrowserOnly {
			continue
		}
		o, ok := outcomes[t.ID]
		if !ok {
			o.reason = "the suite gave no result"
		}
		results = append(results, result{t, o})
	}
	return results
}

// unsettled counts what passed although a test it depends on did not: the
// suite would not judge it.
func unsettled(results []result) int {
	passed := make(map[string]bool, len(results))
	for _, r := range results {
		passed[r.ID] = r.passed
	}
	n := 0
	for _, r := range results {
		if r.passed && r.Kind != check && !all(r.DependsOn, passed) {
			n++
		}
	}
	return n
}

func all(ids []string, passed map[string]bool) bool {
	for _, id := range ids {
		if !passed[id] {
			return false
		}
	}
	return true
}
