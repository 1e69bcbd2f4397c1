package policy_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestDirectives: SPEC rule 2, what the origin says against sharing holds
// whatever the line says.
//
// RFC 9111: 3-4, 3-5, 5.2.2-1, 5.2.2.5-1, 5.2.2.7-1, 5.2.3-1.
func TestDirectives(t *testing.T) {
	tests := map[string]struct {
		header http.Header
		want   cachestatus.Reason
	}{
		"RFC 9111 §5.2.2.5 no-store":             {fields("Cache-Control", "no-store"), cachestatus.ReasonNoStore},
		"RFC 9111 §5.2.2.5 no-store, max-age":    {fields("Cache-Control", "max-age=60, No-Store"), cachestatus.ReasonNoStore},
		"RFC 9111 §5.2.2.5 in a second line":     {fields("Cache-Control", "max-age=60", "Cache-Control", "no-store"), cachestatus.ReasonNoStore},
		"RFC 9111 §5.2.2.3 must-understand":      {fields("Cache-Control", "no-store, must-understand, max-age=60"), cachestatus.ReasonNone},
		"RFC 9111 §5.2.2.3 with an argument":     {fields("Cache-Control", "no-store, must-understand=1, max-age=60"), cachestatus.ReasonNoStore},
		"RFC 9111 §5.2.2.3 and private":          {fields("Cache-Control", "no-store, must-understand, private"), cachestatus.ReasonPrivate},
		"RFC 9111 §5.2.2.7 private":              {fields("Cache-Control", "private, max-age=60"), cachestatus.ReasonPrivate},
		"RFC 9111 §5.2.2.7 private, public":      {fields("Cache-Control", "public, private"), cachestatus.ReasonPrivate},
		"RFC 9111 §5.2.2.7 private, s-maxage":    {fields("Cache-Control", "private, s-maxage=60"), cachestatus.ReasonPrivate},
		"RFC 9111 §5.2.2.7 private fields":       {fields("Cache-Control", `private="X-User", max-age=60`), cachestatus.ReasonNone},
		"RFC 9111 §5.2.2.7 private fields, none": {fields("Cache-Control", `private="", max-age=60`), cachestatus.ReasonPrivate},
		"RFC 9111 §5.2.2.7 private and fields":   {fields("Cache-Control", `private="X-User", private`), cachestatus.ReasonPrivate},
		"RFC 9111 §5.2.2.4 no-cache":             {fields("Cache-Control", "no-cache, max-age=60"), cachestatus.ReasonNoCache},
		"RFC 9111 §5.2.2.4 no-cache, stale":      {fields("Cache-Control", "no-cache, stale-if-error=60"), cachestatus.ReasonNoCache},
		"RFC 9111 §5.2.2.4 no-cache fields":      {fields("Cache-Control", `no-cache="X-User"`), cachestatus.ReasonNone},
		"RFC 9111 §5.2.2.4 no-cache fields, bad": {fields("Cache-Control", `no-cache="X User"`), cachestatus.ReasonNoCache},
		"RFC 9111 §5.4 Pragma":                   {fields("Pragma", "no-cache"), cachestatus.ReasonNoCache},
		"RFC 9111 §5.4 Pragma, any case":         {fields("Pragma", "x, No-Cache"), cachestatus.ReasonNoCache},
		"RFC 9111 §5.4 Pragma and Expires":       {fields("Pragma", "no-cache", "Expires", date(time.Hour)), cachestatus.ReasonNoCache},
		"RFC 9111 §5.4 Pragma and Cache-Control": {fields("Pragma", "no-cache", "Cache-Control", "max-age=60"), cachestatus.ReasonNone},
		"RFC 9111 §5.4 another Pragma":           {fields("Pragma", "x"), cachestatus.ReasonNone},
		"RFC 9111 §5.2.2.2 must-revalidate":      {fields("Cache-Control", "must-revalidate"), cachestatus.ReasonNone},
		"RFC 9111 §5.2.2.8 proxy-revalidate":     {fields("Cache-Control", "proxy-revalidate"), cachestatus.ReasonNone},
		"RFC 9111 §5.2.2.9 public":               {fields("Cache-Control", "public"), cachestatus.ReasonNone},
		"RFC 9111 §5.2.3 unknown":                {fields("Cache-Control", "no-stores, xprivate"), cachestatus.ReasonNone},
		"RFC 9213 §2.2 targeted no-store":        {fields("CDN-Cache-Control", "no-store", "Cache-Control", "max-age=60"), cachestatus.ReasonNoStore},
		"RFC 9213 §2.2 targeted private":         {fields("CDN-Cache-Control", "private", "Cache-Control", "max-age=60"), cachestatus.ReasonPrivate},
		"RFC 9213 §2.2 targeted no-cache":        {fields("CDN-Cache-Control", "no-cache", "Cache-Control", "max-age=60"), cachestatus.ReasonNoCache},
		"RFC 9213 §2.2 targeted wins":            {fields("CDN-Cache-Control", "max-age=60", "Cache-Control", "no-store"), cachestatus.ReasonNone},
		"RFC 9213 §2.1 targeted, broken":         {fields("CDN-Cache-Control", "max-age=", "Cache-Control", "no-store"), cachestatus.ReasonNoStore},
		"RFC 9213 §2.1 targeted, empty":          {fields("CDN-Cache-Control", "", "Cache-Control", "private"), cachestatus.ReasonPrivate},
		"Surrogate-Control no-store":             {fields("Surrogate-Control", "no-store", "Cache-Control", "max-age=60"), cachestatus.ReasonNoStore},
		"Surrogate-Control private":              {fields("Surrogate-Control", "private"), cachestatus.ReasonPrivate},
		"Surrogate-Control private fields":       {fields("Surrogate-Control", `private="X-A"`), cachestatus.ReasonPrivate},
		"Surrogate-Control no-cache":             {fields("Surrogate-Control", "no-cache", "Cache-Control", "max-age=60"), cachestatus.ReasonNoCache},
		"Surrogate-Control beside targeted":      {fields("Surrogate-Control", "no-store", "CDN-Cache-Control", "max-age=60"), cachestatus.ReasonNoStore},
		"Surrogate-Control allows nothing":       {fields("Surrogate-Control", "max-age=60", "Cache-Control", "private"), cachestatus.ReasonPrivate},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, c := range []config.Rule{ttl(15 * time.Second), override(ttl(15 * time.Second)), override(statusTTL(200, 15*time.Second))} {
				c.TrustFraming = true
				s := judge(c, &policy.Response{Status: 200, Header: tt.header, RequestTime: arrival, ResponseTime: arrival})
				if tt.want == cachestatus.ReasonNone {
					checkStored(t, s, 15*time.Second)
				} else {
					checkRelayed(t, s, tt.want)
				}
			}
		})
	}
}

