package csrf_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/csrf"
)

// now is when the answers of these tests came.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestReadSetCookie: the cookie's line gives a secret and what it was said with;
// RFC 6265 §5.2 says how a line is read.
func TestReadSetCookie(t *testing.T) {
	s := djangoSecret
	other := strings.Repeat("u", 32)
	for name, tt := range map[string]struct {
		lines  []string
		secret string // or nothing
		cookie csrf.Cookie
		rest   []string
	}{
		"no lines": {nil, "", csrf.Cookie{}, nil},
		"others":   {[]string{"a=1", "b=2"}, "", csrf.Cookie{}, []string{"a=1", "b=2"}},
		"Django 3.2": {
			[]string{"csrftoken=" + djangoToken + "; expires=Sun, 28 Feb 2027 12:00:00 GMT; Max-Age=31449600; Path=/; SameSite=Lax"},
			s,
			csrf.Cookie{MaxAge: 31449600, Path: "/", SameSite: "Lax"},
			nil,
		},
		"Django 4.1": {
			[]string{"csrftoken=" + s + "; Domain=.shop.example; HttpOnly; Max-Age=60; Path=/shop; SameSite=Strict; Secure"},
			s,
			csrf.Cookie{MaxAge: 60, Path: "/shop", SameSite: "Strict", Domain: ".shop.example", HTTPOnly: true, Secure: true, Bare: true},
			nil,
		},
		"nothing said": {[]string{"csrftoken=" + s}, s, csrf.Cookie{Bare: true}, nil},
		"in any case": {
			[]string{"csrftoken=" + s + ";PATH=/;MAX-AGE=5;SAMESITE=none;SECURE;HTTPONLY;partitioned"},
			s,
			csrf.Cookie{Path: "/", MaxAge: 5, SameSite: "None", Secure: true, HTTPOnly: true, Partitioned: true, Bare: true},
			nil,
		},
		"Expires alone":           {[]string{"csrftoken=" + s + "; Expires=Sun, 01 Mar 2026 12:01:30 GMT"}, s, csrf.Cookie{MaxAge: 90, Bare: true}, nil},
		"Expires with dashes":     {[]string{"csrftoken=" + s + "; Expires=Sun, 01-Mar-2026 12:01:30 GMT"}, s, csrf.Cookie{MaxAge: 90, Bare: true}, nil},
		"Max-Age beats Expires":   {[]string{"csrftoken=" + s + "; Max-Age=7; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, s, csrf.Cookie{MaxAge: 7, Bare: true}, nil},
		"Expires is unreadable":   {[]string{"csrftoken=" + s + "; Expires=soon"}, s, csrf.Cookie{Bare: true}, nil},
		"Max-Age is unreadable":   {[]string{"csrftoken=" + s + "; Max-Age=soon"}, s, csrf.Cookie{Bare: true}, nil},
		"SameSite is unreadable":  {[]string{"csrftoken=" + s + "; SameSite=Sometimes"}, s, csrf.Cookie{Bare: true}, nil},
		"the last of a kind":      {[]string{"csrftoken=" + s + "; Path=/a; Path=/b"}, s, csrf.Cookie{Path: "/b", Bare: true}, nil},
		"quoted":                  {[]string{`csrftoken="` + s + `"`}, s, csrf.Cookie{Bare: true}, nil},
		"spaces":                  {[]string{" csrftoken=" + s + " ;  Path=/ "}, s, csrf.Cookie{Path: "/", Bare: true}, nil},
		"spaces no one writes":    {[]string{"csrftoken = " + s}, "", csrf.Cookie{}, []string{"csrftoken = " + s}},
		"among others":            {[]string{"a=1", "csrftoken=" + s, "b=2"}, s, csrf.Cookie{Bare: true}, []string{"a=1", "b=2"}},
		"another case":            {[]string{"CSRFTOKEN=" + s}, "", csrf.Cookie{}, []string{"CSRFTOKEN=" + s}},
		"the last of two":         {[]string{"csrftoken=" + other, "csrftoken=" + djangoToken}, s, csrf.Cookie{}, nil},
		"empty":                   {[]string{"csrftoken="}, "", csrf.Cookie{}, []string{"csrftoken="}},
		"deleted":                 {[]string{"csrftoken=" + s + "; Max-Age=0"}, "", csrf.Cookie{}, []string{"csrftoken=" + s + "; Max-Age=0"}},
		"deleted, less than 0":    {[]string{"csrftoken=" + s + "; Max-Age=-1"}, "", csrf.Cookie{}, []string{"csrftoken=" + s + "; Max-Age=-1"}},
		"deleted, past":           {[]string{"csrftoken=" + s + "; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "", csrf.Cookie{}, []string{"csrftoken=" + s + "; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}},
		"deleted this second":     {[]string{"csrftoken=" + s + "; Expires=Sun, 01 Mar 2026 12:00:00 GMT"}, "", csrf.Cookie{}, []string{"csrftoken=" + s + "; Expires=Sun, 01 Mar 2026 12:00:00 GMT"}},
		"set, then deleted":       {[]string{"csrftoken=" + s, "csrftoken=; Max-Age=0"}, "", csrf.Cookie{}, []string{"csrftoken=" + s, "csrftoken=; Max-Age=0"}},
		"deleted, then set":       {[]string{"csrftoken=; Max-Age=0", "a=1", "csrftoken=" + s}, s, csrf.Cookie{Bare: true}, []string{"a=1"}},
		"no secret":               {[]string{"csrftoken=12345"}, "", csrf.Cookie{}, []string{"csrftoken=12345"}},
		"no cookie":               {[]string{"csrftoken"}, "", csrf.Cookie{}, []string{"csrftoken"}},
		"a value beyond a cookie": {[]string{"csrftoken=" + s + "\x01"}, "", csrf.Cookie{}, []string{"csrftoken=" + s + "\x01"}},
	} {
		before := slices.Clone(tt.lines)
		got := csrf.ReadSetCookie(tt.lines, "csrftoken", now)
		if !slices.Equal(before, tt.lines) {
			t.Errorf("%s: the lines were changed", name)
		}
		if got.Set != (tt.secret != "") || got.Set && string(got.Secret[:]) != tt.secret || !got.Set && got.Secret != (csrf.Secret{}) {
			t.Errorf("%s: %t %q, want %q", name, got.Set, got.Secret[:], tt.secret)
		}
		if got.Cookie != tt.cookie || !slices.Equal(got.Rest, tt.rest) {
			t.Errorf("%s: %+v %q\nwant %+v %q", name, got.Cookie, got.Rest, tt.cookie, tt.rest)
		}
	}
}

// TestLine: the application's attributes, the configuration before them, and the safe
// side where nobody said anything.
func TestLine(t *testing.T) {
	minutes := config.Duration(90 * time.Second)
	session := config.Duration(0)
	app := csrf.Cookie{Domain: "shop.example", Path: "/shop", MaxAge: 60, SameSite: "Strict", HTTPOnly: true, Partitioned: true}
	for name, tt := range map[string]struct {
		cookie csrf.Cookie
		name   string
		conf   *config.CSRF
		scheme string
		want   string
	}{
		"nothing said, http":       {csrf.Cookie{}, "csrftoken", nil, "http", "Path=/; SameSite=Lax"},
		"nothing said, https":      {csrf.Cookie{}, "csrftoken", nil, "https", "Path=/; SameSite=Lax; Secure"},
		"an empty configuration":   {csrf.Cookie{}, "csrftoken", &config.CSRF{}, "https", "Path=/; SameSite=Lax; Secure"},
		"the application's":        {app, "csrftoken", &config.CSRF{}, "http", "Domain=shop.example; Path=/shop; Max-Age=60; SameSite=Strict; HttpOnly; Partitioned"},
		"the application's, https": {app, "csrftoken", &config.CSRF{}, "https", "Domain=shop.example; Path=/shop; Max-Age=60; SameSite=Strict; Secure; HttpOnly; Partitioned"},
		"the configuration's": {
			app, "csrftoken", &config.CSRF{Domain: "a.example", Path: "/", MaxAge: &minutes, SameSite: "none", Secure: "on"},
			"http", "Domain=a.example; Path=/; Max-Age=90; SameSite=None; Secure; HttpOnly; Partitioned",
		},
		"until the browser closes": {app, "csrftoken", &config.CSRF{MaxAge: &session}, "http", "Domain=shop.example; Path=/shop; SameSite=Strict; HttpOnly; Partitioned"},
		"lax":                      {app, "csrftoken", &config.CSRF{SameSite: "lax"}, "http", "Domain=shop.example; Path=/shop; Max-Age=60; SameSite=Lax; HttpOnly; Partitioned"},
		"strict":                   {csrf.Cookie{}, "csrftoken", &config.CSRF{SameSite: "strict"}, "http", "Path=/; SameSite=Strict"},
		"kept from scripts":        {csrf.Cookie{}, "csrftoken", &config.CSRF{HTTPOnly: true}, "http", "Path=/; SameSite=Lax; HttpOnly"},
		"not secure":               {csrf.Cookie{Secure: true}, "csrftoken", &config.CSRF{Secure: "off"}, "https", "Path=/; SameSite=Lax"},
		"secure, http":             {csrf.Cookie{Secure: true}, "csrftoken", nil, "http", "Path=/; SameSite=Lax; Secure"},
		"__Secure-":                {csrf.Cookie{}, "__Secure-csrf", &config.CSRF{Secure: "off"}, "http", "Path=/; SameSite=Lax; Secure"},
		"__Host-":                  {app, "__host-csrf", &config.CSRF{Domain: "a.example", Secure: "off"}, "http", "Path=/; Max-Age=60; SameSite=Strict; Secure; HttpOnly; Partitioned"},
		"no attributes inside one": {csrf.Cookie{Domain: "a; Secure", Path: "/\r\n"}, "csrftoken", nil, "http", "SameSite=Lax"},
	} {
		random := source(8)
		s := csrf.NewSecret(random)
		for _, bare := range []bool{false, true} {
			tt.cookie.Bare = bare
			line := tt.cookie.Line(tt.name, s, tt.conf, tt.scheme, random)
			pair, attributes, _ := strings.Cut(line, "; ")
			key, value, _ := strings.Cut(pair, "=")
			if attributes != tt.want || key != tt.name {
				t.Errorf("%s: %s: %s\nwant %s", name, key, attributes, tt.want)
			}
			if masked := s.Unmasks([]byte(value)); masked == bare || bare && value != string(s[:]) {
				t.Errorf("%s: the value is %q", name, value)
			}
		}
	}
}

// anyCookie draws what an application may say.
func anyCookie(t *rapid.T) csrf.Cookie {
	return csrf.Cookie{
		Domain:      rapid.SampledFrom([]string{"", "shop.example", ".shop.example"}).Draw(t, "domain"),
		Path:        rapid.SampledFrom([]string{"", "/", "/a=b", "/a b", "Secure"}).Draw(t, "path"),
		MaxAge:      rapid.IntRange(0, 1<<31).Draw(t, "max age"),
		SameSite:    rapid.SampledFrom([]string{"", "Lax", "Strict", "None"}).Draw(t, "same site"),
		Secure:      rapid.Bool().Draw(t, "secure"),
		HTTPOnly:    rapid.Bool().Draw(t, "http only"),
		Partitioned: rapid.Bool().Draw(t, "partitioned"),
		Bare:        rapid.Bool().Draw(t, "bare"),
	}
}

// TestCookieText: what String writes is read again, and is the same for the same.
func TestCookieText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, other := anyCookie(t), anyCookie(t)
		if got, ok := csrf.ParseCookie(c.String()); !ok || got != c {
			t.Errorf("%q: %+v, want %+v", c.String(), got, c)
		}
		if (c == other) != (c.String() == other.String()) {
			t.Errorf("%+v and %+v", c, other)
		}
	})
	for _, text := range []string{"x", ";", "; ", "Path", "Path=", "Max-Age=0", "Max-Age=x", "Max-Age=01", "secure", "Secure; Secure", "Secure; Path=/", "Path=/;Secure", "Secure=", "Path=/a; Path=/b"} {
		if c, ok := csrf.ParseCookie(text); ok {
			t.Errorf("%q is %+v", text, c)
		}
	}
}

