package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestCanonicalTarget: SPEC rule 5, only canonical paths are cached.
func TestCanonicalTarget(t *testing.T) {
	canonical := []string{
		"/", "/a", "/a/", "/a/b.html", "/a.b/c..d/e.", "/.well-known/x", "/..a/b", "/...", "/a/.../b", "/a..", "/.a.", "/%2ea", "/a%2e%2e",
		"/a%20b", "/a+b", "/~a/b_c-d", "/%7Ea", "/A/b", "/a,b;c=d/e", "/a;jsessionid=1", "/a;/b", "/a;b/c", "/;a", "/a/;a=b", "/a:b@c", "/!$&'()*=",
		"/%C3%A9", "/%c3%a9", "/\xc3\xa9", "/%E9t%E9", "/caf\xe9", "/%C0-propos", "/%C0", "/%C1%41", "/%E0%A0%80", "/%F0%90%80%80", "/%E2%80%A8", "/\u2028", "/%E2%80%AE", "/%C2%A0", "/%F0%9F%91%9F", "/%FF",
		"/100%25", "/100%25-off", "/a%25zb", "/%25", "/a%23b", "/a%3Fb", "/a[1]", "/a|b", "/a\"b",
		"/a?", "/a?b", "/a?b=c&d=e", "/a?b=../../c//d%2f%5c%00%25%32%66\\", "/a?b?c", "/a?\xc3\xa9", "/a?%zz", "/?/..", "/a?b=1;c=2",
	}
	other := []string{
		// forms of a request-target other than origin-form (RFC 9112 §3.2)
		"", "*", "a", "a/b", "?", "?a=b", "http://shop.example/a", "https://shop.example/", "shop.example:443", "//shop.example/a",
		// dot segments (RFC 3986 §5.2.4), escaped in any case, whole or in part
		"/.", "/..", "/./", "/../", "/a/.", "/a/..", "/a/./b", "/a/../b", "/../a", "/a/b/../../c",
		"/%2e", "/%2E", "/%2e%2e", "/%2E%2E", "/%2e%2E/a", "/a/%2e/b", "/a/%2E%2e/b", "/a/.%2e/b", "/a/%2e./b", "/a/.%2E", "/a/%2e.", "/a/..?b",
		// the same with parameters, which some servers cut off first
		"/a/..;/b", "/a/..;x=y/b", "/a/.;/b", "/a/%2e%2e;/b", "/a/..%3b/b", "/a/..%3B/b", "/a/%2e%2e%3bx/b", "/a/..;", "/..;/a",
		// empty segments, also what parameters leave of one
		"//", "//a", "/a//", "/a//b", "/a///b", "/a/;/b", "/;x/b", "/a/%3b/b", "/a/%3Bx/b", "/a/;a=b/c",
		// slashes and backslashes in disguise
		"/a%2fb", "/a%2Fb", "/%2f", "/a/..%2fb", "/a/..%2Fproducts", "/a/%2e%2e%2fb", "/a%5cb", "/a%5Cb", "/a/..%5cb", "/a\\b", "/a/..\\b", "\\a", "/\\",
		"/a%c0%afb", "/a%c0%ae", "/a%C0%AFb", "/%c0%ae%c0%ae/b", "/a\xc0\xafb", "/a%c1%9cb", "/a%e0%80%afb", "/a%e0%9f%bfb", "/a%f0%80%80%afb", "/%F0%8f%bf%bf",
		// escapes of escapes, whichever of their characters are escaped
		"/a%252fb", "/a%252Fb", "/a%255cb", "/%252e%252e/b", "/a%2500", "/%2541", "/a%25%32%66b", "/a%252%66b", "/a%25%32fb", "/a%25252fb", "/%25ff",
		// broken escapes
		"/a%", "/a%2", "/a%zz", "/a%2g", "/a%g2", "/a%%20", "/a%u002f", "/%-1", "/a% 20",
		// fragments, which no target has
		"/a#b", "/#", "/a#", "/a?b#c", "/a?#",
		// blanks, which end a request line
		"/a b", "/ ", "/a?b c", "/a? HTTP/1.1",
	}
	for _, target := range canonical {
		if !policy.CanonicalTarget(target) {
			t.Errorf("%q is refused", target)
		}
	}
	for _, target := range other {
		if policy.CanonicalTarget(target) {
			t.Errorf("%q is taken", target)
		}
	}
}

