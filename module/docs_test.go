package pagecache_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/policy"
)

var update = flag.Bool("update", false, "write the generated parts of the README anew")

const readme = "../README.md"

// TestGeneratedDocs holds the README's tables to the code they come from.
func TestGeneratedDocs(t *testing.T) {
	raw, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, generate := range map[string]func() string{"reasons": reasonTable, "cookies": cookieList} {
		text = replacePart(t, text, name, generate())
	}
	if text == string(raw) {
		return
	}
	if !*update {
		t.Fatal("the README's tables are stale: go test ./module -run TestGeneratedDocs -args -update")
	}
	if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func replacePart(t *testing.T, text, name, part string) string {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, ok := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("the README has no part %q", name)
	}
	return head + begin + part + end + tail
}

func reasonTable() string {
	var b strings.Builder
	b.WriteString("| detail | meaning |\n|---|---|\n")
	for _, r := range cachestatus.Reasons() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r, r.Help())
	}
	return b.String()
}

func cookieList() string {
	names := policy.AnalyticsCookies()
	slices.Sort(names)
	for i := range names {
		names[i] = "`" + names[i] + "`"
	}
	return strings.Join(names, ", ") + "\n"
}
