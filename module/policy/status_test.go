package policy_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func anyStatus(r config.Rule) config.Rule {
	r.AnyStatus = true
	return r
}

// isFailure reports a status that is a failure of the origin's.
func isFailure(status int) bool { return status >= 500 || status == 499 }

// TestAnyStatus: any_status stores what the origin gives an explicit lifetime, and
// nothing else that was not stored without it.
//
// RFC 9111: 3-2, 3-3, 3-7, 3.3-1.
func TestAnyStatus(t *testing.T) {
	line := ttl(15 * time.Second)
	type want int
	const (
		no want = iota // relayed, or failed
		kept
		full // for the lifetime of a minute
		cut  // to the ttl
	)
	cases := map[string]struct {
		rule  config.Rule
		pairs []string
		want  func(status int) want
	}{
		"max-age":           {anyStatus(config.Rule{}), []string{"Cache-Control", "max-age=60"}, func(int) want { return full }},
		"s-maxage":          {anyStatus(config.Rule{}), []string{"Cache-Control", "s-maxage=60"}, func(int) want { return full }},
		"Expires":           {anyStatus(config.Rule{}), []string{"Expires", date(time.Minute)}, func(int) want { return full }},
		"CDN-Cache-Control": {anyStatus(config.Rule{}), []string{"CDN-Cache-Control", "max-age=60"}, func(int) want { return full }},
		"ttl":               {anyStatus(line), []string{"Cache-Control", "max-age=60"}, func(int) want { return cut }},
		"no lifetime": {anyStatus(line), nil, func(status int) want {
			if status == 200 {
				return cut
			}
			return no
		}},
		"public alone": {anyStatus(line), []string{"Cache-Control", "public"}, func(status int) want {
			if status == 200 {
				return cut
			}
			return no
		}},
		"a lifetime of 0": {anyStatus(line), []string{"Cache-Control", "max-age=0"}, func(int) want { return no }},
		"a lifetime of 0, ETag": {anyStatus(line), []string{"Cache-Control", "max-age=0", "ETag", `"x"`}, func(status int) want {
			if isFailure(status) {
				return no
			}
			return kept
		}},
		"no-cache, ETag": {anyStatus(line), []string{"Cache-Control", "no-cache, max-age=60", "ETag", `"x"`}, func(status int) want {
			if isFailure(status) {
				return no
			}
			return kept
		}},
		"no-store":   {anyStatus(line), []string{"Cache-Control", "no-store, max-age=60"}, func(int) want { return no }},
		"private":    {anyStatus(line), []string{"Cache-Control", "private, max-age=60"}, func(int) want { return no }},
		"Set-Cookie": {anyStatus(line), []string{"Cache-Control", "max-age=60", "Set-Cookie", "a=1"}, func(int) want { return no }},
	}
	for status := 100; status < 600; status++ {
		for name, tt := range cases {
			a := answer(status, tt.pairs...)
			a.Header.Set("Date", date(0))
			expected := tt.want(status)
			if status < 200 || status == 206 || status == 304 {
				expected = no
			}
			t.Run(fmt.Sprintf("%d %s", status, name), func(t *testing.T) {
				switch s := judge(tt.rule, a); {
				case expected == full:
					checkStored(t, s, time.Minute)
				case expected == cut:
					checkStored(t, s, 15*time.Second)
				case expected == kept:
					if s.Disposal != policy.DisposeKeep {
						t.Errorf("got %s, want kept", describe(s))
					}
				case isFailure(status):
					checkFailed(t, s)
				case s.Disposal != policy.DisposeRelay || s.Reason == cachestatus.ReasonNone:
					t.Errorf("got %s, want relayed", describe(s))
				}
			})
		}
	}
}

// TestAnyStatusLiftsTheCap: any_status lifts the 5 s of 404 and 410, and nothing
// that the operator has said of them.
func TestAnyStatusLiftsTheCap(t *testing.T) {
	for _, status := range []int{404, 410} {
		lasting := answer(status, "Cache-Control", "max-age=60")
		checkStored(t, judge(config.Rule{}, lasting), 5*time.Second)
		checkStored(t, judge(anyStatus(config.Rule{}), lasting), time.Minute)
		checkStored(t, judge(anyStatus(ttl(2*time.Second)), lasting), 2*time.Second)
		checkStored(t, judge(anyStatus(statusTTL(status, 7*time.Second)), lasting), 7*time.Second)
		checkRelayed(t, judge(anyStatus(statusTTL(status, 0)), lasting), cachestatus.ReasonStatus)
		checkRelayed(t, judge(anyStatus(ttl(time.Minute)), answer(status)), cachestatus.ReasonStatus)
		if left, ok := policy.Compile(anyStatus(config.Rule{})).BrowserLimit(status, 0); ok {
			t.Errorf("%d: browsers are limited to %s", status, left)
		}
	}
}

// TestAnyStatusReuse: SPEC rule 6, an error that was stored under any_status is not
// there once that is taken out.
func TestAnyStatusReuse(t *testing.T) {
	for _, status := range []int{302, 403, 404, 500, 503} {
		e := stored(t, anyStatus(ttl(15*time.Second)), answer(status, "Cache-Control", "max-age=60"))
		if j := reuse(e, anyStatus(ttl(15*time.Second)), time.Second); j.Reuse != policy.ReuseNow || j.Left != 14*time.Second {
			t.Errorf("%d: %+v", status, j)
		}
		j := reuse(e, ttl(15*time.Second), time.Second)
		if status == 404 {
			if j.Reuse != policy.ReuseNow || j.Left != 4*time.Second {
				t.Errorf("404: %+v", j)
			}
		} else if j.Reuse != policy.ReuseNever || j.IfError {
			t.Errorf("%d: %+v", status, j)
		}
	}
}

