package cachecontrol_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/cachecontrol"
)

// FuzzParse gives one input to all parsers, as one line and as the two parts around its first line feed.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"", "max-age=15, must-revalidate", `private="X-User, Set-Cookie", public`, `ext="a\", no-store`, "max-age= 5 ,,=,\"",
		"no-cache\nno-cache=\"\"", "max-stale, min-fresh=1, only-if-cached", "max-age=60;a=1, no-store=?0", "s-maxage=\x00\xff",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, input string) {
		first, second, _ := strings.Cut(input, "\n")
		for _, lines := range [][]string{{input}, {first, second}} {
			checkResponse(t, cachecontrol.ParseResponse(header(lines...)))
			checkRequest(t, cachecontrol.ParseRequest(header(lines...)))
			if resp, ok := cachecontrol.ParseTargeted(lines); ok {
				checkResponse(t, resp)
			}
		}
		checkMoreRestricts(t, first, second)
	})
}

// checkMoreRestricts checks that no line can make another one's restrictions less.
func checkMoreRestricts(t *testing.T, first, second string) {
	t.Helper()
	one, both := cachecontrol.ParseResponse(header(first)), cachecontrol.ParseResponse(header(first, second))
	if (one.NoStore && !both.NoStore) || (one.Private && !both.Private) || (one.NoCache && !both.NoCache) {
		t.Errorf("%q beside %q takes back a restriction: %+v, %+v", second, first, one, both)
	}
	for _, pair := range [][2]cachecontrol.Seconds{
		{one.MaxAge, both.MaxAge},
		{one.SMaxAge, both.SMaxAge},
		{one.StaleWhileRevalidate, both.StaleWhileRevalidate},
		{one.StaleIfError, both.StaleIfError},
	} {
		if pair[0].Set && (!pair[1].Set || pair[1].Value > pair[0].Value) {
			t.Errorf("%q beside %q raises a lifetime: %+v, %+v", second, first, one, both)
		}
	}
}

func checkResponse(t *testing.T, resp cachecontrol.Response) {
	t.Helper()
	for _, s := range []cachecontrol.Seconds{resp.MaxAge, resp.SMaxAge, resp.StaleWhileRevalidate, resp.StaleIfError} {
		checkSeconds(t, s)
	}
	if resp.Private && resp.Public {
		t.Errorf("private and public: %+v", resp)
	}
	for _, name := range append(resp.NoCacheFields, resp.PrivateFields...) {
		if name == "" || name != http.CanonicalHeaderKey(name) {
			t.Errorf("field name %q: %+v", name, resp)
		}
	}
	if again := cachecontrol.ParseResponse(header(printResponse(resp))); !reflect.DeepEqual(again, resp) {
		t.Errorf("printed as %q:\n got %+v\nwant %+v", printResponse(resp), again, resp)
	}
}

func checkRequest(t *testing.T, req cachecontrol.Request) {
	t.Helper()
	for _, s := range []cachecontrol.Seconds{req.MaxAge, req.MinFresh, req.MaxStale} {
		checkSeconds(t, s)
	}
	if req.MaxStaleAny && req.MaxStale.Set {
		t.Errorf("two max-stale: %+v", req)
	}
}

func checkSeconds(t *testing.T, s cachecontrol.Seconds) {
	t.Helper()
	if s.Value < 0 || s.Value > most*time.Second || s.Value%time.Second != 0 || (s.Value != 0 && !s.Set) {
		t.Errorf("delta-seconds %+v", s)
	}
}

func printResponse(resp cachecontrol.Response) string {
	var members []string
	flags := []struct {
		set  bool
		name string
	}{
		{resp.NoStore, "no-store"},
		{resp.NoCache, "no-cache"},
		{resp.Private, "private"},
		{resp.Public, "public"},
		{resp.MustRevalidate, "must-revalidate"},
		{resp.ProxyRevalidate, "proxy-revalidate"},
		{resp.MustUnderstand, "must-understand"},
		{resp.NoTransform, "no-transform"},
		{resp.Immutable, "immutable"},
	}
	for _, flag := range flags {
		if flag.set {
			members = append(members, flag.name)
		}
	}
	for _, name := range resp.NoCacheFields {
		members = append(members, fmt.Sprintf("no-cache=%q", name))
	}
	for _, name := range resp.PrivateFields {
		members = append(members, fmt.Sprintf("private=%q", name))
	}
	lifetimes := []struct {
		seconds cachecontrol.Seconds
		name    string
	}{
		{resp.MaxAge, "max-age"},
		{resp.SMaxAge, "s-maxage"},
		{resp.StaleWhileRevalidate, "stale-while-revalidate"},
		{resp.StaleIfError, "stale-if-error"},
	}
	for _, lifetime := range lifetimes {
		if lifetime.seconds.Set {
			members = append(members, fmt.Sprintf("%s=%d", lifetime.name, lifetime.seconds.Value/time.Second))
		}
	}
	return strings.Join(members, ", ")
}

// Directives come in any order, on any lines, with any blanks and in any case, and mean the same.
func TestParseResponseProperty(t *testing.T) {
	names := []string{
		"no-store", "no-cache", "private", "public", "must-revalidate", "no-transform", "immutable", "max-age=15",
		`max-age="15"`, "s-maxage=30", `private="X-User"`, `ext="a, no-store, \""`, "foo", "foo=bar", "stale-if-error=x",
	}
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "members")
		want := cachecontrol.ParseResponse(header(strings.Join(members, ",")))
		blank := rapid.SampledFrom([]string{"", " ", "\t", " ,, "})
		var lines []string
		for _, member := range rapid.Permutation(members).Draw(t, "order") {
			name, _, _ := strings.Cut(member, "=")
			if rapid.Bool().Draw(t, "upper case") {
				member = strings.Replace(member, name, strings.ToUpper(name), 1)
			}
			member = blank.Draw(t, "before") + member + blank.Draw(t, "after")
			if len(lines) > 0 && rapid.Bool().Draw(t, "same line") {
				lines[len(lines)-1] += "," + member
				continue
			}
			lines = append(lines, member)
		}
		if got := cachecontrol.ParseResponse(header(lines...)); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q:\n got %+v\nwant %+v", lines, got, want)
		}
	})
}

func BenchmarkParseResponse(b *testing.B) {
	h := header("public, max-age=15, stale-while-revalidate=60, stale-if-error=86400")
	b.ReportAllocs()
	for b.Loop() {
		_ = cachecontrol.ParseResponse(h)
	}
}
