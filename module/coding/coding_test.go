package coding

import (
	"bytes"
	"errors"
	"hash/crc32"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

var codings = []Coding{Gzip, Zstd, Brotli}

// filled returns body with token in its holes.
func filled(body []byte, holes []int, token []byte) []byte {
	out := slices.Clone(body)
	for _, at := range holes {
		copy(out[at:], token)
	}
	return out
}

func token(fill string, n int) []byte { return []byte(strings.Repeat(fill, n/len(fill)+1)[:n]) }

// mustPrepare prepares a page that is worth it.
func mustPrepare(tb testing.TB, c Coding, body []byte, holes []int) *Form {
	tb.Helper()
	f, err := Prepare(c, body, holes, tokenSize)
	if err != nil {
		tb.Fatalf("%s of %d bytes with %d holes: %v", c, len(body), len(holes), err)
	}
	return f
}

// checkReads checks that a copy, with this token in its holes, is the page with it.
func checkReads(tb testing.TB, f *Form, body []byte, holes []int, tok []byte) {
	tb.Helper()
	data, ok := f.AppendFilled(nil, tok)
	if !ok {
		tb.Fatalf("%s: a token of %d bytes is not taken", f.Coding, len(tok))
	}
	if err := decodesTo(f.Coding, data, filled(body, holes, tok)); err != nil {
		tb.Fatal(err)
	}
}

// TestPrepare: a shop's page in each coding, from small to large, with the tokens
// that two visitors would get, one after the other in one place.
func TestPrepare(t *testing.T) {
	sizes := []struct{ size, cards int }{{3000, 1}, {60_000, 25}, {70_000, 64}, {200_000, 5}}
	for _, c := range codings {
		for _, s := range sizes {
			body, holes := shopPage(s.size, s.cards)
			before := slices.Clone(body)
			f := mustPrepare(t, c, body, holes)
			if !bytes.Equal(body, before) {
				t.Errorf("%s: the page was changed", c)
			}
			if len(f.Holes) != len(holes) || f.HoleSize != tokenSize {
				t.Errorf("%s: holes at %v of %d bytes", c, f.Holes, f.HoleSize)
			}
			for _, tok := range [][]byte{token("secret", tokenSize), token("\xff", tokenSize), token("\x00", tokenSize)} {
				checkReads(t, f, body, holes, tok)
				if !f.Fill(tok) {
					t.Errorf("%s: not filled", c)
				}
				if err := decodesTo(c, f.Data, filled(body, holes, tok)); err != nil {
					t.Errorf("in place: %v", err)
				}
			}
			whole := mustPrepare(t, c, body, nil)
			if err := decodesTo(c, whole.Data, body); err != nil {
				t.Error(err)
			}
			checkReads(t, whole, body, nil, nil)
		}
	}
}

// TestPrepareLarge: beyond the window and beyond brotli's high levels.
func TestPrepareLarge(t *testing.T) {
	body, holes := shopPage(5<<19, 5)
	for _, c := range codings {
		checkReads(t, mustPrepare(t, c, body, holes), body, holes, token("t", tokenSize))
	}
}

// TestPlaces: holes at the ends, side by side, and a byte or some apart.
func TestPlaces(t *testing.T) {
	text, _ := shopPage(5000, 1)
	end := len(text) - tokenSize
	places := map[string][]int{
		"at the start":             {0},
		"at the end":               {end},
		"a byte before the end":    {end - 1},
		"at both ends":             {0, end},
		"side by side":             {500, 500 + tokenSize, 500 + 2*tokenSize},
		"one byte apart":           {500, 501 + tokenSize},
		"two bytes apart":          {500, 502 + tokenSize},
		"three bytes apart":        {500, 503 + tokenSize},
		"side by side at the ends": {0, tokenSize, end - tokenSize, end},
		"a byte behind the start":  {1, 1000},
	}
	for name, holes := range places {
		for _, c := range codings {
			f, err := Prepare(c, text, holes, tokenSize)
			if err != nil {
				t.Errorf("%s, %s: %v", name, c, err)
				continue
			}
			checkReads(t, f, text, holes, token("abc", tokenSize))
		}
	}
}

// TestPrepareProperty: whatever the text, the holes and the token, what is prepared
// reads as the page with the token, and what is not says why.
func TestPrepareProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 40), 1, 30).Draw(t, "words")
		order := rapid.SliceOfN(rapid.IntRange(0, len(words)-1), 60, 600).Draw(t, "order")
		var body []byte
		for _, i := range order {
			body = append(body, words[i]...)
		}
		size := rapid.SampledFrom([]int{MinHole, 32, tokenSize, tokenSize, 100}).Draw(t, "size")
		var holes []int
		for at := rapid.IntRange(0, 300).Draw(t, "first"); at+size <= len(body) && len(holes) < MaxHoles; {
			holes = append(holes, at)
			at += size + rapid.OneOf(rapid.IntRange(0, 4), rapid.IntRange(0, 3000)).Draw(t, "gap")
		}
		tok := rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "token")
		c := rapid.SampledFrom(codings).Draw(t, "coding")
		f, err := Prepare(c, body, holes, size)
		if errors.Is(err, ErrNotWorth) || errors.Is(err, ErrHoles) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(holes) == 0 {
			tok = nil
		}
		data, ok := f.AppendFilled([]byte("x"), tok)
		if err := decodesTo(c, data[1:], filled(body, holes, tok)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if again, err := Decode(f.Encode()); err != nil || !bytes.Equal(again.Encode(), f.Encode()) {
			t.Fatalf("not the same once stored: %v", err)
		}
	})
}

