package entry_test

import (
	"bytes"
	"errors"
	"flag"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/entry"
)

var update = flag.Bool("update", false, "write the golden file of the newest version, if there is none")

func small() *entry.Entry {
	return &entry.Entry{
		Key:    "shop\x00https\x00shop.example\x00/products/category/shoes",
		Status: http.StatusOK,
		Header: http.Header{
			"Content-Type": {"text/html; charset=utf-8"},
			"Link":         {"</a.css>; rel=preload", "", "</b.js>; rel=preload"},
			"X-Empty":      nil,
		},
		Body:     []byte("<p>shoes</p>"),
		StoredAt: 90 * time.Minute, Took: 300 * time.Millisecond, Usual: 200 * time.Millisecond,
		Terms: entry.Terms{
			InitialAge: 1500 * time.Millisecond, Lifetime: 15 * time.Second, Explicit: true,
			StaleWhileRevalidate: entry.Window{Value: time.Minute, Set: true},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	tests := map[string]*entry.Entry{
		"zero":              {},
		"small":             small(),
		"any bytes":         {Key: "\x00\xff\"", Header: http.Header{"": {""}, "\xff": {"\r\n", "\x00"}}, Body: []byte{0, 255}},
		"no names":          {Status: http.StatusNoContent, Header: http.Header{}},
		"extremes":          {Status: 999, StoredAt: math.MaxInt64, Terms: entry.Terms{InitialAge: math.MinInt64, Lifetime: -1}},
		"large":             {Key: strings.Repeat("k", 70_000), Body: bytes.Repeat([]byte("body"), 1<<18)},
		"lengths of 127":    {Key: strings.Repeat("k", 127), Body: make([]byte, 128)},
		"holes":             {Body: make([]byte, 300), Holes: []int{0, 64, 200}, Token: "; Path=/"},
		"a hole at the end": {Body: make([]byte, 64), Holes: []int{0}},
		"explicitly zero":   {Terms: entry.Terms{Explicit: true}},
	}
	for name, e := range tests {
		t.Run(name, func(t *testing.T) {
			b := e.Encode()
			if len(b) != e.EncodedSize() || cap(b) != len(b) {
				t.Errorf("EncodedSize = %d, Encode made %d bytes in %d", e.EncodedSize(), len(b), cap(b))
			}
			got, err := entry.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, got, e)
			if got.Header == nil {
				t.Error("Header is nil")
			}
		})
	}
}

type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

func wantSame(t reporter, got, want *entry.Entry) {
	t.Helper()
	if got.Key != want.Key || got.Status != want.Status || !bytes.Equal(got.Body, want.Body) {
		t.Errorf("got key %q, status %d, %d bytes of body, want %q, %d, %d bytes",
			got.Key, got.Status, len(got.Body), want.Key, want.Status, len(want.Body))
	}
	if got.StoredAt != want.StoredAt || got.Terms != want.Terms || got.OwnTag != want.OwnTag || got.Took != want.Took || got.Usual != want.Usual || got.Apart != want.Apart ||
		!slices.Equal(got.Holes, want.Holes) || got.Token != want.Token {
		t.Errorf("got %v, %+v, %t, %v, %+v, want %v, %+v, %t, %v, %+v",
			got.StoredAt, got.Terms, got.OwnTag, got.Took, got.Apart, want.StoredAt, want.Terms, want.OwnTag, want.Took, want.Apart)
	}
	if len(got.Header) != len(want.Header) {
		t.Errorf("got header %q, want %q", got.Header, want.Header)
	}
	for name, values := range want.Header {
		kept, ok := got.Header[name]
		if !ok || len(kept) != len(values) || (len(values) > 0 && !reflect.DeepEqual(kept, values)) {
			t.Errorf("got values %q of %q, want %q", kept, name, values)
		}
	}
}

func TestEncodeIsDeterministic(t *testing.T) {
	want := small().Encode()
	for range 50 { // as many orders of the map
		if got := small().Encode(); !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
	}
}

func entries() *rapid.Generator[*entry.Entry] {
	text := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
	return rapid.Custom(func(t *rapid.T) *entry.Entry {
		return &entry.Entry{
			Key:      text.Draw(t, "key"),
			Status:   rapid.IntRange(0, 999).Draw(t, "status"),
			Header:   rapid.MapOf(text, rapid.SliceOf(text)).Draw(t, "header"),
			Body:     rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
			StoredAt: time.Duration(rapid.Int64().Draw(t, "stored at")),
			Took:     time.Duration(rapid.Int64().Draw(t, "took")),
			Usual:    time.Duration(rapid.Int64().Draw(t, "usual")),
			OwnTag:   rapid.Bool().Draw(t, "own tag"),
			Terms: entry.Terms{
				InitialAge:           time.Duration(rapid.Int64().Draw(t, "initial age")),
				Lifetime:             time.Duration(rapid.Int64().Draw(t, "lifetime")),
				Explicit:             rapid.Bool().Draw(t, "explicit"),
				Heuristic:            rapid.Bool().Draw(t, "heuristic"),
				NoCache:              rapid.Bool().Draw(t, "no-cache"),
				MustRevalidate:       rapid.Bool().Draw(t, "must-revalidate"),
				StaleWhileRevalidate: windows().Draw(t, "while revalidating"),
				StaleIfError:         windows().Draw(t, "if error"),
			},
		}
	})
}

func windows() *rapid.Generator[entry.Window] {
	return rapid.Custom(func(t *rapid.T) entry.Window {
		if !rapid.Bool().Draw(t, "set") {
			return entry.Window{} // a value without Set is not kept
		}
		return entry.Window{Value: time.Duration(rapid.Int64().Draw(t, "value")), Set: true}
	})
}

func TestMarker(t *testing.T) {
	m := entry.NewMarker("key", []string{"Accept-Language", "X-Country"}, map[string]string{"de": "de, en", "fr": "fr"})
	got, err := entry.Decode(m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Marker() || !slices.Equal(got.Names(), []string{"Accept-Language", "X-Country"}) ||
		!maps.Equal(got.Languages(), map[string]string{"de": "de, en", "fr": "fr"}) {
		t.Errorf("got %t, %q, %q", got.Marker(), got.Names(), got.Languages())
	}
	if small().Marker() {
		t.Error("a response is taken for a marker")
	}
}

func TestRoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := split().Draw(t, "entry")
		b := e.Encode()
		if len(b) != e.EncodedSize() {
			t.Fatalf("EncodedSize = %d, Encode made %d bytes", e.EncodedSize(), len(b))
		}
		got, err := entry.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, got, e)
		if again := got.Encode(); !bytes.Equal(again, b) {
			t.Fatalf("encoded again: got %x, want %x", again, b)
		}
	})
}

