package policy_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/policy"
)

// part asks for value of a body of size bytes.
func part(value string, size int64) policy.Delivery {
	return policy.DecideDelivery("GET", http.Header{"Range": {value}}, 200, http.Header{}, size, time.Time{})
}

// TestRanges: what a Range (RFC 9110 §14.2) means for a body of ten bytes.
func TestRanges(t *testing.T) {
	const whole, unsatisfied = "200", "416"
	over := strings.Repeat("9", 30)
	tests := map[string]struct{ value, want string }{
		"§14.1.2 from and to":               {"bytes=0-4", "bytes 0-4/10"},
		"§14.1.2 one byte":                  {"bytes=9-9", "bytes 9-9/10"},
		"§14.1.2 to the end −1":             {"bytes=2-8", "bytes 2-8/10"},
		"§14.1.2 to the end":                {"bytes=2-9", "bytes 2-9/10"},
		"§14.1.2 to the end +1":             {"bytes=2-10", "bytes 2-9/10"},
		"§14.1.2 to any end":                {"bytes=2-" + over, "bytes 2-9/10"},
		"§14.1.2 to the largest number":     {"bytes=0-9223372036854775807", "bytes 0-9/10"},
		"§14.1.2 open":                      {"bytes=5-", "bytes 5-9/10"},
		"§14.1.2 open, all":                 {"bytes=0-", "bytes 0-9/10"},
		"§14.1.2 open, last −1":             {"bytes=8-", "bytes 8-9/10"},
		"§14.1.2 open, last":                {"bytes=9-", "bytes 9-9/10"},
		"§14.1.2 open, last +1":             {"bytes=10-", unsatisfied},
		"§14.1.2 past the end":              {"bytes=10-20", unsatisfied},
		"§14.1.2 far past the end":          {"bytes=9223372036854775807-", unsatisfied},
		"§14.1.2 past any end":              {"bytes=" + over + "-" + over, unsatisfied},
		"§14.1.2 suffix":                    {"bytes=-3", "bytes 7-9/10"},
		"§14.1.2 suffix, size −1":           {"bytes=-9", "bytes 1-9/10"},
		"§14.1.2 suffix, size":              {"bytes=-10", "bytes 0-9/10"},
		"§14.1.2 suffix, size +1":           {"bytes=-11", "bytes 0-9/10"},
		"§14.1.2 suffix, any":               {"bytes=-" + over, "bytes 0-9/10"},
		"§14.1.2 suffix 0":                  {"bytes=-0", unsatisfied},
		"§14.1.2 zeros before":              {"bytes=000-004", "bytes 0-4/10"},
		"§14.1.1 several":                   {"bytes=0-1,4-5,-1", "bytes 0-1/10 bytes 4-5/10 bytes 9-9/10"},
		"§14.1.1 several, OWS":              {"bytes=0-1 ,\t4-5", "bytes 0-1/10 bytes 4-5/10"},
		"§14.1.1 several, order asked for":  {"bytes=8-9,0-1", "bytes 8-9/10 bytes 0-1/10"},
		"§14.1.1 several, overlap":          {"bytes=0-4,2-5", "bytes 0-4/10 bytes 2-5/10"},
		"§14.1.1 several, one satisfiable":  {"bytes=20-30,0-1,-0", "bytes 0-1/10"},
		"§14.1.1 several, none satisfiable": {"bytes=20-30,-0,10-", unsatisfied},
		"§5.6.1.2 empty members":            {"bytes=,0-1,, ,4-5,", "bytes 0-1/10 bytes 4-5/10"},
		"§5.6.1.2 empty members alone":      {"bytes=, ,", whole},
		"§14.1 unit in other letters":       {"BYtes=0-4", "bytes 0-4/10"},
		"§14.1 another unit":                {"items=0-4", whole},
		"§14.1 another unit, alike":         {"bytesx=0-4", whole},
		"§14.1 another unit, folded":        {"byte\u017f=0-4", whole},
		"§14.1 no unit":                     {"0-4", whole},
		"§14.1 no unit, sign":               {"=0-4", whole},
		"§14.2 bytes of all, sum −1":        {"bytes=0-4,0-3", "bytes 0-4/10 bytes 0-3/10"},
		"§14.2 bytes of all, sum":           {"bytes=0-4,0-4", "bytes 0-4/10 bytes 0-4/10"},
		"§14.2 bytes of all, sum +1":        {"bytes=0-4,0-5", whole},
		"§14.2 the whole twice":             {"bytes=0-,0-", whole},
		"§14.2 the whole many times":        {"bytes=0-" + strings.Repeat(",0-", 200), whole},
		"§14.2 the whole and nothing":       {"bytes=0-,10-", "bytes 0-9/10"},
		"§14.2 what is past saves nothing":  {"bytes=30-,0-,0-", whole},
		"not valid: empty":                  {"", whole},
		"not valid: unit alone":             {"bytes", whole},
		"not valid: no set":                 {"bytes=", whole},
		"not valid: no numbers":             {"bytes=-", whole},
		"not valid: no dash":                {"bytes=5", whole},
		"not valid: cow":                    {"bytes=cow", whole},
		"not valid: backwards":              {"bytes=4-3", whole},
		"not valid: backwards, past":        {"bytes=30-20", whole},
		"not valid: two dashes":             {"bytes=--5", whole},
		"not valid: three numbers":          {"bytes=0-1-2", whole},
		"not valid: a sign":                 {"bytes=+0-4", whole},
		"not valid: hexadecimal":            {"bytes=0x0-4", whole},
		"not valid: underscore":             {"bytes=0-1_0", whole},
		"not valid: a letter inside":        {"bytes=0-1a1", whole},
		"not valid: space within":           {"bytes=0 - 4", whole},
		"not valid: space before sign":      {"bytes =0-4", whole},
		"not valid: space after sign":       {"bytes= 0-4", whole},
		"not valid: one of several":         {"bytes=0-1,x", whole},
		"not valid: after none satisfied":   {"bytes=10-,x", whole},
		"not valid: two units":              {"bytes=0-1,bytes=4-5", whole},
		"space around":                      {" bytes=0-4\t", "bytes 0-4/10"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := printed(part(tt.value, 10), 10); got != tt.want {
				t.Errorf("%q: got %s, want %s", tt.value, got, tt.want)
			}
		})
	}
}