// TestTextsNeverFail: for a text in UTF-8 with holes of a token's size there is
// always a way to keep them apart.
func TestTextsNeverFail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := []rune(rapid.SampledFrom([]string{"abcdef <>\"/=", "größe äöü ", "каталог товаров ", "カタログ商品目録", "عربي ", "🛒🎁🧸"}).Draw(t, "script"))
		lines := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom(letters), 5, 60, -1), 1, 10).Draw(t, "lines")
		var body []byte
		var holes []int
		for i := 0; len(body) < 1500; i++ {
			body = append(body, lines[i%len(lines)]...)
			if i%3 == 0 && len(holes) < 10 {
				holes = append(holes, len(body))
				body = append(body, make([]byte, tokenSize)...)
			}
		}
		c := rapid.SampledFrom(codings).Draw(t, "coding")
		if _, err := Prepare(c, body, holes, tokenSize); err != nil && !errors.Is(err, ErrNotWorth) {
			t.Fatalf("%s: %v", c, err)
		}
	})
}

// TestRefusals: what gets no copy, and by which name.
func TestRefusals(t *testing.T) {
	text := bytes.Repeat([]byte("a page of a shop. "), 100)
	noise := make([]byte, 4000)
	n := uint32(1)
	for i := range noise {
		n = n*1664525 + 1013904223
		noise[i] = byte(n >> 24)
	}
	many := make([]int, MaxHoles+1)
	for i := range many {
		many[i] = i * MinHole
	}
	tests := map[string]struct {
		body  []byte
		holes []int
		size  int
		want  error
	}{
		"empty":                 {nil, nil, 0, ErrNotWorth},
		"short":                 {text[:MinBody-1], nil, 0, ErrNotWorth},
		"long enough":           {text[:MinBody], nil, 0, nil},
		"noise":                 {noise, nil, 0, ErrNotWorth},
		"nothing but holes":     {text[:600], []int{0, 200, 400}, 200, ErrNotWorth},
		"before the start":      {text, []int{-1}, 64, ErrHoles},
		"beyond the end":        {text, []int{len(text) - 63}, 64, ErrHoles},
		"far beyond the end":    {text, []int{1 << 40}, 64, ErrHoles},
		"the wrong order":       {text, []int{500, 100}, 64, ErrHoles},
		"twice":                 {text, []int{100, 100}, 64, ErrHoles},
		"one into another":      {text, []int{100, 163}, 64, ErrHoles},
		"the most":              {text, many[:MaxHoles], MinHole, nil},
		"too many":              {text, many, MinHole, ErrHoles},
		"too short":             {text, []int{100}, MinHole - 1, ErrHoles},
		"of no length":          {text, []int{100}, 0, ErrHoles},
		"of a negative length":  {text, []int{100}, -64, ErrHoles},
		"the shortest":          {text, []int{100}, MinHole, nil},
		"the longest":           {text, []int{100}, MaxHole, nil},
		"too long":              {text, []int{100}, MaxHole + 1, ErrHoles},
		"a size without a hole": {text, nil, 64, nil},
	}
	for name, tt := range tests {
		for _, c := range codings {
			f, err := Prepare(c, tt.body, tt.holes, tt.size)
			if !errors.Is(err, tt.want) || (f != nil) != (tt.want == nil) {
				t.Errorf("%s, %s: got %v", name, c, err)
			}
		}
	}
	if _, err := Prepare(0, text, nil, 0); err == nil {
		t.Error("no coding is one")
	}
}

