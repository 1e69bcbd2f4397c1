package policy_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestContentLength: RFC 9110 §8.6, one number without a sign.
func TestContentLength(t *testing.T) {
	lines := func(l ...string) http.Header { return http.Header{"Content-Length": l} }
	tests := map[string]struct {
		h  http.Header
		n  int64
		ok bool
	}{
		"absent": {http.Header{}, 0, false}, "0": {lines("0"), 0, true}, "number": {lines("42"), 42, true}, "zeros": {lines("0042"), 42, true},
		"largest": {lines("9223372036854775807"), 1<<63 - 1, true}, "too large": {lines("9223372036854775808"), 0, false},
		"negative": {lines("-1"), 0, false}, "minus zero": {lines("-0"), 0, false}, "plus": {lines("+1"), 0, false},
		"list": {lines("1, 1"), 0, false}, "two": {lines("1", "1"), 0, false}, "empty": {lines(""), 0, false}, "word": {lines("x"), 0, false},
		"hex": {lines("0x10"), 0, false}, "blank": {lines(" 1"), 0, false}, "underscore": {lines("1_0"), 0, false},
	}
	for name, tt := range tests {
		if n, ok := policy.ContentLength(tt.h); ok != tt.ok || ok && n != tt.n {
			t.Errorf("%s: got %d, %v", name, n, ok)
		}
	}
}

// TestStorableFields: RFC 9111 §3.1, what concerns one connection or one visitor
// is not stored.
//
// RFC 9111: 3.1-2.
func TestStorableFields(t *testing.T) {
	in := http.Header{
		"Content-Type": {"text/html"}, "Cache-Control": {"max-age=5", "public"}, "Vary": {"Accept-Encoding"}, "Etag": {`"x"`}, "X-Anything": {""},
		"Connection": {"close, x-hop", "X-Other , "}, "Keep-Alive": {"timeout=5"}, "Proxy-Connection": {"close"}, "Te": {"trailers"},
		"Proxy-Authenticate": {"Basic"}, "Proxy-Authentication-Info": {"x"}, "Trailer": {"X-Sum"}, "Transfer-Encoding": {"chunked"},
		"Proxy-Authorization": {"Basic x"},
		"Upgrade":             {"h2c"}, "X-Hop": {"1"}, "X-Other": {"1"}, "Close": {"1"}, "Set-Cookie": {"a=1"}, "set-cookie": {"b=2"},
		"SET-COOKIE": {"d=4"}, "x-HOP": {"2"}, "Age": {"5"}, "Content-Length": {"10"}, http.TrailerPrefix + "X-Late": {"1"},
		"x-lower": {"1"}, "Date": {date(-seconds(3))},
	}
	want := http.Header{
		"Content-Type": {"text/html"}, "Cache-Control": {"max-age=5", "public"}, "Vary": {"Accept-Encoding"}, "Etag": {`"x"`}, "X-Anything": {""},
		"X-Lower": {"1"}, "Date": {date(-seconds(3))},
	}
	before := in.Clone()
	out := policy.Compile(config.Rule{}).StorableFields(in, nil, arrival)
	if !reflect.DeepEqual(out, want) {
		t.Errorf("got %v, want %v", out, want)
	}
	out["Cache-Control"][0] = "changed"
	if !reflect.DeepEqual(in, before) {
		t.Error("the answer's own fields were changed")
	}
}

// TestStorableFieldsDate: RFC 9110 §6.6.1, a recipient that caches adds a Date.
func TestStorableFieldsDate(t *testing.T) {
	here, plain := time.FixedZone("", 3600), policy.Compile(config.Rule{})
	for _, h := range []http.Header{{}, {"Date": {}}, {"Connection": {"Date"}, "Date": {"x"}}} {
		if got := plain.StorableFields(h, nil, arrival.In(here)); got.Get("Date") != date(0) {
			t.Errorf("%v: Date %q, want %q", h, got["Date"], date(0))
		}
	}
	if got := plain.StorableFields(fields("Date", "x"), nil, arrival); got.Get("Date") != "x" {
		t.Errorf("a Date of the origin became %q", got["Date"])
	}
}

