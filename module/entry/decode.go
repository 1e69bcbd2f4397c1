package entry

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"time"
)

// Decode returns the entry that Encode made b from. The error wraps ErrCorrupt, and says what is wrong, for anything
// that is not exactly one whole entry; it is ErrVersion for an entry of a later program. Body is a part of b, which
// must not change while the entry is in use; Key and Header are copies. Header is never nil.
//
// No input makes it panic. A count is checked against the bytes that are left before anything is allocated for it,
// so what it allocates is bounded by a multiple of len(b): twice for the entries of real pages, some dozens for a
// header made of nothing but one-byte names and empty values, which is what http.Header costs.
func Decode(b []byte) (*Entry, error) {
	if len(b) < prefixSize {
		return nil, corrupt("short prefix")
	}
	if string(b[:versionAt]) != magic {
		return nil, corrupt("magic")
	}
	// The version comes before length and checksum: a later one may place those elsewhere.
	if b[versionAt] != version1 {
		return nil, fmt.Errorf("%w %d", ErrVersion, b[versionAt])
	}
	if binary.LittleEndian.Uint64(b[lengthAt:]) != uint64(len(b)) {
		return nil, corrupt("length")
	}
	if binary.LittleEndian.Uint32(b[checksumAt:]) != checksumWithout(b) {
		return nil, corrupt("checksum")
	}
	return decodeV1(b)
}

func decodeV1(b []byte) (*Entry, error) {
	e := &Entry{}
	r := reader{rest: b[prefixSize:]}
	e.Status = r.count("status", maxStatus)
	flags := r.flags()
	e.setFlags(flags)
	apart := flags&flagApart != 0
	e.StoredAt = r.duration("stored at")
	e.Took = r.duration("took")
	e.Usual = r.duration("usual")
	e.InitialAge = r.duration("initial age")
	e.Lifetime = r.duration("lifetime")
	for _, w := range [...]*Window{&e.StaleWhileRevalidate, &e.StaleIfError} {
		if w.Set {
			w.Value = r.duration("stale window")
		}
	}
	gaps, token := r.holes()
	e.Body = r.tail("body")
	if apart {
		e.Body, e.Apart = nil, r.apart(e.Body)
	}
	r.head = string(r.rest)
	e.Key = r.text("key")
	e.Token = string(token)
	e.Holes = r.places(gaps, e.Size())
	e.Header = r.header()
	if len(r.rest) > 0 {
		r.fail("bytes left over")
	}
	if r.what != "" {
		return nil, corrupt(r.what)
	}
	return e, nil
}

func corrupt(what string) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, what)
}

// reader takes fields from the front of rest. The first thing that does not fit is kept in what; from then on rest is
// empty and every field reads as zero, so that callers check once, at the end.
type reader struct {
	rest []byte
	head string // a copy of rest as it was before the key: the entry's strings are parts of it, in one allocation
	what string
}

func (r *reader) fail(what string) {
	if r.what == "" {
		r.what = what
	}
	r.rest = nil
}

func (r *reader) uvarint(what string) uint64 {
	v, n := binary.Uvarint(r.rest)
	// A last byte of 0 adds nothing: the number has a shorter form.
	if n <= 0 || (n > 1 && r.rest[n-1] == 0) {
		r.fail(what)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads a number that must not exceed limit.
func (r *reader) count(what string, limit int) int {
	v := r.uvarint(what)
	if v > uint64(limit) { //nolint:gosec // limits are lengths and constants
		r.fail(what)
		return 0
	}
	return int(v) //nolint:gosec // not above limit, which is an int
}

func (r *reader) duration(what string) time.Duration {
	zigzag := r.uvarint(what)
	v := int64(zigzag >> 1)
	if zigzag&1 != 0 {
		v = ^v
	}
	return time.Duration(v)
}

func (r *reader) flags() byte {
	if len(r.rest) == 0 {
		r.fail("flags")
		return 0
	}
	flags := r.rest[0]
	r.rest = r.rest[1:]
	return flags
}

// tail reads a length and takes that many bytes off the end, which stay a part of the input.
func (r *reader) tail(what string) []byte {
	n := r.uvarint(what)
	if n > uint64(len(r.rest)) {
		r.fail(what)
	}
	if r.what != "" {
		return nil
	}
	cut := len(r.rest) - int(n) //nolint:gosec // not above a length
	b := r.rest[cut:]
	r.rest = r.rest[:cut]
	return b
}

// holes reads the gaps before each hole, and what is known of their cookie.
func (r *reader) holes() (gaps []uint64, token []byte) {
	n := r.count("holes", len(r.rest))
	for range n {
		gaps = append(gaps, r.uvarint("hole"))
	}
	size := r.uvarint("token")
	if size > uint64(len(r.rest)) {
		r.fail("token")
	}
	if r.what != "" {
		return nil, nil
	}
	token, r.rest = r.rest[:size], r.rest[size:]
	return gaps, token
}

// places returns where the holes are whose gaps these are, in a body of this size.
func (r *reader) places(gaps []uint64, size int64) []int {
	if len(gaps) == 0 || r.what != "" {
		return nil
	}
	holes := make([]int, len(gaps))
	end := uint64(0)
	for i, gap := range gaps {
		if gap > uint64(size) || end+gap+HoleSize > uint64(size) { //nolint:gosec // a size is never negative
			r.fail("place of a hole")
			return nil
		}
		holes[i] = int(end + gap) //nolint:gosec // within the body
		end += gap + HoleSize
	}
	return holes
}

// apart reads what stands in a body's place that is kept apart.
func (r *reader) apart(b []byte) (a Apart) {
	if r.what != "" || len(b) != apartSize {
		r.fail("apart")
		return a
	}
	copy(a.Sum[:], b)
	a.Check = binary.LittleEndian.Uint32(b[32:])
	a.Size = int64(binary.LittleEndian.Uint64(b[36:])) //nolint:gosec // judged below
	if a.Size < 1 {
		r.fail("apart")
	}
	return a
}

// text reads a length and that many bytes, as a part of head.
func (r *reader) text(what string) string {
	n := r.uvarint(what)
	if n > uint64(len(r.rest)) {
		r.fail(what)
	}
	if r.what != "" {
		return ""
	}
	from := len(r.head) - len(r.rest)
	r.rest = r.rest[n:]
	return r.head[from : len(r.head)-len(r.rest)]
}

// header reads the names and their values. All values stand in one slice, cut so that an append to one name's values
// cannot reach the next one's.
func (r *reader) header() http.Header {
	names := r.count("names", len(r.rest))
	values := r.count("values", len(r.rest))
	header := make(http.Header, names)
	all := make([]string, 0, values)
	last := ""
	for i := range names {
		name := r.text("name")
		if i > 0 && name <= last {
			r.fail("order of names")
		}
		last = name
		from := len(all)
		for range r.count("values of a name", values-from) {
			all = append(all, r.text("value"))
		}
		if r.what != "" {
			return nil
		}
		header[name] = all[from:len(all):len(all)]
	}
	if len(all) < values {
		r.fail("values")
	}
	return header
}
