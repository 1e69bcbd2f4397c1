package rfc9111

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const good = `# for readers
3-1 MUST NOT
do this
# for readers, too

3-2 SHOULD
do that
not applicable: it does nothing


4.2-1 MUST
x

4.2.10-1 SHOULD NOT
y
`

func TestParseRequirements(t *testing.T) {
	got, err := parseRequirements(good)
	want := []requirement{
		{"3", 1, "MUST NOT", "do this", ""},
		{"3", 2, "SHOULD", "do that", "it does nothing"},
		{"4.2", 1, "MUST", "x", ""},
		{"4.2.10", 1, "SHOULD NOT", "y", ""},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestParseRequirementsRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no number":         {"4.2 MUST\nx", "is not SECTION-NUMBER LEVEL"},
		"no section":        {"-1 MUST\nx", "is not SECTION-NUMBER LEVEL"},
		"no level":          {"4.2-1\nx", "is not SECTION-NUMBER LEVEL"},
		"a leading zero":    {"4.02-1 MUST\nx", "is not SECTION-NUMBER LEVEL"},
		"another level":     {"4.2-1 MAY\nx", `"MAY" is not one of`},
		"no text":           {"4.2-1 MUST\n", "4.2-1 says nothing"},
		"a reason alone":    {"4.2-1 MUST\nnot applicable: x", "4.2-1 says nothing"},
		"another third":     {"4.2-1 MUST\nx\ny", "is no reason"},
		"an empty reason":   {"4.2-1 MUST\nx\nnot applicable: ", "is no reason"},
		"too much":          {"4.2-1 MUST\nx\nnot applicable: y\nz", "4 lines"},
		"no empty line":     {"4.2-1 MUST\nx\n4.2-2 MUST\ny", "4 lines"},
		"not from 1":        {"4.2-2 MUST\nx", "first of its section"},
		"not from 1, later": {"3-1 MUST\nx\n\n4.2-2 MUST\nx", "4.2-2 is out of order after 3-1"},
		"twice":             {"3-1 MUST\nx\n\n3-1 MUST\nx", "3-1 is out of order after 3-1, or there twice"},
		"a gap":             {"3-1 MUST\nx\n\n3-3 MUST\nx", "3-3 is out of order after 3-1"},
		"a section before":  {"4.2.10-1 MUST\nx\n\n4.2.9-1 MUST\nx", "4.2.9-1 is out of order after 4.2.10-1"},
		"a section around":  {"4.2-1 MUST\nx\n\n4-1 MUST\nx", "4-1 is out of order after 4.2-1"},
		"where it is":       {"3-1 MUST\nx\n\n3-2\nx\n\n3-2 MUST\nx", "the block before line 6"},
	} {
		if _, err := parseRequirements(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

// checkout is a repository with one Go test and one scenario.
func checkout(goTest, scenario string) fs.FS {
	return fstest.MapFS{
		"module/policy/x_test.go":                       {Data: []byte(goTest)},
		"module/policy/x.go":                            {Data: []byte("package policy\n\n// RFC 9111: 9-1\n")},
		"module/policy/testdata/y_test.go":              {Data: []byte("no Go at all")},
		"module/engine/testdata/scenario/miss.txt":      {Data: []byte(scenario)},
		"caddyfile/empty.go":                            {},
		"integration/rfc9111/requirements.txt":          {},
		"module/engine/testdata/scenario/README.md":     {Data: []byte("# RFC 9111: 9-1")},
		"module/engine/testdata/elsewhere/scenario.txt": {Data: []byte("# RFC 9111: 9-1")},
	}
}

func TestCollect(t *testing.T) {
	claims, err := collect(checkout(`package policy_test

// TestDoc tests.
//
// RFC 9111: 3-1, 3-2.
func TestDoc(t *testing.T) {
	x := map[string]int{
		"a": 1, // RFC 9111: 4.2-1
	}
	//RFC 9111:4.2-2
	s := "// RFC 9111: 9-1"
	// as RFC 9111: 9-1 says, this is none
}

// RFC 9111: 3-3
func FuzzIt(f *testing.F) {}
`, "# A scenario.\n# RFC 9111: 4-1\nclient GET /p  # RFC 9111: 4-2, 4-3\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range claims {
		got = append(got, c.id+" "+c.test+" "+c.at)
	}
	goFile, scenario := "module/policy/x_test.go", "engine.TestScenarios/miss module/engine/testdata/scenario/miss.txt"
	want := []string{
		"3-1 policy.TestDoc " + goFile + ":5", "3-2 policy.TestDoc " + goFile + ":5",
		"4.2-1 policy.TestDoc " + goFile + ":8", "4.2-2 policy.TestDoc " + goFile + ":10", "3-3 policy.FuzzIt " + goFile + ":15",
		"4-1 " + scenario + ":2", "4-2 " + scenario + ":3", "4-3 " + scenario + ":3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCollectRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ goTest, scenario, want string }{
		"outside":              {"package p\n\n// RFC 9111: 3-1\nvar x = 1\n", "", `x_test.go:3: the marker stands in no test but in ""`},
		"apart from its test":  {"package p\n\n// RFC 9111: 3-1\n\nfunc TestX() {}\n", "", `no test but in ""`},
		"a helper":             {"package p\n\nfunc help() {\n\t// RFC 9111: 3-1\n}\n", "", `no test but in "help"`},
		"a method":             {"package p\n\nfunc (x) TestX() {\n\t// RFC 9111: 3-1\n}\n", "", `no test but in "(method) TestX"`},
		"TestMain":             {"package p\n\nfunc TestMain() {\n\t// RFC 9111: 3-1\n}\n", "", `no test but in "TestMain"`},
		"another word":         {"package p\n\nfunc Testify() {\n\t// RFC 9111: 3-1\n}\n", "", `no test but in "Testify"`},
		"a benchmark":          {"package p\n\n// RFC 9111: 3-1\nfunc BenchmarkX() {}\n", "", `no test but in "BenchmarkX"`},
		"no number":            {"package p\n\n// RFC 9111:\nfunc TestX() {}\n", "", "a place without a requirement"},
		"a comma too many":     {"package p\n", "# RFC 9111: 3-1,\n", "miss.txt:1: \" 3-1,\" has a place without"},
		"not Go":               {"pack", "", "x_test.go:1:1"},
		"a scenario's comment": {"package p\n", "\n# RFC 9111: \n", "miss.txt:2"},
	} {
		if _, err := collect(checkout(tt.goTest, tt.scenario)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if _, err := collect(fstest.MapFS{"module/x.go": {}, "caddyfile/x.go": {}}); err == nil ||
		!strings.Contains(err.Error(), "no scenarios") || !strings.Contains(err.Error(), "integration") {
		t.Errorf("nothing there: got %v", err)
	}
}

func TestCheck(t *testing.T) {
	requirements, err := parseRequirements(good)
	if err != nil {
		t.Fatal(err)
	}
	proofs := func(ids ...string) []claim {
		var all []claim
		for _, id := range ids {
			all = append(all, claim{id: id, test: "p.TestX", file: "module/p/x_test.go", at: "module/p/x_test.go:1"})
		}
		return all
	}
	for name, tt := range map[string]struct {
		claims []claim
		want   string // "": nothing is wrong
	}{
		"all":            {proofs("3-1", "4.2-1", "4.2.10-1"), ""},
		"one twice":      {proofs("3-1", "4.2-1", "4.2.10-1", "3-1"), ""},
		"one is missing": {proofs("3-1", "4.2.10-1"), "4.2-1 (MUST x) has no test, and no reason why it cannot apply"},
		"a stale reason": {proofs("3-1", "3-2", "4.2-1", "4.2.10-1"), "3-2 is called not applicable, and module/p/x_test.go:1 proves it: one of them is wrong"},
		"an unknown one": {proofs("3-1", "4.2-1", "4.2.10-1", "4.2-2"), `module/p/x_test.go:1: there is no requirement "4.2-2"`},
		"not a number":   {proofs("3-1", "4.2-1", "4.2.10-1", "§3"), `there is no requirement "§3"`},
	} {
		err := check(requirements, tt.claims)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestRender(t *testing.T) {
	got := render([]requirement{
		{"3", 1, "MUST NOT", "a|b", ""}, {"3", 2, "SHOULD", "do that", "it does nothing"}, {"4.2", 1, "MUST", "x", ""},
	}, []claim{
		{"3-1", "q.TestB", "module/q/b_test.go", ""}, {"3-1", "p.TestA", "module/p/a_test.go", ""}, {"3-1", "q.TestB", "module/q/b_test.go", ""},
	})
	want := intro + `
## [§3](https://www.rfc-editor.org/rfc/rfc9111#section-3)

| no. | level | requirement | proved by |
|---|---|---|---|
| 3-1 | MUST NOT | a\|b | [` + "`p.TestA`](../../module/p/a_test.go), [`q.TestB`" + `](../../module/q/b_test.go) |
| 3-2 | SHOULD | do that | not applicable: it does nothing |

## [§4.2](https://www.rfc-editor.org/rfc/rfc9111#section-4.2)

| no. | level | requirement | proved by |
|---|---|---|---|
| 4.2-1 | MUST | x | **nothing** |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
