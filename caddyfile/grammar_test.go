package caddyfile

import (
	"os"
	"strings"
	"testing"
)

// TestGrammar holds the package comment to the tables: it lists every option, of
// the cookie of csrf too, in the table's order, and none besides.
func TestGrammar(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(doc), "off] {\n")
	block, _, ok := strings.Cut(block, "//\t}\n")
	if !ok {
		t.Fatal("doc.go: no block of options")
	}
	var want strings.Builder
	for _, s := range subdirectives() {
		want.WriteString("//\t    " + s.usage() + "\n")
	}
	if block != want.String() {
		t.Errorf("doc.go: got\n%s\nwant\n%s", block, want.String())
	}

	_, block, _ = strings.Cut(string(doc), "//\tcsrf django {\n")
	block, _, ok = strings.Cut(block, "//\t}\n")
	want.Reset()
	for _, o := range cookieOptions() {
		want.WriteString("//\t    " + o.usage() + "\n")
	}
	if !ok || block != want.String() {
		t.Errorf("doc.go, csrf: got\n%s\nwant\n%s", block, want.String())
	}
}
