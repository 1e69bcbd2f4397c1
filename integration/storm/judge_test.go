package main

import (
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	once := [][]int{{1, 1, 1}, {1, 1, 1}}
	tests := []struct {
		name    string
		promise promise
		figures figures
		want    string // Part of the error; empty: none.
	}{
		{"SWR holds", nobodyWaits, figures{origin: once, share: 0.49}, ""},
		{"SWR lets somebody wait", nobodyWaits, figures{origin: once, share: 0.5}, "waited 50 % of what the origin took"},
		{"SWR refreshes twice", nobodyWaits, figures{origin: [][]int{{1, 1, 1}, {1, 2, 1}}}, "expiry 2 of round 2 cost 2 origin requests, want 1"},
		{"a fill holds", oneRequestAtMost, figures{origin: once, share: 1.1, beyond: 20 * ms}, ""},
		{"a fill is late", oneRequestAtMost, figures{origin: once, beyond: 20*ms + time.Microsecond}, "longer than the origin took"},
		{"a request fails", oneRequestAtMost, figures{origin: once, failed: 1}, "1 requests failed"},
		{"the machine's part is told", oneRequestAtMost, figures{beyond: 30 * ms, apart: spread{longest: 25 * ms}}, "up to 25.0 ms"},
		{"shown, not judged", nil, figures{origin: [][]int{{60}}, share: 9, beyond: time.Minute, failed: 3}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := judge(result{contender: contender{name: "it", promise: test.promise}, figures: test.figures})
			if test.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "it:") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
