package pagecache_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/page-cache/page-cache"

// layer is what a package may import of this module, and why it needs it.
type layer map[string]string

// layers lists every package below module/ and caddyfile/. One that is not listed
// fails the test, so adding one is a reviewed decision.
var layers = map[string]layer{
	// Values: what is said and kept. They know nobody.
	"module/config":       {},
	"module/cachecontrol": {},
	"module/cachekey":     {},
	"module/cachestatus":  {},
	"module/entry":        {},

	// Decisions: values in, verdicts out.
	"module/health": {},
	"module/policy": {
		"module/config":       "a rule is a line of the configuration, made ready",
		"module/cachecontrol": "directives are what it judges by",
		"module/cachekey":     "intake ends in the inputs of a key",
		"module/cachestatus":  "each verdict carries a reason",
		"module/entry":        "reuse judges a stored response",
	},

	// Mechanisms: they do, and hold no rule of caching.
	"module/capture":         {},
	"module/coding":          {},
	"module/collapse":        {"module/cachestatus": "a fill's answer carries its reason to all who wait"},
	"module/framing":         {},
	"module/freeze":          {},
	"module/purge":           {},
	"module/stats":           {"module/cachestatus": "it counts by outcome and reason"},
	"module/store":           {},
	"module/store/local":     {"module/store": "it is one"},
	"module/store/storetest": {"module/store": "it holds all of them to one contract"},

	// Orchestration: one request through all of the above.
	"module/engine": {
		"module/policy":      "it asks",
		"module/cachekey":    "it looks up by a key",
		"module/cachestatus": "it says what happened",
		"module/entry":       "it encodes and decodes what it stores",
		"module/store":       "it reads and writes",
		"module/collapse":    "it starts and joins fills",
		"module/capture":     "it takes a fill's answer",
		"module/framing":     "it asks whether a body is whole",
		"module/freeze":      "while it is on, nothing is stored",
		"module/health":      "the trouble of an origin stretches what may be served",
		"module/purge":       "it keys by what was invalidated, and invalidates",
	},

	// Surfaces: what knows Caddy.
	"module": {
		"caddyfile":          "one --with brings the directive, too",
		"module/config":      "the handler is a rule, the app holds the bounds",
		"module/cachekey":    "it describes requests by fields of a key",
		"module/cachestatus": "it counts and logs reasons",
		"module/collapse":    "it owns the limits that all lines share",
		"module/engine":      "it runs one for each line",
		"module/freeze":      "it owns the switch that all lines share",
		"module/framing":     "it notes that a transport without a word was at work",
		"module/policy":      "it compiles the line, and describes requests",
		"module/purge":       "it owns the ledger that all lines share",
		"module/stats":       "it owns the counters and exports them",
		"module/store/local": "it owns the store",
		"module/uwsgi":       "one --with brings the transport, too",
	},
	"module/uwsgi": {"module/framing": "it reports how a body ended"},
	"caddyfile":    {"module/config": "it writes what the directive says into a rule"},
}

// pure packages do not import these themselves. That none of them asks time for
// the hour is the linter's to see.
var (
	pure = []string{
		"module/config", "module/cachecontrol", "module/cachekey", "module/cachestatus", "module/entry", "module/policy",
		"module/health",
	}
	impure = []string{"net", "os", "log", "log/slog", "context", "sync", "sync/atomic", "math/rand", "math/rand/v2", "crypto/rand"}
)

// Only these know the server, and only these log.
var (
	surfaces    = []string{"module", "module/uwsgi", "caddyfile"}
	ofTheServer = []string{"github.com/caddyserver/caddy", "go.uber.org/zap", "github.com/prometheus"}
)

// TestLayers holds every package to its layer.
func TestLayers(t *testing.T) {
	found := packages(t)
	for name, pkg := range found {
		allowed, listed := layers[name]
		if !listed {
			t.Errorf("package %s has no layer", name)
			continue
		}
		for _, imported := range pkg.Imports {
			checkImport(t, name, imported, allowed)
		}
	}
	for name, allowed := range layers {
		pkg := found[name]
		if pkg == nil {
			t.Errorf("package %s has a layer and does not exist", name)
			continue
		}
		for sibling, why := range allowed {
			if !slices.Contains(pkg.Imports, modulePath+"/"+sibling) {
				t.Errorf("%s may import %s (%s) and does not", name, sibling, why)
			}
		}
	}
}

func checkImport(t *testing.T, name, imported string, allowed layer) {
	t.Helper()
	if sibling, ok := strings.CutPrefix(imported, modulePath+"/"); ok && allowed[sibling] == "" {
		t.Errorf("%s may not import %s", name, sibling)
	}
	if slices.Contains(pure, name) && slices.Contains(impure, imported) {
		t.Errorf("%s is pure and imports %s", name, imported)
	}
	server := slices.ContainsFunc(ofTheServer, func(prefix string) bool { return strings.HasPrefix(imported, prefix) })
	if server && !slices.Contains(surfaces, name) {
		t.Errorf("%s imports %s, which only %v may", name, imported, surfaces)
	}
	if strings.HasPrefix(imported, "testing") && path.Base(name) != "storetest" {
		t.Errorf("%s imports %s outside of tests", name, imported)
	}
}

// TestPackageDocs: every package says once what it is.
func TestPackageDocs(t *testing.T) {
	for name, pkg := range packages(t) {
		var documented []string
		for _, file := range pkg.GoFiles {
			parsed := parse(t, filepath.Join(pkg.Dir, file))
			if parsed.Doc == nil {
				continue
			}
			documented = append(documented, file)
			if text := parsed.Doc.Text(); !strings.HasPrefix(text, "Package "+pkg.Name+" ") {
				t.Errorf("%s: the comment in %s begins with %.30q", name, file, text)
			}
		}
		if len(documented) != 1 {
			t.Errorf("%s has %d package comments: %v", name, len(documented), documented)
		}
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// packages finds every package below module/ and caddyfile/ by its directory.
func packages(t *testing.T) map[string]*build.Package {
	t.Helper()
	found := map[string]*build.Package{}
	for _, top := range []string{"module", "caddyfile"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(dir string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "testdata" {
				return fs.SkipDir
			}
			pkg, err := build.ImportDir(dir, 0)
			if _, none := err.(*build.NoGoError); none { //nolint:errorlint // go/build does not wrap it
				return nil
			}
			name, _ := filepath.Rel("..", dir)
			found[filepath.ToSlash(name)] = pkg
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < len(layers)/2 {
		t.Fatalf("found only %d packages", len(found))
	}
	return found
}