// TestLineReads: a line that was made is read as what it was made of, here and by
// net/http.
func TestLineReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := anySource(t)
		c, s := anyCookie(t), csrf.NewSecret(random)
		scheme := rapid.SampledFrom([]string{"http", "https"}).Draw(t, "scheme")
		line := c.Line("csrftoken", s, nil, scheme, random)
		got := csrf.ReadSetCookie([]string{line}, "csrftoken", now)
		want := c
		if want.Path == "" {
			want.Path = "/"
		}
		if want.SameSite == "" {
			want.SameSite = "Lax"
		}
		want.Secure = want.Secure || scheme == "https"
		if !got.Set || got.Secret != s || got.Cookie != want || got.Rest != nil {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
		cookie, err := http.ParseSetCookie(line)
		if err != nil || len(cookie.Unparsed) > 0 {
			t.Fatalf("%q: %v %q", line, err, cookie.Unparsed)
		}
		if visitor, ok := csrf.FromCookies([]string{cookie.Name + "=" + cookie.Value}, "csrftoken"); !ok || visitor != s {
			t.Errorf("%q is sent back as %q", line, visitor[:])
		}
	})
}

// FuzzReadSetCookie: whatever an application sends, no line is lost but those of the
// cookie, what is read can be kept, and the line made of it says the same.
func FuzzReadSetCookie(f *testing.F) {
	f.Add("csrftoken="+djangoToken+"; Path=/; Max-Age=5", "a=1; csrftoken=b")
	f.Add("csrftoken="+djangoSecret+"; Expires=Sun, 01 Mar 2027 12:00:00 GMT; Domain= ;SameSite", "csrftoken=;;")
	f.Add("csrftoken=\""+djangoSecret+"\";path=;path=\x7f", " csrftoken =")
	f.Fuzz(func(t *testing.T, first, second string) {
		lines := []string{first, "b=2", second}
		got := csrf.ReadSetCookie(lines, "csrftoken", now)
		if !slices.Contains(got.Rest, "b=2") {
			t.Errorf("%q", got.Rest)
		}
		if !got.Set {
			if !slices.Equal(got.Rest, lines) || got.Cookie != (csrf.Cookie{}) || got.Secret != (csrf.Secret{}) {
				t.Errorf("nothing is set, and there is %+v", got)
			}
			return
		}
		for _, line := range got.Rest {
			if strings.HasPrefix(line, "csrftoken=") {
				t.Errorf("%q is left", line)
			}
		}
		if kept, ok := csrf.ParseCookie(got.Cookie.String()); !ok || kept != got.Cookie {
			t.Errorf("%+v is kept as %+v", got.Cookie, kept)
		}
		again := csrf.ReadSetCookie([]string{got.Cookie.Line("csrftoken", got.Secret, nil, "http", source(9))}, "csrftoken", now)
		if !again.Set || again.Secret != got.Secret || again.Cookie.Domain != got.Cookie.Domain || again.Cookie.Bare != got.Cookie.Bare {
			t.Errorf("%+v became %+v", got, again)
		}
	})
}
