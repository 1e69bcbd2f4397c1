package coding

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
)

// contextBytes is how many bytes behind a hole are stored without compression as
// well: brotli chooses the code of a byte by the two before it (RFC 7932 §7.1),
// which must not be a visitor's.
const contextBytes = 2

// syncMarker ends what a flush of deflate writes: a stored block of no bytes
// (RFC 1951 §3.2.4), from its length on, which begins at a byte.
const syncMarker = "\x00\x00\xff\xff"

// woven is a page in a coding.
type woven struct {
	data  []byte
	holes []int // where they begin in data
}

// weave compresses the page, with each hole in a block that is stored as it is.
// The encoder is given placeholders that it can find nowhere in the page, so that
// its window and its positions are right and nothing refers to what is in a hole.
func (p page) weave(c Coding, random *rand.Rand) (woven, error) {
	text := p.withPlaceholders(random)
	var out bytes.Buffer
	enc, err := open(c, &out, len(text))
	if err != nil {
		return woven{}, err
	}
	defer enc.release()
	w := woven{holes: make([]int, 0, len(p.holes))}
	done := 0
	for s := range p.spans() {
		if err := enc.feed(text[done:s.start]); err != nil {
			return woven{}, err
		}
		mark := out.Len()
		raw := text[s.start:s.end]
		if err := enc.feed(raw); err != nil {
			return woven{}, err
		}
		if err := storeRaw(c, &out, mark, raw); err != nil {
			return woven{}, err
		}
		for _, at := range p.holes[s.first:s.last] {
			w.holes = append(w.holes, out.Len()-(s.end-at))
		}
		done = s.end
	}
	if err := enc.finish(text[done:]); err != nil {
		return woven{}, err
	}
	if c == Gzip {
		out.Write(p.trailer())
	}
	w.data = bytes.Clone(out.Bytes())
	fillHoles(w.data, w.holes, make([]byte, p.holeSize))
	return w, nil
}

// storeRaw sees to it that what out holds from mark on, which an encoder has
// written for raw and which ends at a byte, is one block that stores it.
//
// Deflate and brotli keep nothing from one block to the next but their window and,
// brotli, the last distances, of which there are none in a placeholder: there the
// block is written anew. Zstandard may go on with codes of any block before, so it
// is the encoder that must have stored it.
func storeRaw(c Coding, out *bytes.Buffer, mark int, raw []byte) error {
	n := uint32(len(raw)) //nolint:gosec // MaxHoles of MaxHole bytes are less than 64 KiB
	switch c {
	case Gzip:
		out.Truncate(mark)
		if !bytes.HasSuffix(out.Bytes(), []byte(syncMarker)) {
			return fmt.Errorf("%w: no sync marker", ErrHoles)
		}
		out.Truncate(mark - len(syncMarker))
		out.Write(binary.LittleEndian.AppendUint32(nil, n|^n<<16))
		out.Write(raw)
	case Brotli:
		out.Truncate(mark)
		out.Write(threeBytes((n-1)<<3 | 1<<19)) // RFC 7932 §9.2: not the last, four nibbles of MLEN-1, ISUNCOMPRESSED
		out.Write(raw)
	case Zstd:
		block := append(threeBytes(n<<3), raw...) // RFC 8878 §3.1.1.2: not the last, Raw_Block
		if !bytes.HasSuffix(out.Bytes()[mark:], block) {
			return fmt.Errorf("%w: a placeholder was compressed", ErrHoles)
		}
	}
	return nil
}

// threeBytes returns the lower 24 bits of n, the lowest first.
func threeBytes(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n)[:3] }

// span is a part of the page that is stored without compression: one hole or
// several that touch, and the bytes behind.
type span struct {
	start, end  int
	first, last int // its holes are holes[first:last]
}

// spans yields the spans of a page in order.
func (p page) spans() func(yield func(span) bool) {
	return func(yield func(span) bool) {
		for i := 0; i < len(p.holes); {
			s := span{start: p.holes[i], end: p.holes[i], first: i}
			for ; i < len(p.holes) && p.holes[i] <= s.end; i++ {
				s.end = min(p.holes[i]+p.holeSize+contextBytes, len(p.body))
			}
			s.last = i
			if !yield(s) {
				return
			}
		}
	}
}

// withPlaceholders returns the page with something else in each hole that cannot
// be compressed. It is made of bytes that are nowhere in the page, if there are
// enough of them, as there are in every text: then no match can reach into a hole.
func (p page) withPlaceholders(random *rand.Rand) []byte {
	if len(p.holes) == 0 {
		return p.body
	}
	text := slices.Clone(p.body)
	alphabet := p.absent()
	for _, at := range p.holes {
		for hole := text[at : at+p.holeSize]; len(hole) > 0; {
			random.Shuffle(len(alphabet), func(i, j int) { alphabet[i], alphabet[j] = alphabet[j], alphabet[i] })
			hole = hole[copy(hole, alphabet):]
		}
	}
	return text
}

// absent returns the bytes that are nowhere in the page, or all, if those are too
// few to fill a hole without a repetition, which could be compressed.
func (p page) absent() []byte {
	var absent, all []byte
	for b := range 256 {
		all = append(all, byte(b))
		if bytes.IndexByte(p.body, byte(b)) < 0 {
			absent = append(absent, byte(b))
		}
	}
	if len(absent) < p.holeSize {
		return all
	}
	return absent
}