func TestAnyFlippedBitIsFound(t *testing.T) {
	whole := small().Encode()
	for i := range len(whole) * 8 {
		b := bytes.Clone(whole)
		b[i/8] ^= 1 << (i % 8)
		if _, err := entry.Decode(b); !errors.Is(err, entry.ErrCorrupt) && !errors.Is(err, entry.ErrVersion) {
			t.Errorf("bit %d flipped: got %v, want an error", i, err)
		}
	}
}

func TestAnyTruncationIsFound(t *testing.T) {
	whole := small().Encode()
	for n := range whole {
		if _, err := entry.Decode(whole[:n]); !errors.Is(err, entry.ErrCorrupt) {
			t.Errorf("cut to %d bytes: got %v, want %v", n, err, entry.ErrCorrupt)
		}
		if n < entry.PrefixSize {
			continue
		}
		sealed := bytes.Clone(whole[:n])
		entry.Seal(sealed)
		if got, err := entry.Decode(sealed); !errors.Is(err, entry.ErrCorrupt) {
			t.Errorf("cut to %d bytes and sealed: got %v, %v, want %v", n, got, err, entry.ErrCorrupt)
		}
	}
	if _, err := entry.Decode(append(whole, 0)); !errors.Is(err, entry.ErrCorrupt) {
		t.Errorf("one byte more: got %v, want %v", err, entry.ErrCorrupt)
	}
}

