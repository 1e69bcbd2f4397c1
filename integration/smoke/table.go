package main

import "github.com/page-cache/page-cache/integration/verdict"

// row is one line of the table: what was checked and what came of it.
type row struct {
	what string
	saw  string
	err  error
}

// verdicts are the rows as they are printed.
func verdicts(rows []row) []verdict.Row {
	all := make([]verdict.Row, len(rows))
	for i, r := range rows {
		all[i] = verdict.Row{Columns: []string{r.what, r.saw}, Failed: r.what, Err: r.err}
	}
	return all
}
