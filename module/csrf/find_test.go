package csrf_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/csrf"
)

// TestFind: tokens are found wherever they stand, if they stand alone. In the pages, $
// is a token, each time another one, # is a digest of 64 characters that is no token,
// % is the secret, @ is a foreign token.
func TestFind(t *testing.T) {
	many := strings.Repeat("<input name=csrfmiddlewaretoken value=$>", csrf.MaxHoles)
	for name, tt := range map[string]struct {
		page  string
		holes int
		err   error
	}{
		"empty":             {"", 0, nil},
		"no token":          {"<p>Hello</p>", 0, nil},
		"alone":             {"$", 1, nil},
		"a form":            {`<input type="hidden" name="csrfmiddlewaretoken" value="$">`, 1, nil},
		"two":               {"$ $", 2, nil},
		"a script":          {`<script>var csrfToken = '$';</script>`, 1, nil},
		"JSON":              {`{"csrfToken":"$"}`, 1, nil},
		"an attribute":      {`<body hx-headers='{"X-CSRFToken": "$"}'>`, 1, nil},
		"HTML escapes":      {`<div data-x="{&quot;csrfToken&quot;:&quot;$&quot;}">`, 1, nil},
		"escapejs":          {`"\u003Cinput value\u003D\u0022$\u0022\u003E"`, 1, nil},
		"a line break":      {`"csrf\n$\n"`, 1, nil},
		"hexadecimal":       {`"\x22$\x22"`, 1, nil},
		"percent":           {`a%22$%22`, 1, nil},
		"no escape":         {`"\u00$"`, 0, csrf.ErrRunOn},
		"no escape, u":      {`"u0022$"`, 0, csrf.ErrRunOn},
		"no percent":        {`a%2g$`, 0, csrf.ErrRunOn},
		"a letter after":    {`$a`, 0, csrf.ErrRunOn},
		"a digit before":    {`0$`, 0, csrf.ErrRunOn},
		"two in one":        {`$$`, 0, csrf.ErrRunOn},
		"after a long run":  {strings.Repeat("x", 5000) + "$", 0, csrf.ErrRunOn},
		"set off":           {`0_$-a`, 1, nil},
		"beyond ASCII":      {`é$é`, 1, nil},
		"the secret":        {`<p>%`, 0, csrf.ErrBareSecret},
		"the secret, in it": {`<p>abc%de`, 0, csrf.ErrBareSecret},
		"both":              {`<p>$ %`, 0, csrf.ErrBareSecret},
		"as many as may be": {many, csrf.MaxHoles, nil},
		"too many":          {many + "$", 0, csrf.ErrTooMany},
		"a digest":          {`<script integrity="#"></script>$`, 1, nil},
		"a digest that another word names": {
			`{"csrfToken":"$","hash":"#"}`, 1, nil,
		},
		"a digest before one in a tag":      {`<div data-hash="#" data-csrf="$">`, 1, nil},
		"a digest after one in a tag":       {`<div data-csrf="$" data-hash="#">`, 1, nil},
		"a foreign one":                     {`<input name=csrfmiddlewaretoken value=@>`, 0, csrf.ErrForeign},
		"a foreign one beside one":          {`<input name=csrfmiddlewaretoken value=$><input value=@ name=csrfmiddlewaretoken>`, 0, csrf.ErrForeign},
		"a foreign one, then one":           {`<input value=@ name=csrfmiddlewaretoken><input name=csrfmiddlewaretoken value=$>`, 0, csrf.ErrForeign},
		"a foreign one that nobody can see": {`<p>@</p>$`, 1, nil},
	} {
		random := source(2)
		s, other := csrf.NewSecret(random), csrf.NewSecret(random)
		var page strings.Builder
		var want []int
		for _, c := range tt.page {
			switch c {
			case '$':
				want = append(want, page.Len())
				page.WriteString(token(s, random))
			case '@':
				page.WriteString(token(other, random))
			case '#':
				page.WriteString(strings.Repeat("0123456789abcdef", 4))
			case '%':
				if name == "percent" || name == "no percent" {
					page.WriteByte('%')
				} else {
					page.Write(s[:])
				}
			default:
				page.WriteRune(c)
			}
		}
		holes, err := csrf.Find([]byte(page.String()), s)
		if len(holes) != tt.holes || !errors.Is(err, tt.err) {
			t.Errorf("%s: %d holes, %v; want %d, %v", name, len(holes), err, tt.holes, tt.err)
		}
		if err == nil && !slices.Equal(holes, want) {
			t.Errorf("%s: %v, want %v", name, holes, want)
		}
	}
}

// TestFindError: each reason says something else.
func TestFindError(t *testing.T) {
	said := map[string]bool{}
	for e := range csrf.ErrForeign + 2 {
		said[e.Error()] = true
	}
	if len(said) != int(csrf.ErrForeign)+1 {
		t.Errorf("%v", said)
	}
}

// TestFindWhere: a token is found at every distance from the start, and at the end.
func TestFindWhere(t *testing.T) {
	random := source(3)
	s := csrf.NewSecret(random)
	for before := range 200 {
		for _, fill := range []string{"-", "a-", "abcdefghijklmnopqrstuvwxyzabcde-"} {
			page := strings.Repeat(fill, before)
			page = page[len(page)-min(len(page), before):]
			for _, after := range []string{"", ".", strings.Repeat("-a", 40)} {
				holes, err := csrf.Find([]byte(page+token(s, random)+after), s)
				if err != nil || len(holes) != 1 || holes[0] != before {
					t.Fatalf("after %q: %v %v", page, holes, err)
				}
			}
		}
	}
}

