package policy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/policy"
)

// TestOwnTag: RFC 9110 §8.8.3, a strong tag that no comma or coding's suffix is
// mistaken in, and another for another body.
func TestOwnTag(t *testing.T) {
	if got, want := policy.OwnTag(nil), `"e3b0c44298fc1c149afbf4c8996fb924"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "a"), rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "b")
		tag := policy.OwnTag(a)
		if len(tag) != 34 || strings.Trim(tag[1:33], "0123456789abcdef") != "" || tag[0] != '"' || tag[33] != '"' {
			t.Fatalf("%s", tag)
		}
		if same := tag == policy.OwnTag(b); same != (string(a) == string(b)) {
			t.Fatalf("one tag: %v for %q and %q", same, a, b)
		}
	})
}

// TestTags: RFC 9110 §8.8.3, a tag of a response and what a request names.
// If-None-Match compares weakly, If-Match and If-Range strongly (§8.8.3.2).
func TestTags(t *testing.T) {
	const obsText = "\"\x80\xff\""
	tests := map[string]struct {
		etag         string // "-": no ETag
		named        []string
		weak, strong bool
	}{
		"§8.8.3.2 strong, strong":        {`"1"`, []string{`"1"`}, true, true},
		"§8.8.3.2 strong, other":         {`"1"`, []string{`"2"`}, false, false},
		"§8.8.3.2 weak, weak":            {`W/"1"`, []string{`W/"1"`}, true, false},
		"§8.8.3.2 weak, other":           {`W/"1"`, []string{`W/"2"`}, false, false},
		"§8.8.3.2 weak, strong":          {`W/"1"`, []string{`"1"`}, true, false},
		"§8.8.3.2 strong, weak":          {`"1"`, []string{`W/"1"`}, true, false},
		"§8.8.3 w is another letter":     {`"1"`, []string{`w/"1"`}, false, false},
		"§8.8.3 letters count":           {`"a"`, []string{`"A"`}, false, false},
		"§8.8.3 obs-text":                {obsText, []string{obsText}, true, true},
		"§8.8.3 empty":                   {`""`, []string{`""`}, true, true},
		"§8.8.3 a comma inside":          {`"a,b"`, []string{`"a,b"`}, true, true},
		"§8.8.3 a comma inside, parts":   {`"a"`, []string{`"a,b"`}, false, false},
		"§8.8.3 a star inside":           {`"a"`, []string{`"*"`}, false, false},
		"§8.8.3 a backslash":             {`"a\"`, []string{`"b\", "a\"`}, true, true},
		"§8.8.3 space around":            {`"a"`, []string{"\t\"a\" "}, true, true},
		"§13.1 list, first":              {`"a"`, []string{`"a", "b"`}, true, true},
		"§13.1 list, last, no space":     {`"b"`, []string{`"a","b"`}, true, true},
		"§13.1 list, weak among":         {`"b"`, []string{`"a", W/"b"`}, true, false},
		"§13.1 list, none":               {`"c"`, []string{`"a", "b"`}, false, false},
		"§13.1 lines":                    {`"b"`, []string{`"a"`, `"c", "b"`}, true, true},
		"§5.6.1.2 empty members":         {`"b"`, []string{`,, "a",`, ``, ` ,"b", ,`}, true, true},
		"§13.1 empty list":               {`"a"`, []string{``}, false, false},
		"§13.1 star":                     {`"a"`, []string{`*`}, true, true},
		"§13.1 star, space":              {`"a"`, []string{` * `}, true, true},
		"§13.1 star without a tag":       {`-`, []string{`*`}, true, true},
		"§13.1 star in a list":           {`"a"`, []string{`*, "b"`}, false, false},
		"§13.1 star in a second line":    {`"a"`, []string{`"b"`, `*`}, false, false},
		"no tag":                         {`-`, []string{`"a"`, `""`}, false, false},
		"empty ETag":                     {``, []string{`"a"`, `""`}, false, false},
		"without quotes, asked":          {`"abcdef"`, []string{`abcdef`}, true, false},
		"without quotes, stored":         {`abcdef`, []string{`"abcdef"`}, true, false},
		"without quotes, both":           {`abcdef`, []string{`abcdef`}, true, false},
		"without quotes, other":          {`abcdef`, []string{`abcde`}, false, false},
		"without quotes, list":           {`abcdef`, []string{`a, W/"abcdef"`}, true, false},
		"without quotes, weak, both":     {`W/a`, []string{`W/a`}, true, false},
		"never closed":                   {`"a"`, []string{`"a`}, false, false},
		"never closed, takes the rest":   {`"a"`, []string{`"b, "a"`}, false, false},
		"never closed, but the line":     {`"a"`, []string{`"b`, `"a"`}, true, true},
		"a quote alone":                  {`"`, []string{`"`}, true, false},
		"three quotes":                   {`"""`, []string{`"""`}, true, false},
		"a suffix of a coding":           {`"a"`, []string{`"a-gzip"`}, false, false},
		"text around":                    {`"a"`, []string{`x"a"`, `"a"x`}, false, false},
		"weak twice":                     {`"a"`, []string{`W/W/"a"`}, false, false},
		"weak, a space before the quote": {`"a"`, []string{`W/ "a"`}, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if tt.etag != "-" {
				h["Etag"] = []string{tt.etag}
			}
			check := func(field string, status int) {
				d := policy.DecideDelivery("GET", http.Header{field: tt.named}, 200, h, 10, time.Time{})
				if d.Status != status {
					t.Errorf("%s %q with ETag %q: got %d, want %d", field, tt.named, tt.etag, d.Status, status)
				}
			}
			check("If-None-Match", map[bool]int{true: 304, false: 200}[tt.weak])
			check("If-Match", map[bool]int{true: 200, false: 412}[tt.strong])
		})
	}
	two := fields("ETag", `"a"`, "ETag", `"b"`)
	if d := policy.DecideDelivery("GET", fields("If-None-Match", `"a"`), 200, two, 10, time.Time{}); d.Status != 200 {
		t.Errorf("two tags of one response: %d", d.Status)
	}
}
