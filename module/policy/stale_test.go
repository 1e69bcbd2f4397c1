package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// windows gives a line its stale windows; a negative one is left out.
func windows(r config.Rule, revalidate, onError time.Duration) config.Rule {
	if revalidate >= 0 {
		r.StaleWhileRevalidate = duration(revalidate)
	}
	if onError >= 0 {
		r.StaleIfError = duration(onError)
	}
	return r
}

// TestStaleWindows: RFC 5861 §3 and §4, RFC 9111 §4.2.4, for how long a response
// may be used after it has gone stale: the origin's window, cut by the line's; the
// line's alone for what was fresh once; none against the origin's word.
//
// RFC 9111: 4-4, 4-5, 4.2.4-1, 4.2.4-2, 5.2.2.2-1, 5.2.2.2-2, 5.2.2.4-1, 5.2.2.8-1, 5.2.2.10-1.
func TestStaleWindows(t *testing.T) {
	line := ttl(15 * time.Second)
	both := windows(line, 20*time.Second, 40*time.Second)
	const own = ", stale-while-revalidate=30, stale-if-error=50"
	tests := map[string]struct {
		then, now           config.Rule
		cc                  string // and an Age, behind a bar
		fresh               time.Duration
		revalidate, onError time.Duration
	}{
		"none":                                {line, line, "max-age=10", seconds(10), 0, 0},
		"the line's":                          {line, both, "max-age=10", seconds(10), seconds(20), seconds(40)},
		"the line's, no lifetime":             {line, both, "", seconds(15), seconds(20), seconds(40)},
		"the line's, after a capped lifetime": {line, both, "max-age=60", seconds(15), seconds(20), seconds(40)},
		"the line's, of 0":                    {line, windows(line, 0, 0), "max-age=10" + own, seconds(10), 0, 0},
		"the origin's":                        {line, line, "max-age=10" + own, seconds(10), seconds(30), seconds(50)},
		"the origin's, after a capped":        {line, line, "max-age=60" + own, seconds(15), seconds(30), seconds(50)},
		"the origin's, of 0":                  {line, both, "max-age=10, stale-while-revalidate=0, stale-if-error=0", seconds(10), 0, 0},
		"the origin's, unreadable":            {line, both, "max-age=10, stale-while-revalidate=x, stale-if-error", seconds(10), 0, 0},
		"the origin's −1":                     {line, windows(line, 31*time.Second, 51*time.Second), "max-age=10" + own, seconds(10), seconds(30), seconds(50)},
		"the origin's 0":                      {line, windows(line, 30*time.Second, 50*time.Second), "max-age=10" + own, seconds(10), seconds(30), seconds(50)},
		"the origin's +1":                     {line, windows(line, 29*time.Second, 49*time.Second), "max-age=10" + own, seconds(10), seconds(29), seconds(49)},
		"one of each":                         {line, windows(line, -1, 40*time.Second), "max-age=10, stale-while-revalidate=30", seconds(10), seconds(30), seconds(40)},
		"by the rule in force now":            {both, line, "max-age=10", seconds(10), 0, 0},
		"with an override":                    {override(line), override(both), "max-age=3" + own, seconds(15), seconds(20), seconds(40)},
		"§5.2.2.2 must-revalidate":            {line, both, "max-age=10, must-revalidate" + own, seconds(10), 0, 0},
		"§5.2.2.2 must-revalidate, override":  {override(line), override(both), "max-age=10, must-revalidate" + own, seconds(15), 0, 0},
		"§5.2.2.8 proxy-revalidate":           {line, both, "max-age=10, proxy-revalidate" + own, seconds(10), 0, 0},
		"§5.2.2.10 s-maxage":                  {line, both, "s-maxage=10" + own, seconds(10), 0, 0},
		"§5.2.2.10 s-maxage and max-age":      {line, both, "max-age=60, s-maxage=10" + own, seconds(10), 0, 0},
		"§5.2.2.9 public":                     {line, both, "public, max-age=10" + own, seconds(10), seconds(20), seconds(40)},
		"stale on arrival, the origin's":      {line, line, "max-age=0" + own, 0, seconds(30), seconds(50)},
		"stale on arrival, cut":               {line, both, "max-age=0" + own, 0, seconds(20), seconds(40)},
		"stale on arrival, the line's":        {override(line), both, "max-age=0", 0, 0, 0},
		"stale before, the origin's":          {line, line, "max-age=10" + own + "|12", seconds(-2), seconds(30), seconds(50)},
		"stale before, cut":                   {line, both, "max-age=10" + own + "|12", seconds(-2), seconds(20), seconds(40)},
		"stale before, for longer than that":  {line, both, "max-age=10" + own + "|90", seconds(-80), seconds(20), seconds(40)},
		"fresh, it came with an age":          {line, both, "max-age=20|12", seconds(8), seconds(20), seconds(40)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cc, age, _ := strings.Cut(tt.cc, "|")
			e := stored(t, tt.then, answer(200, "Cache-Control", cc, "Age", age))
			for _, edge := range []time.Duration{tt.fresh, tt.fresh + tt.revalidate, tt.fresh + tt.onError} {
				for _, off := range []time.Duration{-time.Second, -1, 0, 1, time.Second} {
					after := max(0, edge+off)
					j, stale := reuse(e, tt.now, after), after-tt.fresh
					want := policy.Judged{Reuse: policy.ReuseValidated, Reason: cachestatus.ReasonStale, Age: e.InitialAge + after, Left: -stale}
					switch {
					case stale < 0:
						want.Reuse, want.Reason = policy.ReuseNow, cachestatus.ReasonFresh
					case stale < tt.revalidate:
						want.Reuse, want.Reason = policy.ReuseWhileRevalidate, cachestatus.ReasonWhileRevalidate
					}
					want.IfError = max(0, stale) < tt.onError
					if j != want {
						t.Errorf("after %s: got %+v, want %+v", after, j, want)
					}
				}
			}
		})
	}
}

