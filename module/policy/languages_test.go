package policy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func speaking(languages ...string) config.Rule { return config.Rule{VaryLanguage: languages} }

// TestChosenLanguage: RFC 4647 §3.4, lookup, and RFC 9110 §12.4.2, weights.
func TestChosenLanguage(t *testing.T) {
	lines := func(l ...string) []string { return l }
	for name, tt := range map[string]struct {
		listed string
		in     []string
		want   string
	}{
		"absent":                     {"en de fr", nil, "en"},
		"empty":                      {"en de fr", lines(""), "en"},
		"exact":                      {"en de fr", lines("de"), "de"},
		"any case":                   {"en de-AT fr", lines("DE-at"), "de-AT"},
		"written as listed":          {"en DE-at fr", lines("de-AT"), "DE-at"},
		"the greater weight":         {"en de fr", lines("de;q=0.5, fr;q=0.9"), "fr"},
		"the first of one weight":    {"en de fr", lines("fr, de"), "fr"},
		"the first that is there":    {"en de fr", lines("it, fr;q=0.1"), "fr"},
		"over lines":                 {"en de fr", lines("de;q=0.5", "fr"), "fr"},
		"cut":                        {"en de fr", lines("de-CH"), "de"},
		"cut twice":                  {"en zh fr", lines("zh-Hant-TW"), "zh"},
		"cut as far as it has to":    {"en zh zh-Hant", lines("zh-Hant-TW"), "zh-Hant"},
		"cut with what introduces":   {"en zh-Hant zh-Hant-x", lines("zh-Hant-x-private"), "zh-Hant"},
		"cut before a lesser one":    {"en de fr", lines("de-CH, fr;q=0.9"), "de"},
		"a language's form":          {"de en-GB", lines("en"), "en-GB"},
		"the first of its forms":     {"de en-US en-GB", lines("en"), "en-US"},
		"itself before its forms":    {"de en-GB en", lines("en"), "en"},
		"another form":               {"en de-AT fr", lines("de-CH, fr;q=0.9"), "de-AT"},
		"a nearer form":              {"zh-Hans zh-Hant-HK", lines("zh-Hant-TW"), "zh-Hant-HK"},
		"no form but a longer word":  {"en deu", lines("de"), "en"},
		"no match":                   {"en de fr", lines("it, es"), "en"},
		"any":                        {"en de fr", lines("*"), "en"},
		"any, before a name":         {"en de fr", lines("*, de;q=0.1"), "de"},
		"any, behind a name":         {"en de fr", lines("it, *;q=0.5"), "en"},
		"refused":                    {"en de fr", lines("en;q=0, *"), "de"},
		"refused, and no other":      {"en de fr", lines("en;q=0"), "de"},
		"refused with its forms":     {"en-GB de fr", lines("en;q=0"), "de"},
		"refused but for a form":     {"en en-GB", lines("en-GB, en;q=0"), "en-GB"},
		"cut to one that is refused": {"en de fr", lines("de-CH, de;q=0, fr;q=0.1"), "fr"},
		"a form that is refused":     {"de en-GB en-US", lines("en, en-GB;q=0"), "en-US"},
		"all others refused":         {"en de fr", lines("de, *;q=0"), "de"},
		"all refused":                {"en de fr", lines("*;q=0"), "en"},
		"each refused":               {"en de", lines("de;q=0, en;q=0"), "en"},
		"refused and not":            {"en de", lines("de;q=0, de;q=0.5"), "de"},
		"0.000":                      {"en de", lines("de;q=0.000"), "en"},
		"0.001":                      {"en de", lines("de;q=0.001"), "de"},
		"a weight that is none":      {"en de", lines("de;q=x"), "de"},
		"no tags":                    {"en de", lines("-, de-, --, ;q=1, d e"), "de"},
		"a single language":          {"de", lines("en, *;q=0"), "de"},
		"a browser's":                {"en de fr", lines("de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7"), "de"},
	} {
		t.Run(name, func(t *testing.T) {
			r := policy.Compile(speaking(strings.Fields(tt.listed)...))
			if got := r.ChosenLanguage(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			h := http.Header{}
			if tt.in != nil {
				h["Accept-Language"] = tt.in
			}
			if got, want := r.Variant([]string{"Accept-Language"}, h), []cachekey.Field{{Name: "Accept-Language", Values: []string{tt.want}}}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the variant is %v, want %v", got, want)
			}
			if r.ChoosesLanguage() || r.WantedLanguages(h) != nil {
				t.Error("stored pages answer by their language")
			}
		})
	}
}

