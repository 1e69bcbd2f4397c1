package config_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
)

const second = config.Duration(time.Second)

// wrong is what a test expects of one *config.OptionError.
type wrong struct {
	option, value string
	problem       string // a part of it
}

func TestRuleValidate(t *testing.T) {
	for name, tt := range map[string]struct {
		rule config.Rule
		want []wrong
	}{
		"zero": {},
		"off":  {rule: config.Rule{Off: true}},
		"everything": {rule: config.Rule{
			TTL: 15 * second, StatusTTL: map[int]config.Duration{404: second, 301: 0}, Override: true,
			Session: []string{"sessionid", "auth_*"}, IgnoreCookies: []string{"_ga*", "_ga*"}, CookiesOnly: []string{"sessionid"},
			QueryIgnore: []string{"utm_*", "filter[price]", "*"},
			Vary:        []string{"Accept-Language"}, VaryBy: []string{"{http.request.header.X-Country}"},
			Forward: []string{"*", "User-Agent"}, MaxBody: 1, TrustFraming: true,
			Heuristic: config.DefaultHeuristic, AnyStatus: true, StaleWhileRevalidate: new(second), StaleIfError: new(second), BrowserTTL: new(second),
			RespectRequestCacheControl: true, Authorization: "rfc9111", VaryLanguage: []string{"*"}, Codings: "pass", CDNCacheControl: "remove",
			KeepFields: []string{"*", "Server-Timing"}, MinBytes: new(int64(1)),
			PrivateSession: []string{"basket"}, VaryCookies: []string{"currency", "sessionid"}, StripSetCookie: []string{"seen_*"},
			CSRF: &config.CSRF{Framework: "django"}, MaxVariants: 256, Invalidate: "off", Preset: "django",
		}},

		"off with ttl":       {config.Rule{Off: true, TTL: second}, []wrong{{"off", "", "there is ttl; remove"}}},
		"off with two":       {config.Rule{Off: true, Override: true, Vary: []string{"A"}}, []wrong{{"off", "", "there is override, vary;"}}},
		"ttl negative":       {config.Rule{TTL: -second}, []wrong{{"ttl", "-1s", "is negative; give a duration like 15s"}}},
		"ttl of nanoseconds": {config.Rule{TTL: 15}, []wrong{{"ttl", "15ns", "a bare number in JSON counts nanoseconds"}}},
		"ttl longest":        {rule: config.Rule{TTL: config.MaxTTL}},
		"ttl too long":       {config.Rule{TTL: config.MaxTTL + second}, []wrong{{"ttl", "8784h0m1s", "too long; give 366d or less"}}},
		"status 500": {
			config.Rule{StatusTTL: map[int]config.Duration{500: second}},
			[]wrong{{"ttl", "500", "status 500 cannot have a ttl; one may name 200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 410"}},
		},
		"status ttls are judged in order": {
			config.Rule{StatusTTL: map[int]config.Duration{404: -second, 206: second, 200: config.MaxTTL + 1}},
			[]wrong{{"ttl", "200", "too long"}, {"ttl", "206", "cannot have a ttl"}, {"ttl", "404", "for status 404: -1s is negative"}},
		},
		"override without ttl":     {config.Rule{Override: true}, []wrong{{"override", "", "no ttl"}}},
		"override of a status ttl": {rule: config.Rule{Override: true, StatusTTL: map[int]config.Duration{404: second}}},

		"ignore and only": {
			config.Rule{QueryIgnore: []string{"a"}, QueryOnly: []string{"b"}},
			[]wrong{{"query only", "", "together with query ignore"}},
		},
		"header in forward and vary": {
			config.Rule{Forward: []string{"x-device"}, Vary: []string{"X-Device"}},
			[]wrong{{"forward", "x-device", "stands in vary, too"}},
		},
		"header in vary beside forward *": {rule: config.Rule{Forward: []string{"*"}, Vary: []string{"X-Device"}}},
		"body negative":                   {config.Rule{MaxBody: -1}, []wrong{{"max_body", "", "give 1 or more, or leave it out for the default of 2 MiB"}}},

		"all at once, in order": {
			config.Rule{
				TTL: -second, Session: []string{""}, QueryOnly: []string{"*"}, Vary: []string{"Host"},
				Forward: []string{"Range"}, VaryBy: []string{"x"}, MaxBody: -5,
				Heuristic: -second, StaleWhileRevalidate: new(-second), StaleIfError: new(-second), BrowserTTL: new(-second), Authorization: "x",
				VaryLanguage: []string{"d"}, Codings: "x", CDNCacheControl: "x", KeepFields: []string{""}, MinBytes: new(int64(-1)),
				PrivateSession: []string{""}, VaryCookies: []string{"*"}, StripSetCookie: []string{"*"}, CSRF: &config.CSRF{Framework: "x"},
				MaxVariants: -1, Invalidate: "x", Preset: "x",
			},
			[]wrong{
				{"ttl", "-1s", ""},
				{"heuristic", "-1s", ""},
				{"stale_while_revalidate", "-1s", ""},
				{"stale_if_error", "-1s", ""},
				{"browser_ttl", "-1s", ""},
				{"authorization", "x", ""},
				{"session", "", ""},
				{"session private", "", ""},
				{"vary_cookies", "*", ""},
				{"strip_set_cookie", "*", ""},
				{"csrf", "x", ""},
				{"max_variants", "-1", ""},
				{"invalidate", "x", ""},
				{"preset", "x", ""},
				{"query only", "*", ""},
				{"vary", "Host", ""},
				{"forward", "Range", ""},
				{"vary_by", "x", ""},
				{"vary_language", "d", ""},
				{"codings", "x", ""},
				{"cdn_cache_control", "x", ""},
				{"keep_fields", "", ""},
				{"min_bytes", "", ""},
				{"max_body", "", ""},
			},
		},
	} {
		t.Run(name, func(t *testing.T) { expect(t, tt.rule.Validate(), tt.want) })
	}
}

