package policy

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ByteRange is a part of a body: Length bytes, at least one, from the byte at
// Start, the first being at 0.
type ByteRange struct{ Start, Length int64 }

// ContentRange returns the Content-Range (RFC 9110 §14.4) of this part of a body
// of size bytes, such as "bytes 0-4/10".
func (r ByteRange) ContentRange(size int64) string {
	first, last := strconv.FormatInt(r.Start, 10), strconv.FormatInt(r.Start+r.Length-1, 10)
	return "bytes " + first + "-" + last + "/" + strconv.FormatInt(size, 10)
}

// maxRanges is how many parts a request may ask for. Each costs a header of its
// own, and RFC 9110 §14.2 and §17.15 let a server ignore many small ones.
const maxRanges = 16

// selectRanges reads the value of a Range (RFC 9110 §14.2) for a body of size
// bytes. The parts are in the order asked for, without those that begin after the
// body's end; if none is left, the Range cannot be satisfied. ok is false when
// the Range is to be ignored: another unit, not valid in any place, too many
// parts, or more bytes in all than the body has. A sender has no use for any of
// these, and the whole is always a right answer.
func selectRanges(value string, size int64) (parts []ByteRange, ok bool) {
	unit, set, _ := strings.Cut(value, "=")
	if strings.ToLower(unit) != "bytes" || strings.TrimLeft(set, " \t") != set {
		return nil, false
	}
	asked, left := 0, size
	for spec := range strings.SplitSeq(set, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue // §5.6.1.2: an empty member is none
		}
		part, valid := resolveRange(spec, size)
		asked++
		left -= part.Length
		if !valid || asked > maxRanges || left < 0 {
			return nil, false
		}
		if part.Length > 0 {
			parts = append(parts, part)
		}
	}
	return parts, asked > 0
}

// resolveRange reads one member of a set of ranges (RFC 9110 §14.1.2): "0-4", "5-"
// or "-5". Its Length is 0 if there are no such bytes in a body of size bytes:
// never of an empty body, not even its last ones, because no Content-Range could
// say so.
func resolveRange(spec string, size int64) (part ByteRange, valid bool) {
	first, last, dash := strings.Cut(spec, "-")
	if dash && first == "" {
		length, ok := readPosition(last)
		length = min(length, size)
		return ByteRange{Start: size - length, Length: length}, ok
	}
	start, ok := readPosition(first)
	end := int64(math.MaxInt64)
	if ok && last != "" {
		end, ok = readPosition(last)
	}
	if !dash || !ok || end < start {
		return ByteRange{}, false
	}
	return ByteRange{Start: start, Length: max(0, min(end, size-1)-start+1)}, true
}

// readPosition reads digits alone; a number that is too large counts as the
// largest.
func readPosition(digits string) (n int64, ok bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, _ = strconv.ParseInt(digits, 10, 64)
	return n, true
}

// refusesRanges reports whether the origin says that there are no parts of this
// response (RFC 9110 §14.3).
func refusesRanges(h http.Header) bool {
	return slices.ContainsFunc(h["Accept-Ranges"], func(line string) bool {
		for unit := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(unit, " \t"), "none") {
				return true
			}
		}
		return false
	})
}