// TestStaleNever: RFC 9111 §4.2.4 and §5.2.2, what must be validated is not served
// without, whatever the line, the origin's windows and the request say.
//
// RFC 9111: 4-4, 4-5, 4.2.4-1, 5.2.2.2-1, 5.2.2.2-2, 5.2.2.4-1, 5.2.2.8-1, 5.2.2.10-1.
func TestStaleNever(t *testing.T) {
	wide := windows(ttl(15*time.Second), time.Hour, time.Hour)
	for cc, untilStale := range map[string]bool{
		"no-cache": false, "no-cache, max-age=60": false, "max-age=15, must-revalidate": true, "max-age=15, proxy-revalidate": true, "s-maxage=15": true,
	} {
		a := answer(200, "Cache-Control", cc+", stale-while-revalidate=3600, stale-if-error=3600", "Etag", `"x"`)
		for _, c := range []config.Rule{wide, override(wide)} {
			e := stored(t, c, a)
			for _, after := range []time.Duration{0, 14 * time.Second, 15*time.Second - 1, 15 * time.Second, 16 * time.Second, time.Hour} {
				for _, d := range []policy.Demand{{}, {AnyStale: true}, {MaxStale: cachecontrol.Seconds{Set: true, Value: 2 * time.Hour}}} {
					j := policy.DecideReuse(e, policy.Compile(c), &d, e.StoredAt+after, policy.Strain{})
					served := j.Reuse == policy.ReuseNow || j.Reuse == policy.ReuseWhileRevalidate
					if fresh := untilStale && after < 15*time.Second; served != fresh || j.IfError && !fresh {
						t.Errorf("%s, after %s: %+v", cc, after, j)
					}
				}
			}
		}
	}
}

// TestStatusTakenOut: a ttl of 0 takes the status out, with its stale windows.
func TestStatusTakenOut(t *testing.T) {
	e := stored(t, ttl(15*time.Second), answer(200, "Cache-Control", "max-age=10, stale-while-revalidate=60, stale-if-error=60"))
	for _, after := range []time.Duration{0, 11 * time.Second} {
		if j := reuse(e, windows(statusTTL(200, 0), time.Hour, time.Hour), after); j.Reuse != policy.ReuseNever || j.IfError {
			t.Errorf("after %s: %+v", after, j)
		}
	}
}