// TestKeepFields: fields of one request are left out, unless the line keeps them.
// With *, all fields are stored but for those that RFC 9111 §3.1 excepts, and
// Set-Cookie.
//
// RFC 9111: 3.1-1.
func TestKeepFields(t *testing.T) {
	perRequest := []string{"Authentication-Info", "Server-Timing", "Traceresponse", "X-Correlation-Id", "X-Request-Id"}
	h := fields("X-Unknown", "1", "X-Unknown", "2", "Link", "</a>", "Set-Cookie2", "c=3", "Set-Cookie", "a=1", "X-User", "7",
		"Www-Authenticate", "Basic", "Warning", "110", "Content-Location", "/x", "Date", date(0), "Connection", "X-Hop", "X-Hop", "1")
	for _, name := range perRequest {
		h.Set(name, "x")
	}
	for name, tt := range map[string]struct {
		keep, drop []string
		gone       []string
	}{
		"by default":    {nil, nil, perRequest},
		"one":           {[]string{"x-request-id"}, nil, []string{"Authentication-Info", "Server-Timing", "Traceresponse", "X-Correlation-Id"}},
		"all":           {[]string{"*"}, nil, nil},
		"all, some not": {[]string{"*"}, []string{"X-User", "X-Request-Id"}, []string{"X-User", "X-Request-Id"}},
		"all but one":   {[]string{"*"}, []string{"Link"}, []string{"Link"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := h.Clone()
			for _, name := range append([]string{"Set-Cookie", "Connection", "X-Hop"}, tt.gone...) {
				delete(want, name)
			}
			if got := policy.Compile(config.Rule{KeepFields: tt.keep}).StorableFields(h, tt.drop, arrival); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestKeepFieldsSetCookie2: an answer with Set-Cookie2 is stored where the line
// keeps it, one with Set-Cookie nowhere.
func TestKeepFieldsSetCookie2(t *testing.T) {
	for _, keep := range [][]string{{"*"}, {"set-cookie2"}} {
		c := ttl(15 * time.Second)
		c.KeepFields = keep
		checkStored(t, judge(c, answer(200, "Set-Cookie2", "a=1")), 15*time.Second)
		checkRelayed(t, judge(c, answer(200, "Set-Cookie2", "a=1", "Set-Cookie", "a=1")), cachestatus.ReasonSetCookie)
	}
	c := ttl(15 * time.Second)
	c.KeepFields = []string{"X-Request-Id"}
	checkRelayed(t, judge(c, answer(200, "Set-Cookie2", "a=1")), cachestatus.ReasonSetCookie)
}

// TestQualifiedDirectives: RFC 9111 §5.2.2.4 and §5.2.2.7, what no-cache and
// private name is not stored; all the rest is.
//
// RFC 9111: 3-5, 5.2.2.7-2.
func TestQualifiedDirectives(t *testing.T) {
	for name, tt := range map[string]struct {
		header http.Header
		drop   []string
	}{
		"none":                     {fields("Cache-Control", "max-age=60"), nil},
		"§5.2.2.7 private":         {fields("Cache-Control", `private="X-User", max-age=60`), []string{"X-User"}},
		"§5.2.2.4 no-cache":        {fields("Cache-Control", `no-cache="x-user, X-Cart"`), []string{"X-User", "X-Cart"}},
		"both, in two lines":       {fields("Cache-Control", `private="X-A"`, "Cache-Control", `no-cache="X-B"`), []string{"X-B", "X-A"}},
		"a token":                  {fields("Cache-Control", "private=X-User"), []string{"X-User"}},
		"RFC 9213 targeted":        {fields("CDN-Cache-Control", `private="x-user", max-age=60`), []string{"X-User"}},
		"RFC 9213 in its place":    {fields("CDN-Cache-Control", "max-age=60", "Cache-Control", `private="X-User"`), nil},
		"of a field that is not":   {fields("Cache-Control", `private="X-None"`), []string{"X-None"}},
		"a validator among them":   {fields("Cache-Control", `no-cache="ETag"`, "Etag", `"x"`), []string{"Etag"}},
		"public beside it":         {fields("Cache-Control", `public, private="X-User"`), []string{"X-User"}},
		"the names are not tokens": {fields("Cache-Control", `private="X-User", ext="X-Cart"`), []string{"X-User"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := policy.Compile(ttl(15 * time.Second))
			in := policy.DecideIntake(get(), r)
			tt.header.Set("X-User", "7")
			tt.header.Set("X-Cart", "3")
			tt.header.Set("Date", date(0))
			s := policy.DecideStorage(answers(200, tt.header), r, &in)
			checkStored(t, s, 15*time.Second)
			if !slices.Equal(s.Drop, tt.drop) {
				t.Fatalf("drops %q, want %q", s.Drop, tt.drop)
			}
			want := tt.header.Clone()
			for _, name := range tt.drop {
				delete(want, name)
			}
			if got := r.StorableFields(tt.header, s.Drop, arrival); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
