package policy_test

import (
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestFingerprint: options that shape keys, or what a fill carries, name pages
// anew; those that are judged at each lookup do not.
func TestFingerprint(t *testing.T) {
	seen := map[string]int{}
	for i, c := range []config.Rule{
		{},
		{QueryIgnore: []string{"a"}},
		{QueryIgnore: []string{"a", "b"}},
		{QueryIgnore: []string{"ab"}},
		{QueryIgnore: []string{"*"}},
		{QueryOnly: []string{"a"}},
		{QueryOnly: []string{"a", "b"}},
		{Vary: []string{"a"}},
		{Vary: []string{"a", "b"}},
		{Vary: []string{"b"}},
		{VaryBy: []string{"{a}"}},
		{VaryBy: []string{"{a}", "{b}"}},
		{Forward: []string{"a"}},
		{Forward: []string{"*"}},
		{Forward: []string{"a", "b"}},
		{Vary: []string{"a"}, Forward: []string{"b"}},
		{Vary: []string{"b"}, Forward: []string{"a"}},
		{QueryIgnore: []string{"a"}, Vary: []string{"a"}},
		{TrustFraming: true},
		{VaryLanguage: []string{"*"}},
		{VaryLanguage: []string{"de", "en"}},
		{VaryLanguage: []string{"en", "de"}},
		{VaryCookies: []string{"a"}},
		{PrivateSession: []string{"a"}},
		{StripSetCookie: []string{"a"}},
		{CSRF: &config.CSRF{Framework: config.CSRFDjango}},
		{CSRF: &config.CSRF{Framework: config.CSRFDjango, Cookie: "a"}},
		{CSRF: &config.CSRF{Cookie: "a"}},
		{KeepFields: []string{"*"}},
		{KeepFields: []string{"X-Request-Id"}},
		{Codings: config.CodingsPass},
		{Authorization: config.AuthorizationRFC9111},
		{Codings: config.CodingsPass, Authorization: config.AuthorizationRFC9111},
	} {
		f := policy.Compile(c).Fingerprint()
		if j, ok := seen[f]; ok {
			t.Errorf("rules %d and %d have one fingerprint %q", i, j, f)
		}
		seen[f] = i
	}
	plain := policy.Compile(config.Rule{}).Fingerprint()
	for _, c := range []config.Rule{
		ttl(time.Minute), override(ttl(time.Minute)), statusTTL(404, time.Minute),
		{MaxBody: 1},
		{Session: []string{"a"}},
		{IgnoreCookies: []string{"a"}},
		{CookiesOnly: []string{"a"}},
		{Heuristic: config.DefaultHeuristic},
		{AnyStatus: true},
		{StaleWhileRevalidate: duration(time.Minute), StaleIfError: duration(time.Minute)},
		{BrowserTTL: duration(0)},
		{CDNCacheControl: config.CDNCacheControlRemove},
		{RespectRequestCacheControl: true},
		{MinBytes: new(int64)},
		{MaxVariants: 3},
		{Invalidate: config.InvalidateOff},
	} {
		if f := policy.Compile(c).Fingerprint(); f != plain {
			t.Errorf("%+v has fingerprint %q", c, f)
		}
	}
}

// TestFingerprintOfTokens: how the cookie is set is judged when a page is delivered.
func TestFingerprintOfTokens(t *testing.T) {
	plain := policy.Compile(config.Rule{CSRF: &config.CSRF{Framework: config.CSRFDjango}}).Fingerprint()
	for _, c := range []config.CSRF{
		{Cookie: config.DefaultCSRFCookie},
		{Domain: "a", Path: "/", MaxAge: duration(0), SameSite: "lax", Secure: "on", HTTPOnly: true},
	} {
		c.Framework = config.CSRFDjango
		if f := policy.Compile(config.Rule{CSRF: &c}).Fingerprint(); f != plain {
			t.Errorf("%+v has fingerprint %q", c, f)
		}
	}
}

func TestRule(t *testing.T) {
	r := policy.Compile(config.Rule{})
	if r.BodyLimit() != config.DefaultMaxBody || r.TrustFraming() {
		t.Error("the defaults")
	}
	r = policy.Compile(config.Rule{MaxBody: 5, TrustFraming: true})
	if r.BodyLimit() != 5 || !r.TrustFraming() {
		t.Error("what was given")
	}
}
