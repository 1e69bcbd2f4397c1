package integration

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// httpTime writes the time in so long as a field has it.
func httpTime(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }

// ttlOf returns the ttl in our member of Cache-Status.
func ttlOf(t *testing.T, a *edge.Answer) int64 {
	t.Helper()
	value, _ := a.CacheStatus(t).Params.Get("ttl")
	n, ok := value.(int64)
	if !ok {
		t.Errorf("no ttl in Cache-Status %q", a.Header["Cache-Status"])
	}
	return n
}

// ageCase is what an origin says of the age and the lifetime of a page, on a line
// with this ttl ("" for none), and what comes of it.
type ageCase struct {
	ttl  string
	said []string
	hit  bool
	age  int64 // of the hit, at least; a minute more at most
	left int64 // ttl of the hit, at most; a minute less at least
}

func (c ageCase) run(t *testing.T) {
	t.Helper()
	o := edge.NewOrigin(t, answering(c.said...))
	e := edge.Start(t, strings.Replace(shopSite(o, "TTL"), " TTL", " "+c.ttl, 1))
	target := newPage()
	first, second := e.Get(target), e.Get(target)
	if second.Is(t, "hit") != c.hit || o.Hits() != map[bool]int{true: 1, false: 2}[c.hit] {
		t.Fatalf("first %q, second %q, %d requests at the origin, want a hit %t",
			first.Header["Cache-Status"], second.Header["Cache-Status"], o.Hits(), c.hit)
	}
	if !c.hit {
		first.Want(t, "detail=not-fresh")
		return
	}
	for _, a := range []*edge.Answer{first, second} {
		if lines := a.Header["Age"]; len(lines) > 0 {
			if n, err := strconv.ParseInt(lines[0], 10, 64); len(lines) > 1 || err != nil || n < 0 || n > 1<<31 {
				t.Errorf("Age %q", lines)
			}
		}
	}
	if age, _ := strconv.ParseInt(second.Header.Get("Age"), 10, 64); age < c.age || age > c.age+60 {
		t.Errorf("Age %q, want %d", second.Header["Age"], c.age)
	}
	if left := ttlOf(t, second); left > c.left || left < c.left-60 {
		t.Errorf("ttl %d, want %d", left, c.left)
	}
	if len(second.Header["Date"]) != 1 {
		t.Errorf("Date %q", second.Header["Date"])
	}
}

