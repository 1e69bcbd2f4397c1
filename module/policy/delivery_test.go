package policy_test

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/policy"
)

// TestDeliveryPreconditionsCount: RFC 9110 §13.2.1, for GET and HEAD, and where the answer
// without them is 2xx.
func TestDeliveryPreconditionsCount(t *testing.T) {
	h := fields("ETag", `"a"`, "Last-Modified", date(0))
	requests := map[int]http.Header{
		304: fields("If-None-Match", `"a"`, "Range", "bytes=0-"),
		412: fields("If-Match", `"b"`, "Range", "bytes=0-"),
	}
	for _, method := range []string{"GET", "HEAD", "get", "POST", "PUT", "DELETE", "OPTIONS", "QUERY", ""} {
		for _, status := range []int{0, 100, 199, 200, 203, 204, 226, 299, 300, 301, 304, 404, 410, 412, 500, 503} {
			for conditional, request := range requests {
				want := status
				if (method == "GET" || method == "HEAD") && status >= 200 && status < 300 {
					want = conditional
				}
				for _, size := range []int64{-1, 0, 10} {
					if d := policy.DecideDelivery(method, request, status, h, size, arrival); d.Status != want || d.Ranges != nil {
						t.Errorf("%s %d: got %+v, want %d", method, status, d, want)
					}
				}
			}
		}
	}
}

// TestDeliveryOrder: RFC 9110 §13.2.2, which of several conditions decides.
//
// RFC 9111: 4.3.2-1.
func TestDeliveryOrder(t *testing.T) {
	h := fields("ETag", `"a"`, "Last-Modified", date(0), "Date", date(time.Minute))
	earlier, same := date(-time.Second), date(0)
	tests := map[string]struct {
		request http.Header
		want    int
	}{
		"nothing":                                     {fields(), 200},
		"step 1 If-Match false":                       {fields("If-Match", `"b"`), 412},
		"step 1 before 2":                             {fields("If-Match", `"a"`, "If-Unmodified-Since", earlier), 200},
		"step 1 before 3":                             {fields("If-Match", `"b"`, "If-None-Match", `"a"`), 412},
		"step 1 before 5":                             {fields("If-Match", `"b"`, "Range", "bytes=0-4", "If-Range", `"a"`), 412},
		"step 1 true, then 3":                         {fields("If-Match", `"a"`, "If-None-Match", `"a"`), 304},
		"step 1 true, then 5":                         {fields("If-Match", `"a"`, "Range", "bytes=0-4"), 206},
		"step 2 If-Unmodified-Since false":            {fields("If-Unmodified-Since", earlier), 412},
		"step 2 before 3":                             {fields("If-Unmodified-Since", earlier, "If-None-Match", `"a"`), 412},
		"step 2 true, then 4":                         {fields("If-Unmodified-Since", same, "If-Modified-Since", same), 304},
		"step 3 If-None-Match false":                  {fields("If-None-Match", `"a"`), 304},
		"step 3 before 4":                             {fields("If-None-Match", `"b"`, "If-Modified-Since", same), 200},
		"step 3 before 4, empty":                      {fields("If-None-Match", "", "If-Modified-Since", same), 200},
		"step 3 before 4, the other way":              {fields("If-None-Match", `"a"`, "If-Modified-Since", earlier), 304},
		"step 3 before 5":                             {fields("If-None-Match", `"a"`, "Range", "bytes=0-4"), 304},
		"step 3 before 5, unsatisfiable":              {fields("If-None-Match", `"a"`, "Range", "bytes=20-"), 304},
		"step 3 true, then 5":                         {fields("If-None-Match", `"b"`, "Range", "bytes=0-4"), 206},
		"step 4 If-Modified-Since false":              {fields("If-Modified-Since", same), 304},
		"step 4 before 5":                             {fields("If-Modified-Since", same, "Range", "bytes=0-4"), 304},
		"step 4 true, then 5":                         {fields("If-Modified-Since", earlier, "Range", "bytes=0-4"), 206},
		"step 5 If-Range true":                        {fields("Range", "bytes=0-4", "If-Range", `"a"`), 206},
		"step 5 If-Range false":                       {fields("Range", "bytes=0-4", "If-Range", `"b"`), 200},
		"step 5 If-Range false, unsatisfiable":        {fields("Range", "bytes=20-", "If-Range", `"b"`), 200},
		"step 5 If-Range true, unsatisfiable":         {fields("Range", "bytes=20-", "If-Range", `"a"`), 416},
		"§13.1.5 If-Range without Range, not the tag": {fields("If-Range", `"b"`), 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkDelivery(t, tt.request, h, tt.want)
		})
	}
}

