package policy_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
)

// browserRequest is a request as browsers send them.
func browserRequest() *policy.Request {
	return &policy.Request{
		Method: http.MethodGet, Scheme: "https", Host: "shop.example",
		Original: "/products/category/shoes/?utm_source=mail&page=2", Current: "/products/category/shoes/?utm_source=mail&page=2",
		Header: http.Header{
			"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
			"Accept-Encoding": {"gzip, deflate, br, zstd"}, "Accept-Language": {"de-CH,de;q=0.9,en-US;q=0.8,en;q=0.7"},
			"Cookie":     {"_ga=GA1.1.1; _gid=GA1.1.2; _fbp=fb.1.2.3; django_language=de; csrftoken=zyxwvutsrqponmlkjihgfedcba543210"},
			"User-Agent": {"Mozilla/5.0"}, "Sec-Fetch-Mode": {"navigate"}, "Referer": {"https://shop.example/"},
		},
	}
}

// BenchmarkIntake judges a request, under the line of a Django shop.
func BenchmarkIntake(b *testing.B) {
	rule := config.Rule{TTL: config.Duration(15 * time.Second), Preset: config.PresetDjango, VaryLanguage: []string{"en", "de", "fr"}}
	rule.Expand()
	r, q := policy.Compile(rule), browserRequest()
	b.ReportAllocs()
	for b.Loop() {
		if in := policy.DecideIntake(q, r); in.Admission != policy.AdmitLookup {
			b.Fatal(in.Reason)
		}
	}
}

// BenchmarkReuse judges a stored response.
func BenchmarkReuse(b *testing.B) {
	r := policy.Compile(config.Rule{TTL: config.Duration(15 * time.Second)})
	e := &entry.Entry{Status: http.StatusOK, Body: []byte("page")}
	var d policy.Demand
	b.ReportAllocs()
	for b.Loop() {
		if j := policy.DecideReuse(e, r, &d, time.Second, policy.Strain{}); j.Reuse != policy.ReuseNow {
			b.Fatal(j.Reason)
		}
	}
}

// BenchmarkCopy chooses the coding of an answer.
func BenchmarkCopy(b *testing.B) {
	r, q := policy.Compile(config.Rule{}), browserRequest()
	e := &entry.Entry{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Etag": {`"a"`}}}
	b.ReportAllocs()
	for b.Loop() {
		if policy.DecideCopy(q, r, &policy.Intake{}, e, `"a"`) != "br" {
			b.Fatal("not in br")
		}
	}
}