// fields seals the fields as they stand, in the order status, flags, five times, holes, token, length of the body, key, names,
// values.
func fields(rest ...byte) []byte {
	b := append(make([]byte, entry.PrefixSize), rest...)
	entry.Seal(b)
	return b
}

func TestDecodeErrors(t *testing.T) {
	magic := small().Encode()
	magic[0] = 'X'
	version := small().Encode()
	version[3] = 2
	tests := map[string]struct {
		b    []byte
		want error
		says string
	}{
		"nothing":                {nil, entry.ErrCorrupt, "short prefix"},
		"magic":                  {magic, entry.ErrCorrupt, "magic"},
		"version":                {version, entry.ErrVersion, "2"},
		"no fields":              {fields(), entry.ErrCorrupt, "status"},
		"status 1000":            {fields(0xe8, 7, 0, 0, 0, 0, 0, 0, 0, 0), entry.ErrCorrupt, "status"},
		"no flags":               {fields(1), entry.ErrCorrupt, "flags"},
		"apart, too short":       {fields(1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), entry.ErrCorrupt, "apart"},
		"apart, of no size":      {fields(append([]byte{1, 0x80, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0}, make([]byte, 44)...)...), entry.ErrCorrupt, "apart"},
		"apart, negative":        {fields(append([]byte{1, 0x80, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0}, bytes.Repeat([]byte{255}, 44)...)...), entry.ErrCorrupt, "apart"},
		"long form of a number":  {fields(0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0), entry.ErrCorrupt, "status"},
		"number over 64 bits":    {fields(1, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2), entry.ErrCorrupt, "stored at"},
		"body longer than all":   {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0), entry.ErrCorrupt, "body"},
		"key longer than all":    {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0), entry.ErrCorrupt, "key"},
		"more names than bytes":  {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0), entry.ErrCorrupt, "names"},
		"more values than bytes": {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9), entry.ErrCorrupt, "values"},
		"more holes than bytes":  {fields(1, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0), entry.ErrCorrupt, "holes"},
		"cookie too long":        {fields(1, 0, 0, 0, 0, 0, 0, 1, 0, 99, 0, 0), entry.ErrCorrupt, "token"},
		"hole without a body":    {fields(1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), entry.ErrCorrupt, "place of a hole"},
		"hole past the end":      {fields(append([]byte{1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 64, 0, 0, 0}, make([]byte, 64)...)...), entry.ErrCorrupt, "place of a hole"},
		"left over":              {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), entry.ErrCorrupt, "left over"},
		"names out of order":     {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 'b', 0, 1, 'a', 0), entry.ErrCorrupt, "order"},
		"a name twice":           {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 'a', 0, 1, 'a', 0), entry.ErrCorrupt, "order"},
		"too many values":        {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'a', 2, 0, 0), entry.ErrCorrupt, "values of a name"},
		"too few values":         {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 'a', 1, 0), entry.ErrCorrupt, "values"},
		"value longer than all":  {fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 'a', 1, 9), entry.ErrCorrupt, "value"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := entry.Decode(test.b)
			if got != nil || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v, want %v: %s", got, err, test.want, test.says)
			}
		})
	}
	if _, err := entry.Decode(fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)); err != nil {
		t.Errorf("the shortest entry: %v", err)
	}
}

func TestNegativeStatusDoesNotDecode(t *testing.T) {
	e := &entry.Entry{Status: -1}
	if _, err := entry.Decode(e.Encode()); !errors.Is(err, entry.ErrCorrupt) {
		t.Errorf("got %v, want %v", err, entry.ErrCorrupt)
	}
}

// Claims of a few bytes about millions of names must not cost millions of bytes.
func TestDecodeAllocatesNothingForClaims(t *testing.T) {
	b := fields(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f)
	if got := allocated(func() { _, _ = entry.Decode(b) }); got > 2000 {
		t.Errorf("%d bytes were allocated for an input of %d", got, len(b))
	}
}

