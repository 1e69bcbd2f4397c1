package policy_test

import (
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func set(n float64) cachecontrol.Seconds { return cachecontrol.Seconds{Set: true, Value: seconds(n)} }

// TestDemand: RFC 9111 §5.2.1 and §5.4, what a request wants of a stored response,
// where the line respects it.
//
// RFC 9111: 5.2.1.5-1.
func TestDemand(t *testing.T) {
	tests := map[string]struct {
		q    *policy.Request
		want policy.Demand
	}{
		"nothing":                              {get(), policy.Demand{}},
		"§5.2.1.1 max-age":                     {get("Cache-Control", "max-age=5"), policy.Demand{MaxAge: set(5)}},
		"§5.2.1.1 max-age, unreadable":         {get("Cache-Control", "max-age=x"), policy.Demand{MaxAge: set(0)}},
		"§5.2.1.2 max-stale":                   {get("Cache-Control", "max-stale"), policy.Demand{AnyStale: true}},
		"§5.2.1.2 max-stale, so long":          {get("Cache-Control", "max-stale=5"), policy.Demand{MaxStale: set(5)}},
		"§5.2.1.2 max-stale, both":             {get("Cache-Control", "max-stale", "Cache-Control", "max-stale=5"), policy.Demand{MaxStale: set(5)}},
		"§5.2.1.3 min-fresh":                   {get("Cache-Control", "min-fresh=5"), policy.Demand{MinFresh: set(5)}},
		"§5.2.1.4 no-cache":                    {get("Cache-Control", "max-age=1, No-Cache"), policy.Demand{NoCache: true, MaxAge: set(1)}},
		"§5.2.1.5 no-store":                    {get("Cache-Control", "no-store"), policy.Demand{NoStore: true}},
		"§5.2.1.5 no-store, in a second line":  {get("Cache-Control", "max-age=1", "Cache-Control", "no-store"), policy.Demand{NoStore: true, MaxAge: set(1)}},
		"§5.2.3 unknown":                       {get("Cache-Control", "no-stores, x"), policy.Demand{}},
		"§5.4 Pragma":                          {get("Pragma", "no-cache"), policy.Demand{NoCache: true}},
		"§5.4 Pragma, among others":            {get("Pragma", "x,\tNO-CACHE"), policy.Demand{NoCache: true}},
		"§5.4 Pragma, in a second line":        {get("Pragma", "x", "Pragma", "no-cache"), policy.Demand{NoCache: true}},
		"§5.4 another Pragma":                  {get("Pragma", "no-cached, x=no-cache"), policy.Demand{}},
		"§5.4 Pragma, Cache-Control beside it": {get("Pragma", "no-cache", "Cache-Control", "max-age=5"), policy.Demand{MaxAge: set(5)}},
		"§5.4 Pragma, an empty Cache-Control":  {get("Pragma", "no-cache", "Cache-Control", ""), policy.Demand{}},
	}
	for name, tt := range tests {
		in := policy.DecideIntake(tt.q, policy.Compile(config.Rule{RespectRequestCacheControl: true}))
		checkLookup(t, in)
		if in.Demand != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, in.Demand, tt.want)
		}
		if in := policy.DecideIntake(tt.q, policy.Compile(config.Rule{})); in.Demand != (policy.Demand{}) {
			t.Errorf("%s: %+v although the line does not respect it", name, in.Demand)
		}
	}
}

// TestDemandOfFresh: RFC 9111 §5.2.1.1, §5.2.1.3 and §5.2.1.4, of a response that
// is fresh for 15 s and came with an age of 2 s.
func TestDemandOfFresh(t *testing.T) {
	line := ttl(15 * time.Second)
	e := stored(t, line, answer(200, "Cache-Control", "max-age=60", "Age", "2"))
	tests := map[string]struct {
		d     policy.Demand
		after time.Duration
		want  bool // it will do
	}{
		"none":                           {policy.Demand{}, 0, true},
		"§5.2.1.4 no-cache":              {policy.Demand{NoCache: true}, 0, false},
		"§5.2.1.4 no-cache, max-stale":   {policy.Demand{NoCache: true, AnyStale: true}, 0, false},
		"§5.2.1.1 max-age −1":            {policy.Demand{MaxAge: set(5)}, seconds(2), true},
		"§5.2.1.1 max-age 0":             {policy.Demand{MaxAge: set(5)}, seconds(3), true},
		"§5.2.1.1 max-age, a bit more":   {policy.Demand{MaxAge: set(5)}, seconds(3) + 1, false},
		"§5.2.1.1 max-age +1":            {policy.Demand{MaxAge: set(5)}, seconds(4), false},
		"§5.2.1.1 max-age=0":             {policy.Demand{MaxAge: set(0)}, 0, false},
		"§5.2.1.1 max-age, max-stale":    {policy.Demand{MaxAge: set(1), AnyStale: true}, 0, false},
		"§5.2.1.3 min-fresh −1":          {policy.Demand{MinFresh: set(5)}, seconds(9), true},
		"§5.2.1.3 min-fresh 0":           {policy.Demand{MinFresh: set(5)}, seconds(10), true},
		"§5.2.1.3 min-fresh, a bit less": {policy.Demand{MinFresh: set(5)}, seconds(10) + 1, false},
		"§5.2.1.3 min-fresh +1":          {policy.Demand{MinFresh: set(5)}, seconds(11), false},
		"§5.2.1.3 min-fresh=0":           {policy.Demand{MinFresh: set(0)}, seconds(14), true},
		"§5.2.1.3 more than it ever is":  {policy.Demand{MinFresh: set(16)}, 0, false},
		"§5.2.1.2 max-stale":             {policy.Demand{MaxStale: set(0)}, seconds(14), true},
		"all of them":                    {policy.Demand{MaxAge: set(17), MinFresh: set(0), MaxStale: set(0)}, seconds(14), true},
	}
	for name, tt := range tests {
		j := policy.DecideReuse(e, policy.Compile(line), &tt.d, e.StoredAt+tt.after, policy.Strain{})
		want := policy.Judged{
			Reuse: policy.ReuseNow, Reason: cachestatus.ReasonFresh, Age: seconds(2) + tt.after, Left: seconds(15) - tt.after,
		}
		if !tt.want {
			want.Reuse, want.Reason = policy.ReuseValidated, cachestatus.ReasonRequest
		}
		if j != want {
			t.Errorf("%s: got %+v, want %+v", name, j, want)
		}
	}
}

