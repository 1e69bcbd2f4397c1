package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// row is one line of the table: what was checked and what came of it.
type row struct {
	what string
	saw  string
	err  error
}

// printTable writes the rows, each with its verdict, and what was wrong below.
func printTable(out io.Writer, rows []row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		verdict := "ok"
		if r.err != nil {
			verdict = "FAILED"
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", r.what, r.saw, verdict); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.err == nil {
			continue
		}
		reason := strings.ReplaceAll(r.err.Error(), "\n", "; ")
		if _, err := fmt.Fprintf(out, "FAILED %s: %s\n", r.what, reason); err != nil {
			return err
		}
	}
	return nil
}

// failures returns an error if a row failed, or if there is none at all.
func failures(rows []row) error {
	failed := 0
	for _, r := range rows {
		if r.err != nil {
			failed++
		}
	}
	if len(rows) == 0 {
		return errors.New("nothing was checked")
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(rows))
	}
	return nil
}
