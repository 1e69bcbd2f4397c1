package policy_test

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
)

// page makes a stored response with these fields.
func page(pairs ...string) *entry.Entry {
	return &entry.Entry{Status: 200, Header: fields(pairs...), Body: []byte("0123456789")}
}

// ownTag makes the stored response's ETag one of the edge's own.
func ownTag(e *entry.Entry) *entry.Entry {
	e.Header.Set("ETag", policy.OwnTag(e.Body))
	e.OwnTag = true
	return e
}

// TestConditions: RFC 9111 §4.3.1, both validators are sent, as they are stored.
//
// RFC 9111: 4.3.1-1, 4.3.1-2.
func TestConditions(t *testing.T) {
	modified := date(-time.Hour)
	tests := map[string]struct {
		e    *entry.Entry
		want http.Header
	}{
		"none":                    {page("Date", date(0)), nil},
		"ETag":                    {page("ETag", `"x"`), fields("If-None-Match", `"x"`)},
		"weak ETag":               {page("ETag", `W/"x"`), fields("If-None-Match", `W/"x"`)},
		"ETag without quotes":     {page("ETag", `x`), fields("If-None-Match", `x`)},
		"ETag, empty":             {page("ETag", ""), nil},
		"Last-Modified":           {page("Last-Modified", modified), fields("If-Modified-Since", modified)},
		"both":                    {page("ETag", `"x"`, "Last-Modified", modified), fields("If-None-Match", `"x"`, "If-Modified-Since", modified)},
		"Last-Modified, old form": {page("Last-Modified", arrival.Format(time.ANSIC)), fields("If-Modified-Since", arrival.Format(time.ANSIC))},
		"Last-Modified, no date":  {page("ETag", `"x"`, "Last-Modified", "yesterday"), fields("If-None-Match", `"x"`)},
		"Last-Modified, in UTC":   {page("Last-Modified", "Wed, 02 Jan 2030 03:04:05 UTC"), nil},
		"the edge's own ETag":     {ownTag(page()), nil},
		"the edge's own and a Last-Modified": {
			ownTag(page("Last-Modified", modified)), fields("If-Modified-Since", modified),
		},
	}
	for name, tt := range tests {
		if got := policy.Conditions(tt.e); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	// What can be asked about is what is kept for it.
	for _, pairs := range [][]string{{"ETag", `"x"`}, {"Last-Modified", modified}, {"Last-Modified", "x"}, {"ETag", ""}, {}} {
		kept := judge(config.Rule{}, answer(200, append(pairs, "Cache-Control", "no-cache")...)).Disposal == policy.DisposeKeep
		if asked := policy.Conditions(page(pairs...)) != nil; asked != kept {
			t.Errorf("%v: kept %v, can be validated %v", pairs, kept, asked)
		}
	}
}

// TestConfirms: RFC 9111 §4.3.4, which 304 is about the stored response.
//
// RFC 9111: 4.3.4-1.
func TestConfirms(t *testing.T) {
	earlier, now, later := date(-time.Second), date(0), date(time.Second)
	tests := map[string]struct {
		e    *entry.Entry
		h    http.Header
		want bool
	}{
		"no validator at all":              {page("ETag", `"x"`), fields("Date", now), true},
		"strong, the same":                 {page("ETag", `"x"`), fields("ETag", `"x"`), true},
		"strong, another":                  {page("ETag", `"x"`), fields("ETag", `"y"`), false},
		"strong, in another case":          {page("ETag", `"x"`), fields("ETag", `"X"`), false},
		"strong, the stored one is weak":   {page("ETag", `W/"x"`), fields("ETag", `"x"`), false},
		"strong, none is stored":           {page("Last-Modified", now), fields("ETag", `"x"`, "Last-Modified", now), false},
		"strong decides, not the date":     {page("ETag", `"x"`, "Last-Modified", now), fields("ETag", `"x"`, "Last-Modified", later), true},
		"strong, another, the same date":   {page("ETag", `"x"`, "Last-Modified", now), fields("ETag", `"y"`, "Last-Modified", now), false},
		"weak, the same":                   {page("ETag", `W/"x"`), fields("ETag", `W/"x"`), true},
		"weak, the stored one is strong":   {page("ETag", `"x"`), fields("ETag", `W/"x"`), true},
		"weak, another":                    {page("ETag", `W/"x"`), fields("ETag", `W/"y"`), false},
		"weak, none is stored":             {page("Last-Modified", now), fields("ETag", `W/"x"`), false},
		"without quotes, the same":         {page("ETag", "x"), fields("ETag", "x"), true},
		"without quotes, another":          {page("ETag", "x"), fields("ETag", "y"), false},
		"an empty tag is none":             {page("ETag", `"x"`), fields("ETag", ""), true},
		"Last-Modified −1":                 {page("Last-Modified", now), fields("Last-Modified", earlier), false},
		"Last-Modified 0":                  {page("Last-Modified", now), fields("Last-Modified", now), true},
		"Last-Modified +1":                 {page("Last-Modified", now), fields("Last-Modified", later), false},
		"Last-Modified, in another form":   {page("Last-Modified", now), fields("Last-Modified", arrival.Format(time.ANSIC)), true},
		"Last-Modified, none is stored":    {page("ETag", `"x"`), fields("Last-Modified", now), false},
		"Last-Modified, no date":           {page("Last-Modified", now), fields("Last-Modified", "x"), true},
		"the edge's own tag, by its bytes": {ownTag(page()), fields("ETag", policy.OwnTag([]byte("0123456789"))), false},
		"the edge's own tag, and a date":   {ownTag(page("Last-Modified", now)), fields("Last-Modified", now), true},
		"the edge's own tag, and no word":  {ownTag(page("Last-Modified", now)), fields(), true},
		"in other letters":                 {page("ETag", `"x"`), http.Header{"etag": {`"y"`}}, false},
		"in other letters, the same":       {page("ETag", `"x"`), http.Header{"ETag": {`"x"`}}, true},
		"a date in other letters":          {page("Last-Modified", now), http.Header{"last-modified": {later}}, false},
	}
	for name, tt := range tests {
		if got := policy.Confirms(tt.e, tt.h); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestFreshen: RFC 9111 §3.2, exactly which fields stay, which are replaced and
// which are added.
//
// RFC 9111: 3.2-1, 3.2-2, 4.3.4-2.
func TestFreshen(t *testing.T) {
	e := page(
		"Date", date(-time.Hour), "ETag", `"x"`, "Last-Modified", date(-time.Hour), "Cache-Control", "max-age=60", "Cache-Control", "public",
		"Expires", date(-time.Minute), "Content-Type", "text/html", "Content-Language", "de", "Content-Location", "/a", "Vary", "X-A",
		"Content-Encoding", "br", "Content-MD5", "old", "Content-Digest", "old", "Content-Range", "old", "Link", "</a>", "Link", "</b>", "X-Unknown", "1",
	)
	update := http.Header{
		"Date": {date(0)}, "Cache-Control": {"max-age=5"}, "Expires": {date(time.Minute)}, "Etag": {`W/"x"`}, "Content-Type": {"text/plain"},
		"x-unknown": {"2", "3"}, "X-New": {"4"}, "Age": {"7"}, "Link": {"</c>"}, "Connection": {"close, content-location"}, "Content-Location": {"/hop"},
		// What is about the bytes that are stored, and of one exchange.
		"Content-Length": {"0"}, "Content-Encoding": {"gzip"}, "Content-MD5": {"new"}, "content-digest": {"new"}, "Content-Range": {"new"}, "Trailer": {"X-Sum"},
	}
	want := http.Header{
		"Date": {date(0)}, "Cache-Control": {"max-age=5"}, "Expires": {date(time.Minute)}, "Etag": {`W/"x"`}, "Content-Type": {"text/plain"},
		"X-Unknown": {"2", "3"}, "X-New": {"4"}, "Age": {"7"}, "Link": {"</c>"},
		"Last-Modified": {date(-time.Hour)}, "Content-Language": {"de"}, "Content-Location": {"/a"}, "Vary": {"X-A"},
		"Content-Encoding": {"br"}, "Content-Md5": {"old"}, "Content-Digest": {"old"}, "Content-Range": {"old"},
	}
	before, given := e.Header.Clone(), update.Clone()
	got := policy.Freshen(e, update)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	got["X-New"][0] = "changed"
	got["Vary"] = nil
	if !reflect.DeepEqual(e.Header, before) || !reflect.DeepEqual(update, given) {
		t.Error("what is stored, or what came, was changed")
	}
}

// TestFreshenLess: what a 304 that says little leaves.
//
// RFC 9111: 3.2-1.
func TestFreshenLess(t *testing.T) {
	for name, tt := range map[string]struct {
		e      *entry.Entry
		h, out http.Header
	}{
		"nothing, and no Date":         {page("Date", date(0), "X-A", "1"), fields(), fields("X-A", "1")},
		"a Date":                       {page("Date", date(0)), fields("Date", date(time.Hour)), fields("Date", date(time.Hour))},
		"a tag of the edge's own":      {ownTag(page("X-A", "1")), fields(), fields("X-A", "1")},
		"an empty value":               {page("X-A", "1"), fields("X-A", ""), fields("X-A", "")},
		"a length alone":               {page("X-A", "1"), fields("Content-Length", "0"), fields("X-A", "1")},
		"a coding alone":               {page(), fields("Content-Encoding", "gzip"), fields()},
		"a directive against storing":  {page("Cache-Control", "max-age=5"), fields("Cache-Control", "no-store"), fields("Cache-Control", "no-store")},
		"a cookie, which is judged on": {page(), fields("Set-Cookie", "a=1"), fields("Set-Cookie", "a=1")},
	} {
		if got := policy.Freshen(tt.e, tt.h); !reflect.DeepEqual(got, tt.out) {
			t.Errorf("%s: got %v, want %v", name, got, tt.out)
		}
	}
}

// TestFreshenRenews: RFC 9111 §4.3.4, what a 304 confirms is as fresh as an answer
// that came with it, also where the origin sends no Date with either.
func TestFreshenRenews(t *testing.T) {
	for _, dated := range []bool{true, false} {
		first := answer(200, "ETag", `"x"`, "Cache-Control", "max-age=60")
		e := stored(t, config.Rule{}, first)
		update := fields("ETag", `"x"`)
		if dated {
			update.Set("Date", date(time.Hour))
		}
		a := answers(200, policy.Freshen(e, update))
		a.RequestTime, a.ResponseTime = arrival.Add(time.Hour), arrival.Add(time.Hour)
		checkStored(t, judge(config.Rule{}, a), time.Minute)
	}
}

// TestFreshenIsIdempotent: RFC 9111 §3.2, the same 304 a second time changes
// nothing, and no field is lost but a Date.
func TestFreshenIsIdempotent(t *testing.T) {
	names := []string{
		"Date", "Etag", "etag", "Last-Modified", "Cache-Control", "cache-control", "Expires", "Content-Length", "Content-Encoding", "Content-Range",
		"Content-MD5", "Content-Digest", "Trailer", "Age", "Set-Cookie", "X-A", "x-a", "X-B",
	}
	anyFields := rapid.Custom(func(t *rapid.T) http.Header {
		h := http.Header{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 6, rapid.ID).Draw(t, "names") {
			h[name] = rapid.SliceOfN(rapid.SampledFrom([]string{"", "1", "2", date(0)}), 1, 2).Draw(t, name)
		}
		return h
	})
	rapid.Check(t, func(t *rapid.T) {
		own := rapid.Bool().Draw(t, "own tag")
		e := &entry.Entry{Status: 200, Header: policy.Compile(config.Rule{}).StorableFields(anyFields.Draw(t, "stored"), nil, arrival), OwnTag: own}
		h := anyFields.Draw(t, "304")
		before := e.Header.Clone()
		once := policy.Freshen(e, h)
		e2 := &entry.Entry{Status: 200, Header: once, OwnTag: own && len(once["Etag"]) == 0}
		twice := policy.Freshen(e2, h)
		// Two names that differ in case have no order between them.
		same := func(a, b []string) bool {
			a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
			return slices.Equal(a, b)
		}
		if !maps.EqualFunc(once, twice, same) {
			t.Fatalf("%v, and then %v", once, twice)
		}
		for name := range before {
			if _, there := once[name]; !there && name != "Date" && (name != "Etag" || !own) {
				t.Fatalf("%s is lost", name)
			}
		}
		if !reflect.DeepEqual(e.Header, before) {
			t.Fatal("what is stored was changed")
		}
	})
}

// TestContradicts: RFC 9111 §4.3.5, a HEAD that shows other validators or another
// length than those of the stored response to GET, of ten bytes.
//
// RFC 9111: 4.3.5-3.
func TestContradicts(t *testing.T) {
	tests := map[string]struct {
		e    *entry.Entry
		h    http.Header
		want bool
	}{
		"nothing":                         {page("ETag", `"x"`, "Last-Modified", date(0)), fields(), false},
		"ETag, the same":                  {page("ETag", `"x"`), fields("ETag", `"x"`), false},
		"ETag, another":                   {page("ETag", `"x"`), fields("ETag", `"y"`), true},
		"ETag, weaker":                    {page("ETag", `"x"`), fields("ETag", `W/"x"`), true},
		"ETag, none is stored":            {page(), fields("ETag", `"y"`), false},
		"ETag, the edge's own is stored":  {ownTag(page()), fields("ETag", `"y"`), false},
		"ETag, in other letters":          {page("ETag", `"x"`), http.Header{"ETAG": {`"y"`}}, true},
		"Last-Modified −1":                {page("Last-Modified", date(0)), fields("Last-Modified", date(-time.Second)), true},
		"Last-Modified 0":                 {page("Last-Modified", date(0)), fields("Last-Modified", date(0)), false},
		"Last-Modified +1":                {page("Last-Modified", date(0)), fields("Last-Modified", date(time.Second)), true},
		"Last-Modified, none is stored":   {page(), fields("Last-Modified", date(0)), false},
		"length −1":                       {page(), fields("Content-Length", "9"), true},
		"length 0":                        {page(), fields("Content-Length", "10"), false},
		"length +1":                       {page(), fields("Content-Length", "11"), true},
		"length, unreadable":              {page(), fields("Content-Length", "x"), false},
		"length of an encoded body":       {page(), fields("Content-Length", "9", "Content-Encoding", "gzip"), false},
		"length of an identity":           {page(), fields("Content-Length", "9", "Content-Encoding", "identity"), true},
		"length, an encoded one is there": {page("Content-Encoding", "br"), fields("Content-Length", "9"), false},
		"length is another, tag is not":   {page("ETag", `"x"`), fields("ETag", `"x"`, "Content-Length", "9"), true},
		"the edge's own tag, date other":  {ownTag(page("Last-Modified", date(0))), fields("Last-Modified", date(time.Second)), true},
	}
	for name, tt := range tests {
		if got := policy.Contradicts(tt.e, tt.h); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestSupersedes: which answer that is not stored puts an end to what is.
func TestSupersedes(t *testing.T) {
	for status := 100; status < 600; status++ {
		want := status >= 200 && status < 500
		switch status {
		case 408, 425, 429, 499: // it turns visitors away for a while
			want = false
		}
		if got := policy.Supersedes(status); got != want {
			t.Errorf("%d: got %v", status, got)
		}
	}
}