// TestFaultR33_ClocksOfTheOrigin: an origin whose clock is off. A ttl of the line's is
// counted from the arrival; a lifetime of the origin's by the RFC's arithmetic, so
// that a page from a clock that is behind is as old as it says, and one from a clock
// ahead is new.
func TestFaultR33_ClocksOfTheOrigin(t *testing.T) {
	// RFC 9111: 4.2-1, 4.2-4, 5.3-1, 5.3-2, 5.3-3
	const hour, year = time.Hour, 365 * 24 * time.Hour
	date := func(in time.Duration) string { return "Date: " + httpTime(in) }
	expires := func(in time.Duration) string { return "Expires: " + httpTime(in) }
	for name, c := range map[string]ageCase{
		"ttl, an hour behind":           {"15s", []string{date(-hour)}, true, 0, 15},
		"ttl, a year behind":            {"15s", []string{date(-year)}, true, 0, 15},
		"ttl, an hour ahead":            {"15s", []string{date(hour)}, true, 0, 15},
		"ttl, a year ahead":             {"15s", []string{date(year)}, true, 0, 15},
		"ttl, the clock of 1970":        {"15s", []string{"Date: Thu, 01 Jan 1970 00:00:00 GMT"}, true, 0, 15},
		"ttl, no clock":                 {"15s", []string{"Date: cow"}, true, 0, 15},
		"Expires, an hour behind":       {"", []string{date(-hour), expires(-hour + time.Minute)}, false, 0, 0},
		"Expires, behind, in time":      {"", []string{date(-hour), expires(hour)}, true, 3600, 3600},
		"Expires, an hour ahead":        {"", []string{date(hour), expires(hour + 10*time.Minute)}, true, 0, 600},
		"Expires, a year ahead":         {"", []string{date(year), expires(year + 10*time.Minute)}, true, 0, 600},
		"Expires, ahead and past":       {"", []string{date(hour), expires(-hour)}, false, 0, 0},
		"Expires, ahead, before Date":   {"", []string{date(hour), expires(hour / 2)}, false, 0, 0},
		"Expires, no Date":              {"", []string{expires(10 * time.Minute)}, true, 0, 600},
		"Expires, in lower case":        {"", []string{strings.ToLower(expires(10 * time.Minute))}, true, 0, 600},
		"Expires 0":                     {"", []string{"Expires: 0"}, false, 0, 0},
		"Expires, in another zone":      {"", []string{strings.Replace(expires(hour), "GMT", "CET", 1)}, false, 0, 0},
		"Expires 0 and max-age":         {"", []string{"Expires: 0", "Cache-Control: max-age=600"}, true, 0, 600},
		"Expires and max-age=0":         {"", []string{expires(hour), "Cache-Control: max-age=0"}, false, 0, 0},
		"Expires 0 and s-maxage":        {"", []string{"Expires: 0", "Cache-Control: s-maxage=600, max-age=0"}, true, 0, 600},
		"max-age, an hour behind":       {"", []string{date(-hour), "Cache-Control: max-age=60"}, false, 0, 0},
		"max-age, behind, in time":      {"", []string{date(-hour), "Cache-Control: max-age=7200"}, true, 3600, 3600},
		"max-age, a year ahead":         {"", []string{date(year), "Cache-Control: max-age=600"}, true, 0, 600},
		"max-age, behind, with a ttl":   {"15s", []string{date(-hour), "Cache-Control: max-age=7200"}, true, 3600, 15},
		"max-age, behind, stale, a ttl": {"15s", []string{date(-hour), "Cache-Control: max-age=60"}, false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) { c.run(t) })
	}
}

// TestFaultR33_NoAgeIsTooLarge: whatever the origin says, Age is a number of seconds
// that every client can read, and what is too large counts as 2^31.
func TestFaultR33_NoAgeIsTooLarge(t *testing.T) {
	// RFC 9111: 1.2.2-1
	const most = 1 << 31
	for _, said := range []string{"2147483648", "2147483649", "4294967296", "9223372036854775807", "18446744073709551616", strings.Repeat("9", 1000)} {
		o := edge.NewOrigin(t, answering("Age: "+said, "Date: Thu, 01 Jan 1970 00:00:00 GMT"))
		e := shop(t, o, "override")
		target := newPage()
		e.Get(target).Want(t, "fwd=uri-miss", "stored")
		a := e.Get(target)
		a.Want(t, "hit")
		wantFields(t, a, map[string]string{"Age": strconv.Itoa(most)})
	}
	for name, c := range map[string]ageCase{
		"a lifetime too large":       {"", []string{"Cache-Control: max-age=99999999999999999999"}, true, 0, most},
		"a lifetime and an age":      {"", []string{"Cache-Control: max-age=99999999999", "Age: 2147483000"}, true, 2147483000, 648},
		"a lifetime and too much":    {"", []string{"Cache-Control: max-age=99999999999", "Age: 99999999999"}, false, 0, 0},
		"Expires in the year 9999":   {"", []string{"Expires: Fri, 31 Dec 9999 23:59:59 GMT"}, true, 0, most},
		"Date in the year 9999":      {"", []string{"Date: Fri, 31 Dec 9999 23:59:59 GMT", "Cache-Control: max-age=600"}, true, 0, 600},
		"Date in the year 0":         {"", []string{"Date: Sat, 01 Jan 0000 00:00:00 GMT", "Cache-Control: max-age=600"}, false, 0, 0},
		"Date in the year 0, a ttl":  {"15s", []string{"Date: Sat, 01 Jan 0000 00:00:00 GMT"}, true, 0, 15},
		"Date and Expires far apart": {"", []string{"Date: " + httpTime(0), "Expires: Fri, 31 Dec 9999 23:59:59 GMT", "Age: 100"}, true, 100, most - 100},
	} {
		t.Run(name, func(t *testing.T) { c.run(t) })
	}
}

