package policy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
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
	if err := c.Validate(); err != nil {
		t.Fatalf("not a valid line: %v", err)
	}
	return c
}

// bound returns the ttl that a line has for a status; ok is false if none.
func bound(c config.Rule, status int) (limit time.Duration, ok bool) {
	if own, named := c.StatusTTL[status]; named {
		return time.Duration(own), true
	}
	limit, ok = time.Duration(c.TTL), c.TTL > 0
	if (status == 404 || status == 410) && (!ok || limit > 5*time.Second) {
		return 5 * time.Second, true
	}
	return limit, ok
}

// lifetimes draws an answer's fields about freshness and says what lifetime the
// origin gives; ok is false if none.
func lifetimes(t *rapid.T, h http.Header) (lifetime time.Duration, ok bool) {
	number := rapid.Custom(func(t *rapid.T) int64 {
		return rapid.OneOf(rapid.Int64Range(0, 30), rapid.SampledFrom([]int64{3600, 1<<31 - 1, 1 << 31})).Draw(t, "seconds")
	})
	give := func(name string) (int64, bool) {
		return number.Draw(t, name), rapid.Bool().Draw(t, name+" given")
	}
	if n, given := give("Expires"); given {
		h.Set("Date", date(0))
		h.Set("Expires", date(time.Duration(n)*time.Second))
		lifetime, ok = time.Duration(n)*time.Second, true
	}
	set := func(name, directive string) {
		if n, given := give(name + " " + directive); given {
			h.Set(name, strings.TrimPrefix(h.Get(name)+", ", ", ")+directive+"="+strconv.FormatInt(n, 10))
			lifetime, ok = time.Duration(n)*time.Second, true
		}
	}
	set("Cache-Control", "max-age")
	set("Cache-Control", "s-maxage")
	set("Cdn-Cache-Control", "max-age")
	return lifetime, ok
}

// TestNeverFreshTooLong: for any line, any answer and any time, a response is
// fresh neither longer than the line's ttl after its arrival nor, unless the line
// overrides it, longer than the origin's lifetime; also when the line was another
// one when it was stored.
func TestNeverFreshTooLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		then, now := anyRule(t, "then"), anyRule(t, "now")
		status := rapid.SampledFrom([]int{200, 200, 203, 301, 302, 308, 404, 410}).Draw(t, "status")
		a := answer(status)
		lifetime, explicit := lifetimes(t, a.Header)
		age := time.Duration(rapid.Int64Range(0, 40).Draw(t, "age")) * time.Second
		if age > 0 {
			a.Header.Set("Age", strconv.Itoa(int(age/time.Second)))
		}
		a.RequestTime = a.ResponseTime.Add(-time.Duration(rapid.Int64Range(-1e9, 40e9).Draw(t, "delay")))
		s := judge(then, a)
		if s.Disposal != policy.DisposeStore {
			return
		}
		check := func(when string, c config.Rule, fresh, resident time.Duration) {
			if limit, ok := bound(c, status); ok && fresh+resident > limit {
				t.Fatalf("%s: fresh for %s after %s with a ttl of %s", when, fresh, resident, limit)
			}
			if explicit && !c.Override && fresh+resident+age > lifetime {
				t.Fatalf("%s: fresh for %s after %s at an age of %s with a lifetime of %s", when, fresh, resident, age, lifetime)
			}
		}
		check("on arrival", then, s.Fresh, 0)
		e := &entry.Entry{Status: status, StoredAt: time.Hour, InitialAge: s.InitialAge, Lifetime: s.Lifetime, Explicit: s.Explicit}
		resident := time.Duration(rapid.Int64Range(0, 60e9).Draw(t, "resident"))
		j := policy.DecideReuse(e, policy.Compile(now), e.StoredAt+resident)
		if (j.Reuse == policy.ReuseFresh) != (j.Left > 0) {
			t.Fatalf("%+v", j)
		}
		if j.Reuse == policy.ReuseFresh {
			check("later", now, j.Left, resident)
		}
		if j.Age < age+resident {
			t.Fatalf("an age of %s after %s, having come with %s", j.Age, resident, age)
		}
	})
}

// TestNeverShared: SPEC rule 2, no option makes these shareable.
func TestNeverShared(t *testing.T) {
	forbidding := [][2]string{
		{"Cache-Control", "private"},
		{"Cache-Control", "no-store"},
		{"Cache-Control", "no-cache"},
		{"Cache-Control", `private="X-A"`},
		{"Cache-Control", `no-cache="Set-Cookie"`},
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
		{"Cache-Control", "must-understand"},
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
		if s := judge(c, a); s.Disposal == policy.DisposeStore || s.Disposal == policy.DisposeRepeat {
			t.Fatalf("%v is %s under %+v", h, describe(s), c)
		}
		for name := range policy.StorableFields(h, arrival) {
			if strings.EqualFold(name, "Set-Cookie") {
				t.Fatal("Set-Cookie would be stored")
			}
		}
	})
}

// identity is what has to select a response, written down in another way than
// the key.
func identity(q *policy.Request, c config.Rule, learned []string) string {
	parts := []any{q.Site, q.Route, q.Scheme, q.Host, q.Original, q.Current, q.Vars, q.Values}
	for _, name := range []string{"X-A", "X-B", "Accept-Language", "X-Api-Key", "X-Real-Ip"} {
		if slices.Contains(c.Vary, name) || slices.Contains(learned, name) {
			parts = append(parts, name, q.Header[name])
		}
	}
	for _, name := range []string{"Hx-Request", "X-Requested-With", "Origin"} {
		if !slices.Contains(c.Forward, name) {
			parts = append(parts, name, q.Header[name])
		}
	}
	if q.TrustedProxy {
		for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host"} {
			parts = append(parts, name, q.Header[name])
		}
	}
	switch {
	case slices.Contains(c.Vary, "Accept") || slices.Contains(learned, "Accept"):
		parts = append(parts, "Accept", q.Header["Accept"])
	case !slices.Contains(c.Forward, "Accept") && !slices.Contains(c.Forward, "*"):
		parts = append(parts, policy.Accept(q.Header["Accept"]))
	}
	return fmt.Sprintf("%#v", parts)
}

