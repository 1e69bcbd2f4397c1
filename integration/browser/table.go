package main

import (
	"fmt"

	"github.com/page-cache/page-cache/integration/verdict"
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

// verdicts are the rows as they are printed.
func verdicts(rows []row) []verdict.Row {
	all := make([]verdict.Row, len(rows))
	for i, r := range rows {
		all[i] = verdict.Row{
			Columns: []string{r.client, r.who, r.what, r.saw},
			Failed:  fmt.Sprintf("%s, %s, %s: want %s, saw %s", r.client, r.who, r.what, r.want, r.saw),
			Err:     r.err,
		}
	}
	return all
}
