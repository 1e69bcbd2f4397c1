package policy_test

import (
	"math"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestStrain: what may be served stale in troubled times, RFC 9111 §4.2.4 and RFC 5861
// §4. Nothing reaches past what the origin or the request forbids.
func TestStrain(t *testing.T) {
	line := windows(ttl(15*time.Second), -1, time.Minute)
	revalidating := windows(ttl(15*time.Second), time.Minute, -1)
	minute := policy.Strain{Grace: time.Minute}
	tests := map[string]struct {
		rule    config.Rule
		cc      string
		after   float64 // seconds since it was stored
		strain  policy.Strain
		demand  policy.Demand
		reuse   policy.Reuse
		reason  cachestatus.Reason
		ifError bool
	}{
		"calm, fresh":          {rule: line, after: 14, reuse: policy.ReuseNow, reason: cachestatus.ReasonFresh, ifError: true},
		"calm, stale":          {rule: line, after: 16, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale, ifError: true},
		"failing, fresh":       {rule: line, after: 14, strain: policy.Strain{Failing: true}, reuse: policy.ReuseNow, reason: cachestatus.ReasonFresh, ifError: true},
		"failing, stale":       {rule: line, after: 16, strain: policy.Strain{Failing: true}, reuse: policy.ReuseWhileRevalidate, reason: cachestatus.ReasonIfError, ifError: true},
		"failing, too stale":   {rule: line, after: 75, strain: policy.Strain{Failing: true}, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale},
		"failing, no window":   {rule: ttl(15 * time.Second), after: 16, strain: policy.Strain{Failing: true}, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale},
		"failing, must":        {rule: line, cc: "max-age=9, must-revalidate", after: 16, strain: policy.Strain{Failing: true}, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale},
		"failing, own word":    {rule: line, after: 16, strain: policy.Strain{Failing: true}, demand: policy.Demand{NoCache: true}, reuse: policy.ReuseValidated, reason: cachestatus.ReasonRequest, ifError: true},
		"grace":                {rule: ttl(15 * time.Second), after: 74, strain: minute, reuse: policy.ReuseWhileRevalidate, reason: cachestatus.ReasonOverloadGrace, ifError: true},
		"grace, over":          {rule: ttl(15 * time.Second), after: 75, strain: minute, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale},
		"grace, must":          {rule: ttl(15 * time.Second), cc: "max-age=9, proxy-revalidate", after: 16, strain: minute, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale},
		"grace, s-maxage":      {rule: ttl(15 * time.Second), cc: "s-maxage=9", after: 16, strain: minute, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale},
		"grace, own word":      {rule: ttl(15 * time.Second), after: 16, strain: minute, demand: policy.Demand{NoCache: true}, reuse: policy.ReuseValidated, reason: cachestatus.ReasonRequest, ifError: true},
		"grace, a window, too": {rule: revalidating, after: 16, strain: minute, reuse: policy.ReuseWhileRevalidate, reason: cachestatus.ReasonWhileRevalidate, ifError: true},
		"frozen, fresh":        {rule: line, after: 14, strain: policy.Strain{Frozen: true}, reuse: policy.ReuseNow, reason: cachestatus.ReasonFresh, ifError: true},
		"frozen, long stale":   {rule: line, after: 9e6, strain: policy.Strain{Frozen: true}, reuse: policy.ReuseNow, reason: cachestatus.ReasonFrozen},
		"frozen, a window":     {rule: revalidating, after: 16, strain: policy.Strain{Frozen: true}, reuse: policy.ReuseNow, reason: cachestatus.ReasonFrozen},
		"frozen, must":         {rule: line, cc: "max-age=9, must-revalidate", after: 16, strain: policy.Strain{Frozen: true}, reuse: policy.ReuseValidated, reason: cachestatus.ReasonStale},
		"frozen, own word":     {rule: line, after: 16, strain: policy.Strain{Frozen: true}, demand: policy.Demand{NoCache: true}, reuse: policy.ReuseValidated, reason: cachestatus.ReasonRequest, ifError: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pairs := []string{}
			if tt.cc != "" {
				pairs = []string{"Cache-Control", tt.cc}
			}
			e := stored(t, tt.rule, answer(200, pairs...))
			j := policy.DecideReuse(e, policy.Compile(tt.rule), &tt.demand, e.StoredAt+seconds(tt.after), tt.strain)
			if j.Reuse != tt.reuse || j.Reason != tt.reason || j.IfError != tt.ifError {
				t.Errorf("got %v, %v, if error %t", j.Reuse, j.Reason, j.IfError)
			}
		})
	}
}

