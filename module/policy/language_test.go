package policy_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

var byLanguage = config.Rule{VaryLanguage: []string{"*"}}

// TestWantedLanguages: RFC 9110 §12.5.4, what a visitor wants most.
func TestWantedLanguages(t *testing.T) {
	lines := func(l ...string) []string { return l }
	for name, tt := range map[string]struct{ in, want []string }{
		"absent":                  {nil, nil},
		"empty":                   {lines(""), nil},
		"one":                     {lines("de"), lines("de")},
		"any case":                {lines("DE-at"), lines("de-at")},
		"the greatest weight":     {lines("en;q=0.8, de, fr;q=0.9"), lines("de")},
		"two of it":               {lines("en, de;q=0.9, fr"), lines("en", "fr")},
		"two of it, behind less":  {lines("de;q=0.9, en;q=0.91, fr;q=0.910"), lines("en", "fr")},
		"in two lines":            {lines("de;q=0.5", "en"), lines("en")},
		"0.001":                   {lines("de;q=0.001"), lines("de")},
		"0":                       {lines("de;q=0"), nil},
		"0 and more":              {lines("de;q=0, en;q=0.1"), lines("en")},
		"any":                     {lines("*"), nil},
		"any, before a lesser":    {lines("*, de;q=0.5"), lines("de")},
		"a weight that is none":   {lines("de;q=x, en;q=0.9"), lines("de")},
		"members without a name":  {lines(" , ;q=1, de"), lines("de")},
		"with another parameter":  {lines("de;x=1;q=0.5, en;q=0.4"), lines("de")},
		"the weight a thousandth": {lines("de;q=0.998, en;q=0.999"), lines("en")},
	} {
		h := http.Header{}
		if tt.in != nil {
			h["Accept-Language"] = tt.in
		}
		if got := policy.Compile(byLanguage).WantedLanguages(h); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
		if got := policy.Compile(config.Rule{}).WantedLanguages(h); got != nil {
			t.Errorf("%s: %q although the line does not choose by language", name, got)
		}
	}
}

// TestLanguage: which variant may answer by its language: one whose language is
// known, of a resource that varies by nothing else.
func TestLanguage(t *testing.T) {
	accept := []string{"Accept-Language"}
	for name, tt := range map[string]struct {
		names []string
		h     http.Header
		want  string
	}{
		"one":               {accept, fields("Content-Language", "de"), "de"},
		"any case, blanks":  {accept, fields("Content-Language", " DE-at "), "de-at"},
		"none":              {accept, fields(), ""},
		"empty":             {accept, fields("Content-Language", ""), ""},
		"two":               {accept, fields("Content-Language", "de, en"), ""},
		"two lines":         {accept, fields("Content-Language", "de", "Content-Language", "en"), ""},
		"no language":       {accept, fields("Content-Language", "d e"), ""},
		"a star":            {accept, fields("Content-Language", "*"), ""},
		"a letter of ours":  {accept, fields("Content-Language", "dé"), ""},
		"varies by more":    {[]string{"Accept-Language", "X-A"}, fields("Content-Language", "de"), ""},
		"varies by another": {[]string{"X-A"}, fields("Content-Language", "de"), ""},
		"varies by nothing": {nil, fields("Content-Language", "de"), ""},
	} {
		if got := policy.Compile(byLanguage).Language(tt.names, tt.h); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
		if got := policy.Compile(config.Rule{}).Language(tt.names, tt.h); got != "" {
			t.Errorf("%s: %q although the line does not choose by language", name, got)
		}
	}
}

// FuzzLanguages: any Accept-Language has one canonical form, which means the same;
// where the line chooses by language, whatever the order was.
func FuzzLanguages(f *testing.F) {
	f.Add("de-AT, de;q=0.9, en;q=0.80,*;q=0.1", "FR")
	f.Add("en;q=0.5;x=y,;q=1, , EN;Q=.5", "en")
	f.Add("*", "")
	f.Add("a b;q=0.0001", "\t,\xff\x00;q=1.000")
	f.Add("de;q=0, de;q=0.000", "de;q=0.001,de")
	f.Add("\u0130, \u212a;q=0.3", "\"de, at\"")
	ordered, chosen := policy.Compile(config.Rule{}), policy.Compile(byLanguage)
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, r := range []*policy.Rule{ordered, chosen} {
			once := r.CanonicalLanguages([]string{first, second})
			if again := r.CanonicalLanguages([]string{once}); again != once {
				t.Errorf("%q becomes %q, and then %q", []string{first, second}, once, again)
			}
			if joined := r.CanonicalLanguages([]string{first + "," + second}); joined != once {
				t.Errorf("%q in two lines, %q in one", once, joined)
			}
			if strings.ToLower(once) != once || strings.Contains(once, ",,") {
				t.Errorf("%q is not canonical", once)
			}
		}
		if swapped := chosen.CanonicalLanguages([]string{second, first}); swapped != chosen.CanonicalLanguages([]string{first, second}) {
			t.Errorf("%q in another order", swapped)
		}
		raw, canonical := http.Header{"Accept-Language": {first, second}}, http.Header{"Accept-Language": {ordered.CanonicalLanguages([]string{first, second})}}
		if a, b := chosen.WantedLanguages(raw), chosen.WantedLanguages(canonical); !slices.Equal(a, b) {
			t.Errorf("%q are wanted, and of the canonical form %q", a, b)
		}
	})
}

// FuzzCanonicalList: any list has one canonical form, which has the same members
// and in which quoted ones are as they were.
func FuzzCanonicalList(f *testing.F) {
	f.Add("a,b ,\tc", "")
	f.Add(`"a,b" , c`, `"d`)
	f.Add(`"a`, `"b,c"`)
	f.Add(`"a\", "b,c"`, `\"`)
	f.Add(`x="\`, `",y"`)
	f.Add(`"a\ ,\"`, " , ,")
	f.Add("\x00\xff,\"", "\",\"")
	f.Fuzz(func(t *testing.T, first, second string) {
		once := policy.CanonicalList([]string{first, second})
		if again := policy.CanonicalList([]string{once}); again != once {
			t.Errorf("%q becomes %q, and then %q", []string{first, second}, once, again)
		}
		if joined := policy.CanonicalList([]string{first + "," + second}); joined != once && !strings.Contains(first+second, `"`) {
			t.Errorf("%q in two lines, %q in one", once, joined)
		}
		// But for blanks next to commas, nothing is added, lost or moved.
		bare := func(s string) string { return strings.NewReplacer(" ", "", "\t", "").Replace(s) }
		if bare(once) != bare(first+","+second) {
			t.Errorf("%q becomes %q", []string{first, second}, once)
		}
		if !strings.ContainsAny(first, `",`) && strings.Trim(first, " \t") == first {
			if alone := policy.CanonicalList([]string{first}); alone != first {
				t.Errorf("%q becomes %q", first, alone)
			}
		}
	})
}
