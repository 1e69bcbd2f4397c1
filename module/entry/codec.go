package entry

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"slices"
)

// The stored form, little-endian, version 1:
//
//	 0  3  magic "PCE"
//	 3  1  version
//	 4  8  length of the whole, these bytes included
//	12  4  CRC-32C of everything but these four bytes
//	16     status               uvarint, at most 999
//	       flags                one byte, see below
//	       StoredAt, Took, Usual, InitialAge, Lifetime   varint, nanoseconds
//	       StaleWhileRevalidate, StaleIfError   varint, nanoseconds; each only if its flag is set
//	       holes                uvarint, how many
//	           each             uvarint, how many bytes of the body lie between it and the end of the one before
//	       Token                uvarint length, bytes
//	       length of the body   uvarint; of one that is apart, 44
//	       key                  uvarint length, bytes
//	       names, values        uvarint, uvarint: how many names and, under all of them, how many values
//	       for each name, in ascending order of its bytes:
//	           name             uvarint length, bytes
//	           count            uvarint, how many values
//	           each value       uvarint length, bytes
//	       body                 bytes, to the end; of one that is apart, Sum (32), Check (4), Size (8, at least 1)
//
// Varints are in their shortest form, so that one entry has exactly one encoding. A version once released decodes for
// ever: a change of this form is a new version with a decoder beside the old one.
const (
	magic      = "PCE"
	version1   = 1
	versionAt  = 3
	lengthAt   = 4
	checksumAt = 12
	prefixSize = 16
	maxStatus  = 999
)

// The flags, in one byte.
const (
	flagExplicit = 1 << iota
	flagHeuristic
	flagNoCache
	flagMustRevalidate
	flagOwnTag
	flagWhileRevalidate
	flagIfError
	flagApart
)

var (
	// ErrCorrupt is wrapped by every error of Decode about bytes that are not a whole, undamaged entry.
	ErrCorrupt = errors.New("entry: corrupt")

	// ErrVersion says that the bytes are an entry of a version this program does not know.
	ErrVersion = errors.New("entry: unknown version")
)

// Encode returns the stored form of e, in one allocation of exactly EncodedSize bytes beside a list of the header's
// names. The same entry always encodes to the same bytes. It must not run while e is being changed.
func (e *Entry) Encode() []byte {
	b := make([]byte, prefixSize, e.EncodedSize())
	b = binary.AppendUvarint(b, uint64(e.Status)) //nolint:gosec // a negative status becomes a large one, which Decode refuses
	b = append(b, e.flags())
	b = binary.AppendVarint(b, int64(e.StoredAt))
	b = binary.AppendVarint(b, int64(e.Took))
	b = binary.AppendVarint(b, int64(e.Usual))
	b = binary.AppendVarint(b, int64(e.InitialAge))
	b = binary.AppendVarint(b, int64(e.Lifetime))
	for _, w := range [...]Window{e.StaleWhileRevalidate, e.StaleIfError} {
		if w.Set {
			b = binary.AppendVarint(b, int64(w.Value))
		}
	}
	b = e.appendHoles(b)
	b = binary.AppendUvarint(b, uint64(e.tailSize())) //nolint:gosec // a length is never negative
	b = appendString(b, e.Key)
	b = e.appendHeader(b)
	if e.Apart.Size > 0 {
		b = append(b, e.Apart.Sum[:]...)
		b = binary.LittleEndian.AppendUint32(b, e.Apart.Check)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.Apart.Size))
	} else {
		b = append(b, e.Body...)
	}
	seal(b)
	return b
}

// EncodedSize returns the length in bytes of what Encode would return, without encoding.
func (e *Entry) EncodedSize() int {
	n := prefixSize + 1                // the flags
	n += uvarintSize(uint64(e.Status)) //nolint:gosec // as in Encode
	n += varintSize(int64(e.StoredAt)) + varintSize(int64(e.Took)) + varintSize(int64(e.Usual)) + varintSize(int64(e.InitialAge)) + varintSize(int64(e.Lifetime))
	for _, w := range [...]Window{e.StaleWhileRevalidate, e.StaleIfError} {
		if w.Set {
			n += varintSize(int64(w.Value))
		}
	}
	n += e.holesSize()
	n += blockSize(len(e.Key))
	n += uvarintSize(uint64(len(e.Header))) + uvarintSize(e.valueCount())
	for name, values := range e.Header {
		n += blockSize(len(name)) + uvarintSize(uint64(len(values)))
		for _, value := range values {
			n += blockSize(len(value))
		}
	}
	return n + blockSize(e.tailSize())
}

