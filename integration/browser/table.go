package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// row is one line of the table: who did what with which client, what it should have
// come to, and what it came to.
type row struct {
	client string
	who    string
	what   string
	want   string
	saw    string
	err    error
}

// printTable writes the rows, each with its verdict, and what was wrong below.
func printTable(out io.Writer, rows []row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		verdict := "ok"
		if r.err != nil {
			verdict = "FAILED"
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.client, r.who, r.what, r.saw, verdict); err != nil {
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
		if _, err := fmt.Fprintf(out, "FAILED %s, %s, %s: want %s, saw %s: %s\n", r.client, r.who, r.what, r.want, r.saw, reason); err != nil {
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
