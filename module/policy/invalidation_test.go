package policy_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/policy"
)

// TestInvalidates: RFC 9111 §4.4.
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
		"the same host over https": {"POST", 303, "https://shop.test/p/2", "", []string{own, other}},
		"another host":             {"POST", 303, "http://other.test/p/2", "//other.test/p/2", []string{own}},
		"another port":             {"POST", 303, "http://shop.test:81/p/2", "", []string{own}},
		"not a reference":          {"POST", 303, "http://[", "", []string{own}},
		"an error of the client's": {"POST", 403, "/p/2", "", nil},
		"an error of the origin's": {"POST", 500, "", "", nil},
		"switching protocols":      {"POST", 101, "", "", nil},
		"a query":                  {"POST", 303, "/p/2?x=1", "", []string{own, other}},
		"a query alone":            {"POST", 303, "?x=1", "", []string{own, own}},
	} {
		h := http.Header{}
		if tt.location != "" {
			h.Set("Location", tt.location)
		}
		if tt.content != "" {
			h.Set("Content-Location", tt.content)
		}
		q := &policy.Request{Method: tt.method, Scheme: "http", Host: "Shop.test", Original: "/p/1?utm_x=7", Header: http.Header{}}
		if got := policy.Invalidates(q, tt.status, h); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
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
