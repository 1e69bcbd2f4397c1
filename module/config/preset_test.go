package config_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/config"
)

func expanded(r config.Rule) config.Rule {
	r.Expand()
	return r
}

// TestExpand: a preset adds to what is given, and gives nothing that contradicts it.
func TestExpand(t *testing.T) {
	list := func(names ...string) []string { return names }
	django := expanded(config.Rule{Preset: config.PresetDjango})
	own := &config.CSRF{Framework: "django", Cookie: "xsrf"}
	for name, tt := range map[string]struct {
		rule config.Rule
		want func(r *config.Rule) // what is other than django alone
	}{
		"nothing else":   {want: func(*config.Rule) {}},
		"another option": {config.Rule{TTL: second}, func(r *config.Rule) { r.TTL = second }},
		"sessions of his own come first": {
			config.Rule{Session: list("basket", "messages")},
			func(r *config.Rule) { r.Session = list("basket", "messages", "sessionid") },
		},
		"a pattern takes them in": {config.Rule{Session: list("sess*")}, func(r *config.Rule) { r.Session = list("sess*", "messages") }},
		"a private session": {
			config.Rule{PrivateSession: list("sessionid")},
			func(r *config.Rule) { r.Session, r.PrivateSession = list("messages"), list("sessionid") },
		},
		"private sessions by a pattern": {
			config.Rule{PrivateSession: list("sess*")},
			func(r *config.Rule) { r.Session, r.PrivateSession = list("messages"), list("sess*") },
		},
		"a session that is ignored": {
			config.Rule{IgnoreCookies: list("messages")},
			func(r *config.Rule) { r.Session, r.IgnoreCookies = list("sessionid"), list("messages") },
		},
		"all cookies are ignored": {config.Rule{IgnoreCookies: list("*")}, func(r *config.Rule) { r.IgnoreCookies = list("*") }},
		"a session that is a variant": {
			config.Rule{VaryCookies: list("messages")},
			func(r *config.Rule) {
				r.Session, r.VaryCookies = list("sessionid"), list("messages", "django_language")
			},
		},
		"a session that is stripped": {
			config.Rule{StripSetCookie: list("messages")},
			func(r *config.Rule) { r.Session, r.StripSetCookie = list("sessionid"), list("messages") },
		},
		"a session that matters": {config.Rule{CookiesOnly: list("sessionid")}, func(r *config.Rule) { r.CookiesOnly = list("sessionid") }},
		"a language that matters": {
			config.Rule{CookiesOnly: list("django_language")},
			func(r *config.Rule) { r.VaryCookies, r.CookiesOnly = nil, list("django_language") },
		},
		"a language that is a session": {
			config.Rule{Session: list("django_*")},
			func(r *config.Rule) { r.VaryCookies, r.Session = nil, list("django_*", "sessionid", "messages") },
		},
		"a language that is ignored": {
			config.Rule{IgnoreCookies: list("django_language")},
			func(r *config.Rule) { r.VaryCookies, r.IgnoreCookies = nil, list("django_language") },
		},
		"csrf of his own": {config.Rule{CSRF: own}, func(r *config.Rule) { r.CSRF = own }},
		"csrf's cookie is one of the sessions": {
			config.Rule{CSRF: &config.CSRF{Framework: "django", Cookie: "messages"}},
			func(r *config.Rule) {
				r.Session, r.CSRF = list("sessionid"), &config.CSRF{Framework: "django", Cookie: "messages"}
			},
		},
		"tokens are a session": {
			config.Rule{Session: list("csrftoken")},
			func(r *config.Rule) { r.CSRF, r.Session = nil, list("csrftoken", "sessionid", "messages") },
		},
		"tokens are a private session": {
			config.Rule{PrivateSession: list("csrf*")},
			func(r *config.Rule) { r.CSRF, r.PrivateSession = nil, list("csrf*") },
		},
		"tokens are a variant": {
			config.Rule{VaryCookies: list("csrftoken")},
			func(r *config.Rule) { r.CSRF, r.VaryCookies = nil, list("csrftoken", "django_language") },
		},
		"tokens are ignored": {config.Rule{IgnoreCookies: list("csrftoken")}, func(r *config.Rule) { r.IgnoreCookies = list("csrftoken") }},
		"query only":         {config.Rule{QueryOnly: list("page")}, func(r *config.Rule) { r.QueryIgnore, r.QueryOnly = nil, list("page") }},
		"query ignore": {
			config.Rule{QueryIgnore: list("ref", "gclid")},
			func(r *config.Rule) {
				rest := slices.DeleteFunc(slices.Clone(r.QueryIgnore), func(n string) bool { return n == "gclid" })
				r.QueryIgnore = append(list("ref", "gclid"), rest...)
			},
		},
		"query ignore *": {config.Rule{QueryIgnore: list("*")}, func(r *config.Rule) { r.QueryIgnore = list("*") }},
	} {
		t.Run(name, func(t *testing.T) {
			want := django
			tt.want(&want)
			tt.rule.Preset = config.PresetDjango
			got := expanded(tt.rule)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestExpandIgnored: the harmless cookies of a preset are no more so where the line says
// that they matter.
func TestExpandIgnored(t *testing.T) {
	for name, rule := range map[string]config.Rule{
		"session":         {Session: []string{"wordpress_test_cookie"}},
		"session private": {PrivateSession: []string{"wordpress_test_*"}},
		"vary_cookies":    {VaryCookies: []string{"wordpress_test_cookie"}},
		"cookies only":    {CookiesOnly: []string{"wordpress_test_cookie"}},
	} {
		rule.Preset = config.PresetWordPress
		got := expanded(rule)
		if want := []string{"wpml_browser_redirect_test"}; !slices.Equal(got.IgnoreCookies, want) {
			t.Errorf("%s: ignores %q, want %q", name, got.IgnoreCookies, want)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExpandLeaves: what is not for Expand to say stays for Validate.
func TestExpandLeaves(t *testing.T) {
	for name, rule := range map[string]config.Rule{
		"no preset":         {TTL: second},
		"an unknown preset": {Preset: "rails"},
		"off":               {Off: true, Preset: config.PresetDjango},
	} {
		if got := expanded(rule); !reflect.DeepEqual(got, rule) {
			t.Errorf("%s: got %+v, want %+v", name, got, rule)
		}
	}
}

// TestExpandProperties: whatever a valid line says beside a preset stays as it is, at the
// head of what there is then; the rest is no pair of opposites, and a second call changes
// nothing. A pattern that strips a session is the one thing left to Validate.
func TestExpandProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cookies := rapid.SampledFrom([]string{
			"sessionid", "sess*", "messages", "django_language", "django_*", "csrftoken", "csrf*", "PHPSESSID", "wordpress_*",
			"wordpress_sec_*", "wordpress_sec_a", "wordpress_test_cookie", "pll_language", "p*", "wp-*", "theme",
		})
		some := func(label string, from *rapid.Generator[string]) []string {
			names := rapid.SliceOfNDistinct(from, 0, 3, rapid.ID).Draw(t, label)
			return slices.Clip(append([]string(nil), names...))
		}
		params := rapid.SampledFrom([]string{"gclid", "utm_source", "utm_*", "page", "mc_*"})
		r := config.Rule{
			Session: some("session", cookies), PrivateSession: some("private", cookies), VaryCookies: some("vary", cookies),
			IgnoreCookies: some("ignore", cookies), CookiesOnly: some("only", cookies), StripSetCookie: some("strip", cookies),
			Preset: rapid.SampledFrom([]string{config.PresetDjango, config.PresetWordPress}).Draw(t, "preset"),
		}
		if rapid.Bool().Draw(t, "query only") {
			r.QueryOnly = some("query", params)
		} else {
			r.QueryIgnore = some("query", params)
		}
		if rapid.Bool().Draw(t, "csrf") {
			r.CSRF = &config.CSRF{Framework: "django", Cookie: rapid.SampledFrom([]string{"", "xsrf", "messages"}).Draw(t, "cookie")}
		}
		if r.Validate() != nil {
			t.Skip("not a valid line")
		}
		got := expanded(r)
		if again := expanded(got); got.Preset != "" || !reflect.DeepEqual(again, got) {
			t.Errorf("%+v becomes %+v, and then %+v", r, got, again)
		}
		for _, lists := range [][2][]string{
			{r.Session, got.Session}, {r.PrivateSession, got.PrivateSession}, {r.VaryCookies, got.VaryCookies},
			{r.IgnoreCookies, got.IgnoreCookies}, {r.StripSetCookie, got.StripSetCookie}, {r.QueryIgnore, got.QueryIgnore},
		} {
			before, after := lists[0], lists[1]
			if len(after) < len(before) || !slices.Equal(after[:len(before)], before) {
				t.Errorf("%q becomes %q", before, after)
			}
			if sorted := slices.Sorted(slices.Values(after)); len(slices.Compact(sorted)) != len(after) {
				t.Errorf("%q has a name twice", after)
			}
			for _, name := range after[len(before):] {
				if slices.Contains(slices.Concat(r.PrivateSession, r.IgnoreCookies, r.VaryCookies), name) {
					t.Errorf("%q is put into %q, and stands in another list", name, after)
				}
			}
		}
		if r.CSRF != nil && got.CSRF != r.CSRF {
			t.Error("csrf is another")
		}
		stripping := slices.ContainsFunc(r.StripSetCookie, func(name string) bool { return strings.HasSuffix(name, "*") || name == "wordpress_sec_a" })
		if err := got.Validate(); err != nil && !(stripping && strings.HasPrefix(err.Error(), "strip_set_cookie: ")) {
			t.Errorf("%+v becomes %+v: %v", r, got, err)
		}
	})
}