// TestControlCharacters: none in a path, raw or escaped; none raw in a query.
func TestControlCharacters(t *testing.T) {
	for c := range 0xa0 {
		if 0x20 <= c && c < 0x7f {
			continue
		}
		forms := []string{"/a" + string(rune(c)) + "b"}
		for _, format := range []string{"%%%02x", "%%%02X"} {
			escaped := ""
			for _, b := range []byte(string(rune(c))) {
				escaped += fmt.Sprintf(format, b)
			}
			forms = append(forms, "/a"+escaped+"b", "/"+escaped, "/a/.."+escaped+"/b")
		}
		for _, target := range forms {
			if policy.CanonicalTarget(target) {
				t.Errorf("%q is taken", target)
			}
		}
		if c < 0x80 && policy.CanonicalTarget("/a?b="+string(rune(c))) {
			t.Errorf("%#x is taken in a query", c)
		}
	}
}

// TestIntakePath: the path counts as the client sent it and as it stands after
// rewrites.
func TestIntakePath(t *testing.T) {
	r := policy.Compile(config.Rule{})
	for _, paths := range [][2]string{
		{"/products/category/x", "/account/..%2fproducts/category/x"},
		{"/account/..%2fproducts/category/x", "/products/category/x"},
		{"*", "/"},
		{"/", "*"},
		{"/", ""},
		{"", "/"},
	} {
		q := get()
		q.Original, q.Current = paths[0], paths[1]
		checkBypass(t, policy.DecideIntake(q, r), cachestatus.ReasonPath)
	}
	// Another case is another key, and so is another way to write one character.
	seen := map[string]string{}
	for _, path := range []string{"/a%7Eb", "/a%7eb", "/a~b", "/A~b", "/a~b/", "/a~b?", "/a~b?x", "/a~b?x=", "/a~b;x"} {
		q := get()
		q.Original, q.Current = path, path
		in := policy.DecideIntake(q, r)
		checkLookup(t, in)
		key := in.Inputs.Key()
		if other, ok := seen[key.Text]; ok {
			t.Errorf("%s and %s have one key", path, other)
		}
		seen[key.Text] = path
	}
}