func TestRuleValidateNames(t *testing.T) {
	options := map[string]func(name string) config.Rule{
		"session":          func(n string) config.Rule { return config.Rule{Session: []string{n}} },
		"ignore_cookies":   func(n string) config.Rule { return config.Rule{IgnoreCookies: []string{n}} },
		"cookies only":     func(n string) config.Rule { return config.Rule{CookiesOnly: []string{n}} },
		"query ignore":     func(n string) config.Rule { return config.Rule{QueryIgnore: []string{n}} },
		"query only":       func(n string) config.Rule { return config.Rule{QueryOnly: []string{n}} },
		"vary":             func(n string) config.Rule { return config.Rule{Vary: []string{n}} },
		"forward":          func(n string) config.Rule { return config.Rule{Forward: []string{n}} },
		"vary_by":          func(n string) config.Rule { return config.Rule{VaryBy: []string{n}} },
		"session private":  func(n string) config.Rule { return config.Rule{PrivateSession: []string{n}} },
		"vary_cookies":     func(n string) config.Rule { return config.Rule{VaryCookies: []string{n}} },
		"strip_set_cookie": func(n string) config.Rule { return config.Rule{StripSetCookie: []string{n}} },
		"vary_language":    func(n string) config.Rule { return config.Rule{VaryLanguage: []string{n}} },
		"csrf cookie":      func(n string) config.Rule { return csrf(config.CSRF{Cookie: n}) },
		"csrf domain":      func(n string) config.Rule { return csrf(config.CSRF{Domain: n}) },
		"csrf path":        func(n string) config.Rule { return csrf(config.CSRF{Path: n}) },
		"csrf same_site":   func(n string) config.Rule { return csrf(config.CSRF{SameSite: n}) },
		"csrf secure":      func(n string) config.Rule { return csrf(config.CSRF{Secure: n}) },
		"keep_fields":      func(n string) config.Rule { return config.Rule{KeepFields: []string{n}} },
	}
	const (
		cookies = "session, ignore_cookies, cookies only, session private, vary_cookies, strip_set_cookie"
		queries = "query ignore, query only"
		headers = "vary, forward"
	)
	for _, tt := range []struct {
		options string
		name    string
		problem string // empty: allowed
	}{
		{cookies, "sessionid", ""},
		{cookies, "_ga_*", ""},
		{cookies, "!#$%&'+-.^_`|~09azAZ", ""},
		{cookies, "", "is empty"},
		{cookies, "a*b", "has a * before its end"},
		{cookies, "*a", "has a * before its end"},
		{cookies, "**", "has a * before its end"},
		{cookies, "a=b", "is not the name of a cookie"},
		{cookies, "a b", "is not the name of a cookie"},
		{cookies, "a;", "is not the name of a cookie"},
		{cookies, "sé", "is not the name of a cookie"},
		{"session", "*", "makes a request personal by itself"},
		{"session private", "*", "each value of an analytics cookie"},
		{"vary_cookies", "*", "each visitor had a variant of his own"},
		{"strip_set_cookie", "*", "nobody could log in"},
		{"ignore_cookies", "*", ""},
		{"cookies only", "*", "as without the option"},

		{queries, "page", ""},
		{queries, "utm_*", ""},
		{queries, "filter[price]", ""},
		{queries, "größe", ""},
		{queries, "a b", ""},
		{queries, "100%", ""},
		{queries, "", "is empty"},
		{queries, "a*b", "has a * before its end"},
		{queries, "a=1", "without its value"},
		{queries, "?a", "without its value"},
		{queries, "a&b", "without its value"},
		{queries, "filter%5Bprice%5D", `is escaped; write it as it reads decoded: "filter[price]"`},
		{queries, "a\x00", "control characters"},
		{queries, "a\xff", "not UTF-8"},
		{"query ignore", "*", ""},
		{"query only", "*", "query ignore *"},

		{headers, "X-Device", ""},
		{headers, "user-agent", ""},
		{headers, "Accept", ""},
		{headers, "", "is empty"},
		{headers, "X-*", "is a pattern"},
		{headers, "X Device", "is not the name of a header"},
		{headers, "X-Device:", "is not the name of a header"},
		{headers, "cookie", "name cookies with session"},
		{headers, "Cookie", "name cookies with session"},
		{headers, "AUTHORIZATION", "or write authorization rfc9111"},
		{headers, "Proxy-Authorization", "never answered from the cache"},
		{headers, "Connection", "one connection only"},
		{headers, "Keep-Alive", "one connection only"},
		{headers, "TE", "one connection only"},
		{headers, "Trailer", "one connection only"},
		{headers, "Transfer-Encoding", "one connection only"},
		{headers, "Upgrade", "one connection only"},
		{headers, "Proxy-Connection", "one connection only"},
		{headers, "HTTP2-Settings", "one connection only"},
		{headers, "If-None-Match", "is a condition"},
		{headers, "If-Modified-Since", "is a condition"},
		{headers, "If-Range", "is a condition"},
		{headers, "Range", "asks for a part"},
		{headers, "Host", "part of every key"},
		{headers, "Content-Length", "a fill has none"},
		{headers, "Expect", "a fill has none"},
		{headers, "Accept-Encoding", "is the edge's own"},
		{headers, "accept-encoding", "or write codings pass"},
		{headers, "X-Forwarded-For", "is set by the edge"},
		{headers, "x-forwarded-host", "is set by the edge"},
		{headers, "Forwarded", "is set by the edge"},
		{"vary", "*", "is a pattern"},
		{"forward", "*", ""},

		{"keep_fields", "X-Request-Id", ""},
		{"keep_fields", "set-cookie2", ""},
		{"keep_fields", "X-Anything", ""},
		{"keep_fields", "*", ""},
		{"keep_fields", "", "is empty"},
		{"keep_fields", "X-*", "is a pattern"},
		{"keep_fields", "**", "is a pattern"},
		{"keep_fields", "Server Timing", "is not the name of a header"},
		{"keep_fields", "Set-Cookie", "is never stored; remove it"},
		{"keep_fields", "set-cookie", "is never stored; remove it"},

		{"vary_language", "*", ""},
		{"vary_language", "de", ""},
		{"vary_language", "en-GB", ""},
		{"vary_language", "zh-Hans", ""},
		{"vary_language", "es-419", ""},
		{"vary_language", "sl-rozaj-biske-1994", ""},
		{"vary_language", "ABCDEFGH-a1b2c3d4", ""},
		{"vary_language", "", "is empty"},
		{"vary_language", "d", "is not the tag of a language"},
		{"vary_language", "d3", "is not the tag of a language"},
		{"vary_language", "abcdefghi", "is not the tag of a language"},
		{"vary_language", "de-123456789", "is not the tag of a language"},
		{"vary_language", "de_DE", "write tags like de, en-GB"},
		{"vary_language", "de-", "is not the tag of a language"},
		{"vary_language", "-de", "is not the tag of a language"},
		{"vary_language", "de--at", "is not the tag of a language"},
		{"vary_language", "de;q=1", "is not the tag of a language"},
		{"vary_language", "d\u0131", "is not the tag of a language"},
		{"vary_language", "\u212aa", "is not the tag of a language"},
		{"vary_language", "de-*", "is a pattern"},

		{"csrf cookie", "xsrf", ""},
		{"csrf cookie", "__Host-csrf", ""},
		{"csrf cookie", "csrf*", "is a pattern"},
		{"csrf cookie", "a b", "is not the name of a cookie"},
		{"csrf domain", ".shop.example", ""},
		{"csrf domain", "shop.example; secure", "is not the name of a host"},
		{"csrf domain", "shop example", "is not the name of a host"},
		{"csrf domain", "https://shop.example", "is not the name of a host"},
		{"csrf domain", "sh\u00f6p", "is not the name of a host"},
		{"csrf path", "/", ""},
		{"csrf path", "/a b", ""},
		{"csrf path", "shop", "does not begin with /"},
		{"csrf path", "/a;b", "is not a path"},
		{"csrf path", "/a\nb", "is not a path"},
		{"csrf path", "/\u00f6", "is not a path"},
		{"csrf same_site", "none", ""},
		{"csrf same_site", "Lax", "write csrf same_site lax or strict or none"},
		{"csrf secure", "off", ""},
		{"csrf secure", "true", "write csrf secure on or off"},

		{"vary_by", "{http.request.header.X-Country}", ""},
		{"vary_by", "{http.vars.currency}", ""},
		{"vary_by", "", "is empty"},
		{"vary_by", "X-Country", "is not a single placeholder"},
		{"vary_by", "{a", "is not a single placeholder"},
		{"vary_by", "{a}{b}", "is not a single placeholder"},
		{"vary_by", "{a}-{b}", "is not a single placeholder"},
		{"vary_by", "x{a}", "is not a single placeholder"},
		{"vary_by", "{{a}}", "is not a single placeholder"},
		{"vary_by", "{a\\}", "is not a single placeholder"},
		{"vary_by", "{}", "is not the name of a placeholder"},
		{"vary_by", "{a b}", "is not the name of a placeholder"},
	} {
		for option := range strings.SplitSeq(tt.options, ", ") {
			t.Run(option+"/"+tt.name, func(t *testing.T) {
				rule := options[option](tt.name)
				var want []wrong
				if tt.problem != "" {
					want = []wrong{{option, tt.name, tt.problem}}
				}
				expect(t, rule.Validate(), want)
			})
		}
	}
}