// printed tells the parts of a 206, and of anything else its status.
func printed(d policy.Delivery, size int64) string {
	if d.Status != http.StatusPartialContent {
		return fmt.Sprint(d.Status)
	}
	var parts []string
	for _, r := range d.Ranges {
		parts = append(parts, r.ContentRange(size))
	}
	return strings.Join(parts, " ")
}

// TestRangesLimit: sixteen parts, and one more is too many, whether it can be
// satisfied or not.
func TestRangesLimit(t *testing.T) {
	for n, want := range map[int]int{15: 206, 16: 206, 17: 200} {
		for _, last := range []string{"0-0", "5000-"} {
			value := "bytes=" + strings.Repeat("0-0,", n-1) + last
			if d := part(value, 1000); d.Status != want {
				t.Errorf("%d parts: got %d, want %d", n, d.Status, want)
			}
		}
	}
	if d := part("bytes=5000-"+strings.Repeat(",5000-", 16), 1000); d.Status != 200 {
		t.Errorf("17 parts past the end: %d", d.Status)
	}
}

// TestRangesSize: bodies of no bytes, of one, of all that can be, and of unknown
// size.
func TestRangesSize(t *testing.T) {
	tests := map[string]struct {
		size        int64
		value, want string
	}{
		"RFC 9110 §14.2 unknown":                {-1, "bytes=0-4", "200"},
		"RFC 9110 §14.2 unknown, unsatisfiable": {-1, "bytes=-0", "200"},
		"RFC 9110 §14.1.2 empty, open":          {0, "bytes=0-", "416"},
		"RFC 9110 §14.1.2 empty, suffix":        {0, "bytes=-1", "416"},
		"RFC 9110 §14.1.2 empty, not valid":     {0, "bytes=1-0", "200"},
		"RFC 9110 §14.1.2 one byte, open":       {1, "bytes=0-", "bytes 0-0/1"},
		"RFC 9110 §14.1.2 one byte, suffix":     {1, "bytes=-5", "bytes 0-0/1"},
		"RFC 9110 §14.1.2 one byte, past":       {1, "bytes=1-", "416"},
		"largest, last":                         {math.MaxInt64, "bytes=-1", "bytes 9223372036854775806-9223372036854775806/9223372036854775807"},
		"largest, past":                         {math.MaxInt64, "bytes=9223372036854775807-", "416"},
		"largest, twice":                        {math.MaxInt64, "bytes=0-,0-", "200"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := printed(part(tt.value, tt.size), tt.size); got != tt.want {
				t.Errorf("%q of %d bytes: got %s, want %s", tt.value, tt.size, got, tt.want)
			}
		})
	}
}