func TestDecodeAllocatesASmallMultiple(t *testing.T) {
	header := http.Header{}
	for i := range 10_000 {
		header[string([]byte{byte(i >> 8), byte(i)})] = []string{"", ""}
	}
	worst := (&entry.Entry{Header: header}).Encode()
	usual := small()
	usual.Body = make([]byte, 50_000)
	for name, test := range map[string]struct {
		b    []byte
		most uint64
	}{
		"a header of empty values": {worst, 40 * uint64(len(worst))},
		"a page":                   {usual.Encode(), 4000}, // the body is not copied
	} {
		if got := allocated(func() { _, _ = entry.Decode(test.b) }); got > test.most {
			t.Errorf("%s: %d bytes were allocated for %d, want %d at most", name, got, len(test.b), test.most)
		}
	}
}

// allocated returns the bytes that f allocates. The runtime counts what it allocates
// itself meanwhile, so the least of several runs counts.
func allocated(f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 10 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

func TestEncodeAllocations(t *testing.T) {
	e := small()
	if got := testing.AllocsPerRun(100, func() { _ = e.Encode() }); got > 2 {
		t.Errorf("Encode makes %.0f allocations, want 2 at most", got)
	}
	b := e.Encode()
	if got := testing.AllocsPerRun(100, func() { _, _ = entry.Decode(b) }); got > 6 {
		t.Errorf("Decode makes %.0f allocations, want 6 at most", got)
	}
}

func TestDecodedStringsAreCopies(t *testing.T) {
	b := small().Encode()
	e, err := entry.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	want := small()
	want.Body = make([]byte, len(want.Body))
	wantSame(t, e, want)
}

func TestAppendToValuesReachesNoOther(t *testing.T) {
	e, err := entry.Decode(small().Encode())
	if err != nil {
		t.Fatal(err)
	}
	e.Header.Add("Content-Type", "added")
	e.Body = append(e.Body, "added"...)
	want := small()
	if !reflect.DeepEqual(e.Header["Link"], want.Header["Link"]) {
		t.Errorf("Link became %q", e.Header["Link"])
	}
}

// Every version that was ever released decodes for ever. A golden file is never changed: a new form gets a new one.
func TestGolden(t *testing.T) {
	file := filepath.Join("testdata", "v1.bin")
	if _, err := os.Stat(file); *update && os.IsNotExist(err) {
		if err := os.WriteFile(file, small().Encode(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := entry.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, e, small())
	if again := small().Encode(); !bytes.Equal(again, b) {
		t.Errorf("encoded anew: got %x, want %x", again, b)
	}
}

// FuzzDecode takes the input as it is and, so that the fuzzer gets past the checksum, as fields to be sealed. Whatever
// decodes is the one encoding of what it decodes to.
func FuzzDecode(f *testing.F) {
	whole := small().Encode()
	head, _ := small().Split()
	f.Add(head.Encode())
	f.Add(whole)
	f.Add((&entry.Entry{Body: make([]byte, 300), Holes: []int{0, 64, 200}, Token: "; Path=/"}).Encode()[entry.PrefixSize:])
	f.Add(whole[entry.PrefixSize:])
	f.Add((&entry.Entry{}).Encode()[entry.PrefixSize:])
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, input := range [][]byte{b, fields(b...)} {
			e, err := entry.Decode(input)
			if err != nil {
				if e != nil || (!errors.Is(err, entry.ErrCorrupt) && !errors.Is(err, entry.ErrVersion)) {
					t.Fatalf("got %v, %v", e, err)
				}
				continue
			}
			if again := e.Encode(); !bytes.Equal(again, input) {
				t.Fatalf("decodes, and encodes to\n%x, not\n%x", again, input)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	e := small()
	e.Body = make([]byte, 50<<10)
	data := e.Encode()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := entry.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	e := small()
	e.Body = make([]byte, 50<<10)
	b.ReportAllocs()
	b.SetBytes(int64(len(e.Body)))
	for b.Loop() {
		_ = e.Encode()
	}
}