// TestDemandOfStale: RFC 9111 §5.2.1.2, a request that takes stale responses, of
// one that went stale after 15 s and has a window of 5 s.
func TestDemandOfStale(t *testing.T) {
	line := windows(ttl(15*time.Second), 5*time.Second, -1)
	e := stored(t, line, answer(200))
	fresh, revalidate, stale := cachestatus.ReasonFresh, cachestatus.ReasonWhileRevalidate, cachestatus.ReasonMaxStale
	for name, tt := range map[string]struct {
		d     policy.Demand
		after float64
		want  cachestatus.Reason // that it is served for; 0: it is not
	}{
		"none, in the window":            {policy.Demand{}, 15, revalidate},
		"none, behind it":                {policy.Demand{}, 20, 0},
		"max-stale, fresh":               {policy.Demand{MaxStale: set(10)}, 14, fresh},
		"max-stale, in the window":       {policy.Demand{MaxStale: set(10)}, 19, revalidate},
		"max-stale, behind it":           {policy.Demand{MaxStale: set(10)}, 20, stale},
		"max-stale −1":                   {policy.Demand{MaxStale: set(10)}, 24, stale},
		"max-stale 0":                    {policy.Demand{MaxStale: set(10)}, 25, stale},
		"max-stale +1":                   {policy.Demand{MaxStale: set(10)}, 26, 0},
		"any":                            {policy.Demand{AnyStale: true}, 3600, stale},
		"any, no-cache":                  {policy.Demand{AnyStale: true, NoCache: true}, 3600, 0},
		"any, max-age −1":                {policy.Demand{AnyStale: true, MaxAge: set(31)}, 30, stale},
		"any, max-age 0":                 {policy.Demand{AnyStale: true, MaxAge: set(30)}, 30, stale},
		"any, max-age +1":                {policy.Demand{AnyStale: true, MaxAge: set(29)}, 30, 0},
		"any, min-fresh":                 {policy.Demand{AnyStale: true, MinFresh: set(0)}, 16, 0},
		"no-cache, in the window":        {policy.Demand{NoCache: true}, 16, 0},
		"min-fresh, in the window":       {policy.Demand{MinFresh: set(1)}, 16, 0},
		"max-age passed, in the window":  {policy.Demand{MaxAge: set(15)}, 16, 0},
		"max-stale=0, as it gets so":     {policy.Demand{MaxStale: set(0)}, 15, revalidate},
		"max-stale=0, behind the window": {policy.Demand{MaxStale: set(0)}, 20, 0},
	} {
		j := policy.DecideReuse(e, policy.Compile(line), &tt.d, e.StoredAt+seconds(tt.after), policy.Strain{})
		served := j.Reuse == policy.ReuseNow || j.Reuse == policy.ReuseWhileRevalidate
		if served != (tt.want != 0) || served && j.Reason != tt.want || (j.Reuse == policy.ReuseWhileRevalidate) != (tt.want == revalidate) {
			t.Errorf("%s: got %+v, want %s", name, j, tt.want)
		}
		if j.Reuse == policy.ReuseNever {
			t.Errorf("%s: its validators are lost: %+v", name, j)
		}
	}
}

// TestDemandMaxAgeOfStale: RFC 9111 §5.2.1.1, who names a greatest age takes nothing
// stale unless he says so, also within a window in which others get it.
func TestDemandMaxAgeOfStale(t *testing.T) {
	line := ttl(15 * time.Second)
	window := config.Duration(time.Hour)
	line.StaleWhileRevalidate = &window
	e := stored(t, line, answer(200))
	for name, tt := range map[string]struct {
		d     policy.Demand
		after time.Duration
		want  policy.Reuse
	}{
		"no demand":            {policy.Demand{}, seconds(16), policy.ReuseWhileRevalidate},
		"fresh":                {policy.Demand{MaxAge: set(60)}, seconds(14), policy.ReuseNow},
		"stale":                {policy.Demand{MaxAge: set(60)}, seconds(15), policy.ReuseValidated},
		"stale, and taken":     {policy.Demand{MaxAge: set(60), MaxStale: set(5)}, seconds(20), policy.ReuseWhileRevalidate},
		"too stale":            {policy.Demand{MaxAge: set(60), MaxStale: set(5)}, seconds(21), policy.ReuseValidated},
		"any, but too old now": {policy.Demand{MaxAge: set(60), AnyStale: true}, seconds(61), policy.ReuseValidated},
	} {
		if j := policy.DecideReuse(e, policy.Compile(line), &tt.d, e.StoredAt+tt.after, policy.Strain{}); j.Reuse != tt.want {
			t.Errorf("%s: got %+v", name, j)
		}
	}
}
