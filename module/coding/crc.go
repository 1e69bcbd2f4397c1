package coding

import (
	"encoding/binary"
	"hash/crc32"
)

// The CRC of RFC 1952 §8 is a remainder of polynomials over GF(2), written with
// the highest power in the lowest bit. Bytes that stand n bytes before the end add
// to it their own remainder times x^(8n), whatever stands elsewhere. So a page
// with one token in all holes has the CRC
//
//	base + factor * crc32(token)
//
// where factor is the sum of x^(8n) over the holes, and base makes up for the rest.

const (
	crcOne       = 1 << 31 // the polynomial 1
	crcEightBits = 1 << 23 // x^8
)

// times multiplies two polynomials modulo that of the CRC.
func times(a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		if a&crcOne != 0 {
			product ^= b
		}
		carry := b & 1
		b = b>>1 ^ carry*crc32.IEEE
	}
	return product
}

// shift returns x^(8n) modulo the polynomial of the CRC.
func shift(n int) uint32 {
	var power, square uint32 = crcOne, crcEightBits
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			power = times(power, square)
		}
		square = times(square, square)
	}
	return power
}

// checksums returns base and factor of the page's CRC.
func (p page) checksums() (base, factor uint32) {
	for _, at := range p.holes {
		factor ^= shift(len(p.body) - at - p.holeSize)
	}
	zeros := make([]byte, p.holeSize)
	return crc32.ChecksumIEEE(p.body) ^ times(factor, crc32.ChecksumIEEE(zeros)), factor
}

// trailer returns the end of a page in gzip: its CRC with zero bytes in the holes,
// and its size.
func (p page) trailer() []byte {
	b := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(p.body))
	return binary.LittleEndian.AppendUint32(b, uint32(len(p.body))) //nolint:gosec // RFC 1952 §2.3.1: modulo 2^32
}
