package config_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
)

func TestRuleValidateDurations(t *testing.T) {
	for option, with := range map[string]func(d config.Duration) config.Rule{
		"heuristic":              func(d config.Duration) config.Rule { return config.Rule{Heuristic: d} },
		"stale_while_revalidate": func(d config.Duration) config.Rule { return config.Rule{StaleWhileRevalidate: &d} },
		"stale_if_error":         func(d config.Duration) config.Rule { return config.Rule{StaleIfError: &d} },
		"browser_ttl":            func(d config.Duration) config.Rule { return config.Rule{BrowserTTL: &d} },
	} {
		for _, tt := range []struct {
			d       config.Duration
			problem string // empty: allowed
		}{
			{-second, "is negative; give a duration like 15s"},
			{0, ""},
			{15, "a bare number in JSON counts nanoseconds"},
			{second, ""},
			{config.MaxTTL, ""},
			{config.MaxTTL + second, "too long; give 366d or less"},
		} {
			t.Run(option+"/"+tt.d.String(), func(t *testing.T) {
				rule := with(tt.d)
				var want []wrong
				if tt.problem != "" {
					want = []wrong{{option, tt.d.String(), tt.problem}}
				}
				expect(t, rule.Validate(), want)
			})
		}
	}
}

func TestRuleValidateWords(t *testing.T) {
	for name, tt := range map[string]struct {
		rule config.Rule
		want []wrong
	}{
		"authorization RFC 9111 §3.5": {rule: config.Rule{Authorization: config.AuthorizationRFC9111}},
		"authorization other": {
			config.Rule{Authorization: "share"},
			[]wrong{{"authorization", "share", `"share" is unknown; write authorization rfc9111, or leave it out`}},
		},
		"codings pass":   {rule: config.Rule{Codings: config.CodingsPass}},
		"overload_grace": {rule: config.Rule{OverloadGrace: config.Duration(time.Hour)}},
		"overload_grace, negative": {
			config.Rule{OverloadGrace: -1}, []wrong{{"overload_grace", "-1ns", "is negative"}},
		},
		"refresh_ahead":        {rule: config.Rule{RefreshAhead: new(config.Duration(0))}},
		"refresh_ahead, short": {config.Rule{RefreshAhead: new(config.Duration(3))}, []wrong{{"refresh_ahead", "3ns", "is too short"}}},
		"hit_for_miss":         {rule: config.Rule{HitForMiss: new(config.MaxHitForMiss)}},
		"hit_for_miss, longer": {
			config.Rule{HitForMiss: new(config.MaxHitForMiss + 1)},
			[]wrong{{"hit_for_miss", (config.MaxHitForMiss + 1).String(), "give 2m0s or less"}},
		},
		"ranges pass":   {rule: config.Rule{Ranges: config.RangesPass}},
		"ranges other":  {config.Rule{Ranges: "all"}, []wrong{{"ranges", "all", "write ranges pass, or leave it out"}}},
		"store_post":    {rule: config.Rule{StorePost: true}},
		"codings other": {config.Rule{Codings: "Pass"}, []wrong{{"codings", "Pass", "write codings pass, or leave it out"}}},

		"cdn_cache_control pass":   {rule: config.Rule{CDNCacheControl: config.CDNCacheControlPass}},
		"cdn_cache_control remove": {rule: config.Rule{CDNCacheControl: config.CDNCacheControlRemove}},
		"cdn_cache_control other": {
			config.Rule{CDNCacheControl: "keep"},
			[]wrong{{"cdn_cache_control", "keep", "write cdn_cache_control pass or remove, or leave it out"}},
		},

		"vary_language *":     {rule: config.Rule{VaryLanguage: []string{"*"}}},
		"vary_language empty": {config.Rule{VaryLanguage: []string{""}}, []wrong{{"vary_language", "", "a * alone for every language"}}},
		"vary_language named and *": {
			config.Rule{VaryLanguage: []string{"*", "de"}},
			[]wrong{{"vary_language", "*", "is for every language, and others are named beside it"}},
		},
		"vary_language twice": {config.Rule{VaryLanguage: []string{"*", "*"}}, []wrong{{"vary_language", "*", "given twice"}}},
		"vary_language and vary": {
			rule: config.Rule{VaryLanguage: []string{"*"}, Vary: []string{"Accept-Language"}},
		},
		"vary_language and forward": {
			config.Rule{VaryLanguage: []string{"*"}, Forward: []string{"X-Request-Id", "accept-language"}},
			[]wrong{{"forward", "accept-language", "would change nothing, but vary_language has pages vary by it"}},
		},
		"vary_language and forward *": {rule: config.Rule{VaryLanguage: []string{"*"}, Forward: []string{"*"}}},
		"forward of a language":       {rule: config.Rule{Forward: []string{"Accept-Language"}}},

		"ignore_cookies * and session": {rule: config.Rule{IgnoreCookies: []string{"*"}, Session: []string{"sessionid"}}},
		"ignore_cookies * and cookies only": {
			config.Rule{IgnoreCookies: []string{"a", "*"}, CookiesOnly: []string{"sessionid"}},
			[]wrong{{"ignore_cookies", "*", "takes in those that cookies only names"}},
		},
	} {
		t.Run(name, func(t *testing.T) { expect(t, tt.rule.Validate(), tt.want) })
	}
}

func TestMinBytes(t *testing.T) {
	for name, tt := range map[string]struct {
		rule  config.Rule
		least int64
		want  []wrong
	}{
		"default":       {config.Rule{}, config.DefaultMinBytes, nil},
		"negative":      {config.Rule{MinBytes: new(int64(-1))}, -1, []wrong{{"min_bytes", "", "give 0 or more, or leave it out for the default of 1"}}},
		"zero":          {config.Rule{MinBytes: new(int64(0))}, 0, nil},
		"given":         {config.Rule{MinBytes: new(int64(1024))}, 1024, nil},
		"all there is":  {config.Rule{MinBytes: new(int64(5)), MaxBody: 5}, 5, nil},
		"more":          {config.Rule{MinBytes: new(int64(6)), MaxBody: 5}, 6, []wrong{{"min_bytes", "", "more than max_body lets be stored, which is 5"}}},
		"more, default": {config.Rule{MinBytes: new(int64(config.DefaultMaxBody + 1))}, config.DefaultMaxBody + 1, []wrong{{"min_bytes", "", "raise max_body"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.rule.LeastBody(); got != tt.least {
				t.Errorf("LeastBody: got %d, want %d", got, tt.least)
			}
			expect(t, tt.rule.Validate(), tt.want)
		})
	}
}

// TestZeroIsNotAbsent: options whose 0 means something keep it in JSON, and null
// is as if they were left out.
func TestZeroIsNotAbsent(t *testing.T) {
	const zero = `{"stale_while_revalidate":"0s","stale_if_error":"0s","browser_ttl":"0s","min_bytes":0}`
	b, err := json.Marshal(config.Rule{
		StaleWhileRevalidate: new(config.Duration), StaleIfError: new(config.Duration), BrowserTTL: new(config.Duration), MinBytes: new(int64),
	})
	if err != nil || string(b) != zero {
		t.Errorf("got %s, %v, want %s", b, err, zero)
	}
	var r config.Rule
	err = json.Unmarshal([]byte(`{"stale_while_revalidate":null,"stale_if_error":null,"browser_ttl":null,"min_bytes":null}`), &r)
	if err != nil || r.StaleWhileRevalidate != nil || r.StaleIfError != nil || r.BrowserTTL != nil || r.MinBytes != nil {
		t.Errorf("null: got %+v, %v, want the zero Rule", r, err)
	}
}
