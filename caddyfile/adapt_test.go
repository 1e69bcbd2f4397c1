package caddyfile_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode/gzip"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/rewrite"

	_ "github.com/page-cache/page-cache/module"
)

var update = flag.Bool("update", false, "rewrite the expected part of testdata/adapt")

const separator = "\n----------\n"

// TestAdapt adapts the Caddyfile in the first part of each file in testdata/adapt
// and compares the JSON, or the whole error, with the second part. A file whose
// name begins with error_ must fail, any other one must not.
func TestAdapt(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) { testAdapt(t, file) })
	}
}

func testAdapt(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	input, want, ok := strings.Cut(string(data), separator)
	if !ok && !*update {
		t.Fatalf("%s: no line of dashes between the Caddyfile and what is expected", file)
	}
	input = strings.TrimRight(input, "\n") + "\n"

	got, failed := adapt(t, input)
	if wantFailed := strings.HasPrefix(filepath.Base(file), "error_"); failed != wantFailed {
		t.Fatalf("%s: got failed = %t, want %t:\n%s", file, failed, wantFailed, got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(input+separator[1:]+got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want = strings.TrimSpace(want); got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// adapt returns the JSON of a Caddyfile, or why there is none.
func adapt(t *testing.T, input string) (result string, failed bool) {
	t.Helper()
	raw, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(input), nil)
	if err != nil {
		return err.Error(), true
	}
	for _, w := range warnings {
		t.Errorf("warning: %v", w)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, raw, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return indented.String(), false
}
