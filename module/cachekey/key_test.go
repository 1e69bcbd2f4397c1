package cachekey_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/cachekey"
)

// golden is the key of example, part by part. A change of it must change the
// version as well, or a store that outlives the program would give old responses
// for new keys.
const golden = "\x0cpage-cache/3" +
	"\x08:443 443" + // site
	"\x05route" +
	"\x05https" +
	"\x0cshop.example" +
	"\x0a/de/shoes?" + // original
	"\x0e/index.php?a=1" + // current
	"\x03abc" + // session
	"\x09bytes=0-1" + // part
	"\x02" + // headers
	"\x06Accept\x01\x09image/png" + "\x04X-Ab\x03\x01a\x00\x02b," +
	"\x01" + // cookies
	"\x04shop\x02\x06shop=1\x06shop=2" +
	"\x01" + // variables
	"\x04lang\x02\x06string\x04\"de\"" +
	"\x01" + // values
	"\x03{x}\x00" +
	"\x02" + // variant
	"\x0fAccept-Language\x01\x06de, en" + "\x04X-Ab\x00" +
	"\x0217" // generation

func example() cachekey.Inputs {
	return cachekey.Inputs{
		Site: ":443 443", Route: "route", Scheme: "https", Host: "shop.example",
		Original: "/de/shoes?", Current: "/index.php?a=1",
		Headers: []cachekey.Field{{Name: "Accept", Values: []string{"image/png"}}, {Name: "X-Ab", Values: []string{"a", "", "b,"}}},
		Vars:    []cachekey.Field{{Name: "lang", Values: []string{"string", `"de"`}}},
		Values:  []cachekey.Field{{Name: "{x}"}},
		Cookies: []cachekey.Field{{Name: "shop", Values: []string{"shop=1", "shop=2"}}},
		Session: "abc",
		Part:    "bytes=0-1",
		Variant: []cachekey.Field{{Name: "Accept-Language", Values: []string{"de, en"}}, {Name: "X-Ab"}},

		Generation: 17,
	}
}

func TestKeyGolden(t *testing.T) {
	in := example()
	key := in.Key()
	if key.Text != golden {
		t.Errorf("got  %q\nwant %q", key.Text, golden)
	}
	if key.Digest != sha256.Sum256([]byte(golden)) {
		t.Errorf("digest %x is not that of the text", key.Digest)
	}
	if again := in.Key(); again != key {
		t.Error("another key for the same inputs")
	}
	if !reflect.DeepEqual(in, example()) {
		t.Error("the inputs were changed")
	}
}

