package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// A file_server that is asked for what it does not have answers with an error of its
// own: that is a word about the page, and says nothing of the origin. Pages that change
// are asked for as ever, and visitors get the 404.
func TestRefusalsAreNoTrouble(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const files = 6
	for i := range files {
		write(fmt.Sprintf("gone-%d.txt", i), "old")
	}
	write("a.txt", "old")
	e := edge.Start(t, "EDGE {\n\troot * "+root+"\n\troute {\n\t\tpage_cache * 1s {\n\t\t\tstale_if_error 1h\n\t\t\toverload_grace 1h\n\t\t}\n\t\tfile_server\n\t}\n}\n")
	for i := range files {
		e.Get(fmt.Sprintf("/gone-%d.txt", i)).Want(t, "stored")
	}
	e.Get("/a.txt").Want(t, "stored") // the last: when it is stale, all are
	for i := range files {
		if err := os.Remove(filepath.Join(root, fmt.Sprintf("gone-%d.txt", i))); err != nil {
			t.Fatal(err)
		}
	}
	write("a.txt", "the new text")
	edge.Poll(t, "all are stale", func() bool { return !e.Get("/a.txt").Is(t, "detail=fresh") })
	for i := range files {
		for range 2 {
			for _, target := range []string{fmt.Sprintf("/wp-login-%d.php", i), fmt.Sprintf("/gone-%d.txt", i)} {
				if a := e.Get(target); a.Status != 404 {
					t.Errorf("%s: got %d %q, want the file server's 404", target, a.Status, a.Header["Cache-Status"])
				}
			}
		}
	}
	edge.Poll(t, "it is stale again", func() bool { return !e.Get("/a.txt").Is(t, "detail=fresh") })
	if a := e.Get("/a.txt"); a.Body != "the new text" {
		t.Errorf("got %q, %q", a.Body, a.Header["Cache-Status"])
	}
}
