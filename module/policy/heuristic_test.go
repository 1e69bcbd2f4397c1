package policy_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func heuristic(r config.Rule, most time.Duration) config.Rule {
	r.Heuristic = config.Duration(most)
	return r
}

// TestHeuristic: RFC 9111 §4.2.2, a tenth of what has passed since Last-Modified,
// and only where there is no explicit lifetime.
//
// RFC 9111: 4.2.2-1.
func TestHeuristic(t *testing.T) {
	on := heuristic(config.Rule{}, time.Minute)
	line := heuristic(ttl(15*time.Second), time.Minute)
	modified := func(ago float64, pairs ...string) http.Header {
		return fields(append(pairs, "Last-Modified", date(-seconds(ago)))...)
	}
	tests := map[string]struct {
		rule   config.Rule
		header http.Header
		want   time.Duration // 0: not stored for reason
		reason cachestatus.Reason
	}{
		"a tenth":                          {on, modified(300), seconds(30), 0},
		"a tenth of a second":              {on, modified(1), seconds(0.1), 0},
		"its cap −1":                       {on, modified(590), seconds(59), 0},
		"its cap 0":                        {on, modified(600), seconds(60), 0},
		"its cap +1":                       {on, modified(610), seconds(60), 0},
		"far beyond its cap":               {on, fields("Last-Modified", "Mon, 01 Jan 0001 00:00:00 GMT"), seconds(60), 0},
		"modified now":                     {on, modified(0), 0, cachestatus.ReasonNoLifetime},
		"modified in a second":             {on, modified(-1), 0, cachestatus.ReasonNoLifetime},
		"modified now, ttl":                {line, modified(0), seconds(15), 0},
		"the ttl −1":                       {line, modified(140), seconds(14), 0},
		"the ttl 0":                        {line, modified(150), seconds(15), 0},
		"the ttl +1":                       {line, modified(160), seconds(15), 0},
		"no Last-Modified":                 {on, fields(), 0, cachestatus.ReasonNoLifetime},
		"no Last-Modified, ttl":            {line, fields(), seconds(15), 0},
		"Last-Modified unreadable":         {on, fields("Last-Modified", "yesterday"), 0, cachestatus.ReasonNoLifetime},
		"Last-Modified in another zone":    {on, fields("Last-Modified", "Wed, 02 Jan 2030 02:54:05 UTC"), 0, cachestatus.ReasonNoLifetime},
		"Last-Modified twice":              {on, modified(600, "Last-Modified", date(-seconds(600))), 0, cachestatus.ReasonNoLifetime},
		"off":                              {config.Rule{}, modified(600), 0, cachestatus.ReasonNoLifetime},
		"off, ttl":                         {ttl(15 * time.Second), modified(10), seconds(15), 0},
		"Date counts":                      {on, modified(310, "Date", date(-seconds(10))), seconds(20), 0}, // 30 s, of which 10 are over
		"Date counts, and more":            {on, modified(710, "Date", date(-seconds(110))), 0, cachestatus.ReasonNotFresh},
		"Age −1":                           {on, modified(300, "Age", "29"), seconds(1), 0},
		"Age 0":                            {on, modified(300, "Age", "30"), 0, cachestatus.ReasonNotFresh},
		"explicit max-age":                 {on, modified(600, "Cache-Control", "max-age=5"), seconds(5), 0},
		"explicit max-age, longer":         {on, modified(600, "Cache-Control", "max-age=90"), seconds(90), 0},
		"explicit max-age=0":               {on, modified(600, "Cache-Control", "max-age=0"), 0, cachestatus.ReasonNotFresh},
		"explicit max-age, unreadable":     {on, modified(600, "Cache-Control", "max-age=x"), 0, cachestatus.ReasonNotFresh},
		"explicit s-maxage":                {on, modified(600, "Cache-Control", "s-maxage=5"), seconds(5), 0},
		"explicit Expires":                 {on, modified(600, "Expires", date(seconds(5))), seconds(5), 0},
		"explicit Expires: 0":              {on, modified(600, "Expires", "0"), 0, cachestatus.ReasonNotFresh},
		"explicit CDN-Cache-Control":       {on, modified(600, "CDN-Cache-Control", "max-age=5"), seconds(5), 0},
		"CDN-Cache-Control beside Expires": {on, modified(300, "CDN-Cache-Control", "must-revalidate", "Expires", "0"), seconds(30), 0},
		"override":                         {override(line), modified(10), seconds(15), 0},
		"no-store":                         {on, modified(600, "Cache-Control", "no-store"), 0, cachestatus.ReasonNoStore},
		"private":                          {on, modified(600, "Cache-Control", "private"), 0, cachestatus.ReasonPrivate},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if s := judge(tt.rule, answers(200, tt.header)); tt.want > 0 {
				checkStored(t, s, tt.want)
			} else if s.Disposal == policy.DisposeStore || s.Reason != tt.reason {
				t.Errorf("got %s, want %s", describe(s), tt.reason)
			}
		})
	}
}

// TestHeuristicStatuses: RFC 9111 §4.2.2 and RFC 9110 §15.1, which statuses may be
// given a lifetime so, and that public lets any be.
//
// RFC 9111: 3-7.
func TestHeuristicStatuses(t *testing.T) {
	may := map[int]bool{200: true, 203: true, 204: true, 300: true, 301: true, 308: true, 404: true, 405: true, 410: true, 414: true}
	for status := 100; status < 500; status++ {
		for cc, allowed := range map[string]bool{"": may[status], "public": status >= 200 && status != 206 && status != 304 && status != 499} {
			a := answer(status, "Last-Modified", date(-seconds(600)), "Cache-Control", cc)
			want := time.Minute
			if status == 404 || status == 410 {
				want = config.ErrorTTL
			}
			switch s := judge(heuristic(config.Rule{}, time.Hour), a); {
			case allowed:
				checkStored(t, s, want)
			case s.Reason != cachestatus.ReasonStatus && status != 499:
				t.Errorf("%d, %q: got %s", status, cc, describe(s))
			}
			if s := judge(config.Rule{}, a); s.Fresh > 0 {
				t.Errorf("%d, %q, without the option: got %s", status, cc, describe(s))
			}
		}
	}
	own := heuristic(statusTTL(404, time.Minute), time.Hour)
	checkStored(t, judge(own, answer(404, "Last-Modified", date(-seconds(300)))), seconds(30))
}

// TestHeuristicReuse: SPEC rule 6, by the option as it is now.
func TestHeuristicReuse(t *testing.T) {
	a := answer(200, "Last-Modified", date(-seconds(600))) // a minute
	e := stored(t, heuristic(config.Rule{}, time.Hour), a)
	for name, tt := range map[string]struct {
		now   config.Rule
		fresh time.Duration
	}{
		"as it was":    {heuristic(config.Rule{}, time.Hour), time.Minute},
		"tighter":      {heuristic(config.Rule{}, 10*time.Second), 10 * time.Second},
		"off":          {config.Rule{}, 0},
		"off, ttl":     {ttl(15 * time.Second), 15 * time.Second},
		"a ttl beside": {heuristic(ttl(15*time.Second), time.Hour), 15 * time.Second},
		"a longer ttl": {heuristic(ttl(time.Hour), time.Hour), time.Minute},
	} {
		for _, after := range []time.Duration{0, tt.fresh - time.Second, tt.fresh, tt.fresh + time.Second} {
			if j := reuse(e, tt.now, max(0, after)); j.Left != tt.fresh-max(0, after) {
				t.Errorf("%s, after %s: %+v", name, after, j)
			}
		}
	}
}
