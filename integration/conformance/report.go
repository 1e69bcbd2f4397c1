package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// tally counts the tests of one kind, and those that passed; of checks, those
// whose answer is yes.
type tally struct {
	passed, total int
}

func (t tally) String() string {
	if t.total == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", t.passed, t.total)
}

// row is one line of the table.
type row struct {
	suite  string
	counts map[kind]tally
}

func (r row) add(found result) {
	t := r.counts[found.Kind]
	t.total++
	if found.passed {
		t.passed++
	}
	r.counts[found.Kind] = t
}

// rows counts by suite, in the order of the results, and in all.
func rows(results []result) []row {
	all := row{"all", make(map[kind]tally)}
	var table []row
	for _, r := range results {
		if len(table) == 0 || table[len(table)-1].suite != r.Suite {
			table = append(table, row{r.Suite, make(map[kind]tally)})
		}
		table[len(table)-1].add(r)
		all.add(r)
	}
	return append(table, all)
}

// printReport writes the table and, below it, what did not pass.
func printReport(out io.Writer, results []result, known expected) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "suite\trequired\toptional\tchecks: yes")
	for _, r := range rows(results) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.suite, r.counts[required], r.counts[optional], r.counts[check])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if n := unsettled(results); n > 0 {
		if _, err := fmt.Fprintf(out, "%d of these passed although a test they depend on did not.\n", n); err != nil {
			return err
		}
	}
	for _, k := range []kind{required, optional} {
		if err := printFailures(out, results, known, k); err != nil {
			return err
		}
	}
	return nil
}

// printFailures writes the tests of a kind that did not pass: those that were
// known with our reason, all with the suite's.
func printFailures(out io.Writer, results []result, known expected, k kind) error {
	for _, r := range results {
		if r.passed || r.Kind != k {
			continue
		}
		verdict, why := "FAILED", ""
		if reason, ok := known[r.ID]; ok {
			verdict, why = "known ", "\n       because: "+reason
		}
		if _, err := fmt.Fprintf(out, "%s %s %s: %s%s\n", verdict, r.Kind, r.ID, oneLine(r.reason), why); err != nil {
			return err
		}
	}
	return nil
}

// printChecks writes the answers to the suite's questions.
func printChecks(out io.Writer, results []result) error {
	for _, r := range results {
		if r.Kind != check {
			continue
		}
		answer := "yes"
		if !r.passed {
			answer = "no "
		}
		line := fmt.Sprintf("%s %s: %s", answer, r.ID, r.Name)
		if !r.passed {
			line += " (" + oneLine(r.reason) + ")"
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
