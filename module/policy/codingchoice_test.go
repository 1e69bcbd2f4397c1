package policy_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/policy"
)

var offered = []string{"br", "zstd", "gzip"}

// TestChooseCoding: RFC 9110 §12.5.3, which coding a visitor gets.
func TestChooseCoding(t *testing.T) {
	lines := func(l ...string) []string { return l }
	tests := map[string]struct {
		accept  []string
		offered []string
		want    string
		ok      bool
	}{
		"no field":                            {nil, offered, "", true},
		"§12.5.3 empty":                       {lines(""), offered, "", true},
		"§12.5.3 compress, gzip":              {lines("compress, gzip"), offered, "gzip", true},
		"§12.5.3 any":                         {lines("*"), offered, "br", true},
		"§12.5.3 compress;q=0.5, gzip;q=1.0":  {lines("compress;q=0.5, gzip;q=1.0"), offered, "gzip", true},
		"§12.5.3 gzip, identity, no other":    {lines("gzip;q=1.0, identity; q=0.5, *;q=0"), offered, "gzip", true},
		"§12.5.3 the same, without gzip":      {lines("gzip;q=1.0, identity; q=0.5, *;q=0"), offered[:2], "", true},
		"§12.5.3 not identity":                {lines("identity;q=0"), offered, "", false},
		"§12.5.3 not identity, but another":   {lines("identity;q=0, gzip"), offered, "gzip", true},
		"§12.5.3 none at all":                 {lines("*;q=0"), offered, "", false},
		"§12.5.3 none but identity":           {lines("*;q=0, identity"), offered, "", true},
		"§12.5.3 none but one":                {lines("*;q=0, zstd;q=0.1"), offered, "zstd", true},
		"§12.5.3 any but one":                 {lines("br;q=0, *"), offered, "zstd", true},
		"§12.5.3 any, a little":               {lines("*;q=0.1, identity"), offered, "", true},
		"§12.5.3 any, as identity":            {lines("*;q=0.5"), offered, "br", true},
		"a browser's":                         {lines("gzip, deflate, br, zstd"), offered, "br", true},
		"an older browser's":                  {lines("gzip, deflate"), offered, "gzip", true},
		"in lines":                            {lines("gzip", "br"), offered, "br", true},
		"in lines, weighed":                   {lines("gzip", "br;q=0.9"), offered, "gzip", true},
		"by weight":                           {lines("br;q=0.8, zstd;q=0.9, gzip;q=0.7"), offered, "zstd", true},
		"by the third digit":                  {lines("br;q=0.811, zstd;q=0.812"), offered, "zstd", true},
		"alike":                               {lines("gzip;q=0.5, zstd;q=0.5"), offered, "zstd", true},
		"identity alike":                      {lines("gzip;q=0.5, identity;q=0.5"), offered, "gzip", true},
		"identity rather":                     {lines("gzip;q=0.5, identity;q=0.6"), offered, "", true},
		"identity alone":                      {lines("identity"), offered, "", true},
		"the server's order":                  {lines("gzip, br"), lines("gzip", "br"), "gzip", true},
		"nothing offered":                     {lines("gzip, br"), nil, "", true},
		"another":                             {lines("deflate"), offered, "", true},
		"refused":                             {lines("gzip;q=0"), offered, "", true},
		"refused in three digits":             {lines("gzip;q=0.000"), offered, "", true},
		"the least":                           {lines("gzip;q=0.001"), offered, "gzip", true},
		"§8.4.1.3 x-gzip":                     {lines("x-gzip"), offered, "gzip", true},
		"any case":                            {lines("GZip;Q=0.5, BR;q=0.4"), offered, "gzip", true},
		"garbage":                             {lines("\x00;;, =, ;q=1, gzip\xff, ,"), offered, "", true},
		"garbage around":                      {lines(",;q=0,gzip,@@"), offered, "gzip", true},
		"the first of two counts":             {lines("gzip;q=0, gzip"), offered, "", true},
		"a dictionary's coding is another":    {lines("dcb, dcz"), offered, "", true},
		"a name that begins or ends like one": {lines("gzip2, brx, xzstd"), offered, "", true},
	}
	for name, tt := range tests {
		if got, ok := policy.ChooseCoding(tt.accept, tt.offered); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %q, %v", name, got, ok)
		}
	}
}

// TestChooseCodingProperty: nobody is given what he does not accept, nor less than
// what he weighs most.
func TestChooseCodingProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := map[string]int{}
		var members []string
		for _, name := range rapid.Permutation([]string{"br", "zstd", "gzip", "identity"}).Draw(t, "order") {
			if w := rapid.IntRange(-1, 3).Draw(t, name); w >= 0 {
				weights[name] = w
				members = append(members, name+";q=0.00"+string(rune('0'+w)))
			}
		}
		got, ok := policy.ChooseCoding([]string{strings.Join(members, ",")}, offered)
		identity, mentioned := weights["identity"]
		if ok != (got != "" || !mentioned || identity > 0) {
			t.Fatalf("%q, %v for %q", got, ok, members)
		}
		for _, o := range offered {
			switch w := weights[o]; {
			case w > 0 && got == "" && w >= identity, w > weights[got] && got != "", got == o && (w <= 0 || w < identity):
				t.Fatalf("%q, and not %q, for %q", got, o, members)
			}
		}
	})
}