// anyAcceptLanguage draws the lines of an Accept-Language, or none.
func anyAcceptLanguage(t *rapid.T) []string {
	member := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"en", "EN-gb", "de", "de-CH", "de-AT-1996", "fr", "it", "*", "zh-Hant-TW", "x-a", ""}).Draw(t, "range") +
			rapid.SampledFrom([]string{"", "", ";q=0", ";q=0.5", "; q=0.001", ";q=1"}).Draw(t, "weight")
	})
	line := rapid.Map(rapid.SliceOfN(member, 0, 5), func(m []string) string { return strings.Join(m, ", ") })
	return rapid.SliceOfN(line, 0, 3).Draw(t, "lines")
}

// TestChosenLanguageProperties: whatever a visitor sends, he is in exactly one of as many
// variants as there are languages; one that he names alone is his, and one that he refuses
// is not, if there is another.
func TestChosenLanguageProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := []string{"en", "de", "fr", "en-GB", "de-AT", "zh-Hant"}
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 4, rapid.ID).Draw(t, "languages")
		r, lines := policy.Compile(speaking(names...)), anyAcceptLanguage(t)
		got := r.ChosenLanguage(lines)
		if !slices.Contains(names, got) {
			t.Fatalf("%q is none of %q", got, names)
		}
		if again := r.ChosenLanguage([]string{got}); again != got {
			t.Errorf("%q, and of that %q", got, again)
		}
		if joined := r.ChosenLanguage([]string{strings.ToUpper(strings.Join(lines, ","))}); joined != got {
			t.Errorf("%q in lines, %q in one", got, joined)
		}
		text := strings.ToLower(strings.Join(lines, ","))
		named := slices.ContainsFunc(strings.Split(text, ","), func(m string) bool {
			tag, _, _ := strings.Cut(strings.TrimSpace(m), ";")
			return tag == strings.ToLower(got)
		})
		others := slices.ContainsFunc(names, func(n string) bool { return n != got && !strings.HasPrefix(n, got+"-") })
		refusing := append(slices.Clone(lines), got+";q=0")
		if other := r.ChosenLanguage(refusing); !named && others && !strings.Contains(text, "q=0") && other == got {
			t.Errorf("%q, although it is refused in %q", got, refusing)
		}
	})
}

// TestLanguageVariants: SPEC rule 1 with languages that the line names, in all ways in
// which pages may vary by them: a header in many forms makes as many variants as there are
// languages, an absent one is that of the first, and what a fill carries is what is keyed.
func TestLanguageVariants(t *testing.T) {
	headers := []string{
		"", "-", "en", "de", "fr", "EN", "en-GB", "en-US,en;q=0.9", "de-DE", "de-AT, de;q=0.9", "fr-CA", "fr-FR, fr;q=0.8", "it", "it, de;q=0.1",
		"*", "*;q=0", "en;q=0", "en;q=0, de;q=0", "zh-Hant-TW", "es-419, es", "x", "de;q=0.001", "nl, fr;q=0.3", "de , fr", "fr,de", "en,de", "de,en",
	}
	names := []string{"Accept-Language"}
	for name, c := range map[string]config.Rule{
		"by the answer's Vary":              {},
		"by vary":                           {Vary: []string{"accept-language"}},
		"by the answer's Vary, forward *":   {Forward: []string{"*"}},
		"by vary, with forward * beside it": {Vary: []string{"Accept-Language"}, Forward: []string{"*"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.VaryLanguage = []string{"en", "de", "fr"}
			r, keys := policy.Compile(c), map[string]string{}
			for _, value := range headers {
				q := get()
				if value != "-" {
					q = get("Accept-Language", value)
				}
				want := r.ChosenLanguage(q.Header["Accept-Language"])
				in := policy.DecideIntake(q, r)
				listed, isKeyed := keyed(in, "Accept-Language")
				if isKeyed != (len(c.Vary) > 0) || isKeyed && !slices.Equal(listed, []string{want}) {
					t.Errorf("%q: keyed as %q", value, listed)
				}
				if first := in.Forward["Accept-Language"]; !isKeyed && !slices.Equal(first, []string{"en"}) {
					t.Errorf("%q: a fill carries %q before it is known what the page varies by", value, first)
				}
				if !isKeyed {
					// Before it is known, what comes is what the first fill has asked for.
					if sent := r.Sent(names, &in); !slices.Equal(sent[0].Values, []string{"en"}) {
						t.Errorf("%q: the answer is taken for %q", value, sent[0].Values)
					}
					in.Select(r.Variant(names, q.Header))
				}
				if sent := r.Sent(names, &in); !isKeyed && !slices.Equal(sent[0].Values, []string{want}) {
					t.Errorf("%q: the answer is taken for %q, want %q", value, sent[0].Values, want)
				}
				if len(in.Forward["Accept-Language"]) > 0 {
					t.Errorf("%q: carried %q, too", value, in.Forward["Accept-Language"])
				}
				keys[in.Inputs.Key().Text] = want
			}
			if len(keys) != 3 {
				t.Errorf("%d variants of %d headers", len(keys), len(headers))
			}
		})
	}
}