func checkDelivery(t *testing.T, request, h http.Header, want int) {
	t.Helper()
	if d := policy.DecideDelivery("GET", request, 200, h, 10, arrival); d.Status != want || (len(d.Ranges) > 0) != (want == 206) {
		t.Errorf("%v for %v: got %+v, want %d", request, h, d, want)
	}
}

// TestDeliveryUnmodifiedSince: RFC 9110 §13.1.4.
func TestDeliveryUnmodifiedSince(t *testing.T) {
	modified := fields("Last-Modified", date(0))
	tests := map[string]struct {
		since []string
		h     http.Header
		want  int
	}{
		"modified −1 s":           {[]string{date(time.Second)}, modified, 200},
		"modified 0":              {[]string{date(0)}, modified, 200},
		"modified +1 s":           {[]string{date(-time.Second)}, modified, 412},
		"not a date":              {[]string{"yesterday"}, modified, 200},
		"a number":                {[]string{"0"}, modified, 200},
		"empty":                   {[]string{""}, modified, 200},
		"two lines":               {[]string{date(-time.Second), date(-time.Second)}, modified, 200},
		"two members":             {[]string{date(-time.Second) + ", " + date(-time.Second)}, modified, 200},
		"no Last-Modified":        {[]string{date(-time.Hour)}, fields("Date", date(0)), 200},
		"Last-Modified, no date":  {[]string{date(-time.Hour)}, fields("Last-Modified", "x"), 200},
		"Last-Modified, two":      {[]string{date(-time.Hour)}, fields("Last-Modified", date(0), "Last-Modified", date(0)), 200},
		"§5.6.7 another form, 0":  {[]string{arrival.Format(time.ANSIC)}, modified, 200},
		"§5.6.7 another form, +1": {[]string{arrival.Add(-time.Second).Format(time.ANSIC)}, modified, 412},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkDelivery(t, http.Header{"If-Unmodified-Since": tt.since}, tt.h, tt.want)
		})
	}
}

