package coding

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// The stored form, little-endian, version 1:
//
//	 0  3  magic "PCC"
//	 3  1  version
//	 4  4  CRC-32C of everything behind
//	 8  1  Coding
//	 9  1  how many holes
//	10     only with holes:
//	           HoleSize     2
//	           each hole    4, where it begins in Data
//	           base, factor 4 each; only of gzip
//	       Data, to the end
//
// One form has exactly one encoding. A change of it is a new version; who finds
// one that he does not know prepares the page again.
const (
	magic      = "PCC\x01"
	checksumAt = len(magic)
	codingAt   = checksumAt + 4
	countAt    = codingAt + 1
	prefixSize = countAt + 1
)

// ErrCorrupt says that bytes are not a whole, undamaged form of a version that
// this program knows.
var ErrCorrupt = errors.New("coding: corrupt")

// castagnoli is that of the processors' own instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli) //nolint:gochecknoglobals // a constant of the language, if it had such

// Encode returns the stored form of f, for Decode. The same form always encodes to
// the same bytes. It must not run while f is being filled; Data may be up to 4 GiB.
func (f *Form) Encode() []byte {
	b := make([]byte, 0, prefixSize+f.holesSize()+len(f.Data))
	b = append(b, magic...)
	b = append(b, 0, 0, 0, 0, byte(f.Coding), byte(len(f.Holes))) //nolint:gosec // at most MaxHoles
	if len(f.Holes) > 0 {
		b = binary.LittleEndian.AppendUint16(b, uint16(f.HoleSize)) //nolint:gosec // at most MaxHole
		for _, at := range f.Holes {
			b = binary.LittleEndian.AppendUint32(b, uint32(at)) //nolint:gosec // as the docstring says
		}
		if f.Coding == Gzip {
			b = binary.LittleEndian.AppendUint32(b, f.base)
			b = binary.LittleEndian.AppendUint32(b, f.factor)
		}
	}
	b = append(b, f.Data...)
	binary.LittleEndian.PutUint32(b[checksumAt:], crc32.Checksum(b[codingAt:], castagnoli))
	return b
}

// holesSize returns how many bytes of the stored form tell of the holes.
func (f *Form) holesSize() int {
	switch n := len(f.Holes); {
	case n == 0:
		return 0
	case f.Coding == Gzip:
		return 2 + 4*n + 8
	default:
		return 2 + 4*n
	}
}

// Decode reads what Encode has written, and returns ErrCorrupt for anything else.
// Data is a part of b: whoever fills it fills b.
func Decode(b []byte) (*Form, error) {
	if len(b) < prefixSize || string(b[:len(magic)]) != magic ||
		binary.LittleEndian.Uint32(b[checksumAt:]) != crc32.Checksum(b[codingAt:], castagnoli) {
		return nil, ErrCorrupt
	}
	f := &Form{Coding: Coding(b[codingAt])}
	count, rest := int(b[countAt]), b[prefixSize:]
	if f.Coding < Gzip || f.Coding > Brotli || count > MaxHoles {
		return nil, ErrCorrupt
	}
	f.Holes = make([]int, count)
	if size := f.holesSize(); len(rest) < size {
		return nil, ErrCorrupt
	} else if count > 0 {
		f.decodeHoles(rest[:size])
		rest = rest[size:]
	}
	f.Data = slices.Clip(rest)
	if err := f.check(); err != nil {
		return nil, err
	}
	return f, nil
}

// decodeHoles reads the part of the stored form that holesSize tells the length of.
func (f *Form) decodeHoles(b []byte) {
	f.HoleSize = int(binary.LittleEndian.Uint16(b))
	for i := range f.Holes {
		f.Holes[i] = int(binary.LittleEndian.Uint32(b[2+4*i:]))
	}
	if b = b[2+4*len(f.Holes):]; f.Coding == Gzip {
		f.base, f.factor = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	}
}

// check reports whether filling the form stays within its bounds.
func (f *Form) check() error {
	end := len(f.Data)
	if f.Coding == Gzip {
		end -= gzipTrailer // which is not a hole's to overwrite
	}
	if end <= 0 || len(f.Holes) > 0 && !validHoles(f.Holes, f.HoleSize, end) {
		return ErrCorrupt
	}
	return nil
}
