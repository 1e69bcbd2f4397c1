package coding

import (
	"encoding/binary"
	"hash/crc32"
)

// Form is a page in a coding, ready to be sent. What Prepare and Decode return is
// valid; the fields are for reading.
type Form struct {
	Coding Coding
	Data   []byte // the body as it is sent, once its holes are filled
	Holes  []int  // where they begin in Data, in ascending order
	// HoleSize is the length of a hole in bytes; 0 without holes.
	HoleSize int

	base, factor uint32 // of gzip's CRC; see crc.go
}

// Fill puts token into all holes of Data, in place, and sets right gzip's
// checksum. What was in them does not matter, so one Form can be filled again and
// again; nobody else may read Data meanwhile. It allocates nothing. ok is false,
// and nothing is done, if the token does not have HoleSize bytes.
func (f *Form) Fill(token []byte) (ok bool) { return f.fill(f.Data, token) }

// AppendFilled appends to dst a copy of Data with token in its holes, and leaves
// the form as it is: many visitors may share it. It allocates nothing if dst has
// the room. ok is false, and dst is returned as it came, if the token does not
// have HoleSize bytes.
func (f *Form) AppendFilled(dst, token []byte) (filled []byte, ok bool) {
	filled = append(dst, f.Data...)
	if !f.fill(filled[len(dst):], token) {
		return dst, false
	}
	return filled, true
}

func (f *Form) fill(data, token []byte) bool {
	if len(token) != f.HoleSize {
		return false
	}
	fillHoles(data, f.Holes, token)
	if f.Coding == Gzip && len(f.Holes) > 0 {
		crc := f.base ^ times(f.factor, crc32.ChecksumIEEE(token))
		binary.LittleEndian.PutUint32(data[len(data)-gzipTrailer:], crc)
	}
	return true
}