// TestFaultR34_Age: behind another cache the page is as old as that says, and stale
// on arrival if that is too much.
func TestFaultR34_Age(t *testing.T) {
	// RFC 9111: 4-6, 4.2.3-1, 5.1-1, 5.1-2
	with := func(lifetime string, lines ...string) []string {
		return append(lines, "Cache-Control: max-age="+lifetime)
	}
	for name, c := range map[string]ageCase{
		"in time":                {"", with("3700", "Age: 3600"), true, 3600, 100},
		"in time, with a ttl":    {"15s", with("3700", "Age: 3600"), true, 3600, 15},
		"too old":                {"", with("3500", "Age: 3600"), false, 0, 0},
		"too old, with a ttl":    {"15s", with("3500", "Age: 3600"), false, 0, 0},
		"just too old":           {"", with("3600", "Age: 3600"), false, 0, 0},
		"no lifetime but a ttl":  {"1h", []string{"Age: 600"}, true, 600, 3000},
		"older than the ttl":     {"15s", []string{"Age: 600"}, false, 0, 0},
		"Age beside an old Date": {"", with("7200", "Age: 10", "Date: "+httpTime(-time.Hour)), true, 3600, 3600},
		"Age beside a new Date":  {"", with("7200", "Age: 3600", "Date: "+httpTime(0)), true, 3600, 3600},
		"Date in the future":     {"", with("600", "Date: "+httpTime(time.Hour)), true, 0, 600},
		"Age, Date in future":    {"", with("600", "Age: 100", "Date: "+httpTime(time.Hour)), true, 100, 500},
		"missing Date":           {"", with("600"), true, 0, 600},
		"Age 0":                  {"", with("600", "Age: 0"), true, 0, 600},
		"no number":              {"", with("600", "Age: cow"), true, 0, 600},
		"nothing":                {"", with("600", "Age:"), true, 0, 600},
		"negative":               {"", with("600", "Age: -3600"), true, 0, 600},
		"with a sign":            {"", with("600", "Age: +3600"), true, 0, 600},
		"a fraction":             {"", with("600", "Age: 3600.5"), true, 0, 600},
		"hexadecimal":            {"", with("600", "Age: 0x1000"), true, 0, 600},
		"several in a line":      {"", with("600", "Age: 100, 3600"), true, 100, 500},
		"several lines":          {"", with("600", "Age: 100", "Age: 3600"), true, 100, 500},
		"the first is no number": {"", with("600", "Age: cow, 3600"), true, 0, 600},
	} {
		t.Run(name, func(t *testing.T) { c.run(t) })
	}
}

// TestFaultR34_SlowOrigin: a page has aged while the origin made it, if that is
// behind another cache.
func TestFaultR34_SlowOrigin(t *testing.T) {
	// RFC 9111: 4.2.3-1
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		gate.Pass()
		edge.Reply(conn, "200 OK", edge.EchoBody(a), "Age: 100", "Cache-Control: max-age=600")
		return true
	})
	e := edge.Start(t, shopSite(o, "1h"))
	target := newPage()
	wait := edge.Crowd(1, func(int) *edge.Answer { return e.Get(target) })
	edge.WaitFor(t, 1)
	asked := time.Now()
	edge.Poll(t, "the origin has taken a second", func() bool { return time.Since(asked) > time.Second })
	gate.Open()
	for _, a := range append(wait(), e.Get(target)) {
		if age, err := strconv.Atoi(a.Header.Get("Age")); err != nil || age < 101 {
			t.Errorf("Age %q, want 101 at least", a.Header["Age"])
		}
	}
}

// TestFaultR34_StaleOnArrival: what was stale when it came answers nobody else, not
// even who waited for it.
func TestFaultR34_StaleOnArrival(t *testing.T) {
	// RFC 9111: 4-5
	for _, lines := range [][]string{
		{"Cache-Control: max-age=3500", "Age: 3600"},
		{"Expires: 0"},
		{"Cache-Control: max-age=0"},
		{"Cache-Control: s-maxage=0, max-age=60"},
		{"Cache-Control: max-age=60", "Date: " + httpTime(-time.Hour)},
	} {
		t.Run(fmt.Sprint(lines), func(t *testing.T) { together(t, func(int) []string { return lines }) })
	}
}
