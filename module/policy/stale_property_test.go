package policy_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// bound returns the ttl that a line has for a status; ok is false if none.
func bound(c config.Rule, status int) (limit time.Duration, ok bool) {
	if own, named := c.StatusTTL[status]; named {
		return time.Duration(own), true
	}
	limit, ok = time.Duration(c.TTL), c.TTL > 0
	if isNegative(status) && !c.AnyStatus && (!ok || limit > 5*time.Second) {
		return 5 * time.Second, true
	}
	return limit, ok
}

func isNegative(status int) bool { return status == 404 || status == 410 }

// said is what an answer says of its reuse, written down in another way than its
// fields.
type said struct {
	lifetime time.Duration
	explicit bool
	modified time.Duration // how long before its Date it was; 0: not known
	age      time.Duration
	noCache  bool
	must     bool           // be validated when it is stale
	revalid  *time.Duration // its stale-while-revalidate
	iferror  *time.Duration
}

// drawSaid draws an answer's fields about freshness.
func drawSaid(t *rapid.T, h http.Header) said {
	var s said
	number := rapid.OneOf(rapid.Int64Range(0, 30), rapid.SampledFrom([]int64{3600, 1<<31 - 1, 1 << 31}))
	give := func(name string) (int64, bool) {
		return number.Draw(t, name), rapid.Bool().Draw(t, name+" given")
	}
	if n, given := give("Expires"); given {
		h.Set("Date", date(0))
		h.Set("Expires", date(time.Duration(n)*time.Second))
		s.lifetime, s.explicit = time.Duration(n)*time.Second, true
	}
	where := "Cache-Control"
	set := func(directive string) { h.Set(where, strings.TrimPrefix(h.Get(where)+", "+directive, ", ")) }
	lifetime := func(name string) bool {
		n, given := give(where + " " + name)
		if given {
			set(name + "=" + strconv.FormatInt(n, 10))
			s.lifetime, s.explicit = time.Duration(n)*time.Second, true
		}
		return given
	}
	lifetime("max-age")
	s.must = lifetime("s-maxage")
	if where = "Cdn-Cache-Control"; lifetime("max-age") {
		s.must = false // what Cache-Control says does not count
	} else {
		where = "Cache-Control"
	}
	for _, directive := range []string{"must-revalidate", "proxy-revalidate", "no-cache"} {
		if rapid.IntRange(0, 4).Draw(t, directive) == 0 {
			set(directive)
			s.noCache = s.noCache || directive == "no-cache"
			s.must = s.must || directive != "no-cache"
		}
	}
	window := func(name string) *time.Duration {
		n, given := give(name)
		if !given {
			return nil
		}
		set(name + "=" + strconv.FormatInt(n, 10))
		d := time.Duration(n) * time.Second
		return &d
	}
	s.revalid, s.iferror = window("stale-while-revalidate"), window("stale-if-error")
	if n, given := give("Last-Modified"); given && n > 0 && n <= 3600 {
		h.Set("Last-Modified", date(-time.Duration(n)*time.Second))
		s.modified = time.Duration(n) * time.Second
	}
	if n := rapid.Int64Range(0, 40).Draw(t, "age"); n > 0 {
		h.Set("Age", strconv.FormatInt(n, 10))
		s.age = time.Duration(n) * time.Second
	}
	return s
}

// freshFor returns the most for which an answer may be fresh after its arrival;
// less than nothing for one that was stale before.
// guessed says that a heuristic was allowed when it was stored.
func (s *said) freshFor(c config.Rule, status int, guessed bool) time.Duration {
	limit, capped := bound(c, status)
	_, named := c.StatusTTL[status]
	lasting := named || !isNegative(status)
	fresh := limit - s.age
	switch {
	case c.Override && capped && lasting:
		return limit
	case s.explicit:
		fresh = s.lifetime - s.age
	case guessed && c.Heuristic > 0 && s.modified > 0 && status != 302 && status != 503:
		fresh = min(s.modified/10, time.Duration(c.Heuristic)) - s.age
	case !capped || !lasting:
		return 0
	}
	if capped {
		fresh = min(fresh, limit)
	}
	return fresh
}

// staleFor returns the most for which an answer may be used after it has gone
// stale, where it and the line give these windows.
func (s *said) staleFor(own *time.Duration, line *config.Duration, fresh time.Duration) time.Duration {
	switch {
	case s.must || s.noCache:
		return 0
	case line == nil && own == nil:
		return 0
	case line == nil:
		return *own
	case own != nil:
		return min(*own, time.Duration(*line))
	case fresh > 0:
		return time.Duration(*line)
	}
	return 0
}

