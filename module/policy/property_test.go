package policy_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
)

// anyRule draws a line that a configuration may have.
func anyRule(t *rapid.T, label string) config.Rule {
	durations := rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 2 * time.Second, 15 * time.Second, time.Hour})
	names := func(label string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 3, rapid.ID).Draw(t, label)
	}
	c := config.Rule{
		TTL:           config.Duration(durations.Draw(t, label+" ttl")),
		Session:       names("session", "sessionid", "_ga", "a*"),
		IgnoreCookies: names("ignore_cookies", "theme", "a", "s*"),
		CookiesOnly:   names("cookies only", "cart", "sessionid"),
		Vary:          names("vary", "X-A", "Accept", "Accept-Language", "X-Api-Key", "X-Real-Ip"),
		MaxBody:       rapid.SampledFrom([]int64{0, 1, 1000}).Draw(t, "max_body"),
		TrustFraming:  rapid.Bool().Draw(t, "trust_framing"),
	}
	c.Forward = slices.DeleteFunc(names("forward", "*", "X-A", "X-B", "Accept", "Origin", "X-Auth-Token", "X-Real-Ip"), func(name string) bool {
		return slices.Contains(c.Vary, name)
	})
	if rapid.Bool().Draw(t, label+" status ttl") {
		c.StatusTTL = map[int]config.Duration{}
		for _, status := range rapid.SliceOfNDistinct(rapid.SampledFrom(config.StorableStatuses()), 1, 3, rapid.ID).Draw(t, "statuses") {
			c.StatusTTL[status] = config.Duration(durations.Draw(t, "status ttl"))
		}
	}
	c.Override = (c.TTL != 0 || len(c.StatusTTL) > 0) && rapid.Bool().Draw(t, label+" override")
	anyExtension(t, label, &c)
	if err := c.Validate(); err != nil {
		t.Fatalf("not a valid line: %v", err)
	}
	return c
}

// anyExtension draws the options that let more be stored, or be served for longer.
func anyExtension(t *rapid.T, label string, c *config.Rule) {
	window := func(name string) *config.Duration {
		windows := []*config.Duration{nil, nil, duration(0), duration(time.Second), duration(15 * time.Second), duration(time.Hour)}
		return rapid.SampledFrom(windows).Draw(t, label+" "+name)
	}
	maybe := func(name, value string) string {
		return rapid.SampledFrom([]string{"", value}).Draw(t, label+" "+name)
	}
	c.StaleWhileRevalidate, c.StaleIfError, c.BrowserTTL = window("stale_while_revalidate"), window("stale_if_error"), window("browser_ttl")
	c.AnyStatus = rapid.Bool().Draw(t, label+" any_status")
	c.Heuristic = config.Duration(rapid.SampledFrom([]time.Duration{0, time.Second, 24 * time.Hour}).Draw(t, label+" heuristic"))
	c.RespectRequestCacheControl = rapid.Bool().Draw(t, label+" respect_request_cache_control")
	c.Authorization = maybe("authorization", config.AuthorizationRFC9111)
	c.Codings = maybe("codings", config.CodingsPass)
	if rapid.Bool().Draw(t, label+" keep_fields") {
		c.KeepFields = []string{"*"}
	}
	c.VaryLanguage = rapid.SampledFrom([][]string{nil, {"*"}, {"de", "en"}}).Draw(t, label+" vary_language")
}

// TestNeverShared: SPEC rule 2, no option makes these shareable.
//
// RFC 9111: 3-4, 3-5, 4-4, 5.2.2.4-1, 5.2.2.5-1, 5.2.2.7-1.
func TestNeverShared(t *testing.T) {
	forbidding := [][2]string{
		{"Cache-Control", "private"},
		{"Cache-Control", "no-store"},
		{"Cache-Control", "no-cache"},
		{"Cache-Control", "NO-STORE"},
		{"Set-Cookie", "a=1"},
		{"Vary", "*"},
		{"Vary", "X-A, *"},
		{"Cdn-Cache-Control", "private"},
		{"Cdn-Cache-Control", "no-store"},
		{"Cdn-Cache-Control", "no-cache"},
		{"Surrogate-Control", "no-store"},
		{"Surrogate-Control", "private"},
		{"Surrogate-Control", "no-cache"},
	}
	harmless := [][2]string{
		{"Cache-Control", "public"},
		{"Cache-Control", "max-age=60"},
		{"Cache-Control", "s-maxage=60, immutable"},
		{"Cache-Control", `private="X-A"`},
		{"Cache-Control", `no-cache="Set-Cookie"`},
		{"Cache-Control", "stale-while-revalidate=5"},
		{"Cache-Control", `ext="a,b"`},
		{"Surrogate-Control", "max-age=60"},
		{"Expires", date(time.Hour)},
		{"Vary", "Accept-Encoding"},
		{"Content-Length", "1"},
		{"Etag", `"x"`},
		{"Pragma", "x"},
	}
	rapid.Check(t, func(t *rapid.T) {
		c := anyRule(t, "now")
		pairs := rapid.SliceOfN(rapid.SampledFrom(harmless), 0, 4).Draw(t, "harmless")
		no := rapid.SampledFrom(forbidding).Draw(t, "forbidding")
		if strings.ToLower(no[1]) != "no-store" || no[0] != "Cache-Control" { // which it excuses (RFC 9111 §5.2.2.3)
			pairs = append(pairs, [2]string{"Cache-Control", "must-understand"})
		}
		at := rapid.IntRange(0, len(pairs)).Draw(t, "at")
		h := http.Header{}
		for _, pair := range slices.Insert(pairs, at, no) {
			name := pair[0]
			if rapid.Bool().Draw(t, "lower case") {
				name = strings.ToLower(name)
			}
			h[name] = append(h[name], pair[1])
		}
		a := answer(rapid.IntRange(100, 599).Draw(t, "status"))
		a.Header = h
		// no-cache alone lets it be stored, to be validated before each reuse.
		s := judge(c, a)
		kept := s.Disposal == policy.DisposeKeep
		if s.Disposal == policy.DisposeStore || kept && (!s.Terms.NoCache || !strings.HasSuffix(no[1], "no-cache")) {
			t.Fatalf("%v is %s under %+v", h, describe(s), c)
		}
		stored := policy.Compile(c).StorableFields(h, s.Drop, arrival)
		if kept {
			e := &entry.Entry{Status: a.Status, Header: stored, Terms: s.Terms}
			if j := reuse(e, anyRule(t, "later"), 0); j.Reuse == policy.ReuseNow || j.Reuse == policy.ReuseWhileRevalidate || j.IfError {
				t.Fatalf("%v is served: %+v", h, j)
			}
		}
		for name := range stored {
			if strings.EqualFold(name, "Set-Cookie") {
				t.Fatal("Set-Cookie would be stored")
			}
		}
	})
}