// gaps calls yield with how many bytes lie before each hole, from the end of the one before. Holes that are not in order
// have gaps that do not decode.
func (e *Entry) gaps(yield func(uint64)) {
	end := 0
	for _, at := range e.Holes {
		yield(uint64(at - end)) //nolint:gosec // a negative one becomes too large to decode
		end = at + HoleSize
	}
}

func (e *Entry) appendHoles(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(e.Holes)))
	e.gaps(func(gap uint64) { b = binary.AppendUvarint(b, gap) })
	return appendString(b, e.Token)
}

func (e *Entry) holesSize() int {
	n := uvarintSize(uint64(len(e.Holes)))
	e.gaps(func(gap uint64) { n += uvarintSize(gap) })
	return n + blockSize(len(e.Token))
}

// apartSize is the length of an Apart.
const apartSize = 32 + 4 + 8

// tailSize returns the length of what stands at the end.
func (e *Entry) tailSize() int {
	if e.Apart.Size > 0 {
		return apartSize
	}
	return len(e.Body)
}

func (e *Entry) flags() byte {
	var flags byte
	for i, set := range [...]bool{
		e.Explicit, e.Heuristic, e.NoCache, e.MustRevalidate, e.OwnTag, e.StaleWhileRevalidate.Set, e.StaleIfError.Set,
		e.Apart.Size > 0,
	} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

// setFlags is the reverse of flags.
func (e *Entry) setFlags(flags byte) {
	e.Explicit = flags&flagExplicit != 0
	e.Heuristic = flags&flagHeuristic != 0
	e.NoCache = flags&flagNoCache != 0
	e.MustRevalidate = flags&flagMustRevalidate != 0
	e.OwnTag = flags&flagOwnTag != 0
	e.StaleWhileRevalidate.Set = flags&flagWhileRevalidate != 0
	e.StaleIfError.Set = flags&flagIfError != 0
}

func (e *Entry) valueCount() uint64 {
	n := uint64(0)
	for _, values := range e.Header {
		n += uint64(len(values))
	}
	return n
}

func (e *Entry) appendHeader(b []byte) []byte {
	names := slices.AppendSeq(make([]string, 0, len(e.Header)), maps.Keys(e.Header))
	slices.Sort(names)
	b = binary.AppendUvarint(b, uint64(len(names)))
	b = binary.AppendUvarint(b, e.valueCount())
	for _, name := range names {
		b = appendString(b, name)
		b = binary.AppendUvarint(b, uint64(len(e.Header[name])))
		for _, value := range e.Header[name] {
			b = appendString(b, value)
		}
	}
	return b
}

// seal writes the prefix over the first bytes of b, which already holds all the rest.
func seal(b []byte) {
	copy(b, magic)
	b[versionAt] = version1
	binary.LittleEndian.PutUint64(b[lengthAt:], uint64(len(b)))
	binary.LittleEndian.PutUint32(b[checksumAt:], checksumWithout(b))
}

// checksumWithout is the CRC-32C of b without the bytes that hold it.
func checksumWithout(b []byte) uint32 {
	return crc32.Update(checksum(b[:checksumAt]), castagnoli(), b[prefixSize:])
}

func checksum(b []byte) uint32 { return crc32.Update(0, castagnoli(), b) }

// castagnoli returns the package's shared table: nothing is built here.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func blockSize(length int) int {
	return uvarintSize(uint64(length)) + length //nolint:gosec // a length is never negative
}

func uvarintSize(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

func varintSize(v int64) int {
	zigzag := uint64(v) << 1 //nolint:gosec // the bit pattern is wanted
	if v < 0 {
		zigzag = ^zigzag
	}
	return uvarintSize(zigzag)
}