// TestMessage: what in the answer itself keeps it out.
func TestMessage(t *testing.T) {
	const limit = 1000
	tests := map[string]struct {
		header http.Header
		want   cachestatus.Reason
	}{
		"plain":                           {fields(), cachestatus.ReasonNone},
		"SPEC rule 2 Set-Cookie":          {fields("Set-Cookie", "a=1"), cachestatus.ReasonSetCookie},
		"SPEC rule 2 Set-Cookie, empty":   {fields("Set-Cookie", ""), cachestatus.ReasonSetCookie},
		"SPEC rule 2 Set-Cookie, any":     {http.Header{"set-cookie": {"a=1"}}, cachestatus.ReasonSetCookie},
		"SPEC rule 2 Set-Cookie, public":  {fields("Set-Cookie", "_ga=1", "Cache-Control", "public, s-maxage=60"), cachestatus.ReasonSetCookie},
		"RFC 2965 Set-Cookie2":            {fields("Set-Cookie2", "a=1"), cachestatus.ReasonSetCookie},
		"RFC 9111 §4.1 Vary *":            {fields("Vary", "*"), cachestatus.ReasonVaryStar},
		"RFC 9111 §4.1 Vary *, among":     {fields("Vary", "Accept-Encoding , *"), cachestatus.ReasonVaryStar},
		"RFC 9111 §4.1 Vary *, line 2":    {fields("Vary", "Accept-Encoding", "Vary", "*"), cachestatus.ReasonVaryStar},
		"RFC 9110 §14.4 Content-Range":    {fields("Content-Range", "bytes 0-1/2"), cachestatus.ReasonNone}, // it says nothing beside a 200
		"RFC 9110 §8.4 gzip":              {fields("Content-Encoding", "gzip"), cachestatus.ReasonContentEncoding},
		"RFC 9110 §8.4 unknown":           {fields("Content-Encoding", "x"), cachestatus.ReasonContentEncoding},
		"RFC 9110 §8.4 identity":          {fields("Content-Encoding", "Identity"), cachestatus.ReasonNone},
		"RFC 9110 §8.4 identity and br":   {fields("Content-Encoding", "identity, br"), cachestatus.ReasonContentEncoding},
		"RFC 9110 §8.4 empty":             {fields("Content-Encoding", " , "), cachestatus.ReasonNone},
		"RFC 9110 §6.6.2 Trailer":         {fields("Trailer", "X-Sum"), cachestatus.ReasonTrailer},
		"max_body −1":                     {fields("Content-Length", "999"), cachestatus.ReasonNone},
		"max_body 0":                      {fields("Content-Length", "1000"), cachestatus.ReasonNone},
		"max_body +1":                     {fields("Content-Length", "1001"), cachestatus.ReasonTooLarge},
		"max_body, unreadable":            {fields("Content-Length", "+1001"), cachestatus.ReasonNone},
		"an answer in other letters":      {http.Header{"cache-control": {"private"}}, cachestatus.ReasonPrivate},
		"RFC 9112 §5.1 a blank behind":    {http.Header{"Cache-Control ": {"private"}}, cachestatus.ReasonPrivate},
		"RFC 9112 §5.1 a tab, letters":    {http.Header{"set-cookie\t": {"a=1"}}, cachestatus.ReasonSetCookie},
		"RFC 9112 §5.1 Vary":              {http.Header{"Vary ": {"*"}}, cachestatus.ReasonVaryStar},
		"an answer in other letters, two": {http.Header{"cache-control": {"no-store"}, "Cache-Control": {"max-age=5"}}, cachestatus.ReasonNoStore},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := ttl(15 * time.Second)
			c.MaxBody = limit
			a := answer(200)
			a.Header = tt.header
			if s := judge(c, a); tt.want == cachestatus.ReasonNone {
				checkStored(t, s, 15*time.Second)
			} else {
				checkRelayed(t, s, tt.want)
			}
		})
	}
	if s := judge(ttl(time.Minute), answer(200, "Content-Length", "2097153")); s.Reason != cachestatus.ReasonTooLarge {
		t.Errorf("the default of max_body: %s", describe(s))
	}
}

