package coding

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Coding is a content coding.
type Coding uint8

// The codings that there are.
const (
	Gzip   Coding = iota + 1 // RFC 1952
	Zstd                     // RFC 8878, in a window that RFC 9659 has every client take
	Brotli                   // RFC 7932
)

// String returns the coding's name in Content-Encoding.
func (c Coding) String() string {
	switch c {
	case Gzip:
		return "gzip"
	case Zstd:
		return "zstd"
	case Brotli:
		return "br"
	}
	return "identity"
}

// Parse returns the coding of this name in Content-Encoding, in lower case.
func Parse(name string) (c Coding, ok bool) {
	for _, c := range [...]Coding{Gzip, Zstd, Brotli} {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

const (
	// MinBody is the least length of a body that is prepared, in bytes. Below it a
	// copy seldom saves a packet.
	MinBody = 512
	// MaxHoles is how many holes a page may have.
	MaxHoles = 64
	// MinHole is the least length of a hole in bytes. What is shorter is too easily
	// found elsewhere in a page to be kept apart from it.
	MinHole = 16
	// MaxHole is the greatest length of a hole in bytes.
	MaxHole = 512

	// minSaving is the part of a body that a copy has to save: one in so many bytes.
	minSaving = 20
	// attempts is how often the holes are tried to be kept apart, each time with
	// other placeholders.
	attempts = 4
)

var (
	// ErrNotWorth says that the body is shorter than MinBody, or that the copy would
	// not be smaller than it by a twentieth.
	ErrNotWorth = errors.New("coding: a copy is not worth its place")
	// ErrHoles says that the holes cannot be kept apart from the rest, or are none
	// that a form may have: not in ascending order, outside of the body, too many,
	// too short or too long.
	ErrHoles = errors.New("coding: the holes cannot be kept apart")
	// ErrBroken says that the encoder's output does not decode to the body. It is a
	// bug, and the copy must not be served.
	ErrBroken = errors.New("coding: the copy does not decode to the body")
)

// Prepare returns body in a coding. holes are the offsets in body of its holes, in
// ascending order, each of holeSize bytes; what stands in them is left out. Their
// place in the form holds zero bytes until it is filled. Who prepares the same
// page twice gets the same bytes, whatever its holes held.
//
// It decodes what it returns before it returns it, with holes twice, so that no
// copy is served that a visitor cannot read. It costs up to some 150 ms and, for
// its time, 50 MB; it does not keep or change body. Errors are ErrNotWorth,
// ErrHoles and ErrBroken.
func Prepare(c Coding, body []byte, holes []int, holeSize int) (*Form, error) {
	if len(body) < MinBody {
		return nil, ErrNotWorth
	}
	p := page{body: body}
	if len(holes) > 0 {
		if !validHoles(holes, holeSize, len(body)) {
			return nil, ErrHoles
		}
		p = page{body: slices.Clone(body), holes: slices.Clone(holes), holeSize: holeSize}
		fillHoles(p.body, p.holes, make([]byte, holeSize))
	}
	var f *Form
	var err error
	for attempt := range byte(attempts) {
		if f, err = p.prepare(c, attempt); err == nil || len(holes) == 0 || errors.Is(err, ErrNotWorth) {
			return f, err
		}
	}
	return nil, err
}

// page is a body with its holes, which hold zero bytes.
type page struct {
	body     []byte
	holes    []int // in ascending order, apart from each other
	holeSize int
}

// prepare makes a form of the page, with the placeholders of this attempt.
func (p page) prepare(c Coding, attempt byte) (*Form, error) {
	random := p.random(attempt)
	w, err := p.weave(c, random)
	if err != nil {
		return nil, err
	}
	if len(w.data) > len(p.body)-len(p.body)/minSaving {
		return nil, ErrNotWorth
	}
	f := &Form{Coding: c, Data: w.data, Holes: w.holes, HoleSize: p.holeSize}
	if c == Gzip && len(p.holes) > 0 {
		f.base, f.factor = p.checksums()
	}
	return f, p.verify(f, random)
}

// random returns random numbers that depend on the page and the attempt alone. Who
// writes a page cannot choose it so that it holds its own placeholders.
func (p page) random(attempt byte) *rand.Rand {
	sum := sha256.New()
	sum.Write([]byte{attempt})
	sum.Write(p.body)
	return rand.New(rand.NewChaCha8([32]byte(sum.Sum(nil)))) //nolint:gosec // nothing is kept secret by them
}

// verify decodes the form and compares it with the page. With holes it does so
// for a token and for the one that differs from it in every bit: whatever had
// been taken from a hole comes out wrong once.
func (p page) verify(f *Form, random *rand.Rand) error {
	if len(p.holes) == 0 {
		return decodesTo(f.Coding, f.Data, p.body)
	}
	token, want := make([]byte, 0, p.holeSize), slices.Clone(p.body)
	for len(token) < p.holeSize {
		token = binary.LittleEndian.AppendUint64(token, random.Uint64())
	}
	token = token[:p.holeSize]
	for range 2 {
		for i := range token {
			token[i] = ^token[i]
		}
		fillHoles(want, p.holes, token)
		data, _ := f.AppendFilled(nil, token)
		if err := decodesTo(f.Coding, data, want); err != nil {
			return fmt.Errorf("%w: %w", ErrHoles, err)
		}
	}
	return nil
}

// validHoles reports whether holes of this size in a text of n bytes are in
// bounds and in ascending order, each behind the end of the one before.
func validHoles(holes []int, size, n int) bool {
	if len(holes) > MaxHoles || size < MinHole || size > MaxHole {
		return false
	}
	end := 0
	for _, at := range holes {
		if at < end || at > n-size {
			return false
		}
		end = at + size
	}
	return true
}

func fillHoles(data []byte, holes []int, token []byte) {
	for _, at := range holes {
		copy(data[at:], token)
	}
}
