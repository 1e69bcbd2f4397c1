package integration

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// largeHeads lets the edge take heads that are larger than it takes by itself (16 KiB).
const largeHeads = "GLOBAL servers {\nGLOBAL max_header_size 256KiB\nGLOBAL }\n"

// oversize are headers of these sizes in all, in lines of several kinds.
func oversize() map[string][]string {
	heads := map[string][]string{"one long name": {strings.Repeat("X-Long", 900) + ": poison"}}
	for _, kilobytes := range []int{3, 5, 9, 17, 21, 70} {
		heads[fmt.Sprintf("%d kB in one", kilobytes)] = []string{"X-Oversize: poison" + strings.Repeat("x", kilobytes<<10)}
	}
	for _, lines := range []int{60, 200, 2000} {
		var all []string
		for i := range lines {
			all = append(all, fmt.Sprintf("X-Poison-%d: poison%d", i, i))
		}
		heads[fmt.Sprintf("%d lines", lines)] = all
	}
	heads["2000 times the same"] = strings.Split(strings.Repeat("X-Poison: poison\n", 2000)+"X-Poison: poison", "\n")
	return heads
}

// limits makes an origin that refuses heads of more than so many bytes, as Apache does.
func limits(most int) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, a edge.Asked) bool {
		var head bytes.Buffer
		_ = a.Header.Write(&head)
		if head.Len() > most {
			edge.Reply(conn, "400 Bad Request", "your head is too large: poison", "Cache-Control: public, max-age=60")
			return true
		}
		return edge.Echo(conn, a)
	}
}

// TestS51_OversizeHeads: a head that is too large for the origin is so for the one who
// sent it, if it gets there at all; a fill never has it.
func TestS51_OversizeHeads(t *testing.T) {
	for _, most := range []int{4096, 8190} {
		for name, global := range map[string]string{"": "", " behind an edge that takes more": largeHeads} {
			t.Run(fmt.Sprintf("%d%s", most, name), func(t *testing.T) {
				o := edge.NewOrigin(t, limits(most))
				e := edge.Start(t, global+shopSite(o, "1h"))
				refused := 0
				for attack, lines := range oversize() {
					wantHarmless(t, e, "poison", lines...)
					before := o.Hits()
					switch a := e.Get(newPage(), append(lines, cookie("A"))...); {
					case a.Status == http.StatusBadRequest && a.Has("poison"):
						refused++
					case a.Status == http.StatusRequestHeaderFieldsTooLarge && o.Hits() == before: // by the edge
					case a.Status == http.StatusOK && a.Has("canary-A"):
					default:
						t.Errorf("%s, forwarded: status %d, %v", attack, a.Status, a.Err)
					}
				}
				if refused < 2 {
					t.Errorf("the origin refused %d of the heads; the test shows nothing", refused)
				}
			})
		}
	}
}

// behindUWSGI is an edge in front of a real uWSGI with this application, with its usual
// buffer of 4,096 bytes, and lets large heads in.
func behindUWSGI(t *testing.T) *edge.Edge {
	t.Helper()
	return edge.Start(t, largeHeads+"EDGE {\n\tpage_cache 1h\n\t@asked path /asked\n\tpage_cache @asked off\n\treverse_proxy unix/"+
		edge.UWSGI(t, "testdata/environ.py", 1)+" {\n\t\ttransport uwsgi\n\t}\n}\n")
}

// asked is how many requests the application has had.
func asked(t *testing.T, e *edge.Edge) string {
	t.Helper()
	a := e.Get("/asked", cookie("A"))
	if a.Status != http.StatusOK {
		t.Errorf("status %d", a.Status)
	}
	return a.Body
}

// TestS51_OversizeHeadsAtUWSGI: uWSGI hangs up on a head that is larger than its buffer,
// which is an error of the one's who sent it.
func TestS51_OversizeHeadsAtUWSGI(t *testing.T) {
	e := behindUWSGI(t)
	failed := 0
	for attack, lines := range oversize() {
		target := newPage()
		poisoned := e.Get(target, lines...)
		for range 2 {
			clean := e.Get(target)
			if clean.Status != http.StatusOK || clean.Has("poison") || echoed(clean, "REQUEST_URI") != target {
				t.Errorf("after %s (%d) a clean visitor got %d\n%s", attack, poisoned.Status, clean.Status, clean.Body)
			}
		}
		e.Get(target).Want(t, "hit")
		if a := e.Get(target, append(lines, cookie("A"))...); a.Status >= 400 {
			failed++
		}
		e.Get(target).Want(t, "hit")
		cold := newPage()
		e.Get(cold, append(lines, cookie("A"))...)
		if clean := e.Get(cold); clean.Status != http.StatusOK || clean.Has("poison") {
			t.Errorf("after %s, forwarded, a clean visitor got %d", attack, clean.Status)
		}
	}
	if failed < 4 {
		t.Errorf("uWSGI refused %d of the heads; the test shows nothing", failed)
	}
}

