package integration

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// fieldNames returns the names of testdata/headers.txt: what a client, a proxy, a
// network or a framework is known to send or to listen to, or to have sent once.
func fieldNames(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/headers.txt")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name := strings.TrimSpace(line); name != "" && !strings.HasPrefix(name, "# ") {
			names = append(names, name)
		}
	}
	if len(names) < 1000 {
		t.Fatalf("%d names, want 1,000 at least", len(names))
	}
	return names
}

// mirror answers with all that it was asked, in one order, and with nothing of its
// own: two requests that are alike have the same answer. It varies by the field that
// the query names, if one is named.
func mirror(conn io.Writer, a edge.Asked) bool {
	var b strings.Builder
	fmt.Fprintf(&b, "method=%s\ntarget=%s\nhost=%s\n", a.Method, a.Target, a.Host)
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		fmt.Fprintf(&b, "%s: %q\n", name, a.Header[name])
	}
	fmt.Fprintf(&b, "body=%s\n", a.Body)
	var lines []string
	if _, name, ok := strings.Cut(a.Target, "&vary="); ok {
		name, _ = url.QueryUnescape(name)
		lines = append(lines, "Vary: "+name)
	}
	edge.Reply(conn, "200 OK", b.String(), lines...)
	return true
}

// sweeper asks for pages with a header line more than other visitors have.
type sweeper struct {
	t         *testing.T
	conns     chan *edge.Conn
	reference string // a clean visitor's page, with TARGET for its own target

	pages  atomic.Int64 // that were tried
	shared atomic.Int64 // of these, what a clean visitor got as the other's page
	served atomic.Int64 // what was made for the one who attacked, and holds what he sent
}

const sweepers = 6

func newSweeper(t *testing.T, addr string) *sweeper {
	t.Helper()
	s := &sweeper{t: t, conns: make(chan *edge.Conn, sweepers)}
	for range sweepers {
		s.conns <- edge.NewConn(t, addr)
	}
	target := newPage()
	s.reference = strings.ReplaceAll(s.ask(target).Body, target, "TARGET")
	if !strings.Contains(s.reference, "TARGET") {
		t.Fatalf("the origin does not echo:\n%s", s.reference)
	}
	return s
}

// ask sends a GET with these header lines over one of the connections.
func (s *sweeper) ask(target string, lines ...string) *edge.Answer {
	request := strings.Replace(edge.Request("GET", target, lines...), "Connection: close\r\n\r\n", "\r\n", 1)
	conn := <-s.conns
	defer func() { s.conns <- conn }()
	return conn.Ask("GET", request)
}

// wantReference fails the test unless a clean visitor got his page.
func (s *sweeper) wantReference(a *edge.Answer, target, attack, poison string) {
	s.t.Helper()
	if a.Status != 200 || a.Has(poison) || strings.ReplaceAll(a.Body, target, "TARGET") != s.reference {
		s.t.Errorf("after %q a clean visitor got %d, %q\n%s", attack, a.Status, a.Header["Cache-Status"], a.Body)
	}
}

// coldAndWarm sends an attack to a new page and then a clean request, and both again
// when the page is warm.
func (s *sweeper) coldAndWarm(attack, query, poison string) {
	s.t.Helper()
	s.pages.Add(1)
	target := newPage() + query
	if s.ask(target, attack).Has(poison) {
		s.served.Add(1)
	}
	clean := s.ask(target)
	s.wantReference(clean, target, attack, poison)
	if ofTheStore(s.t, clean) {
		s.shared.Add(1)
	}
	s.ask(target, attack)
	last := s.ask(target)
	s.wantReference(last, target, attack, poison)
	if !ofTheStore(s.t, last) {
		s.t.Errorf("%q: the page is not stored any more, %q", attack, last.Header["Cache-Status"])
	}
}

// ofTheStore reports whether the answer was made for another request.
func ofTheStore(t *testing.T, a *edge.Answer) bool {
	t.Helper()
	return a.Is(t, "hit") || a.Is(t, "collapsed")
}

// sweep tries each name in this form; query, if there is one, makes what the target ends in.
func (s *sweeper) sweep(names []string, form func(name, poison string) string, query func(name string) string) {
	s.t.Helper()
	inParallel(len(names), sweepers, func(i int) {
		poison, end := fmt.Sprintf("poison%dx", i), ""
		if query != nil {
			end = query(names[i])
		}
		s.coldAndWarm(form(names[i], poison), end, poison)
	})
	s.t.Logf("of %d pages %d were the attacker's and then another's, %d held what he sent", s.pages.Load(), s.shared.Load(), s.served.Load())
}

