// Package verdict prints what a program of this folder has checked, as a table, and says
// whether all of it was as it should be.
package verdict

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Row is one check: what the table shows of it, and what was wrong.
type Row struct {
	Columns []string
	// Failed says, below the table, what it is that failed; it is needed with Err.
	Failed string
	Err    error
}

// Print writes the rows, each with its verdict, and what was wrong below.
func Print(out io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		verdict := "ok"
		if r.Err != nil {
			verdict = "FAILED"
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\n", strings.Join(r.Columns, "\t"), verdict); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Err == nil {
			continue
		}
		if _, err := fmt.Fprintf(out, "FAILED %s: %s\n", r.Failed, strings.ReplaceAll(r.Err.Error(), "\n", "; ")); err != nil {
			return err
		}
	}
	return nil
}

// Failures returns an error if a row failed, or if there is none at all.
func Failures(rows []Row) error {
	failed := 0
	for _, r := range rows {
		if r.Err != nil {
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