// TestDeliveryModifiedSince: RFC 9110 §13.1.3 and, for what it is compared to,
// RFC 9111 §4.3.2.
//
// RFC 9111: 4.3.2-1, 4.3.2-3.
func TestDeliveryModifiedSince(t *testing.T) {
	modified := fields("Last-Modified", date(0), "Date", date(time.Hour))
	dated := fields("Date", date(0))
	tests := map[string]struct {
		since []string
		h     http.Header
		want  int
	}{
		"Last-Modified −1 s":           {[]string{date(time.Second)}, modified, 304},
		"Last-Modified 0":              {[]string{date(0)}, modified, 304},
		"Last-Modified +1 s":           {[]string{date(-time.Second)}, modified, 200},
		"Date −1 s":                    {[]string{date(time.Second)}, dated, 304},
		"Date 0":                       {[]string{date(0)}, dated, 304},
		"Date +1 s":                    {[]string{date(-time.Second)}, dated, 200},
		"received −1 s":                {[]string{date(time.Second)}, fields(), 304},
		"received 0":                   {[]string{date(0)}, fields(), 304},
		"received +1 s":                {[]string{date(-time.Second)}, fields(), 200},
		"Last-Modified, not a date":    {[]string{date(time.Hour)}, fields("Last-Modified", "0", "Date", date(0)), 200},
		"Last-Modified, two":           {[]string{date(time.Hour)}, fields("Last-Modified", date(0), "Last-Modified", date(0)), 200},
		"Date, not a date":             {[]string{date(time.Hour)}, fields("Date", "0"), 200},
		"not a date":                   {[]string{"yesterday"}, modified, 200},
		"a number":                     {[]string{"99999999999"}, modified, 200},
		"empty":                        {[]string{""}, modified, 200},
		"two lines":                    {[]string{date(0), date(0)}, modified, 200},
		"two members":                  {[]string{date(0) + ", " + date(0)}, modified, 200},
		"a size after it, as browsers": {[]string{date(0) + "; length=10"}, modified, 200},
		"§5.6.7 another form, 0":       {[]string{arrival.Format(time.ANSIC)}, modified, 304},
		"§5.6.7 another form, +1":      {[]string{arrival.Add(-time.Second).Format(time.ANSIC)}, modified, 200},
		"space around":                 {[]string{" " + date(0) + "\t"}, modified, 304},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkDelivery(t, http.Header{"If-Modified-Since": tt.since}, tt.h, tt.want)
		})
	}
	since := fields("If-Modified-Since", date(0))
	for received, want := range map[time.Time]int{
		arrival.Add(-time.Nanosecond): 304, arrival: 304, arrival.Add(time.Nanosecond): 200, {}: 200,
	} {
		if d := policy.DecideDelivery("GET", since, 200, http.Header{}, 10, received); d.Status != want {
			t.Errorf("received at %s: got %d, want %d", received, d.Status, want)
		}
	}
}

// TestDeliveryIfRange: RFC 9110 §13.1.5, and §8.8.2.2 for a date.
func TestDeliveryIfRange(t *testing.T) {
	both := fields("ETag", `"a"`, "Last-Modified", date(0), "Date", date(time.Minute))
	aged := func(d time.Duration) http.Header { return fields("Last-Modified", date(0), "Date", date(d)) }
	tests := map[string]struct {
		condition []string
		h         http.Header
		part      bool
	}{
		"the tag":                         {[]string{`"a"`}, both, true},
		"another tag":                     {[]string{`"b"`}, both, false},
		"weak, asked":                     {[]string{`W/"a"`}, both, false},
		"weak, stored":                    {[]string{`"a"`}, fields("ETag", `W/"a"`), false},
		"weak, both":                      {[]string{`W/"a"`}, fields("ETag", `W/"a"`), false},
		"no tag":                          {[]string{`"a"`}, fields(), false},
		"without quotes":                  {[]string{`a`}, both, false},
		"without quotes, both":            {[]string{`a`}, fields("ETag", `a`), false},
		"star":                            {[]string{`*`}, both, false},
		"a list":                          {[]string{`"a", "b"`}, both, false},
		"two lines":                       {[]string{`"a"`, `"a"`}, both, false},
		"empty":                           {[]string{""}, both, false},
		"date −1 s":                       {[]string{date(-time.Second)}, both, false},
		"date 0":                          {[]string{date(0)}, both, true},
		"date +1 s":                       {[]string{date(time.Second)}, both, false},
		"date in another form":            {[]string{arrival.Format(time.ANSIC)}, both, true},
		"date, no Last-Modified":          {[]string{date(0)}, fields("ETag", `"a"`, "Date", date(time.Minute)), false},
		"date, no Date":                   {[]string{date(0)}, fields("Last-Modified", date(0)), false},
		"date, two Dates":                 {[]string{date(0)}, fields("Last-Modified", date(0), "Date", date(time.Minute), "Date", date(time.Hour)), false},
		"§8.8.2.2 Date before":            {[]string{date(0)}, aged(-time.Second), false},
		"§8.8.2.2 Date a second later −1": {[]string{date(0)}, aged(0), false},
		"§8.8.2.2 Date a second later":    {[]string{date(0)}, aged(time.Second), true},
		"§8.8.2.2 Date a second later +1": {[]string{date(0)}, aged(2 * time.Second), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			request := http.Header{"Range": {"bytes=0-4"}, "If-Range": tt.condition}
			checkDelivery(t, request, tt.h, map[bool]int{true: 206, false: 200}[tt.part])
		})
	}
}

