package main

import (
	"strings"
	"testing"
)

// good is a run with which nothing is wrong.
func good() report {
	r := report{Answers: 400, Seconds: 10, Canaries: 2, Personal: 9, PersonalHits: 3, Tokens: 800, Posts: 4}
	for _, name := range shared {
		r.Kinds = append(r.Kinds,
			kind{Name: name, Outcomes: map[string]int{hit: 95, "uri-miss": 5}},
			kind{Name: name, Session: true, Outcomes: map[string]int{"bypass cookie": 10}})
	}
	return r
}

func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(r *report)
		want  string // Part of the error; empty: none.
	}{
		{"as it should be", func(*report) {}, ""},
		{"too few hits", func(r *report) { r.Kinds[2].Outcomes["bypass cookie"] = 1 }, "category: 94.06 %"},
		{"a kind that nobody asked for", func(r *report) { r.Kinds = r.Kinds[:6] }, "search: nobody"},
		{"sessions do not count", func(r *report) { r.Kinds[1].Outcomes["bypass cookie"] = 1000 }, ""},
		{"ended early", func(r *report) { r.Answers-- }, "399 answers, want 400"},
		{"a leak", func(r *report) { r.LeakCount, r.Leaks = 1, []string{"cart-1 of visitor 2"} }, "1 leaks: cart-1 of visitor 2"},
		{"a failure", func(r *report) { r.FailureCount, r.Failures = 1, []string{"status 403"} }, "1 failures: status 403"},
		{"nothing to leak", func(r *report) { r.Canaries = 1 }, "too few"},
		{"no personal page", func(r *report) { r.Personal = 0 }, "too few"},
		{"no personal page was stored", func(r *report) { r.PersonalHits = 0 }, "too few"},
		{"no token", func(r *report) { r.Tokens = 0 }, "too few"},
		{"no form", func(r *report) { r.Posts = 0 }, "too few"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := good()
			test.spoil(&r)
			err := judge(r, 400)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("judged %v, want %q", err, test.want)
			}
		})
	}
}

func TestPrintReport(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := good()
	r.Kinds = []kind{{Name: "home", Outcomes: map[string]int{hit: 97, "uri-miss": 1, "stale": 2}}}
	if err := printReport(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"home  no       100       97    97.00 %  2 stale, 1 uri-miss\n", "400 answers in 10 s, 40 a second\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

func TestReadReport(t *testing.T) {
	t.Parallel()
	const text = `{"answers": 3, "kinds": [{"kind": "home", "session": true, "outcomes": {"hit": 2}}], "leak_count": 1, "leaks": ["x"]}`
	r, err := readReport([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if r.Answers != 3 || r.LeakCount != 1 || len(r.Kinds) != 1 || !r.Kinds[0].Session || r.Kinds[0].Outcomes[hit] != 2 {
		t.Errorf("read %+v", r)
	}
	if _, err := readReport(nil); err == nil {
		t.Error("an empty result is read")
	}
}
