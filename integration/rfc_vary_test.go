package integration

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// variesBy answers with the values of these request fields, and varies by them.
func variesBy(names ...string) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "200 OK", values(a.Header, names), "Vary: "+strings.Join(names, ", "))
		return true
	}
}

// values writes what these fields hold, so that no two ways to write them read the
// same.
func values(h map[string][]string, names []string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %q\n", name, h[name])
	}
	return b.String()
}

// TestS49_ValuesNeverSelectAnotherVariant: whatever a visitor writes into a field
// that the page varies by, he gets what the origin makes of just that.
func TestS49_ValuesNeverSelectAnotherVariant(t *testing.T) {
	// RFC 9111: 4-3, 4.1-1
	long := strings.Repeat("y", 8<<10)
	variants := []struct {
		lines []string
		a, b  []string
	}{
		{nil, nil, nil},
		{[]string{"X-A:"}, []string{""}, nil},
		{[]string{"X-B:"}, nil, []string{""}},
		{[]string{"X-A: 1"}, []string{"1"}, nil},
		{[]string{"X-B: 1"}, nil, []string{"1"}},
		{[]string{"X-A: 1, 2"}, []string{"1, 2"}, nil},
		{[]string{"X-A: 1", "X-B: 2"}, []string{"1"}, []string{"2"}},
		{[]string{"X-A: 1, X-B: 2"}, []string{"1, X-B: 2"}, nil},
		{[]string{"X-A: 12"}, []string{"12"}, nil},
		{[]string{"X-A: 1 2"}, []string{"1 2"}, nil},
		{[]string{"X-A: 1:2"}, []string{"1:2"}, nil},
		{[]string{"X-A: 1|2"}, []string{"1|2"}, nil},
		{[]string{"X-A: 1", "X-B: |2"}, []string{"1"}, []string{"|2"}},
		{[]string{"X-A: 1%002"}, []string{"1%002"}, nil},
		{[]string{`X-A: 1\x002`}, []string{`1\x002`}, nil},
		{[]string{"X-A: 1\x80\xff2"}, []string{"1\x80\xff2"}, nil},
		{[]string{"X-A: 1\u241e2"}, []string{"1\u241e2"}, nil},
		{[]string{`X-A: "1, 2"`}, []string{`"1, 2"`}, nil},
		{[]string{`X-A: "1,2"`}, []string{`"1,2"`}, nil},
		{[]string{`X-A: "1", X-B: "2"`}, []string{`"1", X-B: "2"`}, nil},
		{[]string{"X-A: ,1"}, []string{", 1"}, nil},
		{[]string{"X-A: 1,"}, []string{"1, "}, nil},
		{[]string{"X-A: " + long}, []string{long}, nil},
		{[]string{"X-A: " + long + "z"}, []string{long + "z"}, nil},
		{[]string{"X-A: " + long, "X-B: z"}, []string{long}, []string{"z"}},
	}
	o := edge.NewOrigin(t, variesBy("X-A", "X-B"))
	e := shop(t, o, "max_variants 64")
	target := newPage()
	for round := range 3 {
		for _, v := range variants {
			a := e.Get(target, v.lines...)
			want := values(map[string][]string{"X-A": v.a, "X-B": v.b}, []string{"X-A", "X-B"})
			if strings.ReplaceAll(a.Body, ", \"", ",\"") != strings.ReplaceAll(want, ", \"", ",\"") {
				t.Errorf("round %d, %.60q: got %.120q, want %.120q", round, v.lines, a.Body, want)
			}
			if round > 0 && !a.Is(t, "hit") {
				t.Errorf("round %d, %.60q: Cache-Status %q", round, v.lines, a.Header["Cache-Status"])
			}
		}
	}
	wantHits(t, o, len(variants))
}

// TestS49_ControlCharacters: what cannot be a field's value is refused, and selects
// nothing.
func TestS49_ControlCharacters(t *testing.T) {
	o := edge.NewOrigin(t, variesBy("X-A", "X-B"))
	e := shop(t, o)
	target := newPage()
	page := wantCached(t, e, o, target)
	for _, value := range []string{"1\x002", "1\x012", "1\x7f2", "1\r2"} {
		if a := e.Get(target, "X-A: "+value); a.Status != 400 {
			t.Errorf("%q: status %d, want 400", value, a.Status)
		}
	}
	// A line that is folded is one, and a line that ends early begins another field,
	// which is the visitor's own right.
	if a := e.Get(target, "X-A: 1\n X-B: 2"); a.Status == 200 && a.Is(t, "hit") {
		t.Errorf("a folded line got %q", a.Body)
	}
	if a := e.Get(target, "X-A: 1\nX-B: 2"); a.Status == 200 && a.Body != "X-A: [\"1\"]\nX-B: [\"2\"]\n" {
		t.Errorf("two lines got %q", a.Body)
	}
	wantHit(t, e, o, page, target)
}

