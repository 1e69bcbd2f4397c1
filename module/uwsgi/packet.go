package uwsgi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// blockLimit is what the protocol's 16-bit sizes can say, of a block and of each name and value in it.
const blockLimit = math.MaxUint16

const packetHeader = 4

var (
	errBlockTooLarge = errors.New("uwsgi: the request's head is too large for a block")
	errBadValue      = errors.New("uwsgi: control character in a variable")
)

// variable is one pair of a block.
type variable struct{ name, value string }

// encodePacket returns the packet that asks for a request (modifier1 and modifier2 are 0): the header, then the block
// of variables in their order. The limit is in bytes of block, at most blockLimit: a size beyond 16 bits would wrap, and the rest of
// the block would be read as a body. It fails with errBlockTooLarge and errBadValue; no error tells a value.
func encodePacket(vars []variable, limit int) ([]byte, error) {
	size := 0
	for _, v := range vars {
		if hasControl(v.name) || hasControl(v.value) {
			return nil, fmt.Errorf("%w: %.40q", errBadValue, v.name)
		}
		size += 4 + len(v.name) + len(v.value)
	}
	limit = min(limit, blockLimit)
	if size > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errBlockTooLarge, size, limit)
	}
	packet := make([]byte, packetHeader, packetHeader+size)
	binary.LittleEndian.PutUint16(packet[1:], uint16(size))
	for _, v := range vars {
		packet = appendString(packet, v.name)
		packet = appendString(packet, v.value)
	}
	return packet, nil
}

func appendString(b []byte, s string) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(len(s))) //nolint:gosec // the whole block is at most blockLimit
	return append(b, s...)
}

// hasControl reports control characters but the tab, which HTTP allows in a field value. An application that writes
// a value to a log or a header of its own must not get a line break from us, nor C code a NUL.
func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}
