package coding

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"reflect"
	"slices"
	"testing"
)

// reseal sets the checksum right: damage that was meant.
func reseal(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[checksumAt:], crc32.Checksum(b[codingAt:], castagnoli))
	return b
}

// TestStored: what is stored comes back, can be filled, and shares the memory.
func TestStored(t *testing.T) {
	body, holes := shopPage(20_000, 8)
	for _, c := range codings {
		for _, at := range [][]int{nil, holes} {
			f := mustPrepare(t, c, body, at)
			b := f.Encode()
			if cap(b) != len(b) {
				t.Errorf("%s: %d bytes in %d", c, len(b), cap(b))
			}
			got, err := Decode(b)
			if err != nil || !reflect.DeepEqual(got, f) {
				t.Fatalf("%s, %d holes: not what was stored: %v", c, len(at), err)
			}
			if &got.Data[0] != &b[len(b)-len(got.Data)] || cap(got.Data) != len(got.Data) {
				t.Errorf("%s: the memory is not shared, or beyond its end", c)
			}
			tok := token("t", got.HoleSize)
			checkReads(t, got, body, at, tok)
		}
	}
}

// TestStoredGolden: version 1 in bytes; another order of them would be version 2.
func TestStoredGolden(t *testing.T) {
	f := &Form{
		Coding: Gzip, Data: bytes.Repeat([]byte{'d'}, 40), Holes: []int{0, 16}, HoleSize: 16,
		base: 0x01020304, factor: 0x05060708,
	}
	want := append([]byte("PCC\x01\x00\x00\x00\x00\x01\x02\x10\x00\x00\x00\x00\x00\x10\x00\x00\x00\x04\x03\x02\x01\x08\x07\x06\x05"), f.Data...)
	got := f.Encode()
	if !bytes.Equal(got, reseal(want)) {
		t.Errorf("got %q", got)
	}
	if again, err := Decode(got); err != nil || !reflect.DeepEqual(again, f) {
		t.Errorf("got %+v, %v", again, err)
	}
}

// TestCorrupt: each byte counts, and so does each end; and damage that the checksum
// vouches for does not reach beyond the data either.
func TestCorrupt(t *testing.T) {
	body, holes := shopPage(3000, 2)
	for _, c := range codings {
		b := mustPrepare(t, c, body, holes).Encode()
		for i := range b {
			damaged := slices.Clone(b)
			damaged[i] ^= 0x10
			if f, err := Decode(damaged); !errors.Is(err, ErrCorrupt) || f != nil {
				t.Fatalf("%s: byte %d is not missed", c, i)
			}
			if f, err := Decode(b[:i]); !errors.Is(err, ErrCorrupt) || f != nil {
				t.Fatalf("%s: cut at %d: %v", c, i, err)
			}
		}
		meant := map[string]func(b []byte) []byte{
			"no coding":          func(b []byte) []byte { b[codingAt] = 0; return b },
			"an unknown coding":  func(b []byte) []byte { b[codingAt] = 4; return b },
			"too many holes":     func(b []byte) []byte { b[countAt] = MaxHoles + 1; return b },
			"holes without data": func(b []byte) []byte { b[countAt] = 2; return b[:prefixSize+10] },
			"a short hole":       func(b []byte) []byte { b[prefixSize] = MinHole - 1; return b },
			"a long hole":        func(b []byte) []byte { b[prefixSize+1] = 0xff; return b },
			"the wrong order":    func(b []byte) []byte { copy(b[prefixSize+6:], b[prefixSize+2:prefixSize+6]); return b },
			"beyond the end":     func(b []byte) []byte { b[prefixSize+9] = 0xff; return b },
			"no data":            func(b []byte) []byte { b[countAt] = 0; return b[:prefixSize] },
		}
		for name, damage := range meant {
			if f, err := Decode(reseal(damage(slices.Clone(b)))); !errors.Is(err, ErrCorrupt) || f != nil {
				t.Errorf("%s, %s: %v", c, name, err)
			}
		}
	}
}

// TestTrailerIsNoHole: nothing is put over gzip's checksum.
func TestTrailerIsNoHole(t *testing.T) {
	for _, c := range codings {
		f := &Form{Coding: c, Data: make([]byte, 40), Holes: []int{40 - MinHole}, HoleSize: MinHole}
		if _, err := Decode(f.Encode()); (err != nil) != (c == Gzip) {
			t.Errorf("%s: %v", c, err)
		}
		f.Holes[0] -= gzipTrailer
		if _, err := Decode(f.Encode()); err != nil {
			t.Errorf("%s: %v", c, err)
		}
	}
}

// FuzzDecode: whatever is read as a form can be filled within its bounds, and is
// the one encoding of it.
func FuzzDecode(f *testing.F) {
	body, holes := shopPage(2000, 1)
	for _, c := range codings {
		f.Add(mustPrepare(f, c, body, holes).Encode())
		f.Add(mustPrepare(f, c, body, nil).Encode())
	}
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= prefixSize {
			b = reseal(slices.Clone(b)) // or nothing would ever pass
		}
		form, err := Decode(b)
		if err != nil {
			return
		}
		if again := form.Encode(); !bytes.Equal(again, b) {
			t.Errorf("another encoding: %q", again)
		}
		head := slices.Clone(b[:len(b)-len(form.Data)])
		if !form.Fill(make([]byte, form.HoleSize)) {
			t.Error("not filled")
		}
		if !bytes.HasPrefix(b, head) {
			t.Error("filled beyond the data")
		}
	})
}
