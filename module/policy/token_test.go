package policy_test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/csrf"
	"github.com/page-cache/page-cache/module/policy"
)

const secret = "abcdefghijklmnopqrstuvwxyz012345"

func random(b []byte) { _, _ = rand.Read(b) }

func token() string {
	s, _ := csrf.ReadSecret(secret)
	b := make([]byte, csrf.TokenSize)
	s.Mask(random, b)
	return string(b)
}

func django() config.Rule {
	return config.Rule{TTL: config.Duration(15 * time.Second), CSRF: &config.CSRF{Framework: config.CSRFDjango}}
}

// storing judges a 200 that sets these cookies.
func storing(r config.Rule, lines ...string) policy.Storage {
	h := http.Header{"Content-Type": {"text/html"}, "Set-Cookie": lines}
	if lines == nil {
		delete(h, "Set-Cookie")
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return policy.DecideStorage(&policy.Response{Status: 200, Header: h, RequestTime: now, ResponseTime: now}, policy.Compile(r), &policy.Intake{})
}

// TestSetCookie: SPEC rule 2 and "Django's CSRF tokens": which cookies an answer may set
// and be stored.
func TestSetCookie(t *testing.T) {
	masked := "csrftoken=" + token() + "; Path=/"
	stripping := config.Rule{TTL: django().TTL, StripSetCookie: []string{"seen", "ab_*", "csrftoken"}}
	both := django()
	both.StripSetCookie = []string{"seen"}
	other := config.Rule{TTL: django().TTL, CSRF: &config.CSRF{Framework: config.CSRFDjango, Cookie: "xsrf"}}
	for name, tt := range map[string]struct {
		rule   config.Rule
		lines  []string
		reason cachestatus.Reason
		cookie string
		set    bool
	}{
		"none":                           {django(), nil, cachestatus.ReasonNone, "", false},
		"masked":                         {django(), []string{masked}, cachestatus.ReasonNone, "", true},
		"bare":                           {django(), []string{"csrftoken=" + secret}, cachestatus.ReasonNone, "", true},
		"another beside it":              {django(), []string{masked, "sessionid=1"}, cachestatus.ReasonSetCookie, "sessionid", true},
		"no secret":                      {django(), []string{"csrftoken=x"}, cachestatus.ReasonSetCookie, "csrftoken", false},
		"deleted":                        {django(), []string{"csrftoken=; Max-Age=0"}, cachestatus.ReasonSetCookie, "csrftoken", false},
		"no option":                      {config.Rule{TTL: django().TTL}, []string{masked}, cachestatus.ReasonToken, "csrftoken", false},
		"no option, another":             {config.Rule{TTL: django().TTL}, []string{"a=1", masked}, cachestatus.ReasonSetCookie, "a", false},
		"another name":                   {other, []string{"xsrf=" + secret}, cachestatus.ReasonNone, "", true},
		"another name is meant":          {other, []string{masked}, cachestatus.ReasonSetCookie, "csrftoken", false},
		"let go":                         {stripping, []string{"seen=1", "ab_x=2; Path=/", masked}, cachestatus.ReasonNone, "", false},
		"let go, and another":            {stripping, []string{"seen=1", "SEEN=1"}, cachestatus.ReasonSetCookie, "SEEN", false},
		"let go beside tokens":           {both, []string{"seen=1", masked}, cachestatus.ReasonNone, "", true},
		"without a name":                 {stripping, []string{"seen"}, cachestatus.ReasonSetCookie, "=", false},
		"Set-Cookie of the empty string": {stripping, []string{""}, cachestatus.ReasonSetCookie, "=", false},
	} {
		s := storing(tt.rule, tt.lines...)
		stores := s.Disposal == policy.DisposeStore
		if s.Reason != tt.reason || stores != (tt.reason == cachestatus.ReasonNone) || s.Cookie != tt.cookie || s.Tokens.Set != tt.set {
			t.Errorf("%s: got %v, reason %s, cookie %q, tokens %v", name, s.Disposal, s.Reason, s.Cookie, s.Tokens.Set)
		}
	}
}

// TestTokensAreNotKept: what must be asked about each time is not worth a copy with holes.
func TestTokensAreNotKept(t *testing.T) {
	h := http.Header{"Set-Cookie": {"csrftoken=" + secret}, "Cache-Control": {"no-cache"}, "Etag": {`"1"`}}
	r := policy.Compile(django())
	a := policy.Response{Status: 200, Header: h, ResponseTime: time.Unix(0, 0)}
	if s := policy.DecideStorage(&a, r, &policy.Intake{}); s.Disposal != policy.DisposeRelay || s.Reason != cachestatus.ReasonNoCache {
		t.Errorf("got %v, %s", s.Disposal, s.Reason)
	}
	delete(h, "Set-Cookie")
	if s := policy.DecideStorage(&a, r, &policy.Intake{}); s.Disposal != policy.DisposeKeep {
		t.Errorf("without tokens: got %v, %s", s.Disposal, s.Reason)
	}
}

func TestDecideTokens(t *testing.T) {
	s, _ := csrf.ReadSecret(secret)
	with := policy.Tokens{Set: true, Secret: s}
	form := `<input name="csrfmiddlewaretoken" value="` + token() + `">`
	foreign := `<input name="csrfmiddlewaretoken" value="` + strings.Repeat("a", 64) + `">`
	for name, tt := range map[string]struct {
		contentType, body string
		tokens            policy.Tokens
		holes             int
		reason            cachestatus.Reason
	}{
		"two":                      {"text/html", form + form, with, 2, cachestatus.ReasonNone},
		"none of it":               {"text/html", "plain", with, 0, cachestatus.ReasonNone},
		"a foreign one":            {"text/html", form + foreign, with, 0, cachestatus.ReasonToken},
		"without a cookie":         {"text/html; charset=utf-8", form, policy.Tokens{}, 0, cachestatus.ReasonToken},
		"in a script":              {"application/javascript", `csrftoken = "` + token() + `"`, policy.Tokens{}, 0, cachestatus.ReasonToken},
		"of a type nobody gave":    {"", form, policy.Tokens{}, 0, cachestatus.ReasonToken},
		"in what nobody would see": {"image/png", form, policy.Tokens{}, 0, cachestatus.ReasonNone},
		"nothing":                  {"text/html", "plain", policy.Tokens{}, 0, cachestatus.ReasonNone},
	} {
		holes, reason := policy.DecideTokens(http.Header{"Content-Type": {tt.contentType}}, []byte(tt.body), &tt.tokens)
		if len(holes) != tt.holes || reason != tt.reason {
			t.Errorf("%s: %v, %s", name, holes, reason)
		}
	}
}

// TestBlank: two renderings of a page are one but for their tokens.
func TestBlank(t *testing.T) {
	render := func() []byte { return []byte("<a>" + token() + "</a><b>" + token() + "</b>") }
	first, second := render(), render()
	holes := []int{3, 74}
	whole := string(first)
	a, b := policy.Blank(first, holes), policy.Blank(second, holes)
	if string(a) != string(b) || !strings.HasPrefix(string(a), "<a>0") || !strings.HasSuffix(string(a), "0</b>") {
		t.Errorf("got %s and %s", a, b)
	}
	if string(first) != whole {
		t.Error("the body itself was changed")
	}
}

func TestVisitorToken(t *testing.T) {
	r := policy.Compile(django())
	q := func(lines ...string) *policy.Request {
		return &policy.Request{Scheme: "https", Header: http.Header{"Cookie": lines}}
	}
	answer := storing(django(), "csrftoken="+secret+"; Path=/shop; Max-Age=60")
	for _, own := range []string{"csrftoken=" + secret, "_ga=1; csrftoken=" + token()} {
		if v := r.Token(q(own), answer.Tokens.Text(), random); v.Minted != "" || string(v.Secret[:]) != secret || !r.HasToken([]string{own}) {
			t.Errorf("%s: got %q, %q", own, v.Secret, v.Minted)
		}
	}
	seen := map[string]bool{}
	for range 100 {
		v := r.Token(q("csrftoken=x"), answer.Tokens.Text(), random)
		cookie, err := http.ParseSetCookie(v.Minted)
		if err != nil || cookie.Value != string(v.Secret[:]) || cookie.Path != "/shop" || cookie.MaxAge != 60 || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode {
			t.Fatalf("minted %q for %q: %v", v.Minted, v.Secret, err)
		}
		if seen[cookie.Value] {
			t.Fatal("two visitors have one secret")
		}
		seen[cookie.Value] = true
	}
	// What is kept of a cookie may be damaged: the cookie is then the safe default.
	if v := r.Token(q(), "nonsense", random); !strings.Contains(v.Minted, "; Path=/;") || !strings.Contains(v.Minted, "Secure") {
		t.Errorf("minted %q", v.Minted)
	}
	if r := policy.Compile(config.Rule{}); r.HasToken([]string{"csrftoken=" + secret}) {
		t.Error("without the option the cookie means something")
	}
}

// TestPersonal: what is sent of a page that was filled in for one visitor.
func TestPersonal(t *testing.T) {
	h := http.Header{
		"Etag": {`"a"`}, "Last-Modified": {"Sun, 01 Mar 2026 12:00:00 GMT"}, "Vary": {"Accept-Language"},
		"Cache-Control": {"public, max-age=5, s-maxage=60", "no-transform"}, "Cdn-Cache-Control": {"max-age=60"}, "Surrogate-Control": {"max-age=9"},
	}
	policy.Personal(h, "tag")
	for name, want := range map[string]string{
		"ETag": `W/"a~tag"`, "Last-Modified": "", "Cache-Control": "private, max-age=5, no-transform", "Cdn-Cache-Control": "", "Surrogate-Control": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := strings.Join(h["Vary"], ", "); got != "Accept-Language, Cookie" {
		t.Errorf("Vary: %q", got)
	}
	r := policy.Compile(django())
	s, _ := csrf.ReadSecret(secret)
	q := &policy.Request{Header: http.Header{"Cookie": {"csrftoken=" + secret}}}
	if got, want := r.VisitorTag(q, `"a"`, []byte("key")), `W/"a~`+csrf.Tag([]byte("key"), s)+`"`; got != want {
		t.Errorf("the visitor's tag is %s, want %s", got, want)
	}
	if got := r.VisitorTag(&policy.Request{}, `"a"`, []byte("key")); got != "" {
		t.Errorf("a visitor without a secret has the tag %s", got)
	}
}

func TestWithoutToken(t *testing.T) {
	h := http.Header{"Set-Cookie": {"a=1", "csrftoken=" + secret, "b=2"}, "X-A": {"1"}}
	got := policy.Compile(django()).WithoutToken(h)
	if !slices.Equal(got["Set-Cookie"], []string{"a=1", "b=2"}) || got.Get("X-A") != "1" || len(h["Set-Cookie"]) != 3 {
		t.Errorf("got %v of %v", got, h)
	}
	if got := policy.Compile(django()).WithoutToken(http.Header{"Set-Cookie": {"csrftoken=1"}}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
