package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// report is what the visitors saw, as ledger.py writes it.
type report struct {
	Seconds  float64 `json:"seconds"`
	Answers  int     `json:"answers"`
	Kinds    []kind  `json:"kinds"`
	Canaries int     `json:"canaries"` // Texts of one visitor each, that were looked for.
	// Personal are the pages in which a visitor found his own; PersonalHits, those of
	// them that were stored.
	Personal     int      `json:"personal"`
	PersonalHits int      `json:"personal_hits"`
	Tokens       int      `json:"tokens"` // Tokens compared with their visitor's cookie.
	Posts        int      `json:"posts"`
	LeakCount    int      `json:"leak_count"`
	Leaks        []string `json:"leaks"`
	FailureCount int      `json:"failure_count"`
	Failures     []string `json:"failures"`
}

// kind is one kind of page, for requests with or without a session cookie: how often
// the edge did what.
type kind struct {
	Name     string         `json:"kind"`
	Session  bool           `json:"session"`
	Outcomes map[string]int `json:"outcomes"`
}

// hit is the outcome of a request that was answered from the store.
const hit = "hit"

func (k kind) requests() int {
	sum := 0
	for _, n := range k.Outcomes {
		sum += n
	}
	return sum
}

// ratio is the share of hits; 0 where nobody asked.
func (k kind) ratio() float64 {
	return float64(k.Outcomes[hit]) / float64(max(1, k.requests()))
}

// others names the outcomes besides hits, the most frequent first.
func (k kind) others() string {
	names := slices.SortedFunc(maps.Keys(k.Outcomes), func(a, b string) int {
		if more := k.Outcomes[b] - k.Outcomes[a]; more != 0 {
			return more
		}
		return strings.Compare(a, b)
	})
	var words []string
	for _, name := range names {
		if name != hit {
			words = append(words, fmt.Sprintf("%d %s", k.Outcomes[name], name))
		}
	}
	return strings.Join(words, ", ")
}

func readReport(text []byte) (report, error) {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return report{}, fmt.Errorf("locust's result is not to be read: %w", err)
	}
	return r, nil
}

// printReport writes a table of the kinds of pages, and below it the rest.
func printReport(out io.Writer, r report) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "page\tsession\trequests\thits\tratio\tothers")
	for _, k := range r.Kinds {
		session := "no"
		if k.Session {
			session = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%.2f %%\t%s\n", k.Name, session, k.requests(), k.Outcomes[hit], 100*k.ratio(), k.others())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, `%d answers in %.0f s, %.0f a second
%d canaries; %d pages showed a visitor his own, %d of them stored ones; %d leaks
%d forms sent; %d tokens were compared with their visitor's cookie; %d failures
`, r.Answers, r.Seconds, float64(r.Answers)/max(r.Seconds, 1), r.Canaries, r.Personal, r.PersonalHits, r.LeakCount,
		r.Posts, r.Tokens, r.FailureCount)
	return err
}