// TestOffStandsAlone holds validateOff to every option there is: one that it
// forgets would silently do nothing beside off.
func TestOffStandsAlone(t *testing.T) {
	rule := reflect.TypeFor[config.Rule]()
	for i := range rule.NumField() {
		if rule.Field(i).Name == "Off" {
			continue
		}
		r := config.Rule{Off: true}
		fill(t, reflect.ValueOf(&r).Elem().Field(i))
		if r.Validate() == nil {
			t.Errorf("off with %s: got no error", rule.Field(i).Name)
		}
	}
}

// TestRuleJSON sends every field through JSON, and checks that each is left out
// when it is not given.
func TestRuleJSON(t *testing.T) {
	var r, back config.Rule
	for i := range reflect.TypeFor[config.Rule]().NumField() {
		fill(t, reflect.ValueOf(&r).Elem().Field(i))
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, back) {
		t.Errorf("got %+v, want %+v, by way of %s", back, r, b)
	}
	if b, err := json.Marshal(config.Rule{}); err != nil || string(b) != "{}" {
		t.Errorf("the zero Rule: got %s, %v, want {}", b, err)
	}
}

// fill gives v some value that is not its zero value.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case bool:
		v.SetBool(true)
	case int:
		v.SetInt(7)
	case int64, config.Duration:
		v.SetInt(int64(90 * time.Second))
	case string:
		v.SetString("a")
	case *int64:
		v.Set(reflect.ValueOf(new(int64)))
	case *config.Duration:
		v.Set(reflect.ValueOf(new(config.Duration))) // 0, which is not the same as none
	case []string:
		v.Set(reflect.ValueOf([]string{"a", "b*"}))
	case *config.CSRF:
		v.Set(reflect.ValueOf(&config.CSRF{
			Framework: "a", Cookie: "b", Domain: "c", Path: "d", MaxAge: new(second), SameSite: "e", Secure: "f", HTTPOnly: true,
		}))
	case map[int]config.Duration:
		v.Set(reflect.ValueOf(map[int]config.Duration{404: second}))
	default:
		t.Fatalf("no value for a %s; add one", v.Type())
	}
}