func anyRequest(t *rapid.T, label string) *policy.Request {
	text := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label+" "+name) }
	q := &policy.Request{
		Method: text("method", http.MethodGet, http.MethodHead), Scheme: text("scheme", "http", "https"),
		Host: text("host", "a", "a:80", "b"), Original: text("original", "/", "/a", "/a?b", "/a?"), Current: text("current", "/", "/a", "/a?b"),
		Site: text("site", "s", "s1"), Route: text("route", "r", "1r"), Header: http.Header{},
		TrustedProxy: rapid.Bool().Draw(t, label+" trusted"),
	}
	values := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "a, b", "text/html", "application/json", "a\x00b"}), 0, 2)
	for _, name := range []string{
		"X-A", "X-B", "Accept", "Accept-Language", "X-Real-Ip", "Hx-Request", "X-Requested-With", "Origin", "User-Agent", "X-Forwarded-Proto", "X-Forwarded-Host",
	} {
		if v := values.Draw(t, label+" "+name); len(v) > 0 {
			q.Header[name] = v
		}
	}
	return q
}

// TestKeysAreIdentities: two requests have one key if, and only if, nothing that
// is keyed differs.
func TestKeysAreIdentities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyRule(t, "now")
		learned := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X-A", "X-B", "Accept", "X-Real-Ip"}), 0, 2, rapid.ID).Draw(t, "learned")
		r := policy.Compile(c)
		q1, q2 := anyRequest(t, "first"), anyRequest(t, "second")
		if rapid.Bool().Draw(t, "nearly the same") {
			method, header := q2.Method, q2.Header
			other := *q1
			q2 = &other
			q2.Method, q2.Header = method, q1.Header.Clone()
			for name, values := range header {
				if rapid.Bool().Draw(t, "change "+name) {
					q2.Header[name] = values
				}
			}
		}
		in1, in2 := policy.DecideIntake(q1, r, learned), policy.DecideIntake(q2, r, learned)
		if in1.Admission != policy.AdmitLookup || in2.Admission != policy.AdmitLookup {
			t.Fatalf("not looked up: %s, %s", in1.Reason, in2.Reason)
		}
		id1, id2 := identity(q1, c, learned), identity(q2, c, learned)
		if same := in1.Inputs.Key() == in2.Inputs.Key(); same != (id1 == id2) {
			t.Fatalf("one key: %v\n%s\n%s", same, id1, id2)
		}
	})
}

// neverKeyed are headers that no fill may carry from a visitor, except where an
// operator names them.
func neverKeyed(name string, trusted bool) bool {
	lower := strings.ToLower(name)
	switch lower {
	case "x-forwarded-proto", "x-forwarded-host":
		return !trusted
	case "cookie", "cookie2", "authorization", "proxy-authorization", "x-api-key", "remote-user", // who it is
		"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", // one connection
		"range", "expect", "host", "content-length", "accept-encoding", "cache-control", "pragma",
		"forwarded", "via", "x-real-ip", "true-client-ip", "cf-connecting-ip", "x-http-method-override":
		return true
	}
	return strings.HasPrefix(lower, "if-") || strings.HasPrefix(lower, "x-forwarded-") || strings.HasPrefix(lower, "cf-access-") ||
		strings.HasSuffix(lower, "-token")
}

// TestNothingPersonalIsCarried: SPEC rules 1 and 3, whatever the client sends and
// the origin varies by.
func TestNothingPersonalIsCarried(t *testing.T) {
	names := []string{
		"Cookie", "Cookie2", "Authorization", "Proxy-Authorization", "X-Api-Key", "Remote-User", "X-Auth-Token", "Cf-Access-Jwt-Assertion",
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Range", "Expect", "Host", "Content-Length",
		"Accept-Encoding", "Cache-Control", "Pragma", "Forwarded", "Via", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Http-Method-Override",
		"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "If-Anything",
		"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
		"Accept", "Accept-Language", "User-Agent", "Origin", "Hx-Request", "X-A", "X-B",
	}
	rapid.Check(t, func(t *rapid.T) {
		c := anyRule(t, "now")
		r := policy.Compile(c)
		q := get()
		q.TrustedProxy = rapid.Bool().Draw(t, "trusted")
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 8, rapid.ID).Draw(t, "headers") {
			q.Header.Add(name, rapid.SampledFrom([]string{"", "a", "_ga=1", "close"}).Draw(t, name))
		}
		vary := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 8, rapid.ID).Draw(t, "vary")
		learned := varied(c, q, nil, []string{strings.Join(vary, ",")}).Learn
		in := policy.DecideIntake(q, r, learned)
		if in.Admission != policy.AdmitLookup {
			return
		}
		carried := keyedNames(in)
		for name := range in.Forward {
			carried = append(carried, name)
		}
		for _, name := range carried {
			named := slices.Contains(c.Vary, name) || slices.Contains(c.Forward, name)
			if neverKeyed(name, q.TrustedProxy) && !named {
				t.Fatalf("%s is carried", name)
			}
			if strings.Contains(strings.Join(q.Header[name], ""), "_ga") && name == "Cookie" {
				t.Fatal("a cookie is carried")
			}
		}
		if !slices.IsSorted(keyedNames(in)) {
			t.Fatalf("not sorted: %v", keyedNames(in))
		}
	})
}