// TestSame: the same page gives the same bytes, whoever's tokens it came with,
// whatever was prepared before and beside it: its entity-tag says so.
func TestSame(t *testing.T) {
	body, holes := shopPage(15_000, 8)
	other, _ := shopPage(20_000, 3)
	for _, c := range codings {
		want := mustPrepare(t, c, body, holes)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := Prepare(c, other, nil, 0); err != nil {
					t.Error(err)
				}
				got, err := Prepare(c, filled(body, holes, token("another", tokenSize)), holes, tokenSize)
				if err != nil || !bytes.Equal(got.Encode(), want.Encode()) {
					t.Errorf("%s: another copy of the same page: %v", c, err)
				}
			})
		}
		wg.Wait()
		if bytes.Contains(want.Data, body[holes[0]:holes[0]+tokenSize]) {
			t.Errorf("%s: a visitor's token was kept", c)
		}
	}
}

// TestBroken: a copy that reads as something else is found, whatever byte it is.
func TestBroken(t *testing.T) {
	body, _ := shopPage(3000, 1)
	for _, c := range codings {
		f := mustPrepare(t, c, body, nil)
		if err := decodesTo(c, f.Data[:len(f.Data)-1], body); !errors.Is(err, ErrBroken) {
			t.Errorf("%s, cut: %v", c, err)
		}
		for _, want := range [][]byte{body[1:], body[:len(body)-1], append(slices.Clone(body), 0), nil} {
			if err := decodesTo(c, f.Data, want); !errors.Is(err, ErrBroken) {
				t.Errorf("%s, another page: %v", c, err)
			}
		}
		if err := decodesTo(c, []byte("neither"), body); !errors.Is(err, ErrBroken) {
			t.Errorf("%s, nothing: %v", c, err)
		}
	}
}

// TestLeaks: a copy in which something refers to a hole is refused.
func TestLeaks(t *testing.T) {
	body, holes := shopPage(20_000, 4)
	for _, c := range codings {
		f := mustPrepare(t, c, body, holes)
		p := page{body: filled(body, holes, make([]byte, tokenSize)), holes: holes, holeSize: tokenSize}
		if err := p.verify(f, p.random(0)); err != nil {
			t.Fatal(err)
		}
		p.holes = holes[:3] // the fourth hole is filled where the page has text
		if err := p.verify(f, p.random(0)); !errors.Is(err, ErrHoles) {
			t.Errorf("%s: got %v", c, err)
		}
	}
}

// TestZstdWindow: RFC 9659 §3, no window beyond 8 MiB, and none beyond the page.
func TestZstdWindow(t *testing.T) {
	for _, size := range []int{3000, 200_000, 5 << 19} {
		for _, cards := range []int{0, 2} {
			body, holes := shopPage(size, cards)
			if cards == 0 {
				body = bytes.Repeat(body, size/len(body)+1)
			}
			var h zstd.Header
			if err := h.Decode(mustPrepare(t, Zstd, body, holes).Data); err != nil {
				t.Fatal(err)
			}
			if window := max(h.WindowSize, 1); window > 2<<20 || window > uint64(2*len(body)) || h.HasCheckSum {
				t.Errorf("%d bytes, %d holes: %+v", len(body), len(holes), h)
			}
			if h.SingleSegment && h.FrameContentSize > 8<<20 {
				t.Errorf("a segment of %d bytes", h.FrameContentSize)
			}
		}
	}
}