func TestAppValidate(t *testing.T) {
	tooSmall := []wrong{{"max_size", "", "give 8 MiB (8388608 bytes) or more"}}
	for name, tt := range map[string]struct {
		size int64
		want []wrong
	}{
		"default":   {0, nil},
		"least":     {config.MinMaxSize, nil},
		"too small": {config.MinMaxSize - 1, tooSmall},
		"negative":  {-1, tooSmall},
	} {
		t.Run(name, func(t *testing.T) {
			app := config.App{MaxSize: tt.size}
			expect(t, app.Validate(), tt.want)
		})
	}
}

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"15s": 15 * time.Second, "1d": 24 * time.Hour, "1d12h": 36 * time.Hour, "0s": 0, "0": 0, "-15s": -15 * time.Second, "1.5m": 90 * time.Second,
	} {
		if got, err := config.ParseDuration(in); err != nil || time.Duration(got) != want {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "15", "forever", "15 s", "s", "d", "1d2d", "-1d", "1.5d", "99999d", "15sec", "15s "} {
		got, err := config.ParseDuration(in)
		if err == nil || !strings.Contains(err.Error(), "write it like 15s, 5m, 2h or 1d") {
			t.Errorf("%q: got %v, %v, want an error that says what is allowed", in, got, err)
		}
	}
}

