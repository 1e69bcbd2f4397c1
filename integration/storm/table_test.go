package main

import (
	"strings"
	"testing"
)

func TestPrintTable(t *testing.T) {
	t.Parallel()
	results := []result{
		{contender: contender{name: "edge"}, figures: figures{
			origin: [][]int{{1, 1, 1}, {1, 1, 1}}, took: 140 * ms, waited: 42.4, beyond: 5 * ms,
			across: spread{80 * ms, 144 * ms, 145 * ms}, apart: spread{p50: ms, longest: 8 * ms},
		}},
		{contender: contender{name: "other"}, figures: figures{origin: [][]int{{50}}, beyond: -ms, failed: 2}},
	}
	var out strings.Builder
	if err := printTable(&out, results); err != nil {
		t.Fatal(err)
	}
	want := `
       origin requests  origin  visitors    p50   p99    longest  most over    hits apart  hits apart
       for each expiry  took    who waited                        origin took  p50         longest
edge   1 1 1, 1 1 1     140.0   42 of 60    80.0  144.0  145.0    5.0          1.0         8.0
other  50               0.0     0 of 60     0.0   0.0    0.0      0.0          0.0         0.0
Times in milliseconds; p50, p99 and longest are those of the visitors across an expiry.
other: 2 requests failed
`
	if got := out.String(); got != want[1:] {
		t.Errorf("got:\n%s\nwant:\n%s", got, want[1:])
	}
}