// TestAnyStatusHeuristic: with heuristic beside it, an error of a status that allows
// it, or that is public, is stored by its Last-Modified, too.
func TestAnyStatusHeuristic(t *testing.T) {
	both := anyStatus(heuristic(config.Rule{}, time.Hour))
	modified := []string{"Last-Modified", date(-seconds(600))}
	checkStored(t, judge(both, answer(501, modified...)), time.Minute)
	checkStored(t, judge(both, answer(404, modified...)), time.Minute)
	checkFailed(t, judge(both, answer(500, modified...)))
	checkStored(t, judge(both, answer(500, append(modified, "Cache-Control", "public")...)), time.Minute)
	checkFailed(t, judge(heuristic(config.Rule{}, time.Hour), answer(501, modified...)))
	checkFailed(t, judge(anyStatus(config.Rule{}), answer(501, modified...)))
}

// TestMustUnderstand: RFC 9111 §5.2.2.3, an answer of a status whose rules are not
// known is not stored; no-store beside it is for caches that do not know them.
//
// RFC 9111: 3-3, 5.2.2.3-2.
func TestMustUnderstand(t *testing.T) {
	known := map[int]bool{}
	for _, status := range []int{
		200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 417, 421, 422, 426,
		500, 501, 502, 503, 504, 505,
	} {
		known[status] = true
	}
	for status := 200; status < 600; status++ {
		for _, cc := range []string{"must-understand, max-age=60", "no-store, must-understand, max-age=60", "max-age=60, Must-Understand, No-Store"} {
			switch s := judge(anyStatus(config.Rule{}), answer(status, "Cache-Control", cc)); {
			case known[status]:
				checkStored(t, s, time.Minute)
			case isFailure(status):
				checkFailed(t, s)
			default:
				checkRelayed(t, s, cachestatus.ReasonStatus)
			}
		}
	}
	// The excuse is for the no-store of the same field, and for nothing else.
	for _, pairs := range [][]string{
		{"Cache-Control", "must-understand, max-age=60", "Surrogate-Control", "no-store"},
		{"CDN-Cache-Control", "no-store", "Cache-Control", "must-understand, max-age=60"},
		{"Cache-Control", "no-store, must-understand=1, max-age=60"},
	} {
		checkRelayed(t, judge(config.Rule{}, answer(200, pairs...)), cachestatus.ReasonNoStore)
	}
	checkRelayed(t, judge(config.Rule{}, answer(200, "Cache-Control", "must-understand, private, max-age=60")), cachestatus.ReasonPrivate)
	checkStored(t, judge(config.Rule{}, answer(200, "CDN-Cache-Control", "no-store, must-understand, max-age=60")), time.Minute)
}

// TestMinBytes: a 200 that is too small and has no lifetime of the origin's is not
// stored.
func TestMinBytes(t *testing.T) {
	least := func(n int64) config.Rule {
		c := ttl(15 * time.Second)
		c.MinBytes, c.StatusTTL = &n, map[int]config.Duration{204: config.Duration(15 * time.Second)}
		return c
	}
	plain := ttl(15 * time.Second)
	for name, tt := range map[string]struct {
		rule   config.Rule
		status int
		length int
		pairs  []string
		stored bool
	}{
		"by default, empty":              {plain, 200, 0, nil, false},
		"by default, a byte":             {plain, 200, 1, nil, true},
		"−1":                             {least(10), 200, 9, nil, false},
		"0":                              {least(10), 200, 10, nil, true},
		"+1":                             {least(10), 200, 11, nil, true},
		"of 0":                           {least(0), 200, 0, nil, true},
		"another status":                 {least(10), 204, 0, nil, true},
		"a lifetime":                     {least(10), 200, 0, []string{"Cache-Control", "max-age=15"}, true},
		"a lifetime, by Expires":         {least(10), 200, 0, []string{"Expires", date(15 * time.Second)}, true},
		"public is no lifetime":          {least(10), 200, 0, []string{"Cache-Control", "public"}, false},
		"a heuristic is no lifetime":     {heuristic(least(10), time.Hour), 200, 0, []string{"Last-Modified", date(-time.Hour)}, false},
		"the edge's override is no such": {override(least(10)), 200, 0, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := policy.Compile(tt.rule).TooSmall(tt.status, len(tt.pairs) > 0 && tt.stored, int64(tt.length)), !tt.stored; got != want {
				t.Errorf("too small: %v", got)
			}
			s := judge(tt.rule, answer(tt.status, append(tt.pairs, "Content-Length", strconv.Itoa(tt.length))...))
			if tt.stored {
				checkStored(t, s, 15*time.Second)
			} else {
				checkRelayed(t, s, cachestatus.ReasonEmpty)
			}
		})
	}
	// What no length is declared for is judged when it is there.
	checkStored(t, judge(least(10), answer(200)), 15*time.Second)
}