// TestNotModified: RFC 9110 §15.4.5.
func TestNotModified(t *testing.T) {
	kept := fields(
		"Content-Location", "/a", "Date", date(0), "ETag", `"a"`, "Vary", "Accept", "Cache-Control", "max-age=5", "Expires", date(5*time.Second),
		"Last-Modified", date(0), "Age", "1", "Link", "</a.css>; rel=preload", "Link", "</b.css>; rel=preload", "Accept-Ranges", "bytes",
		"Content-Security-Policy", "default-src 'self'", "Cross-Origin-Resource-Policy", "same-site", "X-A", "b",
	)
	whole := kept.Clone()
	for _, name := range []string{
		"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range", "Content-Disposition",
		"Content-MD5", "Content-Digest", "Repr-Digest", "Digest", "Trailer", "Transfer-Encoding",
	} {
		whole.Add(name, "x")
	}
	whole["content-type"] = []string{"text/html"}
	before := whole.Clone()
	got := policy.NotModified(whole)
	if !reflect.DeepEqual(got, kept) {
		t.Errorf("got %v, want %v", got, kept)
	}
	got["Link"][0] = "changed"
	got.Set("X-A", "changed")
	if !reflect.DeepEqual(whole, before) {
		t.Error("the response was changed")
	}
	if got := policy.NotModified(nil); got == nil || len(got) > 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// deliveryOf draws a request and a response that may have to do with it.
func deliveryOf(t *rapid.T) (request, h http.Header) {
	dates := []string{date(-time.Second), date(0), date(time.Second), "0", ""}
	tags := []string{`"a"`, `W/"a"`, `"b"`, `a`, `*`, `"a", "b"`, `"a`, ""}
	draw := func(h http.Header, name string, from ...string) {
		if lines := rapid.SliceOfN(rapid.SampledFrom(from), 0, 2).Draw(t, name); len(lines) > 0 {
			h[name] = lines
		}
	}
	request, h = http.Header{}, http.Header{}
	draw(request, "If-Match", tags...)
	draw(request, "If-None-Match", tags...)
	draw(request, "If-Modified-Since", dates...)
	draw(request, "If-Unmodified-Since", dates...)
	draw(request, "If-Range", append(dates, tags...)...)
	draw(request, "Range", "bytes=0-4", "bytes=-1,0-1", "bytes=20-", "items=1-2", "bytes=0-,0-")
	draw(h, "Etag", tags...)
	draw(h, "Last-Modified", dates...)
	draw(h, "Date", dates...)
	draw(h, "Accept-Ranges", "bytes", "none")
	return request, h
}

// TestDeliveryProperties: whatever the request and the response, an answer other
// than the response's own has its reason in a field of the request, is allowed to
// the method and the status, and nothing is changed.
//
// RFC 9111: 3.3-3.
func TestDeliveryProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		request, h := deliveryOf(t)
		method := rapid.SampledFrom([]string{"GET", "GET", "HEAD", "POST"}).Draw(t, "method")
		status := rapid.SampledFrom([]int{200, 200, 200, 203, 204, 301, 404, 503}).Draw(t, "status")
		size := rapid.SampledFrom([]int64{-1, 0, 1, 10, 100}).Draw(t, "size")
		before, stored := request.Clone(), h.Clone()
		d := policy.DecideDelivery(method, request, status, h, size, arrival)
		if problem := wrongDelivery(method, request, status, size, d); problem != "" {
			t.Fatalf("%s: %+v", problem, d)
		}
		if !reflect.DeepEqual(request, before) || !reflect.DeepEqual(h, stored) {
			t.Fatal("the fields were changed")
		}
		if again := policy.DecideDelivery(method, request, status, h, size, arrival); !reflect.DeepEqual(again, d) {
			t.Fatalf("%+v, and then %+v", d, again)
		}
		if method == "GET" && (d.Status == 304 || d.Status == 412) {
			if head := policy.DecideDelivery("HEAD", request, status, h, size, arrival); head.Status != d.Status {
				t.Fatalf("HEAD %d, GET %d", head.Status, d.Status)
			}
		}
	})
}