// TestNames: the codings' names, as IANA has them.
func TestNames(t *testing.T) {
	for name, want := range map[string]Coding{"gzip": Gzip, "zstd": Zstd, "br": Brotli} {
		if c, ok := Parse(name); !ok || c != want || c.String() != name {
			t.Errorf("%s is %v", name, c)
		}
	}
	for _, name := range []string{"", "identity", "GZIP", "x-gzip", "deflate"} {
		if c, ok := Parse(name); ok || c != 0 {
			t.Errorf("%s is %v", name, c)
		}
	}
}

// TestFillTakesOneSize: a token of another length leaves all as it was.
func TestFillTakesOneSize(t *testing.T) {
	body, holes := shopPage(5000, 2)
	for _, c := range codings {
		f := mustPrepare(t, c, body, holes)
		before := slices.Clone(f.Data)
		for _, n := range []int{0, 1, tokenSize - 1, tokenSize + 1} {
			if f.Fill(token("x", n)) || !bytes.Equal(f.Data, before) {
				t.Errorf("%s: %d bytes are taken", c, n)
			}
			dst := []byte("kept")
			if out, ok := f.AppendFilled(dst, token("x", n)); ok || string(out) != "kept" {
				t.Errorf("%s: %d bytes are taken: %q", c, n, out)
			}
		}
	}
}

// TestFillAllocates nothing: it is done on every hit.
func TestFillAllocates(t *testing.T) {
	body, holes := shopPage(10_000, 5)
	tok := token("t", tokenSize)
	for _, c := range codings {
		f := mustPrepare(t, c, body, holes)
		buf := make([]byte, 0, len(f.Data))
		if n := testing.AllocsPerRun(10, func() {
			f.Fill(tok)
			buf, _ = f.AppendFilled(buf[:0], tok)
		}); n > 0 {
			t.Errorf("%s: %v allocations", c, n)
		}
	}
}

// TestShift: x^(8n) is what n zero bytes do to a CRC.
func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Byte(), len(a), len(a)).Draw(t, "b")
		tail := rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "tail")
		got := times(shift(len(tail)), crc32.ChecksumIEEE(a)^crc32.ChecksumIEEE(b))
		want := crc32.ChecksumIEEE(append(a, tail...)) ^ crc32.ChecksumIEEE(append(b, tail...))
		if got != want {
			t.Fatalf("got %08x, want %08x", got, want)
		}
	})
}

// TestSystemTools: what others read.
func TestSystemTools(t *testing.T) {
	commands := map[Coding][][]string{
		Gzip: {
			{"zcat"},
			{"gzip", "-dc"},
			{"python3", "-c", "import sys,zlib; d=zlib.decompressobj(31); b=sys.stdin.buffer.read(); sys.stdout.buffer.write(d.decompress(b)); assert d.eof and not d.unused_data"},
		},
		Zstd:   {{"zstd", "-dc", "--memory=8388608"}},
		Brotli: {{"brotli", "-dc"}, {"node", "-e", "process.stdin.pipe(require('zlib').createBrotliDecompress()).pipe(process.stdout)"}},
	}
	for _, s := range []struct{ size, cards int }{{3000, 1}, {30_000, 25}, {200_000, 5}} {
		body, holes := shopPage(s.size, s.cards)
		tok := token("visitor", tokenSize)
		for _, c := range codings {
			data, _ := mustPrepare(t, c, body, holes).AppendFilled(nil, tok)
			for _, command := range commands[c] {
				path, err := exec.LookPath(command[0])
				if err != nil {
					t.Logf("%s: no %s here", c, command[0])
					continue
				}
				cmd := exec.CommandContext(t.Context(), path, command[1:]...)
				cmd.Stdin = bytes.NewReader(data)
				got, err := cmd.Output()
				if err != nil || !bytes.Equal(got, filled(body, holes, tok)) {
					t.Errorf("%s: %s reads %d bytes: %v", c, command[0], len(got), err)
				}
			}
		}
	}
}