// TestFindRandom: in any page, exactly the tokens that were put there are found, and
// filled with another secret's they are that one's.
func TestFindRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := anySource(t)
		s, other := csrf.NewSecret(random), csrf.NewSecret(random)
		var page []byte
		var want []int
		text := rapid.SampledFrom([]string{
			"<", ">", "<p>", `<input name="csrfmiddlewaretoken" value="`, `">`, "csrf", "; ", "= ", `\`, `\u0022`, "%22", "a", "é", "\xff",
			strings.Repeat("z", 31), strings.Repeat("z", 70), "\n", "{", ",",
		})
		for range rapid.IntRange(0, 20).Draw(t, "pieces") {
			for range rapid.IntRange(0, 5).Draw(t, "texts") {
				page = append(page, text.Draw(t, "text")...)
			}
			if rapid.Bool().Draw(t, "token") {
				page = append(page, '"')
				want = append(want, len(page))
				page = append(append(page, token(s, random)...), '"')
			}
		}
		holes, err := csrf.Find(page, s)
		if errors.Is(err, csrf.ErrForeign) {
			return // two texts have made one
		}
		if err != nil || !slices.Equal(holes, want) {
			t.Fatalf("%q: %v %v, want %v", page, holes, err, want)
		}
		for _, at := range holes {
			other.Mask(random, page[at:])
		}
		if again, err := csrf.Find(page, other); err != nil || !slices.Equal(again, want) {
			t.Errorf("filled in: %v %v", again, err)
		}
	})
}

// FuzzFind: a hole always holds a token, no two overlap, and what is left of a page is
// neither the secret nor a token.
func FuzzFind(f *testing.F) {
	random := source(4)
	s := csrf.NewSecret(random)
	f.Add([]byte(`<input name="csrfmiddlewaretoken" value="`), []byte(`">`), uint8(0))
	f.Add([]byte(`\u0022`), []byte(`\u0022`), uint8(1))
	f.Add([]byte(`<a <b c='csrf>`), []byte(`;}`), uint8(2))
	f.Add([]byte(strings.Repeat("a", 64)+" csrf="), []byte(strings.Repeat("b", 33)), uint8(3))
	f.Fuzz(func(t *testing.T, before, after []byte, kind uint8) {
		middle := []string{token(s, random), token(s, random) + " " + token(s, random), string(s[:]), ""}[kind%4]
		page := slices.Concat(before, []byte(middle), after)
		holes, err := csrf.Find(page, s)
		if err != nil {
			if holes != nil {
				t.Errorf("holes beside %v", err)
			}
			return
		}
		end := 0
		for _, at := range holes {
			if at < end || !s.Unmasks(page[at:at+csrf.TokenSize]) {
				t.Errorf("%d is no hole", at)
			}
			end = at + csrf.TokenSize
		}
		// With 32 times the first letter before it, the secret is a token itself.
		bare := kind%4 == 2 && !slices.Contains(holes, len(before)-csrf.SecretSize)
		if least := []int{1, 2, 0, 0}[kind%4]; len(holes) < least || bare {
			t.Errorf("%q: %d holes", page, len(holes))
		}
		for _, at := range holes {
			copy(page[at:], strings.Repeat("-", csrf.TokenSize))
		}
		if left, err := csrf.Find(page, s); err != nil && !errors.Is(err, csrf.ErrForeign) || len(left) > 0 {
			t.Errorf("left: %v %v", left, err)
		}
	})
}

// bigPage is a page of 256 KiB: markup, a few tokens, digests, and some long runs.
func bigPage(s csrf.Secret, random func([]byte)) []byte {
	var page strings.Builder
	for i := 0; page.Len() < 256<<10; i++ {
		fmt.Fprintf(&page, "<article id=\"product-%d\"><h2 class=\"title is-large\">A fine thing, number %d</h2>\n", i, i)
		page.WriteString("<p>It is made of what such things are made of, and lasts as long as they do.</p></article>\n")
		if i%100 == 50 {
			page.WriteString(`<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="` + token(s, random) + `"></form>`)
			page.WriteString(`<img src="/media/0123456789abcdef0123456789abcdef.png">` + "<!-- " + strings.Repeat("QUJD", 200) + " -->")
		}
	}
	return []byte(page.String())
}

func BenchmarkFind(b *testing.B) {
	random := source(5)
	s := csrf.NewSecret(random)
	page := bigPage(s, random)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if holes, err := csrf.Find(page, s); err != nil || len(holes) < 10 {
			b.Fatalf("%v %v", holes, err)
		}
	}
}

func BenchmarkSuspects(b *testing.B) {
	random := source(5)
	page := []byte(strings.ReplaceAll(string(bigPage(csrf.NewSecret(random), random)), "csrfmiddlewaretoken", "other"))
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if csrf.Suspects(page) {
			b.Fatal("suspected")
		}
	}
}

func BenchmarkMask(b *testing.B) {
	random := source(5)
	s := csrf.NewSecret(random)
	dst := make([]byte, csrf.TokenSize)
	b.ReportAllocs()
	for b.Loop() {
		s.Mask(random, dst)
	}
}
