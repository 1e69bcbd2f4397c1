package config_test

import (
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
)

func csrf(c config.CSRF) config.Rule {
	c.Framework = config.CSRFDjango
	return config.Rule{CSRF: &c}
}

// TestCookieLists: names in two lists, of which one undoes the other or not.
func TestCookieLists(t *testing.T) {
	list := func(names ...string) []string { return names }
	for name, tt := range map[string]struct {
		rule config.Rule
		want []wrong
	}{
		"session and private": {
			config.Rule{Session: list("a"), PrivateSession: list("a")},
			[]wrong{{"session private", "a", `"a" stands in session as "a", too`}},
		},
		"a session pattern and private": {
			config.Rule{Session: list("a*"), PrivateSession: list("ab")},
			[]wrong{{"session private", "ab", `as "a*", too`}},
		},
		"a session within private": {rule: config.Rule{Session: list("ab"), PrivateSession: list("a*")}},
		"session and vary_cookies": {rule: config.Rule{Session: list("a"), VaryCookies: list("a")}},
		"session and ignored":      {rule: config.Rule{Session: list("a"), IgnoreCookies: list("a")}},
		"strip a session": {
			config.Rule{Session: list("a"), StripSetCookie: list("a")},
			[]wrong{{"strip_set_cookie", "a", "a login would be lost"}},
		},
		"strip a session by a pattern": {
			config.Rule{Session: list("sessionid"), StripSetCookie: list("sess*")},
			[]wrong{{"strip_set_cookie", "sess*", `take "sessionid" away`}},
		},
		"strip one of a pattern of sessions": {
			config.Rule{Session: list("sess*"), StripSetCookie: list("sessionid")},
			[]wrong{{"strip_set_cookie", "sessionid", `take "sess*" away`}},
		},
		"strip a private session": {
			config.Rule{PrivateSession: list("a"), StripSetCookie: list("a")},
			[]wrong{{"strip_set_cookie", "a", "a login would be lost"}},
		},
		"strip another": {rule: config.Rule{Session: list("ab"), PrivateSession: list("b"), StripSetCookie: list("a", "abc", "ab_*")}},

		"csrf's cookie is a session": {
			config.Rule{Session: list("csrftoken"), CSRF: &config.CSRF{Framework: "django"}},
			[]wrong{{"session", "csrftoken", "csrf django, which makes it change nothing, and session makes every request with it personal; remove it here, or csrf"}},
		},
		"csrf's cookie, by its own name": {
			config.Rule{PrivateSession: list("x"), Session: list("csrftoken"), CSRF: &config.CSRF{Framework: "django", Cookie: "x"}},
			[]wrong{{"session private", "x", "gives each of its values pages of its own"}},
		},
		"csrf's cookie is a variant": {
			config.Rule{VaryCookies: list("csrftoken"), CSRF: &config.CSRF{Framework: "django"}},
			[]wrong{{"vary_cookies", "csrftoken", "makes each of its values a variant"}},
		},
		"csrf's cookie is ignored, too": {rule: config.Rule{IgnoreCookies: list("csrftoken"), CSRF: &config.CSRF{Framework: "django"}}},
		"csrf without a framework":      {config.Rule{CSRF: &config.CSRF{}}, []wrong{{"csrf", "", "write csrf django"}}},
		"csrf of another framework":     {config.Rule{CSRF: &config.CSRF{Framework: "rails"}}, []wrong{{"csrf", "rails", "write csrf django"}}},

		"variants, most": {rule: config.Rule{MaxVariants: config.LimitMaxVariants}},
		"variants, more": {config.Rule{MaxVariants: config.LimitMaxVariants + 1}, []wrong{{"max_variants", "257", "give 1 to 256, or leave it out for the default of 16"}}},
		"invalidate and post": {
			config.Rule{Invalidate: "off", StorePost: true},
			[]wrong{{"invalidate", "off", "which store_post replaces"}},
		},
		"preset and off": {config.Rule{Off: true, Preset: "django"}, []wrong{{"off", "", "there is preset;"}}},

		"languages, in another case": {config.Rule{VaryLanguage: list("de", "en", "DE")}, []wrong{{"vary_language", "DE", "is given twice"}}},
		"languages, forwarded": {
			config.Rule{VaryLanguage: list("de"), Forward: list("accept-language")},
			[]wrong{{"forward", "accept-language", "vary_language has pages vary by it"}},
		},
		"languages, keyed": {rule: config.Rule{VaryLanguage: list("de", "en"), Vary: list("Accept-Language")}},
	} {
		t.Run(name, func(t *testing.T) { expect(t, tt.rule.Validate(), tt.want) })
	}
}

// TestTokenCookie: what a browser would not take of a cookie (RFC 6265bis §4.1.3, §5.6).
func TestTokenCookie(t *testing.T) {
	for name, tt := range map[string]struct {
		c    config.CSRF
		want []wrong
	}{
		"everything":                  {c: config.CSRF{Cookie: "x", Domain: "a.b", Path: "/p", MaxAge: new(config.MaxTTL), SameSite: "strict", Secure: "on", HTTPOnly: true}},
		"until the browser is closed": {c: config.CSRF{MaxAge: new(config.Duration(0))}},
		"an age below 0":              {config.CSRF{MaxAge: new(-second)}, []wrong{{"csrf max_age", "-1s", "is negative"}}},
		"too long an age":             {config.CSRF{MaxAge: new(config.MaxTTL + second)}, []wrong{{"csrf max_age", "8784h0m1s", "is too long"}}},
		"half a second":               {config.CSRF{MaxAge: new(config.Duration(1500 * time.Millisecond))}, []wrong{{"csrf max_age", "1.5s", "whole seconds"}}},
		"none and not secure":         {config.CSRF{SameSite: "none", Secure: "off"}, []wrong{{"csrf same_site", "none", "only with Secure"}}},
		"none":                        {c: config.CSRF{SameSite: "none"}},
		"lax and not secure":          {c: config.CSRF{SameSite: "lax", Secure: "off"}},
		"__Secure-, not secure":       {config.CSRF{Cookie: "__secure-x", Secure: "off"}, []wrong{{"csrf cookie", "__secure-x", "remove secure off"}}},
		"__Secure-, elsewhere":        {c: config.CSRF{Cookie: "__Secure-x", Domain: "a.b", Path: "/p"}},
		"__Host-, not secure":         {config.CSRF{Cookie: "__Host-x", Secure: "off"}, []wrong{{"csrf cookie", "__Host-x", "remove secure off"}}},
		"__Host- and a domain":        {config.CSRF{Cookie: "__Host-x", Domain: "a.b"}, []wrong{{"csrf cookie", "__Host-x", "remove domain"}}},
		"__Host- and a path":          {config.CSRF{Cookie: "__host-x", Path: "/p"}, []wrong{{"csrf cookie", "__host-x", "remove path"}}},
		"__Host-":                     {c: config.CSRF{Cookie: "__Host-x", Path: "/", Secure: "on"}},
		"another prefix":              {c: config.CSRF{Cookie: "host-x", Path: "/p", Secure: "off"}},
	} {
		t.Run(name, func(t *testing.T) {
			rule := csrf(tt.c)
			expect(t, rule.Validate(), tt.want)
		})
	}
}
