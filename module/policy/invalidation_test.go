package policy_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestInvalidates: RFC 9111 §4.4.
//
// RFC 9111: 4.4-1, 4.4-2.
func TestInvalidates(t *testing.T) {
	own, other := "http shop.test /p/1", "http shop.test /p/2"
	for name, tt := range map[string]struct {
		method   string
		status   int
		location string
		content  string
		want     []string
	}{
		"a safe method":            {"GET", 200, "/p/2", "", nil},
		"HEAD":                     {"HEAD", 200, "", "", nil},
		"OPTIONS":                  {"OPTIONS", 204, "", "", nil},
		"POST":                     {"POST", 200, "", "", []string{own}},
		"an unknown method":        {"FROBNICATE", 200, "", "", []string{own}},
		"a redirect":               {"POST", 303, "/p/2", "", []string{own, other}},
		"a relative reference":     {"PUT", 201, "2", "", []string{own, other}},
		"Content-Location":         {"PUT", 200, "", "http://SHOP.test/p/2", []string{own, other}},
		"the same host over https": {"POST", 303, "https://shop.test/p/2", "", []string{own}},
		"the port by its number":   {"POST", 303, "http://shop.test:80/p/2", "", []string{own, other}},
		"another scheme's port":    {"POST", 303, "http://shop.test:443/p/2", "", []string{own}},
		"a scheme in capitals":     {"POST", 303, "HTTP://shop.test/p/2", "", []string{own, other}},
		"no scheme":                {"POST", 303, "//shop.test/p/2", "", []string{own, other}},
		"a user in front":          {"POST", 303, "http://u@shop.test/p/2", "", []string{own, other}},
		"a host that begins so":    {"POST", 303, "http://shop.test.other.test/p/2", "", []string{own}},
		"one of two":               {"POST", 303, "http://other.test/p/2", "/p/2", []string{own, other}},
		"both":                     {"POST", 201, "/p/2", "/p/2", []string{own, other}},
		"299":                      {"POST", 299, "", "", []string{own}},
		"399":                      {"POST", 399, "", "", []string{own}},
		"400":                      {"POST", 400, "", "", nil},
		"199":                      {"POST", 199, "", "", nil},
		"another host":             {"POST", 303, "http://other.test/p/2", "//other.test/p/2", []string{own}},
		"another port":             {"POST", 303, "http://shop.test:81/p/2", "", []string{own}},
		"not a reference":          {"POST", 303, "http://[", "", []string{own}},
		"an error of the client's": {"POST", 403, "/p/2", "", nil},
		"an error of the origin's": {"POST", 500, "", "", nil},
		"switching protocols":      {"POST", 101, "", "", nil},
		"a query":                  {"POST", 303, "/p/2?x=1", "", []string{own, other}},
		"a query alone":            {"POST", 303, "?x=1", "", []string{own}},
	} {
		h := http.Header{}
		if tt.location != "" {
			h.Set("Location", tt.location)
		}
		if tt.content != "" {
			h.Set("Content-Location", tt.content)
		}
		q := &policy.Request{Method: tt.method, Scheme: "http", Host: "Shop.test", Original: "/p/1?utm_x=7", Header: http.Header{}}
		if got := policy.Compile(config.Rule{}).Invalidates(q, tt.status, h); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
		if got := policy.Compile(config.Rule{Invalidate: config.InvalidateOff}).Invalidates(q, tt.status, h); got != nil {
			t.Errorf("%s: got %q with invalidate off", name, got)
		}
	}
}

// TestInvalidatesAtItsOrigin: RFC 9111 §4.4 and RFC 9110 §4.3.1, scheme, host and
// port of the request as it was sent.
//
// RFC 9111: 4.4-2.
func TestInvalidatesAtItsOrigin(t *testing.T) {
	locations := map[string]string{
		"http": "http://shop.test/p/2", "http 80": "http://shop.test:80/p/2", "http 443": "http://shop.test:443/p/2", "http 81": "http://shop.test:81/p/2",
		"https": "https://shop.test/p/2", "https 443": "https://shop.test:443/p/2", "https 80": "https://shop.test:80/p/2",
	}
	for name, tt := range map[string]struct {
		scheme, host string
		same         []string
	}{
		"http":          {"http", "shop.test", []string{"http", "http 80"}},
		"http, 80":      {"http", "shop.test:80", []string{"http", "http 80"}},
		"http, 81":      {"http", "shop.test:81", []string{"http 81"}},
		"http, 443":     {"http", "shop.test:443", []string{"http 443"}},
		"https":         {"https", "shop.test", []string{"https", "https 443"}},
		"https, 443":    {"https", "SHOP.test:443", []string{"https", "https 443"}},
		"https, 80":     {"https", "shop.test:80", []string{"https 80"}},
		"https, absent": {"https", "other.test", nil},
	} {
		for location, value := range locations {
			q := &policy.Request{Method: "POST", Scheme: tt.scheme, Host: tt.host, Original: "/p/1", Header: http.Header{}}
			want := 1
			if slices.Contains(tt.same, location) {
				want = 2
			}
			if got := policy.Compile(config.Rule{}).Invalidates(q, 303, http.Header{"Location": {value}}); len(got) != want {
				t.Errorf("%s, Location %s: %q", name, location, got)
			}
		}
	}
}

// TestURI: what a lookup asks for is what an unsafe request names.
func TestURI(t *testing.T) {
	for _, in := range []cachekey.Inputs{
		{Scheme: "http", Host: "SHOP.test", Original: "/p/1"},
		{Scheme: "http", Host: "shop.test:80", Original: "/p/1?a=b"},
		{Scheme: "http", Host: "shop.test", Original: "/%70/1?"},
		{Scheme: "http", Host: "shop.test", Original: "http://shop.test/p/1"},
	} {
		if got := policy.URI(&in); got != "http shop.test /p/1" {
			t.Errorf("%s%s: %s", in.Host, in.Original, got)
		}
	}
	if policy.URI(&cachekey.Inputs{Scheme: "https", Host: "a:80", Original: "/"}) == policy.URI(&cachekey.Inputs{Scheme: "https", Host: "a", Original: "/"}) {
		t.Error("another port is the same host")
	}
}