// wrongDelivery says what no answer may be; "" if nothing is wrong.
func wrongDelivery(method string, request http.Header, status int, size int64, d policy.Delivery) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return len(request[name]) > 0 })
	}
	counts := (method == "GET" || method == "HEAD") && status >= 200 && status <= 299
	if (d.Status == 206 && status != 206) != (len(d.Ranges) > 0) {
		return "parts do not go with the status"
	}
	if d.Status == status {
		return ""
	}
	switch {
	case !counts:
		return "conditions do not count"
	case d.Status == 412 && !has("If-Match", "If-Unmodified-Since"), d.Status == 304 && !has("If-None-Match", "If-Modified-Since"):
		return "no condition"
	case (d.Status == 206 || d.Status == 416) && (method != "GET" || status != 200 || size < 0 || len(request["Range"]) != 1):
		return "no part was asked for"
	case !slices.Contains([]int{206, 304, 412, 416}, d.Status):
		return "an unknown status"
	}
	return ""
}

// TestDeliveryOfOwnTag: a client that sends back the tag and the date that it was
// given is spared the body, and may go on where it stopped.
func TestDeliveryOfOwnTag(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "body")
		h := fields("ETag", policy.OwnTag(body), "Date", date(0))
		request := fields("Range", "bytes=0-0", "If-Range", h.Get("ETag"))
		if d := policy.DecideDelivery("GET", request, 200, h, int64(len(body)), arrival); d.Status != 206 {
			t.Fatalf("If-Range: %+v", d)
		}
		for _, condition := range []http.Header{fields("If-None-Match", h.Get("ETag")), fields("If-Modified-Since", h.Get("Date"))} {
			maps.Copy(request, condition)
			if d := policy.DecideDelivery("GET", request, 200, h, int64(len(body)), arrival); d.Status != 304 {
				t.Fatalf("%v: %+v", condition, d)
			}
			for name := range condition {
				request.Del(name)
			}
		}
	})
}

// FuzzDelivery: no fields make it fail, none are changed, and an answer other
// than the response's own keeps the rules of wrongDelivery.
func FuzzDelivery(f *testing.F) {
	f.Add("GET", 200, "If-None-Match: \"a\", W/\"b\"\nIf-None-Match: *", "ETag: W/\"b\"", int64(10))
	f.Add("HEAD", 203, "If-Modified-Since: "+date(0)+"\nRange: bytes=0-4", "Last-Modified: "+date(0), int64(-1))
	f.Add("GET", 200, "Range: bytes=0-4,-1\nIf-Range: "+date(0), "Last-Modified: "+date(0)+"\nDate: "+date(time.Second), int64(10))
	f.Add("GET", 204, "If-Match: \"\"\"\nIf-Unmodified-Since: "+date(0), "ETag: \"", int64(0))
	f.Add("GET", 200, "Range: bytes=20-\nIf-Range: \"a\"", "ETag: \"a\"\nAccept-Ranges: bytes", int64(10))
	f.Fuzz(func(t *testing.T, method string, status int, asked, stored string, size int64) {
		request, h := headerOf(asked), headerOf(stored)
		before, kept := request.Clone(), h.Clone()
		d := policy.DecideDelivery(method, request, status, h, size, arrival)
		if problem := wrongDelivery(method, request, status, size, d); problem != "" {
			t.Errorf("%s: %+v", problem, d)
		}
		if len(d.Ranges) > 0 {
			if err := checkParts(d, size); err != nil {
				t.Error(err)
			}
		}
		for name := range policy.NotModified(h) {
			if !reflect.DeepEqual(h[name], kept[name]) {
				t.Errorf("%s is not of the response", name)
			}
		}
		if !reflect.DeepEqual(request, before) || !reflect.DeepEqual(h, kept) {
			t.Error("the fields were changed")
		}
	})
}
