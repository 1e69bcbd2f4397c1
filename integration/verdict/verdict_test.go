package verdict_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/verdict"
)

func TestPrint(t *testing.T) {
	rows := []verdict.Row{
		{Columns: []string{"home", "hit"}},
		{Columns: []string{"a category", "miss"}, Failed: "a category", Err: errors.Join(errors.New("want hit"), errors.New("got miss"))},
	}
	var out strings.Builder
	if err := verdict.Print(&out, rows); err != nil {
		t.Fatal(err)
	}
	const want = "home        hit   ok\na category  miss  FAILED\n" + "FAILED a category: want hit; got miss\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

func TestFailures(t *testing.T) {
	bad := verdict.Row{Err: errors.New("wrong")}
	for name, test := range map[string]struct {
		rows []verdict.Row
		want string
	}{
		"none":     {nil, "nothing was checked"},
		"all good": {make([]verdict.Row, 2), ""},
		"one bad":  {[]verdict.Row{{}, bad, {}}, "1 of 3 checks failed"},
	} {
		got := ""
		if err := verdict.Failures(test.rows); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