// TestKeep: SPEC rule 2, what must be validated, or is stale when it comes, is
// given to one visitor only. It is stored where that is of use: it can be
// validated, or the origin lets it be served stale.
func TestKeep(t *testing.T) {
	line := windows(ttl(15*time.Second), time.Hour, time.Hour)
	tests := map[string]struct {
		pairs  []string
		kept   bool
		reason cachestatus.Reason
	}{
		"§5.2.2.4 no-cache":                    {[]string{"Cache-Control", "no-cache"}, false, cachestatus.ReasonNoCache},
		"§5.2.2.4 no-cache, ETag":              {[]string{"Cache-Control", "no-cache", "Etag", `"x"`}, true, cachestatus.ReasonNoCache},
		"§5.2.2.4 no-cache, weak ETag":         {[]string{"Cache-Control", "no-cache", "Etag", `W/"x"`}, true, cachestatus.ReasonNoCache},
		"§5.2.2.4 no-cache, Last-Modified":     {[]string{"Cache-Control", "no-cache", "Last-Modified", date(-seconds(1))}, true, cachestatus.ReasonNoCache},
		"§5.2.2.4 no-cache, bad Last-Modified": {[]string{"Cache-Control", "no-cache", "Last-Modified", "x"}, false, cachestatus.ReasonNoCache},
		"§5.2.2.4 no-cache, a lifetime":        {[]string{"Cache-Control", "no-cache, max-age=60", "Etag", `"x"`}, true, cachestatus.ReasonNoCache},
		"§5.2.2.4 no-cache, stale windows":     {[]string{"Cache-Control", "no-cache, stale-while-revalidate=60, stale-if-error=60"}, false, cachestatus.ReasonNoCache},
		"§5.4 Pragma, ETag":                    {[]string{"Pragma", "no-cache", "Etag", `"x"`}, true, cachestatus.ReasonNoCache},
		"RFC 9213 no-cache, ETag":              {[]string{"CDN-Cache-Control", "no-cache", "Etag", `"x"`}, true, cachestatus.ReasonNoCache},
		"§4.2 stale":                           {[]string{"Cache-Control", "max-age=0"}, false, cachestatus.ReasonNotFresh},
		"§4.2 stale, ETag":                     {[]string{"Cache-Control", "max-age=0", "Etag", `"x"`}, true, cachestatus.ReasonNotFresh},
		"§4.2 stale, Last-Modified":            {[]string{"Expires", "0", "Last-Modified", date(-seconds(1))}, true, cachestatus.ReasonNotFresh},
		"§4.2 stale, its Age":                  {[]string{"Cache-Control", "max-age=60", "Age", "60", "Etag", `"x"`}, true, cachestatus.ReasonNotFresh},
		"RFC 5861 stale, while revalidate":     {[]string{"Cache-Control", "max-age=0, stale-while-revalidate=1"}, true, cachestatus.ReasonNotFresh},
		"RFC 5861 stale, if error":             {[]string{"Cache-Control", "max-age=0, stale-if-error=1"}, true, cachestatus.ReasonNotFresh},
		"RFC 5861 stale, windows of 0":         {[]string{"Cache-Control", "max-age=0, stale-while-revalidate=0, stale-if-error=0"}, false, cachestatus.ReasonNotFresh},
		"no-store, ETag":                       {[]string{"Cache-Control", "no-store, max-age=0", "Etag", `"x"`}, false, cachestatus.ReasonNoStore},
		"private, ETag":                        {[]string{"Cache-Control", "private, max-age=0", "Etag", `"x"`}, false, cachestatus.ReasonPrivate},
		"Set-Cookie, ETag":                     {[]string{"Cache-Control", "no-cache", "Etag", `"x"`, "Set-Cookie", "a=1"}, false, cachestatus.ReasonSetCookie},
		"Vary *, ETag":                         {[]string{"Cache-Control", "no-cache", "Etag", `"x"`, "Vary", "*"}, false, cachestatus.ReasonVaryStar},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if s := judge(line, answer(200, tt.pairs...)); tt.kept {
				checkKept(t, s, tt.reason)
			} else {
				checkRelayed(t, s, tt.reason)
			}
		})
	}
	// Without a lifetime there is nothing to be stale after.
	checkRelayed(t, judge(config.Rule{}, answer(200, "Etag", `"x"`)), cachestatus.ReasonNoLifetime)
	checkRelayed(t, judge(line, answer(403, "Cache-Control", "no-cache", "Etag", `"x"`)), cachestatus.ReasonStatus)
	checkFailed(t, judge(line, answer(503, "Cache-Control", "no-cache", "Etag", `"x"`)))
}