// TestLanguageAbsent: without named languages, a visitor without the header is one of his
// own kind, as ever.
func TestLanguageAbsent(t *testing.T) {
	for name, c := range map[string]config.Rule{"none": {Vary: []string{"Accept-Language"}}, "any": {Vary: []string{"Accept-Language"}, VaryLanguage: []string{"*"}}} {
		r := policy.Compile(c)
		in := policy.DecideIntake(get(), r)
		if values, ok := keyed(in, "Accept-Language"); ok || len(in.Forward) > 0 {
			t.Errorf("%s: keyed as %q, carried %v", name, values, in.Forward)
		}
		if got := r.Variant([]string{"Accept-Language"}, http.Header{})[0].Values; got != nil {
			t.Errorf("%s: the variant is %q", name, got)
		}
	}
}

// TestPostInALanguage: an answer to a POST is stored for one of the named languages only
// if the POST has asked for just that one.
func TestPostInALanguage(t *testing.T) {
	c := speaking("en", "de")
	c.StorePost = true
	for value, want := range map[string]bool{"de": true, "en": true, "DE": false, "de, en": false, "fr": false, "": false} {
		q := get("Accept-Language", value)
		q.Method, q.HasBody = http.MethodPost, true
		if _, ok := policy.PostAsGet(q, policy.Compile(c)); ok != want {
			t.Errorf("%q: %v", value, ok)
		}
		if _, ok := policy.PostAsGet(q, policy.Compile(config.Rule{StorePost: true})); !ok {
			t.Errorf("%q: not stored without the option", value)
		}
	}
	q := get()
	q.Method = http.MethodPost
	if _, ok := policy.PostAsGet(q, policy.Compile(c)); ok {
		t.Error("no Accept-Language: the application chose, and a fill asks for the first")
	}
}

// FuzzChosenLanguage: any Accept-Language is one of the languages, the same in one line
// and in any case.
func FuzzChosenLanguage(f *testing.F) {
	f.Add("de-AT, de;q=0.9, en;q=0.80,*;q=0.1", "FR")
	f.Add("en;q=0,de;q=0.000", "*")
	f.Add("-,a--b,x-,de-x-y-", "\t,\xff\x00;q=1.000")
	f.Add("\u0130, \u212a;q=0.3", strings.Repeat("a-", 999))
	languages := []string{"en", "de-AT", "zh-Hant-TW", "fr"}
	r := policy.Compile(speaking(languages...))
	f.Fuzz(func(t *testing.T, first, second string) {
		got := r.ChosenLanguage([]string{first, second})
		if !slices.Contains(languages, got) {
			t.Errorf("%q", got)
		}
		if joined := r.ChosenLanguage([]string{first + "," + second}); joined != got {
			t.Errorf("%q in two lines, %q in one", got, joined)
		}
		if lower := r.ChosenLanguage([]string{strings.ToLower(first), strings.ToLower(second)}); lower != got {
			t.Errorf("%q, in lower case %q", got, lower)
		}
		if canonical := r.ChosenLanguage([]string{policy.Compile(config.Rule{}).CanonicalLanguages([]string{first, second})}); canonical != got {
			t.Errorf("%q, and of the canonical form %q", got, canonical)
		}
	})
}
