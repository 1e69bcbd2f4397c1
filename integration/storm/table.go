package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// result is a contender and what it showed.
type result struct {
	contender
	turns   []turn
	figures figures
}

// printTable writes one line for each contender; times are milliseconds.
func printTable(out io.Writer, results []result) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\torigin requests\torigin\tvisitors\tp50\tp99\tlongest\tmost over\thits apart\thits apart")
	fmt.Fprintln(table, "\tfor each expiry\ttook\twho waited\t\t\t\torigin took\tp50\tlongest")
	for _, r := range results {
		f := r.figures
		fmt.Fprintf(table, "%s\t%s\t%s\t%.0f of %d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.name, counts(f.origin), number(f.took),
			f.waited, visitors, number(f.across.p50), number(f.across.p99), number(f.across.longest), number(max(0, f.beyond)),
			number(f.apart.p50), number(f.apart.longest))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "Times in milliseconds; p50, p99 and longest are those of the visitors across an expiry.")
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.figures.failed > 0 {
			if _, err := fmt.Fprintf(out, "%s: %d requests failed\n", r.name, r.figures.failed); err != nil {
				return err
			}
		}
	}
	return nil
}

// counts writes what each expiry cost, the rounds apart.
func counts(rounds [][]int) string {
	var texts []string
	for _, round := range rounds {
		texts = append(texts, strings.Trim(fmt.Sprint(round), "[]"))
	}
	return strings.Join(texts, ", ")
}

func number(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}

func milliseconds(d time.Duration) string { return number(d) + " ms" }
