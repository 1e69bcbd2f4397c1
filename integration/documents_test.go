package integration

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
)

// adapt turns a Caddyfile into JSON and checks that its modules accept it; a
// warning is an error, as a reader of a document would take it.
func adapt(t *testing.T, name, text string) {
	t.Helper()
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": name})
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
		return
	}
	for _, w := range warnings {
		if !strings.Contains(w.Message, "not formatted") {
			t.Errorf("%s: %v", name, w)
		}
	}
	if !strings.Contains(string(config), "page_cache") {
		t.Errorf("%s: no page_cache in %s", name, config)
	}
	if err := caddy.Validate(mustConfig(t, config)); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func mustConfig(t *testing.T, raw []byte) *caddy.Config {
	t.Helper()
	var config caddy.Config
	if err := caddy.StrictUnmarshalJSON(raw, &config); err != nil {
		t.Fatal(err)
	}
	off := false
	config.Admin = &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: &off}}
	return &config
}

// TestReadmeCaddyfiles: what a reader copies from the README works.
func TestReadmeCaddyfiles(t *testing.T) {
	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(raw), "```caddyfile\n")[1:]
	if len(blocks) < 8 {
		t.Fatalf("%d Caddyfiles in the README; their fences have changed", len(blocks))
	}
	for _, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		first := strings.TrimSpace(strings.SplitN(text, "\n", 2)[0])
		switch {
		case first == "{":
		case strings.HasPrefix(first, "shop.example.com"):
			text = strings.ReplaceAll(text, "shop.example.com", "http://shop.example.com")
		case strings.HasPrefix(first, "reverse_proxy"), strings.HasPrefix(first, "handle"):
			text = "http://shop.example.com {\n page_cache /x 1s\n" + text + "}\n"
		default:
			text = "http://shop.example.com {\n" + text + "reverse_proxy app:8000\n}\n"
		}
		adapt(t, "README.md", text)
	}
}

// TestExampleCaddyfiles: every Caddyfile under examples adapts.
func TestExampleCaddyfiles(t *testing.T) {
	t.Setenv("SHOP_SOCKET", "/run/shop.sock")
	t.Setenv("STOREFRONT_STATE", t.TempDir())
	found := 0
	err := filepath.WalkDir("../examples", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "Caddyfile" {
			return err
		}
		found++
		raw, err := os.ReadFile(path)
		adapt(t, path, string(raw))
		return err
	})
	if err != nil || found == 0 {
		t.Fatal(found, err)
	}
}