func TestDurationJSON(t *testing.T) {
	for in, want := range map[string]config.Duration{
		`"15s"`: 15 * second, `"1d"`: 24 * 3600 * second, `15000000000`: 15 * second, `null`: 0,
	} {
		var d config.Duration
		if err := json.Unmarshal([]byte(in), &d); err != nil || d != want {
			t.Errorf("%s: got %v, %v, want %v", in, d, err, want)
		}
	}
	for _, in := range []string{`1.5`, `true`, `"15"`, `{}`} {
		var d config.Duration
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s: got %v, want an error", in, d)
		}
	}
}

// expect compares the tree of joined errors with what is wanted, in order.
func expect(t *testing.T, err error, want []wrong) {
	t.Helper()
	got := flatten(err)
	if len(got) != len(want) {
		t.Fatalf("got %d errors, want %d:\n%v", len(got), len(want), err)
	}
	for i, w := range want {
		var e *config.OptionError
		switch {
		case !errors.As(got[i], &e):
			t.Errorf("got %T, want an OptionError: %v", got[i], got[i])
		case e.Option != w.option || e.Value != w.value || !strings.Contains(e.Problem, w.problem):
			t.Errorf("got option %q, value %q, problem %q\nwant %q, %q, %q", e.Option, e.Value, e.Problem, w.option, w.value, w.problem)
		case !strings.HasPrefix(err.Error(), want[0].option+": "):
			t.Errorf("got %q, want it to name its option first", err)
		}
	}
}

func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}
