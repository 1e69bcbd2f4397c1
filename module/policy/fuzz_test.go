package policy_test

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
)

// headerOf reads "Name: value" lines.
func headerOf(text string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		h.Add(name, strings.TrimSpace(value))
	}
	return h
}

// FuzzIntake: no request makes intake fail, and what is admitted carries no
// credential and comes from a canonical target.
func FuzzIntake(f *testing.F) {
	f.Add("GET", "/a?b", "Accept: text/html\nCookie: _ga=1", "shop.example")
	f.Add("HEAD", "/a/..%2fb", "Connection: close, x\nAuthorization: x", "")
	f.Add("PURGE", "*", "X-Api-Key:\nRange: bytes=0-", "a:80")
	r := policy.Compile(config.Rule{Forward: []string{"*"}, Vary: []string{"X-A"}, QueryIgnore: []string{"utm_*"}})
	f.Fuzz(func(t *testing.T, method, target, header, host string) {
		q := &policy.Request{Method: method, Scheme: "http", Host: host, Original: target, Current: target, Header: headerOf(header)}
		before := q.Header.Clone()
		in := policy.DecideIntake(q, r)
		if !reflect.DeepEqual(q.Header, before) {
			t.Error("the request was changed")
		}
		if (in.Admission == policy.AdmitLookup) != (in.Reason == cachestatus.ReasonNone) {
			t.Errorf("admission %d for %s", in.Admission, in.Reason)
		}
		if in.Admission != policy.AdmitLookup {
			return
		}
		if !policy.CanonicalTarget(in.Inputs.Original) || !policy.CanonicalTarget(in.Inputs.Current) {
			t.Errorf("%q became %q", target, in.Inputs.Original)
		}
		for _, f := range in.Inputs.Headers {
			if neverKeyed(f.Name, false) {
				t.Errorf("%s is keyed", f.Name)
			}
		}
		for name := range in.Forward {
			if neverKeyed(name, false) {
				t.Errorf("%s is carried", name)
			}
		}
		if again := policy.DecideIntake(q, r); again.Inputs.Key() != in.Inputs.Key() {
			t.Error("another key for the same request")
		}
	})
}

// FuzzCanonicalTarget: what is taken reads the same for servers that decode
// once or twice, clean, cut off parameters or take a backslash for a slash.
func FuzzCanonicalTarget(f *testing.F) {
	for _, target := range []string{"/a/b?c=d", "/a/..;x/%2e%2E", "/a%25%32%66b", "/a%c0%afb\\", "//a/;b/", "/%C2%85\u2028#", "/caf%E9?\x7f"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !policy.CanonicalTarget(target) {
			return
		}
		path, query, _ := strings.Cut(target, "?")
		if strings.ContainsAny(path+query, " #\x00\n\r\x7f") {
			t.Fatalf("%q holds what no target may", target)
		}
		once, err := url.PathUnescape(path)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		if strings.Count(once, "/") != strings.Count(path, "/") || strings.ContainsRune(once, '\\') || strings.ContainsFunc(once, unicode.IsControl) {
			t.Errorf("%q decodes to %q", path, once)
		}
		if again := leniently(once); again != once {
			t.Errorf("%q decodes to %q and then to %q", path, once, again)
		}
		for _, read := range []string{path, once} {
			if clean := cleaned(read); clean != read {
				t.Errorf("%q is %q when it is cleaned", read, clean)
			}
			bare := withoutParameters(read)
			if clean := cleaned(bare); clean != bare {
				t.Errorf("%q is %q without parameters, and then %q", read, bare, clean)
			}
		}
		if _, err := url.ParseRequestURI(target); err != nil {
			t.Errorf("%q cannot be read: %v", target, err)
		}
	})
}

