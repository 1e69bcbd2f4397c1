package policy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// canonical is a field's lines in one form, for values without quotes and weights.
func canonical(name string, lines []string, c config.Rule) []string {
	if name == "Accept-Language" && slices.Contains(c.VaryLanguage, "de") {
		return []string{policy.Compile(c).ChosenLanguage(lines)}
	}
	if len(lines) == 0 || name == "User-Agent" {
		return lines
	}
	var members []string
	for member := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		members = append(members, strings.TrimSpace(member))
	}
	if name == "Accept-Language" {
		for i := range members {
			members[i] = strings.ToLower(members[i])
		}
		members = slices.DeleteFunc(members, func(member string) bool { return member == "" })
		if len(c.VaryLanguage) > 0 {
			slices.Sort(members)
			members = slices.Compact(members)
		}
		members = append(members, "that is all") // none is not absent
	}
	return members
}

// identity is what has to select a response, written down in another way than
// the key. names are those of the variant.
func identity(q *policy.Request, c config.Rule, names []string) string {
	parts := []any{q.Site, q.Route, q.Scheme, q.Host, q.Original, q.Current, q.Vars, q.Values}
	for _, name := range []string{"X-A", "X-B", "Accept", "Accept-Language", "User-Agent", "X-Api-Key", "X-Real-Ip"} {
		if slices.Contains(c.Vary, name) || slices.Contains(names, name) {
			parts = append(parts, name, canonical(name, q.Header[name], c))
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
	if !slices.Contains(c.Vary, "Accept") && !slices.Contains(c.Forward, "Accept") && !slices.Contains(c.Forward, "*") {
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
	values := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "A", "b", "a, b", "a,b", " b ", "text/html", "application/json", "a\x00b", "de", "en, de", "EN"}), 0, 2)
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
// is keyed differs, the fields of the variant in their canonical form among it.
//
// RFC 9111: 4-1, 4-3, 4.1-1.
func TestKeysAreIdentities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyRule(t, "now")
		varying := rapid.SampledFrom([]string{"X-A", "X-B", "Accept", "Accept-Language", "User-Agent", "X-Real-Ip"})
		names := rapid.SliceOfNDistinct(varying, 0, 3, rapid.ID).Draw(t, "names")
		slices.Sort(names)
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
		in1, in2 := policy.DecideIntake(q1, r), policy.DecideIntake(q2, r)
		if in1.Admission != policy.AdmitLookup || in2.Admission != policy.AdmitLookup {
			t.Fatalf("not looked up: %s, %s", in1.Reason, in2.Reason)
		}
		in1.Select(r.Variant(names, q1.Header))
		in2.Select(r.Variant(names, q2.Header))
		id1, id2 := identity(q1, c, names), identity(q2, c, names)
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
		in := policy.DecideIntake(q, r)
		if in.Admission != policy.AdmitLookup {
			return
		}
		answer, _ := varied(c, q, nil, []string{strings.Join(vary, ",")})
		in.Select(r.Variant(answer.Vary, q.Header))
		carried := keyedNames(in)
		for _, f := range in.Inputs.Variant {
			if len(f.Values) > 0 {
				carried = append(carried, f.Name)
			}
		}
		for name := range in.Forward {
			carried = append(carried, name)
		}
		for _, name := range carried {
			named := slices.Contains(c.Vary, name) || slices.Contains(c.Forward, name) ||
				name == "Accept-Encoding" && c.Codings != "" || name == "Authorization" && c.Authorization != ""
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