func anyDemand(t *rapid.T) policy.Demand {
	seconds := rapid.Custom(func(t *rapid.T) cachecontrol.Seconds {
		if rapid.IntRange(0, 2).Draw(t, "set") > 0 {
			return cachecontrol.Seconds{}
		}
		return cachecontrol.Seconds{Set: true, Value: time.Duration(rapid.Int64Range(0, 60).Draw(t, "n")) * time.Second}
	})
	return policy.Demand{
		NoCache: rapid.IntRange(0, 5).Draw(t, "no-cache") == 0, AnyStale: rapid.IntRange(0, 5).Draw(t, "any max-stale") == 0,
		MaxAge: seconds.Draw(t, "max-age"), MinFresh: seconds.Draw(t, "min-fresh"), MaxStale: seconds.Draw(t, "max-stale"),
	}
}

// TestNeverFreshTooLong: for any line, any answer and any time, a response is
// fresh neither longer than the line's ttl after its arrival nor, unless the line
// overrides it, longer than the origin's lifetime; also when the line was another
// one when it was stored. Nor is it served stale for longer than the origin, the
// line and the request allow.
//
// RFC 9111: 4-4, 4-5, 4.2.4-1, 4.2.4-2, 5.2.2.2-1, 5.2.2.2-2, 5.2.2.4-1, 5.2.2.8-1, 5.2.2.10-1.
func TestNeverFreshTooLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		then, now := anyRule(t, "then"), anyRule(t, "now")
		status := rapid.SampledFrom([]int{200, 200, 203, 301, 302, 308, 404, 410, 501, 503}).Draw(t, "status")
		a := answer(status)
		s := drawSaid(t, a.Header)
		a.RequestTime = a.ResponseTime.Add(-time.Duration(rapid.Int64Range(-1e9, 40e9).Draw(t, "delay")))
		verdict := judge(then, a)
		if verdict.Disposal != policy.DisposeStore && verdict.Disposal != policy.DisposeKeep {
			return
		}
		if limit := s.freshFor(then, status, true); verdict.Fresh > max(0, limit) {
			t.Fatalf("on arrival: fresh for %s, more than %s", verdict.Fresh, limit)
		}
		e := storedAs(a, then, verdict)
		d := anyDemand(t)
		resident := time.Duration(rapid.OneOf(rapid.Int64Range(0, 60e9), rapid.Int64Range(0, 4000e9)).Draw(t, "resident"))
		j := policy.DecideReuse(e, policy.Compile(now), &d, e.StoredAt+resident, policy.Strain{})
		if j.Age < s.age+resident {
			t.Fatalf("an age of %s after %s, having come with %s", j.Age, resident, s.age)
		}
		if problem := s.wrong(&j, &d, now, s.freshFor(now, status, then.Heuristic > 0), resident); problem != "" {
			t.Fatalf("%s: %+v after %s", problem, j, resident)
		}
	})
}

// wrong says what is wrong with a verdict on an answer that is fresh for fresh at
// most and has been here for resident; "" if nothing is.
func (s *said) wrong(j *policy.Judged, d *policy.Demand, c config.Rule, fresh, resident time.Duration) string {
	served := j.Reuse == policy.ReuseNow || j.Reuse == policy.ReuseWhileRevalidate
	stale := resident - fresh
	switch {
	case s.noCache && (served || j.IfError):
		return "no-cache is not obeyed"
	case s.must && stale >= 0 && (served || j.IfError):
		return "it must be validated"
	case j.IfError && stale >= s.staleFor(s.iferror, c.StaleIfError, fresh):
		return "served too long for an error"
	case !served:
		return ""
	case d.NoCache, d.MaxAge.Set && j.Age > d.MaxAge.Value, d.MinFresh.Set && fresh-resident < d.MinFresh.Value:
		return "not what was asked for"
	case j.Reuse == policy.ReuseWhileRevalidate && stale >= s.staleFor(s.revalid, c.StaleWhileRevalidate, fresh):
		return "served too long while it is revalidated"
	case j.Reuse == policy.ReuseWhileRevalidate, j.Reason == cachestatus.ReasonFresh && stale < 0:
		return ""
	case j.Reason == cachestatus.ReasonMaxStale && (d.AnyStale || d.MaxStale.Set && stale <= d.MaxStale.Value):
		return ""
	}
	return "served too long"
}