// TestFraming: SPEC rule 4, a body that ends because the connection closed is not
// stored, unless the operator trusts it.
func TestFraming(t *testing.T) {
	a := answer(200)
	a.CloseDelimited = true
	checkRelayed(t, judge(ttl(15*time.Second), a), cachestatus.ReasonFraming)
	trusting := ttl(15 * time.Second)
	trusting.TrustFraming = true
	checkStored(t, judge(trusting, a), 15*time.Second)
}

type statusCase struct {
	rule config.Rule
	cc   string
	want time.Duration // how long it is fresh; 0: not stored
}

// TestStatusMatrix: every status, with every way to give it a lifetime.
//
// RFC 9111: 3-2, 3-3, 3-7, 3.3-1.
func TestStatusMatrix(t *testing.T) {
	for status := 100; status < 600; status++ {
		for name, tt := range statusCases(status) {
			s := judge(tt.rule, answer(status, "Cache-Control", tt.cc))
			if got := s.Disposal == policy.DisposeStore; got != (tt.want > 0) || got && s.Fresh != tt.want {
				t.Errorf("%d, %s: got %s, want %s", status, name, describe(s), tt.want)
			}
			if failed := s.Disposal == policy.DisposeFail; failed != (status >= 500 || status == 499) {
				t.Errorf("%d, %s: got %s", status, name, describe(s))
			}
			if (s.Disposal == policy.DisposeStore) == (s.Reason != cachestatus.ReasonNone) {
				t.Errorf("%d, %s: no reason, or one too many: %s", status, name, describe(s))
			}
		}
	}
}