// FuzzChooseCoding: what is chosen is offered and accepted, in whatever lines and
// case it is said.
func FuzzChooseCoding(f *testing.F) {
	f.Add("gzip;q=0.5, br;q=0.8", "zstd")
	f.Add("*;q=0", "identity;q=0.001")
	f.Add("x-gzip;q=1.0000,\x00", "*")
	f.Fuzz(func(t *testing.T, first, second string) {
		lines := []string{first, second}
		got, ok := policy.ChooseCoding(lines, offered)
		if one, oneOK := policy.ChooseCoding([]string{strings.ToUpper(first) + "," + second}, offered); isASCII(first) && (one != got || oneOK != ok) {
			t.Errorf("%q, and in one line %q", got, one)
		}
		if got == "" {
			return
		}
		request := http.Header{"Accept-Encoding": lines}
		if !ok || !slices.Contains(offered, got) || !policy.AcceptsCoding(request, http.Header{"Content-Encoding": {got}}) {
			t.Errorf("%q is not accepted", got)
		}
		if less, _ := policy.ChooseCoding(lines, []string{got}); less != got {
			t.Errorf("%q, but %q if there is nothing else", got, less)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e })
}

// TestCodingTag: RFC 9110 §8.8.3.3, a tag for each form; and whatever is made into
// one can be told from it.
func TestCodingTag(t *testing.T) {
	tests := map[string]struct{ tag, coding, want string }{
		"gzip":           {`"a"`, "gzip", `"a~gz"`},
		"brotli":         {`"a"`, "br", `"a~br"`},
		"zstd":           {`"a"`, "zstd", `"a~zs"`},
		"weak":           {`W/"a"`, "gzip", `W/"a~gz"`},
		"empty inside":   {`""`, "br", `"~br"`},
		"Caddy's":        {`"a-gzip"`, "gzip", `"a-gzip~gz"`},
		"another coding": {`"a"`, "deflate", ""},
		"identity":       {`"a"`, "", ""},
		"no tag":         {"", "gzip", ""},
		"no quotes":      {"a", "gzip", ""},
		"half a quote":   {`"a`, "gzip", ""},
		"one quote":      {`"`, "gzip", ""},
		"two tags":       {`"a", "b"`, "gzip", ""},
	}
	for name, tt := range tests {
		got := policy.CodingTag(tt.tag, tt.coding)
		if got != tt.want {
			t.Errorf("%s: got %s", name, got)
		}
		if got == "" {
			continue
		}
		if plain, coding := policy.PlainTag(got); plain != tt.tag || coding != tt.coding {
			t.Errorf("%s: and back %s, %s", name, plain, coding)
		}
		for _, suffix := range []string{`-gzip"`, `-br"`, `-zstd"`} {
			if strings.HasSuffix(got, suffix) {
				t.Errorf("%s: Caddy takes it for its own: %s", name, got)
			}
		}
	}
	for _, tag := range []string{"", `"`, `""`, `"a"`, `W/"a"`, `a~gz`, `"a~gz`, `~gz"`, `a~gz"`, `"a-gzip"`, `"a~xx"`} {
		if plain, coding := policy.PlainTag(tag); plain != tag || coding != "" {
			t.Errorf("%s is of %s, %s", tag, plain, coding)
		}
	}
}

// FuzzPlainTag: what is of a coding is the tag of that coding.
func FuzzPlainTag(f *testing.F) {
	f.Add(`"a~gz"`)
	f.Add(`W/"~br~zs"`)
	f.Add(`"a~gz`)
	f.Fuzz(func(t *testing.T, tag string) {
		plain, coding := policy.PlainTag(tag)
		if coding != "" && policy.CodingTag(plain, coding) != tag || coding == "" && plain != tag {
			t.Errorf("%q, %q", plain, coding)
		}
		for _, c := range offered {
			if coded := policy.CodingTag(tag, c); coded != "" {
				if plain, coding := policy.PlainTag(coded); plain != tag || coding != c {
					t.Errorf("%q is of %q, %q", coded, plain, coding)
				}
			}
		}
	})
}

// TestHeldCoding: RFC 9110 §13.1.2, who has a form of the page is told about that.
func TestHeldCoding(t *testing.T) {
	const browser = "gzip, deflate, br, zstd"
	tests := map[string]struct {
		named  []string
		accept string // "-": no field
		tag    string
		want   string
		held   bool
	}{
		"nothing named":                  {nil, browser, `"a"`, "", false},
		"the page":                       {[]string{`"a"`}, browser, `"a"`, "", true},
		"gzip":                           {[]string{`"a~gz"`}, browser, `"a"`, "gzip", true},
		"brotli":                         {[]string{`"a~br"`}, browser, `"a"`, "br", true},
		"zstd":                           {[]string{`"a~zs"`}, browser, `"a"`, "zstd", true},
		"weakly":                         {[]string{`W/"a~gz"`}, browser, `"a"`, "gzip", true},
		"of a weak one":                  {[]string{`W/"a~gz"`}, browser, `W/"a"`, "gzip", true},
		"among others":                   {[]string{`"b", "c~br"`, `"a~zs"`}, browser, `"a"`, "zstd", true},
		"two of them":                    {[]string{`"a", "a~gz", "a~br"`}, browser, `"a"`, "br", true},
		"a coding that he refuses":       {[]string{`"a~br"`}, "gzip", `"a"`, "", false},
		"that, and the page":             {[]string{`"a~br", "a"`}, "gzip", `"a"`, "", true},
		"the page, which he would not":   {[]string{`"a"`}, "gzip, identity;q=0", `"a"`, "", true},
		"says nothing of codings":        {[]string{`"a~br"`}, "-", `"a"`, "br", true},
		"another page":                   {[]string{`"b~gz"`}, browser, `"a"`, "", false},
		"any":                            {[]string{`*`}, browser, `"a"`, "", false},
		"a page without a tag":           {[]string{`"~gz"`, `""`}, browser, ``, "", false},
		"without quotes":                 {[]string{`a`}, browser, `a`, "", true},
		"without quotes, no other forms": {[]string{`a~gz`}, browser, `a`, "", false},
		"Caddy's form":                   {[]string{`"a-gzip"`}, browser, `"a"`, "", false},
	}
	for name, tt := range tests {
		request := http.Header{"If-None-Match": tt.named}
		if tt.accept != "-" {
			request.Set("Accept-Encoding", tt.accept)
		}
		if got, held := policy.HeldCoding(request, tt.tag, offered); got != tt.want || held != tt.held {
			t.Errorf("%s: got %q, %v", name, got, held)
		}
	}
}

// TestCompressible: what is worth a coding, and may be given one.
func TestCompressible(t *testing.T) {
	types := map[bool]string{
		true: `text/html|text/html; charset=utf-8|TEXT/CSS|text/plain;x|text/markdown|application/json|application/ld+json
			application/javascript|application/xml|application/rss+xml|image/svg+xml|application/wasm|font/ttf|font/otf
			application/vnd.ms-fontobject|application/manifest+json;v=1|image/x-icon`,
		false: `image/png|image/avif|image/webp|video/mp4|audio/ogg|font/woff2|font/woff|application/zip|application/gzip
			application/pdf|application/octet-stream|text/event-stream|Text/Event-Stream; charset=utf-8|multipart/mixed
			application/epub+zip|json|html|image/svg|;|/`,
	}
	for want, list := range types {
		for media := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == '|' || r == '\n' }) {
			if got := policy.Compressible(200, fields("Content-Type", strings.TrimSpace(media))); got != want {
				t.Errorf("%s: got %v", media, got)
			}
		}
	}
	tests := map[string]struct {
		status int
		h      http.Header
		want   bool
	}{
		"plain":                     {200, fields(), true},
		"by name":                   {200, fields("Content-Encoding", "identity"), true},
		"cached":                    {200, fields("Cache-Control", "max-age=5"), true},
		"RFC 9111 §5.2.2.6":         {200, fields("Cache-Control", "max-age=5, No-Transform"), false},
		"RFC 9110 §8.4":             {200, fields("Content-Encoding", "gzip"), false},
		"RFC 9110 §14.4":            {200, fields("Content-Range", "bytes 0-1/2"), false},
		"RFC 9530 §2":               {200, fields("Content-Digest", "sha-256=:YQ==:"), false},
		"RFC 9530 §3":               {200, fields("Repr-Digest", "sha-256=:YQ==:"), false},
		"RFC 3230":                  {200, fields("Digest", "md5=a"), false},
		"RFC 1864":                  {200, fields("Content-Md5", "a"), false},
		"an error":                  {404, fields(), false},
		"a part":                    {206, fields(), false},
		"nothing":                   {204, fields(), false},
		"not modified":              {304, fields(), false},
		"two types, so not certain": {200, fields("Content-Type", "image/png"), false},
	}
	for name, tt := range tests {
		h := tt.h
		h["Content-Type"] = append(h["Content-Type"], "text/html")
		if got := policy.Compressible(tt.status, h); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if policy.Compressible(200, http.Header{}) {
		t.Error("a body of no type")
	}
}