// TestFilterQuery: parameters that change nothing leave the key and the fill;
// what stays keeps its order and its escapes.
func TestFilterQuery(t *testing.T) {
	ignore := func(names ...string) config.Rule { return config.Rule{QueryIgnore: names} }
	only := func(names ...string) config.Rule { return config.Rule{QueryOnly: names} }
	tests := map[string]struct {
		rule         config.Rule
		target, want string
	}{
		"no options":                  {config.Rule{}, "/p?utm_source=x&&a=%41", "/p?utm_source=x&&a=%41"},
		"no query":                    {ignore("a"), "/p", "/p"},
		"? alone":                     {ignore("a"), "/p?", "/p?"},
		"? alone, only":               {only("a"), "/p?", "/p?"},
		"? alone, all ignored":        {ignore("*"), "/p?", "/p?"},
		"ignored goes":                {ignore("a"), "/p?a=1&b=2", "/p?b=2"},
		"ignored goes everywhere":     {ignore("a"), "/p?a=1&b=2&a=3&c=4&a", "/p?b=2&c=4"},
		"all go":                      {ignore("a"), "/p?a=1&a=2", "/p"},
		"ignore *":                    {ignore("*"), "/p?a=1&b=2", "/p"},
		"order is kept":               {ignore("x"), "/p?b=2&x=0&a=1&b=1", "/p?b=2&a=1&b=1"},
		"escapes are kept":            {ignore("x"), "/p?%61=%2f+%20&x=1&B=%2F", "/p?%61=%2f+%20&B=%2F"},
		"prefix":                      {ignore("utm_*"), "/p?utm_source=a&utm=b&utm_=c&xutm_a=d", "/p?utm=b&xutm_a=d"},
		"another case is another":     {ignore("a"), "/p?A=1&a=2", "/p?A=1"},
		"encoded name":                {ignore("utm_source"), "/p?%75tm_source=1&utm%5Fsource=2&a=1", "/p?a=1"},
		"encoded name, prefix":        {ignore("utm_*"), "/p?%75%74%6d_x=1&a=1", "/p?a=1"},
		"plus is a blank":             {ignore("a b"), "/p?a+b=1&a%20b=2&c=1", "/p?c=1"},
		"broken escape is kept":       {ignore("a"), "/p?%zz=1&a%=2&a=3", "/p?%zz=1&a%=2"},
		"no value":                    {ignore("a"), "/p?a&b", "/p?b"},
		"empty name is kept":          {ignore("a"), "/p?=1&&b", "/p?=1&&b"},
		"second ?":                    {ignore("a"), "/p?b?a=1&a=2", "/p?b?a=1"},
		"ampersand encoded":           {ignore("a"), "/p?b=1%26a=2", "/p?b=1%26a=2"},
		"; within a kept one":         {ignore("a"), "/p?b=1;a=2", "/p?b=1;a=2"},
		"; hides nothing":             {ignore("a"), "/p?a=1;b=2&c=3", "/p?a=1;b=2&c=3"},
		"; all ignored":               {ignore("a", "b"), "/p?a=1;b=2&c=3", "/p?c=3"},
		"only":                        {only("id"), "/p?a=1&id=2&b=3&id=4", "/p?id=2&id=4"},
		"only, none there":            {only("id"), "/p?a=1", "/p"},
		"only, prefix":                {only("f_*"), "/p?f_a=1&fa=2&f_=3", "/p?f_a=1&f_=3"},
		"only, encoded name":          {only("id"), "/p?%69%64=2&a=1", "/p?%69%64=2"},
		"only, another case":          {only("id"), "/p?ID=2", "/p"},
		"only, brackets are another":  {only("id"), "/p?id[]=2&id%5B%5D=3", "/p"},
		"only, brackets named":        {only("id[]"), "/p?id[]=2&id%5B%5D=3", "/p?id[]=2&id%5B%5D=3"},
		"only, ; hides nothing":       {only("id"), "/p?a=1;id=2&b=3", "/p?a=1;id=2"},
		"only, empty pairs go":        {only("id"), "/p?&id=1&&", "/p?id=1"},
		"the path is no query":        {ignore("a"), "/a=1&a=2", "/a=1&a=2"},
		"what is ignored in the path": {ignore("*"), "/p;a=1?a=2", "/p;a=1"},
	}
	for name, tt := range tests {
		if got := policy.Compile(tt.rule).FilterQuery(tt.target); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestIntakeQuery: both targets are filtered, and what goes is not keyed.
func TestIntakeQuery(t *testing.T) {
	q := get()
	q.Original, q.Current = "/p?utm_a=1&id=2", "/index.php?id=2&utm_a=1"
	in := policy.DecideIntake(q, policy.Compile(config.Rule{QueryIgnore: []string{"utm_*"}}))
	if in.Inputs.Original != "/p?id=2" || in.Inputs.Current != "/index.php?id=2" {
		t.Errorf("got %q, %q", in.Inputs.Original, in.Inputs.Current)
	}
	// What is ignored is judged all the same: a fill may be made from it no more
	// than from the rest.
	q.Original = "/p?utm_a=" + strings.Repeat("#", 2)
	checkBypass(t, policy.DecideIntake(q, policy.Compile(config.Rule{QueryIgnore: []string{"*"}})), cachestatus.ReasonPath)
}

// TestDoubleEncoding: every escape of an escape, and nothing else behind %25.
func TestDoubleEncoding(t *testing.T) {
	const hex = "0123456789abcdefABCDEF"
	for hi := range 0x80 {
		for lo := range 0x80 {
			pair := fmt.Sprintf("%%%02x%%%02X", hi, lo) // so that any character can stand here
			if strings.Contains("/\\", string(rune(hi))) || strings.Contains("/\\", string(rune(lo))) || min(hi, lo) < 0x20 || max(hi, lo) == 0x7f {
				continue
			}
			double := strings.Contains(hex, string(rune(hi))) && strings.Contains(hex, string(rune(lo)))
			// A second percent sign may itself begin an escape, but two characters are too few.
			if got := policy.CanonicalTarget("/a%25" + pair); got == double {
				t.Errorf("%%25 and %q: taken is %v", string([]byte{byte(hi), byte(lo)}), got)
			}
		}
	}
}