// TestKeyLongParts: lengths beyond one byte.
func TestKeyLongParts(t *testing.T) {
	for _, n := range []int{127, 128, 16383, 16384, 70000} {
		in := cachekey.Inputs{Host: string(make([]byte, n))}
		if got, err := decode(in.Key().Text); err != nil || got.Host != in.Host {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

var errNotAKey = errors.New("not a key")

// decode reads a key back, which shows that no two inputs have one.
func decode(text string) (in cachekey.Inputs, err error) {
	d := decoder{rest: text}
	version := d.part()
	for _, part := range []*string{&in.Site, &in.Route, &in.Scheme, &in.Host, &in.Original, &in.Current, &in.Session, &in.Part} {
		*part = d.part()
	}
	for _, list := range []*[]cachekey.Field{&in.Headers, &in.Cookies, &in.Vars, &in.Values, &in.Variant} {
		for range d.number() {
			f := cachekey.Field{Name: d.part()}
			for range d.number() {
				f.Values = append(f.Values, d.part())
			}
			*list = append(*list, f)
		}
	}
	generation := d.part()
	in.Generation, err = strconv.ParseUint(generation, 10, 64)
	if err != nil || strconv.FormatUint(in.Generation, 10) != generation {
		return cachekey.Inputs{}, errNotAKey
	}
	if d.bad || d.rest != "" || version != "page-cache/3" {
		return cachekey.Inputs{}, errNotAKey
	}
	return in, nil
}

type decoder struct {
	rest string
	bad  bool
}

// number reads a length or a count; neither can be more than the bytes left.
func (d *decoder) number() uint64 {
	n, size := binary.Uvarint([]byte(d.rest[:min(len(d.rest), binary.MaxVarintLen64)]))
	if size <= 0 || n > uint64(len(d.rest)-size) {
		d.bad, d.rest = true, ""
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) part() string {
	n := d.number()
	part := d.rest[:n]
	d.rest = d.rest[n:]
	return part
}

func anyFields(t *rapid.T, label string) []cachekey.Field {
	var fields []cachekey.Field
	for range rapid.IntRange(0, 3).Draw(t, label) {
		f := cachekey.Field{Name: anyText(t)}
		for range rapid.IntRange(0, 3).Draw(t, label+" values") {
			f.Values = append(f.Values, anyText(t))
		}
		fields = append(fields, f)
	}
	return fields
}

// shortTexts has few bytes in each, so that lengths and contents are mistaken for each other if
// they can be.
var shortTexts = rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 5), func(b []byte) string { return string(b) })

func anyText(t *rapid.T) string { return shortTexts.Draw(t, "text") }

// TestVariantIsKeyed: RFC 9111 §4.1, a field of the variant is another input than
// the same one anywhere else, and absent is another than empty.
//
// RFC 9111: 4-1, 4-3, 4.1-1.
func TestVariantIsKeyed(t *testing.T) {
	field := func(name string, values ...string) []cachekey.Field {
		return []cachekey.Field{{Name: name, Values: values}}
	}
	seen := map[cachekey.Key]string{}
	for name, in := range map[string]cachekey.Inputs{
		"nothing":              {},
		"another URI":          {Original: "/b"},
		"another current URI":  {Current: "/b"},
		"another host":         {Host: "b"},
		"another scheme":       {Scheme: "http"},
		"a part":               {Part: "X-A"},
		"absent":               {Variant: field("X-A")},
		"empty":                {Variant: field("X-A", "")},
		"a value":              {Variant: field("X-A", "1")},
		"another value":        {Variant: field("X-A", "2")},
		"two values":           {Variant: field("X-A", "1", "2")},
		"two in one":           {Variant: field("X-A", "1, 2")},
		"another field":        {Variant: field("X-B", "1")},
		"two fields":           {Variant: append(field("X-A", "1"), field("X-B", "1")...)},
		"one that is absent":   {Variant: append(field("X-A", "1"), field("X-B")...)},
		"a header":             {Headers: field("X-A", "1")},
		"a variable":           {Vars: field("X-A", "1")},
		"a placeholder":        {Values: field("X-A", "1")},
		"a cookie":             {Cookies: field("X-A", "1")},
		"a session":            {Session: "X-A"},
		"a header and variant": {Headers: field("X-A", "1"), Variant: field("X-B", "1")},
		"an invalidation":      {Generation: 1},
		"both":                 {Generation: 1, Variant: field("X-A", "1")},
	} {
		key := in.Key()
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s have one key", name, other)
		}
		seen[key] = name
	}
}

// TestInputsString: what tells a key to a reader. What the fill carries unseen, and
// what only the edge knows, is left out.
func TestInputsString(t *testing.T) {
	in := example()
	const want = "https://shop.example/de/shoes? [Accept: image/png] [X-Ab: a, , b,] [shop: shop=1, shop=2] [{x}: ] [Accept-Language: de, en] [X-Ab: ]"
	if got := in.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (&cachekey.Inputs{Scheme: "http", Host: "a", Original: "/"}).String(); got != "http://a/" {
		t.Errorf("got %s", got)
	}
	if !reflect.DeepEqual(in, example()) {
		t.Error("the inputs were changed")
	}
}

// TestKeyDecodes: SPEC rule 6, the key is unambiguous.
//
// RFC 9111: 4-1, 4-3.
func TestKeyDecodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := cachekey.Inputs{
			Site: anyText(t), Route: anyText(t), Scheme: anyText(t), Host: anyText(t), Original: anyText(t), Current: anyText(t),
			Headers: anyFields(t, "headers"), Cookies: anyFields(t, "cookies"), Vars: anyFields(t, "vars"), Values: anyFields(t, "values"), Variant: anyFields(t, "variant"),
			Part: anyText(t), Generation: rapid.Uint64().Draw(t, "generation"),
		}
		if got, err := decode(in.Key().Text); err != nil || !reflect.DeepEqual(got, in) {
			t.Fatalf("got %+v, %v, want %+v", got, err, in)
		}
	})
}