// wantMost fails the test unless four of five pages were: where each attack has a page
// of its own, or none, nothing is shown of what is removed.
func (s *sweeper) wantMost(of *atomic.Int64) {
	s.t.Helper()
	if of.Load()*5 < s.pages.Load()*4 {
		s.t.Errorf("%d of %d are so few that the test shows nothing", of.Load(), s.pages.Load())
	}
}

// some returns every nth name, beginning somewhere, and all of them in the long form.
func some(names []string, n, from int) []string {
	n = times(n, 1)
	var kept []string
	for i := from % n; i < len(names); i += n {
		kept = append(kept, names[i])
	}
	return kept
}

// forms are the ways to write a header line, but the usual one.
var forms = []struct {
	name    string
	refused bool // by the server; or a page is never shared
	write   func(name, poison string) string
}{
	{"lower case", false, func(name, poison string) string { return strings.ToLower(name) + ":" + poison }},
	{"underscores", false, func(name, poison string) string { return strings.ReplaceAll(name, "-", "_") + ": " + poison }},
	{"one underscore", false, func(name, poison string) string { return strings.Replace(name, "-", "_", 1) + ": " + poison }},
	{"dots", false, func(name, poison string) string { return strings.ReplaceAll(name, "-", ".") + ": " + poison }},
	{"a blank", true, func(name, poison string) string { return name + " : " + poison }},
	{"two lines", false, func(name, poison string) string { return name + ":\r\n" + name + ":\t" + poison }},
	{"a folded line", false, func(name, poison string) string { return name + ": a\r\n " + poison }},
	{"hidden by Connection", true, func(name, poison string) string {
		return "Connection: keep-alive, " + name + "\r\n" + name + ": " + poison
	}},
}

func usual(name, poison string) string { return name + ": " + poison }

// TestS20_SweepOfHeaders: no header, however it is written, changes what the next
// visitor gets. There are thousands of them; the origin's pages hold all that it was
// sent. (S17, S19 to S22, S26, S33 and S66 have the names that matter most.)
func TestS20_SweepOfHeaders(t *testing.T) {
	names := fieldNames(t)
	t.Run("as it is", func(t *testing.T) {
		o := edge.NewOrigin(t, mirror)
		s := newSweeper(t, shop(t, o).Addr)
		for _, line := range []string{"X-Odd: poison", "X-Forwarded-Scheme: poison", "x-original-url: poison"} {
			if !s.ask(newPage(), "Cookie: a=b", line).Has("poison") {
				t.Fatalf("%s: what bypasses does not reach the origin; the test shows nothing", line)
			}
		}
		s.sweep(names, usual, nil)
		s.wantMost(&s.shared)
	})
	for i, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			s := newSweeper(t, shop(t, edge.NewOrigin(t, mirror)).Addr)
			s.sweep(some(names, len(forms), i), form.write, nil)
			if !form.refused {
				s.wantMost(&s.shared)
			}
		})
	}
}

// TestS20_SweepUnderOptions: nor do a line's options let a header through, but those
// that name it as harmless, which is the operator's word.
func TestS20_SweepUnderOptions(t *testing.T) {
	all := fieldNames(t)
	for name, tt := range map[string]struct {
		global  string
		options []string
		named   []string // left out
	}{
		"forward":       {"", []string{"forward X-Request-Id X-Theme"}, []string{"X-Request-Id", "X-Theme"}},
		"vary":          {"", []string{"vary Accept-Language X-Kind X-Theme", "vary_by {http.request.header.X-Country}"}, nil},
		"cookies":       {"", []string{"ignore_cookies *", "session sessionid"}, nil},
		"codings":       {"", []string{"codings pass"}, []string{"Accept-Encoding"}},
		"authorization": {"", []string{"authorization rfc9111", "respect_request_cache_control"}, nil},
		"a proxy":       {trustLoopback, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			names := slices.DeleteFunc(some(all, 2, len(name)), func(name string) bool { return slices.Contains(tt.named, name) })
			e := edge.Start(t, tt.global+shopSite(edge.NewOrigin(t, mirror), "1h", tt.options...))
			s := newSweeper(t, e.Addr)
			s.sweep(names, usual, nil)
			s.wantMost(&s.shared)
		})
	}
}

// TestS20_SweepOfVary: where the origin says that it varies by a header, who sends it
// has a page of his own, and the others have theirs.
func TestS20_SweepOfVary(t *testing.T) {
	s := newSweeper(t, shop(t, edge.NewOrigin(t, mirror)).Addr)
	s.sweep(some(fieldNames(t), 2, 1), usual, func(name string) string { return "&vary=" + url.QueryEscape(name) })
	s.wantMost(&s.served)
}
