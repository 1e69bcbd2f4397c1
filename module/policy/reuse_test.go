package policy_test

import (
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
)

// stored makes what is kept of an answer that was stored 100 s after the start.
func stored(t *testing.T, c config.Rule, a *policy.Response) *entry.Entry {
	t.Helper()
	s := judge(c, a)
	if s.Disposal != policy.DisposeStore && s.Disposal != policy.DisposeKeep {
		t.Fatalf("not stored: %s", describe(s))
	}
	e := storedAs(a, c, s)
	e.Body = make([]byte, 1000)
	return e
}

// storedAs makes what is kept of an answer of this verdict, without a body.
func storedAs(a *policy.Response, c config.Rule, s policy.Storage) *entry.Entry {
	return &entry.Entry{
		Status: a.Status, Header: policy.Compile(c).StorableFields(a.Header, s.Drop, a.ResponseTime),
		StoredAt: 100 * time.Second, Terms: s.Terms,
	}
}

// reuse judges e this long after it was stored, for a request without wishes.
func reuse(e *entry.Entry, c config.Rule, after time.Duration) policy.Judged {
	return policy.DecideReuse(e, policy.Compile(c), &policy.Demand{}, e.StoredAt+after, policy.Strain{})
}

// TestReuse: RFC 9111 §4.2, fresh while its lifetime is greater than its age; and
// SPEC rule 6, by the rule in force now.
//
// RFC 9111: 4-5, 4.2.4-2.
func TestReuse(t *testing.T) {
	line := ttl(15 * time.Second)
	page := func(pairs ...string) *policy.Response { return answer(200, pairs...) }
	tests := map[string]struct {
		then, now config.Rule
		a         *policy.Response
		fresh     time.Duration // from the arrival on; 0: never; −1: taken for one that is not there
	}{
		"ttl alone":                       {line, line, page(), seconds(15)},
		"shorter origin wins":             {line, line, page("Cache-Control", "max-age=5"), seconds(5)},
		"longer origin is cut":            {line, line, page("Cache-Control", "max-age=60"), seconds(15)},
		"no ttl":                          {config.Rule{}, config.Rule{}, page("Cache-Control", "max-age=60"), seconds(60)},
		"came with an age":                {config.Rule{}, config.Rule{}, page("Cache-Control", "max-age=60", "Age", "50"), seconds(10)},
		"came with an age, ttl":           {line, line, page("Cache-Control", "max-age=60", "Age", "50"), seconds(10)},
		"came with an age, ttl alone":     {line, line, page("Age", "5"), seconds(10)},
		"override of a shorter one":       {override(line), override(line), page("Cache-Control", "max-age=5"), seconds(15)},
		"override of 0":                   {override(line), override(line), page("Cache-Control", "max-age=0"), seconds(15)},
		"override of an age":              {override(line), override(line), page("Cache-Control", "max-age=5", "Age", "50"), seconds(15)},
		"tighter ttl":                     {line, ttl(3 * time.Second), page(), seconds(3)},
		"tighter ttl, explicit":           {line, ttl(3 * time.Second), page("Cache-Control", "max-age=60"), seconds(3)},
		"looser ttl":                      {line, ttl(time.Minute), page(), seconds(60)},
		"looser ttl, explicit":            {line, ttl(time.Minute), page("Cache-Control", "max-age=30"), seconds(30)},
		"ttl given since":                 {config.Rule{}, line, page("Cache-Control", "max-age=60"), seconds(15)},
		"ttl removed":                     {line, config.Rule{}, page(), 0},
		"ttl removed, explicit":           {line, config.Rule{}, page("Cache-Control", "max-age=60"), seconds(60)},
		"override given since":            {line, override(line), page("Cache-Control", "max-age=5"), seconds(15)},
		"override removed":                {override(line), line, page("Cache-Control", "max-age=5"), seconds(5)},
		"override of 0 removed":           {override(line), line, page("Cache-Control", "max-age=0"), 0},
		"404, 5 s":                        {line, line, answer(404, "Cache-Control", "max-age=60"), seconds(5)},
		"404, shorter ttl":                {line, ttl(2 * time.Second), answer(404, "Cache-Control", "max-age=60"), seconds(2)},
		"404, its own ttl":                {statusTTL(404, time.Minute), statusTTL(404, time.Minute), answer(404), seconds(60)},
		"404, its own ttl removed":        {statusTTL(404, time.Minute), line, answer(404), -1},
		"404, its own ttl, explicit":      {statusTTL(404, time.Minute), line, answer(404, "Cache-Control", "max-age=60"), seconds(5)},
		"410, its own ttl tighter":        {statusTTL(410, time.Minute), statusTTL(410, time.Second), answer(410), seconds(1)},
		"302, its own ttl removed":        {statusTTL(302, time.Minute), line, answer(302, "Cache-Control", "max-age=60"), -1},
		"301, its own ttl removed":        {statusTTL(301, time.Minute), line, answer(301), -1},
		"status taken out by a ttl of 0":  {line, statusTTL(200, 0), page("Cache-Control", "max-age=60"), -1},
		"status taken out, with override": {line, override(statusTTL(200, 0)), page("Cache-Control", "max-age=60"), -1},
		"max_body −1":                     {line, withBody(line, 999), page(), -1},
		"max_body 0":                      {line, withBody(line, 1000), page(), seconds(15)},
		"max_body +1":                     {line, withBody(line, 1001), page(), seconds(15)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := stored(t, tt.then, tt.a)
			r := policy.Compile(tt.now)
			for _, after := range []time.Duration{-time.Second, 0, 1, tt.fresh - time.Second, tt.fresh - 1, tt.fresh, tt.fresh + 1, tt.fresh + time.Second, time.Hour} {
				j := policy.DecideReuse(e, r, &policy.Demand{}, e.StoredAt+after, policy.Strain{})
				resident := max(0, after) // a clock that went back makes nothing younger
				want := policy.Judged{
					Reuse: policy.ReuseValidated, Reason: cachestatus.ReasonStale, Age: e.InitialAge + resident, Left: tt.fresh - resident,
				}
				if want.Left > 0 {
					want.Reuse, want.Reason = policy.ReuseNow, cachestatus.ReasonFresh
				}
				if tt.fresh <= 0 {
					want.Left = min(j.Left, 0) // how stale does not matter
				}
				if tt.fresh < 0 {
					want.Reuse = policy.ReuseNever
				}
				if j != want {
					t.Errorf("after %s: got %+v, want %+v", after, j, want)
				}
			}
		})
	}
}

func withBody(c config.Rule, limit int64) config.Rule {
	c.MaxBody = limit
	return c
}

// TestReuseAgrees: what DecideStorage promises is what DecideReuse then finds.
func TestReuseAgrees(t *testing.T) {
	for _, c := range []config.Rule{ttl(15 * time.Second), {}, override(ttl(15 * time.Second)), statusTTL(200, 7*time.Second)} {
		for _, cc := range []string{"max-age=60", "max-age=3", "s-maxage=20, max-age=1"} {
			a := answer(200, "Cache-Control", cc, "Age", "1")
			s := judge(c, a)
			e := stored(t, c, a)
			if j := reuse(e, c, 0); j.Left != s.Fresh || j.Age != s.Terms.InitialAge {
				t.Errorf("%s: stored for %s at an age of %s, found %+v", cc, s.Fresh, s.Terms.InitialAge, j)
			}
		}
	}
}