// FuzzKeyDecodes: the same for one field of each list and any bytes.
func FuzzKeyDecodes(f *testing.F) {
	f.Add("site", "https", "/a?b", "X-A", "v", true)
	f.Add("", "\x01\x00", "\x80\x01", "\x02", "\xff", false)
	f.Fuzz(func(t *testing.T, site, scheme, target, name, value string, empty bool) {
		in := cachekey.Inputs{
			Site: site, Route: name, Scheme: scheme, Host: value, Original: target, Current: site + target,
			Headers: []cachekey.Field{{Name: name, Values: []string{value, target}}},
			Values:  []cachekey.Field{{Name: value}, {Name: site, Values: []string{""}}},
			Variant: []cachekey.Field{{Name: target, Values: []string{name}}},
		}
		if empty {
			in.Headers, in.Vars, in.Values, in.Variant, in.Part = nil, in.Headers, in.Variant, nil, name
			in.Cookies, in.Session = in.Vars, value
		}
		if got, err := decode(in.Key().Text); err != nil || !reflect.DeepEqual(got, in) {
			t.Errorf("got %+v, %v, want %+v", got, err, in)
		}
	})
}

// FuzzKeyInverse: bytes that read as a key are the key of what they read as.
func FuzzKeyInverse(f *testing.F) {
	f.Add(golden)
	f.Add("\x0cpage-cache/3\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x010")
	f.Fuzz(func(t *testing.T, text string) {
		in, err := decode(text)
		if err != nil {
			return
		}
		if again := in.Key().Text; len(again) > len(text) {
			t.Errorf("%q is longer than %q, which reads the same", again, text)
		}
	})
}

// TestPage: what all variants of a page share, and nothing else.
func TestPage(t *testing.T) {
	field := []cachekey.Field{{Name: "X-A", Values: []string{"1"}}}
	page := (&cachekey.Inputs{Host: "a", Original: "/b"}).Page()
	for name, in := range map[string]cachekey.Inputs{
		"a header": {Headers: field}, "a cookie": {Cookies: field}, "a placeholder": {Values: field}, "a variant": {Variant: field},
		"two variables": {Vars: append(field, field...)},
	} {
		in.Host, in.Original = "a", "/b"
		if in.Page() != page {
			t.Errorf("%s: another page", name)
		}
		if !in.Varies() {
			t.Errorf("%s: not taken for a variant", name)
		}
	}
	for name, in := range map[string]cachekey.Inputs{"another host": {Host: "b", Original: "/b"}, "another URI": {Host: "a", Original: "/c"}, "another generation": {Host: "a", Original: "/b", Generation: 1}} {
		if in.Page() == page {
			t.Errorf("%s: the same page", name)
		}
	}
	accept := cachekey.Inputs{Headers: []cachekey.Field{{Name: "Accept", Values: []string{"*/*"}}}, Vars: field}
	if accept.Varies() {
		t.Error("the class of Accept and the groups of routes are taken for a variant")
	}
}

func BenchmarkKey(b *testing.B) {
	in := example()
	b.ReportAllocs()
	for b.Loop() {
		in.Key()
	}
}