// TestS49_OneVariantInManyForms: blanks around commas and several lines do not
// make another variant.
func TestS49_OneVariantInManyForms(t *testing.T) {
	o := edge.NewOrigin(t, variesBy("X-A"))
	e := shop(t, o)
	target := newPage()
	e.Get(target).Want(t, "fwd=uri-miss", "stored")
	page := e.Get(target, "X-A: 1, 2")
	page.Want(t, "fwd=vary-miss", "stored")
	for _, lines := range [][]string{
		{"X-A: 1,2"}, {"X-A:1 ,\t2 "}, {"X-A: 1", "X-A: 2"}, {"x-a: 1", "X-A:   2"}, {"X-A: \t 1  ,  2\t"},
	} {
		if a := e.Get(target, lines...); !a.Is(t, "hit") || a.Body != page.Body {
			t.Errorf("%q: Cache-Status %q, body %q", lines, a.Header["Cache-Status"], a.Body)
		}
	}
	e.Get(target, "X-A: 2, 1").Want(t, "fwd=vary-miss", "stored")
	wantHits(t, o, 3)
}

// TestS49_OddVary: Vary is read as the list that it is, in however many lines, and
// an absurd one keeps the page out of the store.
func TestS49_OddVary(t *testing.T) {
	numbered := func(n int) []string {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf("Vary: X-%d", i)
		}
		return lines
	}
	same := make([]string, 200)
	for i := range same {
		same[i] = "Vary: x-a ,X-A,"
	}
	for name, tt := range map[string]struct {
		vary   []string
		stored bool
	}{
		"empty members":         {[]string{"Vary: ,, Accept-encoding ,ACCEPT-ENCODING"}, true},
		"nothing":               {[]string{"Vary:"}, true},
		"only commas":           {[]string{"Vary: ,,,"}, true},
		"one name 200 times":    {same, true},
		"eight lines":           {numbered(8), true},
		"nine lines":            {numbered(9), false},
		"100 names in lines":    {numbered(100), false},
		"100 names in one line": {[]string{"Vary: " + strings.ReplaceAll(strings.Join(numbered(100), ", "), "Vary: ", "")}, false},
		"64 characters":         {[]string{"Vary: " + strings.Repeat("x", 64)}, true},
		"129 characters":        {[]string{"Vary: " + strings.Repeat("x", 129)}, false},
		"8 kB":                  {[]string{"Vary: " + strings.Repeat("x", 8<<10)}, false},
		"a blank in a name":     {[]string{"Vary: X A"}, false},
		"a parameter":           {[]string{"Vary: X-A;q=1"}, false},
		"quotes":                {[]string{`Vary: "X-A"`}, false},
		"a colon":               {[]string{"Vary: X-A: 1"}, false},
		"a star in the last":    {[]string{"Vary: X-A", "Vary: X-B, *"}, false},
		"a star and more":       {[]string{"Vary: *, X-A"}, false},
		"a star in a name":      {[]string{"Vary: X-*"}, true}, // it is a token (RFC 9110 §5.6.2)
	} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, answering(append(tt.vary, "Cache-Control: public, max-age=60")...))
			e := shop(t, o)
			target := newPage()
			first, second := e.Get(target, "Accept-Encoding: gzip"), e.Get(target, "Accept-Encoding: br;q=0.1")
			if !tt.stored {
				first.Want(t, "detail="+map[bool]string{true: "vary-star", false: "vary-limit"}[strings.Contains(name, "star")])
			}
			if second.Is(t, "hit") != tt.stored || second.Is(t, "stored") {
				t.Errorf("first %q, second %q, want stored %t", first.Header["Cache-Status"], second.Header["Cache-Status"], tt.stored)
			}
			wantHits(t, o, map[bool]int{true: 1, false: 2}[tt.stored])
		})
	}
}

// TestS49_ChangingVary: an origin that names another field with each answer
// neither fills the store nor is asked without end, and no visitor gets a page
// that was made without a field of his.
func TestS49_ChangingVary(t *testing.T) {
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "200 OK", edge.EchoBody(a), fmt.Sprintf("Vary: X-%d", a.N))
		return true
	})
	e := shop(t, o)
	target := newPage()
	for i := range 30 {
		before := o.Hits()
		value := fmt.Sprintf("value-%d", i)
		name := fmt.Sprintf("X-%d", before+1)
		a := e.Get(target, name+": "+value)
		if a.Status != 200 || !a.Whole() {
			t.Errorf("status %d, whole %t", a.Status, a.Whole())
		}
		if got := o.Hits() - before; got > 10 {
			t.Errorf("%d requests at the origin for one visitor", got)
		}
		for j := range i {
			if other := fmt.Sprintf("value-%d\n", j); strings.Contains(a.Body, other) {
				t.Errorf("visitor %d got %q", i, a.Body)
			}
		}
	}
}
