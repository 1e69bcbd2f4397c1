package uwsgi

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// decodePacket is the protocol read from its description, apart from the encoder.
func decodePacket(r io.Reader) ([]variable, error) {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	if header[0] != 0 || header[3] != 0 {
		return nil, errors.New("modifiers are not 0")
	}
	block := make([]byte, int(header[1])|int(header[2])<<8)
	if _, err := io.ReadFull(r, block); err != nil {
		return nil, err
	}
	var vars []variable
	next := func() (string, error) {
		if len(block) < 2 {
			return "", errors.New("size cut off")
		}
		n := int(binary.LittleEndian.Uint16(block))
		if len(block) < 2+n {
			return "", errors.New("string cut off")
		}
		s := string(block[2 : 2+n])
		block = block[2+n:]
		return s, nil
	}
	for len(block) > 0 {
		name, err := next()
		if err != nil {
			return nil, err
		}
		value, err := next()
		if err != nil {
			return nil, err
		}
		vars = append(vars, variable{name, value})
	}
	return vars, nil
}

func TestEncodePacket(t *testing.T) {
	t.Parallel()
	fill := func(block int) []variable { return []variable{{"A", strings.Repeat("x", block-5)}} }
	tests := []struct {
		name  string
		vars  []variable
		limit int
		size  int
		err   error
	}{
		{"nothing", nil, blockLimit, 0, nil},
		{"empty value", []variable{{"SCRIPT_NAME", ""}}, blockLimit, 15, nil},
		{"bytes as they are", []variable{{"PATH_INFO", "/\xc3\xa4\xff \t"}}, blockLimit, 4 + 9 + 6, nil},
		{"one below the protocol's limit", fill(65534), blockLimit, 65534, nil},
		{"the protocol's limit", fill(65535), blockLimit, 65535, nil},
		{"one over", fill(65536), blockLimit, 0, errBlockTooLarge},
		{"one over, whatever the setting", fill(65536), 1 << 20, 0, errBlockTooLarge},
		{"would wrap to 1", fill(65537), blockLimit, 0, errBlockTooLarge},
		{"many that add up", slices.Repeat(fill(1000), 66), blockLimit, 0, errBlockTooLarge},
		{"the setting's limit", fill(4096), 4096, 4096, nil},
		{"one over the setting", fill(4097), 4096, 0, errBlockTooLarge},
		{"NUL", []variable{{"A", "x\x00y"}}, blockLimit, 0, errBadValue},
		{"line feed", []variable{{"A", "x\ny"}}, blockLimit, 0, errBadValue},
		{"carriage return", []variable{{"A", "x\ry"}}, blockLimit, 0, errBadValue},
		{"delete", []variable{{"A", "x\x7fy"}}, blockLimit, 0, errBadValue},
		{"control character in a name", []variable{{"A\x01", ""}}, blockLimit, 0, errBadValue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			packet, err := encodePacket(tt.vars, tt.limit)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			if got := len(packet) - packetHeader; got != tt.size {
				t.Errorf("got a block of %d bytes, want %d", got, tt.size)
			}
			vars, err := decodePacket(strings.NewReader(string(packet)))
			if err != nil || !slices.Equal(vars, tt.vars) {
				t.Errorf("got back %.80q, %v", vars, err)
			}
		})
	}
}

func FuzzEncodePacket(f *testing.F) {
	f.Add("PATH_INFO", "/a", "HTTP_X", "b", 1, blockLimit)
	f.Add("A", "x", "B", "\x00", 70000, 4096)
	f.Add("", "", "", "", 0, 1<<30)
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string, times, limit int) {
		vars := []variable{{n1, v1}}
		for range max(0, min(times, 20000)) {
			vars = append(vars, variable{n2, v2})
		}
		packet, err := encodePacket(vars, limit)
		if err != nil {
			if !errors.Is(err, errBlockTooLarge) && !errors.Is(err, errBadValue) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if block := len(packet) - packetHeader; block > blockLimit || block > limit {
			t.Fatalf("a block of %d bytes", block)
		}
		r := strings.NewReader(string(packet))
		got, err := decodePacket(r)
		if err != nil || r.Len() != 0 || !slices.Equal(got, vars) {
			t.Fatalf("got back %q, %v, %d bytes left; want %q", got, err, r.Len(), vars)
		}
	})
}