// TestS64_LargestBlock: a request whose variables do not fit into one block of uwsgi, the
// path twice among them, is refused and reaches nobody; no length of it wraps around and
// makes the application read another request.
func TestS64_LargestBlock(t *testing.T) {
	e := behindUWSGI(t)
	e.Get("/warm").Want(t, "fwd=uri-miss", "stored")
	before := asked(t, e)
	for name, tt := range map[string]struct {
		target string
		lines  []string
	}{
		"a decoded path of 65,556 bytes": {"/" + strings.Repeat("a", 65555), nil},
		"an escaped path":                {"/" + strings.Repeat("%61", 21900), nil},
		"a path of a block":              {"/" + strings.Repeat("a", 65536), nil},
		"a path of two blocks":           {"/" + strings.Repeat("a", 131072), nil},
		"a path of half a block, twice":  {"/" + strings.Repeat("a", 33000), nil},
		"a query":                        {"/x?" + strings.Repeat("a", 65536), nil},
		"a header, forwarded":            {"/x", []string{cookie("A"), "X-Large: " + strings.Repeat("x", 65536-len("HTTP_X_LARGE"))}},
		"many headers, forwarded":        {"/x", append(oversize()["70 kB in one"], cookie("A"))},
		"a header of names":              {"/x", []string{cookie("A"), "X-Large: " + strings.Repeat("REQUEST_METHOD", 4700)}},
	} {
		for range 2 {
			a := e.Get(tt.target, tt.lines...)
			if a.Status != http.StatusRequestHeaderFieldsTooLarge && a.Status != http.StatusRequestURITooLong {
				t.Errorf("%s: status %d, want 431 or 414", name, a.Status)
			}
			if len(a.Header["Cache-Status"]) > 0 && (a.Is(t, "stored") || a.Is(t, "hit")) {
				t.Errorf("%s: Cache-Status %q", name, a.Header["Cache-Status"])
			}
		}
	}
	if after := asked(t, e); after != before {
		t.Errorf("the application had %s requests before, and %s after", before, after)
	}
	e.Get("/warm").Want(t, "hit")
	e.Get(newPage()).Want(t, "fwd=uri-miss", "stored")
}

// TestS52_ControlCharacters: what is no header is refused before anybody is asked, and a
// letter that is only unusual changes nothing.
func TestS52_ControlCharacters(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	warm := newPage()
	page := wantCached(t, e, o, warm)
	var bad []string
	for _, b := range "\x00\x01\x02\x07\x08\x0b\x0c\x0e\x1b\x1f\x7f\r" {
		bad = append(bad, "X-Odd: poison"+string(b)+"x", "X-Odd: "+string(b)+"poison")
		if b != '\r' {
			bad = append(bad, "X-Odd"+string(b)+": poison", "X-"+string(b)+"Odd: poison", string(b)+"X-Odd: poison")
		}
	}
	bad = append(bad, "X Odd: poison", "X-Odd : poison", "X-Odd\t: poison", ": poison", "X-Odd", "X-Odd(: poison", "X-Odd[]: poison", "\"X-Odd\": poison", "X-Odd\xe9: poison",
		"Host: shop.test\r\nHost: poison.test", "Host: shop.test/poison", "Host: shop test")
	hits := o.Hits()
	for _, line := range bad {
		for _, target := range []string{warm, newPage()} {
			if a := e.Get(target, line); a.Status != http.StatusBadRequest || a.Header["Cache-Status"] != nil {
				t.Errorf("%q: status %d, %q, want 400", line, a.Status, a.Header["Cache-Status"])
			}
		}
	}
	wantHits(t, o, hits)
	wantHit(t, e, o, page, warm)
	for _, line := range []string{ // a line that ends early is two; a folded one is one
		"X-Odd: poison\xe9", "X-Odd: poison\u00e9\u2028", "X-Odd: poison\xff\x80", "X-Odd: a\r\n poison", "X-Odd: a\r\n\tpoison: b", "X-Odd: a\nX-Poison: poison", "X-Odd: \tpoison\t", "!#$%&'*+-.^_`|~: poison", "X-Odd: \"poison",
	} {
		wantHarmless(t, e, "poison", line)
	}
	wantHit(t, e, o, page, warm)
}
