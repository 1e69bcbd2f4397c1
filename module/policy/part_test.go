package policy_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func passingRanges() config.Rule {
	c := ttl(15 * time.Second)
	c.Ranges = config.RangesPass
	return c
}

// TestPart: RFC 9110 §14.2, which requests may ask for a part as one.
func TestPart(t *testing.T) {
	head := get("Range", "bytes=0-1")
	head.Method = http.MethodHead
	for name, tt := range map[string]struct {
		q    *policy.Request
		want string
	}{
		"none":              {get(), ""},
		"one":               {get("Range", " bytes=0-1 "), "bytes=0-1"},
		"a suffix":          {get("Range", "bytes=-5"), "bytes=-5"},
		"the unit's case":   {get("Range", "Bytes=5-"), "Bytes=5-"},
		"several":           {get("Range", "bytes=0-1,3-4"), ""},
		"two lines":         {get("Range", "bytes=0-1", "Range", "bytes=3-4"), ""},
		"another unit":      {get("Range", "cows=0-1"), ""},
		"with a condition":  {get("Range", "bytes=0-1", "If-Range", `"x"`), ""},
		"HEAD, of no range": {head, ""},
	} {
		if in := policy.DecideIntake(tt.q, policy.Compile(passingRanges())); in.Part != tt.want || in.Inputs.Part != "" {
			t.Errorf("%s: got %q and %q in the key, want %q", name, in.Part, in.Inputs.Part, tt.want)
		}
		if in := policy.DecideIntake(tt.q, policy.Compile(ttl(time.Second))); in.Part != "" {
			t.Errorf("%s: %q although the line does not pass ranges", name, in.Part)
		}
	}
}

// TestPartStorage: RFC 9111 §3.3, a part is stored if it was asked for as one and is
// one, with a lifetime like any page's.
// RFC 9111: 3-3, 3.3-1.
func TestPartStorage(t *testing.T) {
	asked := "bytes=0-1"
	for name, tt := range map[string]struct {
		rule   config.Rule
		part   string
		fields http.Header
		want   cachestatus.Reason
	}{
		"asked for":            {passingRanges(), asked, fields("Content-Range", "bytes 0-1/5"), cachestatus.ReasonNone},
		"not asked for":        {passingRanges(), "", fields("Content-Range", "bytes 0-1/5"), cachestatus.ReasonStatus},
		"ranges do not pass":   {ttl(15 * time.Second), asked, fields("Content-Range", "bytes 0-1/5"), cachestatus.ReasonStatus},
		"any_status":           {config.Rule{AnyStatus: true}, "", fields("Content-Range", "bytes 0-1/5", "Cache-Control", "max-age=60"), cachestatus.ReasonStatus},
		"made of several":      {passingRanges(), asked, fields("Content-Type", "multipart/byteranges; boundary=x"), cachestatus.ReasonStatus},
		"of two":               {passingRanges(), asked, fields("Content-Range", "bytes 0-1/5", "Content-Range", "bytes 3-4/5"), cachestatus.ReasonStatus},
		"of another unit":      {passingRanges(), asked, fields("Content-Range", "cows 0-1/5"), cachestatus.ReasonStatus},
		"for one visitor only": {passingRanges(), asked, fields("Content-Range", "bytes 0-1/5", "Cache-Control", "private"), cachestatus.ReasonPrivate},
	} {
		r := policy.Compile(tt.rule)
		in := policy.DecideIntake(get(), r)
		in.Inputs.Part = tt.part
		a := answer(http.StatusPartialContent)
		a.Header = tt.fields
		s := policy.DecideStorage(a, r, &in)
		if tt.want == cachestatus.ReasonNone {
			checkStored(t, s, 15*time.Second)
		} else if s.Disposal != policy.DisposeRelay || s.Reason != tt.want {
			t.Errorf("%s: got %s, want %s", name, describe(s), tt.want)
		}
	}
}

// TestPostAsGet: RFC 9110 §9.3.3, the answer to a POST that a GET would get.
func TestPostAsGet(t *testing.T) {
	storing := policy.Compile(config.Rule{StorePost: true})
	post := func(pairs ...string) *policy.Request {
		q := get(pairs...)
		q.Method, q.HasBody = http.MethodPost, true
		return q
	}
	put := post()
	put.Method = http.MethodPut
	for name, tt := range map[string]struct {
		q    *policy.Request
		r    *policy.Rule
		want bool
	}{
		"a POST":              {post(), storing, true},
		"the line stores not": {post(), policy.Compile(config.Rule{}), false},
		"a PUT":               {put, storing, false},
		"a visitor's cookie":  {post("Cookie", "sessionid=1"), storing, false},
		"Authorization":       {post("Authorization", "x"), storing, false},
		"for a part":          {post("Range", "bytes=0-1"), storing, false},
	} {
		in, ok := policy.PostAsGet(tt.q, tt.r)
		if ok != tt.want {
			t.Errorf("%s: got %t", name, ok)
		}
		asked := policy.DecideIntake(get(), tt.r)
		if ok && in.Inputs.Key() != asked.Inputs.Key() {
			t.Errorf("%s: another key than that of the GET", name)
		}
	}
	for name, tt := range map[string]struct {
		a    *policy.Response
		want bool
	}{
		"its own target":      {answer(200, "Content-Location", target), true},
		"the whole URI":       {answer(200, "Content-Location", "https://shop.example:443"+target), true},
		"relative":            {answer(200, "Content-Location", "shoes?page=2"), true},
		"another query":       {answer(200, "Content-Location", "/products/category/shoes?page=3"), false},
		"another page":        {answer(200, "Content-Location", "/x"), false},
		"another scheme":      {answer(200, "Content-Location", "http://shop.example"+target), false},
		"another host":        {answer(200, "Content-Location", "https://other.example"+target), false},
		"none":                {answer(200), false},
		"two":                 {answer(200, "Content-Location", target, "Content-Location", target), false},
		"what was made":       {answer(201, "Content-Location", target), false},
		"unreadable":          {answer(200, "Content-Location", "%zz"), false},
		"in another spelling": {&policy.Response{Status: 200, Header: http.Header{"content-location": {target}}}, true},
	} {
		if got := policy.AnswersGet(post(), tt.a); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