// What was stored to be validated, because it came stale or says no-cache, is for
// nobody in any trouble.
func TestStrainOfWhatWasNeverFresh(t *testing.T) {
	all := policy.Strain{Frozen: true, Failing: true, Grace: time.Hour}
	for _, cc := range []string{"no-cache", "max-age=0"} {
		line := windows(ttl(15*time.Second), time.Hour, time.Hour)
		e := stored(t, line, answer(200, "Cache-Control", cc, "ETag", `"1"`))
		for _, after := range []float64{0, 1, 16, 1000} {
			j := policy.DecideReuse(e, policy.Compile(line), &policy.Demand{}, e.StoredAt+seconds(after), all)
			if j.Reuse != policy.ReuseValidated || j.IfError {
				t.Errorf("%s, after %v s: got %v, %v", cc, after, j.Reuse, j.Reason)
			}
		}
	}
}

func TestGrace(t *testing.T) {
	r := policy.Compile(config.Rule{OverloadGrace: config.Duration(10 * time.Minute)})
	for trouble, want := range map[float64]time.Duration{0: 0, 0.5: 5 * time.Minute, 1: 10 * time.Minute} {
		if got := r.Grace(trouble); got != want {
			t.Errorf("at %v: got %v", trouble, got)
		}
	}
	if got := policy.Compile(config.Rule{}).Grace(1); got != 0 {
		t.Errorf("without the option: got %v", got)
	}
}

// TestAhead: XFetch, with the mean that the line or the last fill gives.
func TestAhead(t *testing.T) {
	ahead := func(mean time.Duration) config.Rule {
		r := ttl(10 * time.Second)
		r.RefreshAhead = duration(mean)
		return r
	}
	longAhead := ahead(0)
	longAhead.TTL = config.Duration(24 * time.Hour)
	const mean = 1 - 1/math.E // at this chance the lead is the mean
	tests := map[string]struct {
		rule   config.Rule
		cc     string
		took   time.Duration
		chance float64
		lead   time.Duration // before the end of the lifetime from which on it is due
	}{
		"none":                         {ttl(10 * time.Second), "", time.Second, 0.99, 0},
		"the line's mean":              {ahead(2 * time.Second), "", time.Minute, mean, 2 * time.Second},
		"no luck":                      {ahead(2 * time.Second), "", time.Minute, 0, 0},
		"twice the mean":               {ahead(2 * time.Second), "", time.Minute, 1 - 1/math.E/math.E, 4 * time.Second},
		"the last fill's time":         {ahead(0), "", time.Second, mean, time.Second},
		"at least a fiftieth":          {ahead(0), "", time.Millisecond, mean, 200 * time.Millisecond},
		"a fiftieth of a long life":    {longAhead, "", time.Millisecond, mean, 2 * time.Second},
		"half at most":                 {ahead(0), "", time.Hour, 0.999, 5 * time.Second},
		"half of the origin's at most": {ahead(time.Hour), "max-age=4", 0, mean, 2 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pairs := []string{}
			if tt.cc != "" {
				pairs = []string{"Cache-Control", tt.cc}
			}
			e := stored(t, tt.rule, answer(200, pairs...))
			e.Took = tt.took
			r := policy.Compile(tt.rule)
			for left := 50 * time.Millisecond; left <= 4*time.Second; left += 100 * time.Millisecond {
				fresh := reuse(e, tt.rule, 0).Left
				j := reuse(e, tt.rule, fresh-left)
				if j.Left != left && j.Left > 0 {
					t.Fatalf("left %v, want %v", j.Left, left)
				}
				if got := policy.DecideAhead(e, r, &j, tt.chance); got != (left < tt.lead) {
					t.Errorf("%v before the end: got %t", left, got)
				}
			}
			gone := reuse(e, tt.rule, 25*time.Hour)
			if policy.DecideAhead(e, r, &gone, 0.999) {
				t.Error("what is stale is refreshed another way")
			}
		})
	}
}
