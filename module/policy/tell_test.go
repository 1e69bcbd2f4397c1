package policy_test

import (
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func browserTTL(r config.Rule, d time.Duration) config.Rule {
	r.BrowserTTL = duration(d)
	return r
}

// TestTellBrowsers: SPEC "What 15s means" and browser_ttl, what browsers and
// caches behind the edge hear; RFC 9213 for those that know CDN-Cache-Control.
//
// RFC 9111: 5.2.2.1-1, 5.2.2.10-2.
func TestTellBrowsers(t *testing.T) {
	line := ttl(15 * time.Second)
	removing := line
	removing.CDNCacheControl = config.CDNCacheControlRemove
	told := func(age, resident float64) policy.Told {
		return policy.Told{Status: 200, Age: seconds(age), Resident: seconds(resident), Now: arrival}
	}
	noCache := told(0, 0)
	noCache.NoCache = true
	tests := map[string]struct {
		rule     config.Rule
		told     policy.Told
		in, want http.Header
	}{
		"cut to the ttl":             {line, told(0, 0), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=15")},
		"cut to what is left":        {line, told(4, 4), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=15")},
		"cut, it came with an age":   {line, told(24, 4), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=35")},
		"left −1":                    {line, told(14, 14), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=15")},
		"left 0":                     {line, told(15, 15), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=15")},
		"left +1, stale":             {line, told(16, 16), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=16")},
		"shorter stays":              {line, told(0, 0), fields("Cache-Control", "max-age=14, immutable"), fields("Cache-Control", "max-age=14, immutable")},
		"no ttl":                     {config.Rule{}, told(0, 0), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=60")},
		"nothing said":               {line, told(0, 0), fields("X-A", "1"), fields("X-A", "1")},
		"Expires":                    {line, told(0, 0), fields("Expires", date(time.Hour)), fields("Expires", date(15*time.Second))},
		"browser_ttl":                {browserTTL(line, time.Hour), told(0, 0), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=3600")},
		"browser_ttl, Age beside it": {browserTTL(line, time.Hour), told(4.9, 4), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=3604")},
		"browser_ttl, nothing said":  {browserTTL(line, time.Hour), told(0, 0), fields(), fields("Cache-Control", "max-age=3600")},
		"browser_ttl, no ttl":        {browserTTL(config.Rule{}, time.Hour), told(0, 0), fields("Cache-Control", "max-age=60"), fields("Cache-Control", "max-age=3600")},
		"browser_ttl, shorter":       {browserTTL(line, time.Second), told(0, 0), fields("Cache-Control", "max-age=5"), fields("Cache-Control", "max-age=1")},
		"browser_ttl, Expires":       {browserTTL(line, time.Hour), told(0, 0), fields("Expires", date(time.Hour)), fields("Cache-Control", "max-age=3600")},
		"browser_ttl, what stays": {
			browserTTL(line, time.Hour), told(0, 0),
			fields("Cache-Control", `Public, max-age=60, must-revalidate, no-transform, private="X-A, X-B"`, "Cache-Control", "proxy-revalidate, ext=1"),
			fields("Cache-Control", `Public, must-revalidate, no-transform, private="X-A, X-B", proxy-revalidate, ext=1, max-age=3600`),
		},
		"browser_ttl, what goes": {
			browserTTL(line, time.Hour), told(0, 0),
			fields("Cache-Control", "MAX-AGE=60, , stale-while-revalidate=5", "Cache-Control", "immutable, Stale-If-Error=5, public"),
			fields("Cache-Control", "public, max-age=3600"),
		},
		"browser_ttl, s-maxage is cut to the ttl": {
			browserTTL(line, time.Hour), told(4, 4), fields("Cache-Control", "s-maxage=3600"), fields("Cache-Control", "s-maxage=15, max-age=3604"),
		},
		"browser_ttl, s-maxage without a ttl": {
			browserTTL(config.Rule{}, time.Hour), told(0, 0), fields("Cache-Control", "s-maxage=90"), fields("Cache-Control", "s-maxage=90, max-age=3600"),
		},
		"browser_ttl 0":                  {browserTTL(line, 0), told(9, 9), fields("Cache-Control", "public, max-age=60"), fields("Cache-Control", "public, max-age=0, must-revalidate")},
		"browser_ttl 0, must-revalidate": {browserTTL(line, 0), told(9, 9), fields("Cache-Control", "Must-Revalidate, max-age=60"), fields("Cache-Control", "Must-Revalidate, max-age=0")},
		"browser_ttl 0, nothing said":    {browserTTL(line, 0), told(0, 0), fields(), fields("Cache-Control", "max-age=0, must-revalidate")},
		"browser_ttl, no-cache":          {browserTTL(line, time.Hour), noCache, fields("Cache-Control", "no-cache, max-age=60"), fields("Cache-Control", "no-cache, max-age=15")},
		"browser_ttl, no-cache by Pragma": {
			browserTTL(line, time.Hour), noCache, fields("Pragma", "no-cache"), fields("Pragma", "no-cache"),
		},
		"CDN-Cache-Control":          {line, told(4, 4), fields("CDN-Cache-Control", "max-age=3600"), fields("CDN-Cache-Control", "max-age=15")},
		"CDN-Cache-Control, shorter": {line, told(0, 0), fields("CDN-Cache-Control", "max-age=14"), fields("CDN-Cache-Control", "max-age=14")},
		"CDN-Cache-Control, no ttl":  {config.Rule{}, told(0, 0), fields("CDN-Cache-Control", "max-age=3600"), fields("CDN-Cache-Control", "max-age=3600")},
		"CDN-Cache-Control, nothing to cut": {
			line, told(0, 0), fields("CDN-Cache-Control", "must-revalidate;x"), fields("CDN-Cache-Control", "must-revalidate;x"),
		},
		"CDN-Cache-Control, both lines": {
			line, told(0, 0), fields("CDN-Cache-Control", "max-age=3600", "CDN-Cache-Control", "s-maxage=60, stale-if-error=5, public"),
			fields("CDN-Cache-Control", "max-age=15", "CDN-Cache-Control", "s-maxage=15, public"),
		},
		"CDN-Cache-Control, parameters": {line, told(0, 0), fields("CDN-Cache-Control", "max-age=3600;x=1, public;y"), fields("CDN-Cache-Control", "max-age=15, public;y")},
		"CDN-Cache-Control, parameters, shorter": {
			line, told(0, 0), fields("CDN-Cache-Control", "max-age=14;x=1"), fields("CDN-Cache-Control", "max-age=14;x=1"),
		},
		"CDN-Cache-Control, browser_ttl": {
			browserTTL(line, time.Hour), told(0, 0), fields("CDN-Cache-Control", "max-age=3600"),
			fields("CDN-Cache-Control", "max-age=15", "Cache-Control", "max-age=3600"),
		},
		"CDN-Cache-Control remove":         {removing, told(0, 0), fields("CDN-Cache-Control", "max-age=5", "X-A", "1"), fields("X-A", "1")},
		"CDN-Cache-Control remove, absent": {removing, told(0, 0), fields("X-A", "1"), fields("X-A", "1")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			shared := tt.in.Clone()
			h := http.Header{}
			maps.Copy(h, shared) // as those of a stored response are shared
			policy.Compile(tt.rule).TellBrowsers(h, tt.told)
			if !reflect.DeepEqual(h, tt.want) {
				t.Errorf("got %v, want %v", h, tt.want)
			}
			if !reflect.DeepEqual(shared, tt.in) {
				t.Errorf("values that others share became %v", shared)
			}
		})
	}
}

// TestTellBrowsersOfErrors: SPEC, 404 and 410 for 5 s at most, there too.
func TestTellBrowsersOfErrors(t *testing.T) {
	for rule, want := range map[*config.Rule]string{
		{}:                                      "max-age=5",
		{AnyStatus: true}:                       "max-age=60",
		{TTL: config.Duration(2 * time.Second)}: "max-age=2",
		{StatusTTL: map[int]config.Duration{404: config.Duration(7 * time.Second)}}: "max-age=7",
	} {
		h := fields("Cache-Control", "max-age=60")
		policy.Compile(*rule).TellBrowsers(h, policy.Told{Status: 404, Now: arrival})
		if got := h.Get("Cache-Control"); got != want {
			t.Errorf("%+v: %s, want %s", *rule, got, want)
		}
	}
}

// TestNobodyIsToldMore: whatever the origin says, no cache behind the edge is told
// to keep a page for longer than the line wants it to.
func TestNobodyIsToldMore(t *testing.T) {
	members := []string{
		"max-age=0", "max-age=5", "max-age=3600", `max-age="60"`, "max-age=60;x=1", "s-maxage=3600", "s-maxage=3;x", "S-MaxAge=99", "public", "immutable",
		"stale-while-revalidate=60", "must-revalidate", `private="X-A, max-age=60"`, "no-cache", "ext=1", "",
	}
	rapid.Check(t, func(t *rapid.T) {
		c := ttl(15 * time.Second)
		browser := rapid.SampledFrom([]*config.Duration{nil, duration(0), duration(5 * time.Second), duration(time.Hour)}).Draw(t, "browser_ttl")
		c.BrowserTTL = browser
		resident := rapid.Int64Range(0, 30).Draw(t, "resident")
		age := resident + rapid.Int64Range(0, 30).Draw(t, "age")
		h := http.Header{}
		for _, name := range []string{"Cache-Control", "Cdn-Cache-Control"} {
			for range rapid.IntRange(0, 2).Draw(t, name) {
				line := rapid.SliceOfN(rapid.SampledFrom(members), 1, 4).Draw(t, "members")
				h[name] = append(h[name], strings.Join(line, ", "))
			}
		}
		policy.Compile(c).TellBrowsers(h, policy.Told{
			Status: 200, Age: time.Duration(age) * time.Second, Resident: time.Duration(resident) * time.Second, Now: arrival,
		})
		limit := time.Duration(age+max(0, 15-resident)) * time.Second
		cc := cachecontrol.ParseResponse(h)
		if cc.SMaxAge.Value > limit {
			t.Fatalf("%v: a limit of %s", h, limit)
		}
		if browser == nil && cc.MaxAge.Value > limit {
			t.Fatalf("%v: a limit of %s", h, limit)
		}
		if browser != nil && cc.MaxAge.Value > time.Duration(age)*time.Second+time.Duration(*browser) {
			t.Fatalf("%v: a browser_ttl of %s at an age of %d", h, browser, age)
		}
		if cdn, ok := cachecontrol.ParseTargeted(h["Cdn-Cache-Control"]); ok && (cdn.MaxAge.Value > limit || cdn.SMaxAge.Value > limit) {
			t.Fatalf("%v: a limit of %s", h, limit)
		}
	})
}