// TestRangeFields: where a Range does not count, RFC 9110 §14.2, and where the
// origin refuses, §14.3.
func TestRangeFields(t *testing.T) {
	tests := map[string]struct {
		method  string
		status  int
		request http.Header
		h       http.Header
		want    int
	}{
		"GET":                     {"GET", 200, fields("Range", "bytes=0-4"), fields(), 206},
		"HEAD":                    {"HEAD", 200, fields("Range", "bytes=0-4"), fields(), 200},
		"POST":                    {"POST", 200, fields("Range", "bytes=0-4"), fields(), 200},
		"HEAD, unsatisfiable":     {"HEAD", 200, fields("Range", "bytes=20-"), fields(), 200},
		"203":                     {"GET", 203, fields("Range", "bytes=0-4"), fields(), 203},
		"204":                     {"GET", 204, fields("Range", "bytes=0-4"), fields(), 204},
		"206":                     {"GET", 206, fields("Range", "bytes=0-4"), fields(), 206},
		"301":                     {"GET", 301, fields("Range", "bytes=0-4"), fields(), 301},
		"404":                     {"GET", 404, fields("Range", "bytes=20-"), fields(), 404},
		"two lines":               {"GET", 200, fields("Range", "bytes=0-4", "Range", "bytes=5-"), fields(), 200},
		"none":                    {"GET", 200, fields(), fields(), 200},
		"Accept-Ranges bytes":     {"GET", 200, fields("Range", "bytes=0-4"), fields("Accept-Ranges", "bytes"), 206},
		"Accept-Ranges none":      {"GET", 200, fields("Range", "bytes=0-4"), fields("Accept-Ranges", "none"), 200},
		"Accept-Ranges None":      {"GET", 200, fields("Range", "bytes=20-"), fields("Accept-Ranges", " None"), 200},
		"Accept-Ranges in line 2": {"GET", 200, fields("Range", "bytes=0-4"), fields("Accept-Ranges", "x", "Accept-Ranges", "y, none"), 200},
		"Accept-Ranges nonesuch":  {"GET", 200, fields("Range", "bytes=0-4"), fields("Accept-Ranges", "nonesuch"), 206},
		"Content-Encoding":        {"GET", 200, fields("Range", "bytes=0-4"), fields("Content-Encoding", "gzip"), 206},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := policy.DecideDelivery(tt.method, tt.request, tt.status, tt.h, 10, arrival)
			if d.Status != tt.want || tt.status == 206 && len(d.Ranges) > 0 {
				t.Errorf("got %+v, want %d", d, tt.want)
			}
		})
	}
}

// checkParts says what is wrong with an answer to a Range alone.
func checkParts(d policy.Delivery, size int64) error {
	if d.Status != 200 && d.Status != 206 && d.Status != 416 {
		return fmt.Errorf("status %d", d.Status)
	}
	if (d.Status == 206) != (len(d.Ranges) > 0) || len(d.Ranges) > 16 {
		return fmt.Errorf("%d with %d parts", d.Status, len(d.Ranges))
	}
	left := size
	for _, r := range d.Ranges {
		if r.Start < 0 || r.Length < 1 || r.Start > size-r.Length {
			return fmt.Errorf("%+v of %d bytes", r, size)
		}
		if left -= r.Length; left < 0 {
			return fmt.Errorf("more than %d bytes", size)
		}
		value := strings.Replace(strings.TrimSuffix(r.ContentRange(size), fmt.Sprint("/", size)), " ", "=", 1)
		if again := part(value, size); again.Status != 206 || !slices.Equal(again.Ranges, []policy.ByteRange{r}) {
			return fmt.Errorf("%q is %+v, was %+v", value, again, r)
		}
	}
	return nil
}

// TestRangesAgree: the parts are those that a reading byte by byte finds.
func TestRangesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(0, 12).Draw(t, "size")
		number := rapid.Int64Range(0, 14)
		var specs, want []string
		total, valid := int64(0), true
		for range rapid.IntRange(1, 18).Draw(t, "parts") {
			first, last := number.Draw(t, "first"), number.Draw(t, "last")
			spec, holds := fmt.Sprintf("%d-%d", first, last), func(i int64) bool { return first <= i && i <= last }
			switch rapid.IntRange(0, 3).Draw(t, "form") {
			case 0:
				spec, holds = fmt.Sprintf("%d-", first), func(i int64) bool { return first <= i }
			case 1:
				spec, holds = fmt.Sprintf("-%d", last), func(i int64) bool { return i >= size-last }
			default:
				valid = valid && first <= last
			}
			specs = append(specs, spec)
			bytes := []int64{}
			for i := range size {
				if holds(i) {
					bytes = append(bytes, i)
				}
			}
			if n := len(bytes); n > 0 {
				want = append(want, fmt.Sprintf("bytes %d-%d/%d", bytes[0], bytes[n-1], size))
				total += int64(n)
			}
		}
		d := part("bytes="+strings.Join(specs, ","), size)
		if err := checkParts(d, size); err != nil {
			t.Fatal(err)
		}
		expected := strings.Join(want, " ")
		switch {
		case !valid, len(specs) > 16, total > size:
			expected = "200"
		case len(want) == 0:
			expected = "416"
		}
		if got := printed(d, size); got != expected {
			t.Fatalf("%q of %d bytes: got %s, want %s", specs, size, got, expected)
		}
	})
}

// FuzzRanges: whatever is asked for, the parts are inside the body, are no more
// than it in all, and are the same when asked for one by one.
func FuzzRanges(f *testing.F) {
	f.Add("bytes=0-4", int64(10))
	f.Add("BYTES=-5, 3-,,7-7", int64(100))
	f.Add("bytes=0-,0-", int64(0))
	f.Add("bytes=9223372036854775807-99999999999999999999,-9223372036854775808", int64(math.MaxInt64))
	f.Add("items=1-x", int64(-1))
	f.Fuzz(func(t *testing.T, value string, size int64) {
		d := part(value, size)
		if size < 0 {
			if d.Status != 200 || d.Ranges != nil {
				t.Fatalf("%+v of an unknown size", d)
			}
			return
		}
		if err := checkParts(d, size); err != nil {
			t.Fatalf("%q of %d bytes: %v", value, size, err)
		}
	})
}