// leniently decodes escapes and leaves what is none.
func leniently(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i] == '%' {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// cleaned removes dot segments and empty ones (RFC 3986 §5.2.4).
func cleaned(path string) string {
	segments := strings.Split(path, "/")
	last := len(segments) - 1
	var out []string
	for i, s := range segments {
		switch {
		case s == "." || s == "" && i != 0 && i != last:
		case s == ".." && len(out) > 0:
			out = out[:len(out)-1]
		default:
			out = append(out, s)
		}
	}
	return strings.Join(out, "/")
}

func withoutParameters(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(segments, "/")
}

// FuzzCookies: a request that is not personal has nothing but cookies that
// someone called harmless, however it is cut; and more cookies never make a
// request less personal.
func FuzzCookies(f *testing.F) {
	f.Add("_ga=1; theme=dark", "sessionid=2")
	f.Add(`_ga="1; a=2"; =; $Version=1`, ";;_gid")
	f.Add("cart=1,_ga=2\t;\x01=", "")
	f.Fuzz(func(t *testing.T, first, second string) {
		harmless := policy.Compile(config.Rule{IgnoreCookies: []string{"theme"}})
		only := policy.Compile(config.Rule{CookiesOnly: []string{"sessionid"}})
		for _, r := range []*policy.Rule{harmless, only} {
			one, both, joined := r.PersonalCookies([]string{first}), r.PersonalCookies([]string{first, second}), r.PersonalCookies([]string{first + ";" + second})
			if one && !both || both != joined || both != r.PersonalCookies([]string{second, first}) {
				t.Errorf("%q: %v, with %q: %v, in one line: %v", first, one, second, both, joined)
			}
		}
		if harmless.PersonalCookies([]string{first}) {
			return
		}
		cookies, err := http.ParseCookie(first)
		if err != nil {
			return // net/http is stricter with values, and wants one cookie at least
		}
		for _, c := range cookies {
			known := slices.ContainsFunc(append(policy.AnalyticsCookies(), "theme"), func(p string) bool {
				head, starred := strings.CutSuffix(p, "*")
				return c.Name == p || starred && strings.HasPrefix(c.Name, head)
			})
			if !known {
				t.Errorf("%q: %s is taken for harmless", first, c.Name)
			}
		}
	})
}

// FuzzAccept: any Accept falls into one of the four classes, and the canonical
// form of a class is in that class.
func FuzzAccept(f *testing.F) {
	f.Add("text/html, application/json;q=0.9", "image/*;q=0.")
	f.Add("*/*;q=1.0001,;q=", "a/b+json ; Q=.5")
	f.Fuzz(func(t *testing.T, first, second string) {
		class := policy.Accept([]string{first, second})
		if !slices.Contains([]string{pageAccept, jsonAccept, imageAccept, otherAccept}, class) {
			t.Errorf("class %q", class)
		}
		if again := policy.Accept([]string{class}); again != class {
			t.Errorf("%q becomes %q", class, again)
		}
		if joined := policy.Accept([]string{first + "," + second}); joined != class {
			t.Errorf("%q in two lines, %q in one", class, joined)
		}
		if q := policy.Quality(first); q < 0 || q > 1000 {
			t.Errorf("weight %d", q)
		}
	})
}

// FuzzStorage: no answer makes storage fail, and what is stored keeps the bounds.
func FuzzStorage(f *testing.F) {
	f.Add(200, "Cache-Control: max-age=60\nVary: X-A", int64(1e9))
	f.Add(404, "Expires: 0\nSet-Cookie: a=1\nAge: 99999999999", int64(-1))
	f.Add(200, "CDN-Cache-Control: max-age=10\nCache-Control: private\nDate: Mon, 01 Jan 0001 00:00:00 GMT", int64(0))
	f.Add(200, "Cache-Control: no-cache=\"X-User\", private=\"Etag\", must-understand, no-store\nEtag: \"x\"\nX-User: 7", int64(0))
	f.Add(500, "Cache-Control: no-cache\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\nVary: X-B, X-A, X-A", int64(0))
	f.Add(200, "Cache-Control: max-age=0, stale-while-revalidate=9\nPragma: no-cache\nContent-Encoding: gzip", int64(0))
	wide := ttl(15 * time.Second)
	wide.AnyStatus, wide.Heuristic, wide.Codings, wide.Authorization = true, config.DefaultHeuristic, config.CodingsPass, config.AuthorizationRFC9111
	plain, over, all := policy.Compile(ttl(15*time.Second)), policy.Compile(override(ttl(15*time.Second))), policy.Compile(wide)
	in := policy.DecideIntake(get(), plain)
	f.Fuzz(func(t *testing.T, status int, header string, delay int64) {
		a := &policy.Response{Status: status, Header: headerOf(header), RequestTime: arrival.Add(-time.Duration(delay)), ResponseTime: arrival}
		before := a.Header.Clone()
		for _, r := range []*policy.Rule{plain, over, all} {
			s := policy.DecideStorage(a, r, &in)
			if s.Terms.InitialAge < 0 || s.Terms.Lifetime < 0 || s.Fresh < 0 || s.Fresh > 15*time.Second {
				t.Errorf("%+v", s)
			}
			if (s.Disposal == policy.DisposeStore) != (s.Reason == cachestatus.ReasonNone) {
				t.Errorf("%+v", s)
			}
			if !slices.IsSorted(s.Vary) || len(slices.Compact(slices.Clone(s.Vary))) != len(s.Vary) || len(s.Vary) > policy.MaxNames {
				t.Errorf("varies by %q", s.Vary)
			}
			if s.Disposal == policy.DisposeStore || s.Disposal == policy.DisposeKeep {
				checkStorable(t, a, r, s)
			}
		}
		if !reflect.DeepEqual(a.Header, before) {
			t.Error("the answer was changed")
		}
	})
}

// checkStorable checks what is stored, and that it is given to more than one
// visitor only if it may be.
func checkStorable(t *testing.T, a *policy.Response, r *policy.Rule, s policy.Storage) {
	t.Helper()
	cc, targeted := cachecontrol.ParseTargeted(a.Header["Cdn-Cache-Control"])
	if !targeted {
		cc = cachecontrol.ParseResponse(a.Header)
	}
	shared := s.Disposal == policy.DisposeStore
	if cc.NoStore && !cc.MustUnderstand || cc.Private || shared && (cc.NoCache || s.Fresh <= 0) {
		t.Errorf("%s with %+v", describe(s), cc)
	}
	stored := r.StorableFields(a.Header, s.Drop, arrival)
	e := &entry.Entry{Status: a.Status, Header: stored, Terms: s.Terms}
	if j := policy.DecideReuse(e, r, &policy.Demand{}, 0, policy.Strain{}); (j.Reuse == policy.ReuseNow) != shared {
		t.Errorf("%s, and then %+v", describe(s), j)
	}
	for _, name := range slices.Concat(cc.PrivateFields, cc.NoCacheFields, []string{"Set-Cookie", "Connection", "Transfer-Encoding", "Age"}) {
		if name == "Date" {
			continue // it is made anew
		}
		if len(stored[name]) > 0 {
			t.Errorf("%s would be stored", name)
		}
	}
	if len(a.Header["Set-Cookie"]) > 0 {
		t.Error("stored with Set-Cookie")
	}
}

// FuzzCapDirectives: no lifetime is longer than the limit afterwards, none is
// raised or added, and everything else is as it was.
func FuzzCapDirectives(f *testing.F) {
	f.Add("public, max-age=60, stale-if-error=5", "s-maxage=3600", uint32(15))
	f.Add(`ext="a, max-age=60`, `max-age="\6", immutable`, uint32(0))
	f.Add(`no-cache="A,B" ,max-age= 9,,max-age`, "x=a\"b, max-age=99999999999999999999, \"", uint32(1<<31))
	f.Fuzz(func(t *testing.T, first, second string, seconds uint32) {
		limit := int64(seconds)
		lines := []string{first, second}
		out, cut := policy.CapDirectives(lines, limit)
		before := cachecontrol.ParseResponse(http.Header{"Cache-Control": lines})
		if split := cachecontrol.ParseResponse(http.Header{"Cache-Control": slices.Concat(policy.SplitMembers(first), policy.SplitMembers(second))}); !reflect.DeepEqual(split, before) {
			t.Fatalf("%q is cut in other places: %+v, %+v", lines, split, before)
		}
		if !cut {
			out = lines
		}
		for _, line := range out {
			for _, m := range policy.SplitMembers(line) {
				if one := cachecontrol.ParseResponse(http.Header{"Cache-Control": {m}}); exceeds(one.MaxAge, limit) || exceeds(one.SMaxAge, limit) {
					t.Errorf("%q keeps %q with a limit of %d", lines, m, limit)
				}
			}
		}
		after := cachecontrol.ParseResponse(http.Header{"Cache-Control": out})
		want := before
		if cut {
			want.MaxAge.Value = min(want.MaxAge.Value, time.Duration(limit)*time.Second)
			want.SMaxAge.Value = min(want.SMaxAge.Value, time.Duration(limit)*time.Second)
			want.StaleIfError, want.StaleWhileRevalidate, want.Immutable = cachecontrol.Seconds{}, cachecontrol.Seconds{}, false
		}
		if !reflect.DeepEqual(after, want) {
			t.Errorf("%q becomes %q:\n got %+v\nwant %+v", lines, out, after, want)
		}
	})
}

func exceeds(s cachecontrol.Seconds, limit int64) bool { return int64(s.Value/time.Second) > limit }

// FuzzFilterQuery: what stays is what was there, in its order; nothing ignored
// stays and nothing else goes.
func FuzzFilterQuery(f *testing.F) {
	f.Add("/p?utm_a=1&id=2&%75tm_b", "utm_*")
	f.Add("/p?a;b=1&&c=%zz?", "b")
	f.Add("/p?", "*")
	f.Fuzz(func(t *testing.T, target, name string) {
		path, query, _ := strings.Cut(target, "?")
		ignore, only := policy.Compile(config.Rule{QueryIgnore: []string{name}}), policy.Compile(config.Rule{QueryOnly: []string{name}})
		if got := policy.Compile(config.Rule{}).FilterQuery(target); got != target {
			t.Errorf("%q became %q without options", target, got)
		}
		total := 0
		for _, r := range []*policy.Rule{ignore, only} {
			got := r.FilterQuery(target)
			if again := r.FilterQuery(got); again != got {
				t.Errorf("%q, then %q", got, again)
			}
			gotPath, gotQuery, _ := strings.Cut(got, "?")
			if gotPath != path || !within(gotQuery, query) {
				t.Errorf("%q became %q", target, got)
			}
			if got != path {
				total += strings.Count(gotQuery, "&") + 1
			}
		}
		// Each pair stays under one of the two, or under both if it has a semicolon.
		if pairs := strings.Count(query, "&") + 1; query != "" && (total < pairs || total > pairs && !strings.Contains(query, ";")) {
			t.Errorf("%q: %d of %d pairs", target, total, pairs)
		}
	})
}

// within reports whether the pairs of part stand in whole, in that order.
func within(part, whole string) bool {
	if part == "" {
		return true
	}
	rest := strings.Split(whole, "&")
	for pair := range strings.SplitSeq(part, "&") {
		i := slices.Index(rest, pair)
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}