func statusCases(status int) map[string]statusCase {
	ok := status == 200
	lasting := ok || status == 301 || status == 308 // stored on the origin's word
	negative := status == 404 || status == 410      // the same, for 5 s
	explicit := func(d time.Duration) time.Duration {
		switch {
		case lasting:
			return d
		case negative:
			return min(d, 5*time.Second)
		}
		return 0
	}
	when := func(ok bool) time.Duration {
		if ok {
			return 15 * time.Second
		}
		return 0
	}
	line := ttl(15 * time.Second)
	cases := map[string]statusCase{
		"no ttl, no lifetime":   {config.Rule{}, "public", 0},
		"ttl, nothing at all":   {line, "", when(ok)},
		"no ttl, max-age":       {config.Rule{}, "max-age=60", explicit(time.Minute)},
		"no ttl, s-maxage":      {config.Rule{}, "public, max-age=1, s-maxage=60", explicit(time.Minute)},
		"no ttl, max-age=0":     {config.Rule{}, "max-age=0", 0},
		"ttl, no lifetime":      {line, "public", when(ok)},
		"ttl, longer":           {line, "max-age=60", explicit(15 * time.Second)},
		"ttl, longer for all":   {line, "public, s-maxage=60", explicit(15 * time.Second)},
		"ttl, shorter":          {line, "max-age=3", explicit(3 * time.Second)},
		"ttl of less than 5 s":  {ttl(2 * time.Second), "max-age=60", explicit(2 * time.Second)},
		"override, no lifetime": {override(line), "public", when(ok)},
		"override, longer":      {override(line), "max-age=60", explicit(15 * time.Second)},
		// An error is for the operator to name, even so.
		"override, 0":        {override(line), "max-age=0", when(lasting)},
		"override, no-store": {override(line), "no-store", 0},
	}
	if slices.Contains(config.StorableStatuses(), status) {
		own := statusTTL(status, 30*time.Second)
		cases["own ttl, no lifetime"] = statusCase{own, "public", 30 * time.Second}
		cases["own ttl, longer"] = statusCase{own, "max-age=60", 30 * time.Second}
		cases["own ttl, shorter"] = statusCase{own, "max-age=3", 3 * time.Second}
		cases["own ttl, max-age=0"] = statusCase{own, "max-age=0", 0}
		cases["own ttl, override, 0"] = statusCase{override(own), "max-age=0", 30 * time.Second}
		cases["own ttl, override, shorter"] = statusCase{override(own), "max-age=3", 30 * time.Second}
		cases["own ttl, override, private"] = statusCase{override(own), "private", 0}
		own.TTL = config.Duration(time.Second)
		cases["own ttl beside the line's"] = statusCase{own, "public", 30 * time.Second}
	}
	return cases
}

// TestErrors: SPEC rule 2, a 5xx is a failure and nothing else, and so is the 499
// that reverse_proxy writes.
func TestErrors(t *testing.T) {
	for _, status := range []int{499, 500, 502, 503, 504, 599} {
		s := judge(override(ttl(time.Minute)), answer(status, "Cache-Control", "no-store", "Set-Cookie", "a=1"))
		checkFailed(t, s)
	}
}

// TestStatusReason: the reason tells a status that is never stored from one that
// has no lifetime.
func TestStatusReason(t *testing.T) {
	checkRelayed(t, judge(ttl(time.Minute), answer(403)), cachestatus.ReasonStatus)
	checkRelayed(t, judge(ttl(time.Minute), answer(206)), cachestatus.ReasonStatus)
	checkRelayed(t, judge(ttl(time.Minute), answer(304)), cachestatus.ReasonStatus)
	checkRelayed(t, judge(ttl(time.Minute), answer(404)), cachestatus.ReasonStatus)
	checkRelayed(t, judge(ttl(time.Minute), answer(302, "Cache-Control", "max-age=60")), cachestatus.ReasonStatus)
	checkRelayed(t, judge(ttl(time.Minute), answer(206, "Cache-Control", "max-age=60", "Content-Range", "bytes 0-1/2")), cachestatus.ReasonStatus)
	checkRelayed(t, judge(config.Rule{}, answer(200)), cachestatus.ReasonNoLifetime)
	checkRelayed(t, judge(config.Rule{}, answer(200, "Cache-Control", "max-age=0")), cachestatus.ReasonNotFresh)
	checkRelayed(t, judge(ttl(time.Minute), answer(200, "Cache-Control", "s-maxage=0, max-age=60")), cachestatus.ReasonNotFresh)
	// A ttl of 0 takes the status out.
	checkRelayed(t, judge(statusTTL(200, 0), answer(200, "Cache-Control", "max-age=60")), cachestatus.ReasonStatus)
	checkRelayed(t, judge(override(statusTTL(404, 0)), answer(404, "Cache-Control", "max-age=60")), cachestatus.ReasonStatus)
}
