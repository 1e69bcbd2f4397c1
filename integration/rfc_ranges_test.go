package integration

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// rangeCase is a Range and what it asks of wholePage: its parts, each with its
// first and last byte; none for the whole page, nil for nothing of it (416).
type rangeCase struct {
	lines []string
	parts [][2]int
}

var whole = [][2]int{}

// rangeCases holds what a Range may be.
func rangeCases() []rangeCase {
	size := len(wholePage)
	end := size - 1
	flood := func(spec func(i int) string) string {
		specs := make([]string, 200)
		for i := range specs {
			specs[i] = spec(i)
		}
		return "Range: bytes=" + strings.Join(specs, ",")
	}
	return []rangeCase{
		{[]string{"Range: bytes=0-0"}, [][2]int{{0, 0}}},
		{[]string{"Range: bytes=10-19"}, [][2]int{{10, 19}}},
		{[]string{"Range: bytes=0-"}, [][2]int{{0, end}}},
		{[]string{"Range: bytes=-1"}, [][2]int{{end, end}}},
		{[]string{"Range: bytes=-99999999"}, [][2]int{{0, end}}},
		{[]string{"Range: bytes=5-99999999999999999999999999"}, [][2]int{{5, end}}},
		{[]string{"Range: BYTES=0-0"}, [][2]int{{0, 0}}},
		{[]string{"Range: bytes=0-0,"}, [][2]int{{0, 0}}},
		{[]string{"Range: bytes=0-0,-1"}, [][2]int{{0, 0}, {end, end}}},
		{[]string{"Range: bytes=20-29, 0-9 ,5-14"}, [][2]int{{20, 29}, {0, 9}, {5, 14}}},
		{[]string{"Range: bytes=0-4,99999999-"}, [][2]int{{0, 4}}},
		{[]string{"Range: bytes=9223372036854775807-"}, nil},
		{[]string{"Range: bytes=99999999999999999999999999-"}, nil},
		{[]string{fmt.Sprintf("Range: bytes=%d-", size)}, nil},
		{[]string{"Range: bytes=-0"}, nil},
		{[]string{"Range: bytes=cow"}, whole},
		{[]string{"Range: bytes="}, whole},
		{[]string{"Range: bytes=,"}, whole},
		{[]string{"Range: bytes=5-2"}, whole},
		{[]string{"Range: bytes=0-0-0"}, whole},
		{[]string{"Range: bytes=0x0-0x1"}, whole},
		{[]string{"Range: bytes=+0-1"}, whole},
		{[]string{"Range: bytes=0-0;1-1"}, whole},
		{[]string{"Range: lines=0-1"}, whole},
		{[]string{"Range: 0-1"}, whole},
		{[]string{"Range:"}, whole},
		{[]string{"Range: bytes=0-,0-"}, whole},
		{[]string{"Range: bytes=0-0", "Range: bytes=1-1"}, whole},
		{[]string{"Range: bytes=0-0,cow"}, whole},
		{[]string{flood(func(int) string { return "0-" })}, whole},
		{[]string{flood(func(i int) string { return fmt.Sprintf("%d-%d", 2*i, 2*i) })}, whole},
		{[]string{flood(func(int) string { return "-1" })}, whole},
		{[]string{flood(func(int) string { return "9223372036854775807-" })}, whole},
		{[]string{"Range: bytes=" + strings.Repeat(",", 8<<10) + "0-0"}, [][2]int{{0, 0}}},
	}
}

// partsOf returns the parts that a 206 holds, with their places.
func partsOf(t *testing.T, a *edge.Answer) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		return map[string]string{a.Header.Get("Content-Range"): a.Body}
	}
	if got := a.Header["Content-Range"]; len(got) > 0 {
		t.Errorf("the header of several parts has Content-Range %q", got)
	}
	parts := map[string]string{}
	for reader := multipart.NewReader(strings.NewReader(a.Body), params["boundary"]); ; {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Errorf("reading the parts: %v", err)
			return parts
		}
		body, err := io.ReadAll(part)
		if err != nil || part.Header.Get("Content-Type") != "text/html" {
			t.Errorf("a part of type %q: %v", part.Header.Get("Content-Type"), err)
		}
		parts[part.Header.Get("Content-Range")] = string(body)
	}
}

// want fails the test unless the answer is what the Range asks for.
func (c rangeCase) want(t *testing.T, a *edge.Answer) {
	t.Helper()
	name := fmt.Sprintf("%.60q", c.lines)
	if a.Err != nil || a.Header.Get("Content-Length") != strconv.Itoa(len(a.Body)) || len(a.Body) > len(wholePage)+16*200 {
		t.Errorf("%s: %d bytes, Content-Length %q, %v", name, len(a.Body), a.Header["Content-Length"], a.Err)
	}
	switch {
	case c.parts == nil:
		if got := a.Header.Get("Content-Range"); a.Status != 416 || a.Body != "" || got != fmt.Sprintf("bytes */%d", len(wholePage)) {
			t.Errorf("%s: status %d, %d bytes, Content-Range %q, want 416", name, a.Status, len(a.Body), got)
		}
	case len(c.parts) == 0:
		if a.Status != 200 || a.Body != wholePage || a.Header["Content-Range"] != nil {
			t.Errorf("%s: status %d, %d bytes, Content-Range %q, want the whole", name, a.Status, len(a.Body), a.Header["Content-Range"])
		}
	default:
		parts := partsOf(t, a)
		if a.Status != 206 || len(parts) != len(c.parts) {
			t.Errorf("%s: status %d, %d parts, want 206 and %d", name, a.Status, len(parts), len(c.parts))
		}
		for _, p := range c.parts {
			place := fmt.Sprintf("bytes %d-%d/%d", p[0], p[1], len(wholePage))
			if parts[place] != wholePage[p[0]:p[1]+1] {
				t.Errorf("%s: %s is %.40q", name, place, parts[place])
			}
		}
	}
}

// TestS27_RangeOfAColdPage: whatever is asked of a page that is not stored, the
// origin is asked once for the whole of it, the visitor gets his parts, and the
// next one a clean page.
func TestS27_RangeOfAColdPage(t *testing.T) {
	// RFC 9111: 3.3-2, 3.3-3
	o := edge.NewOrigin(t, sends(wholePage, "Accept-Ranges: bytes"))
	e := shop(t, o)
	for i, c := range rangeCases() {
		target := newPage()
		a := e.Get(target, c.lines...)
		a.Want(t, "fwd=uri-miss", "fwd-status=200", "stored")
		c.want(t, a)
		clean := e.Get(target)
		clean.Want(t, "hit")
		wantClean(t, clean)
		wantHits(t, o, i+1)
		if got := o.Last(); got.Method != http.MethodGet || got.Header["Range"] != nil {
			t.Errorf("the fill is a %s with Range %q", got.Method, got.Header["Range"])
		}
	}
}

// TestS27_RangeOfAStoredPage: the same of a stored page, without the origin. A
// HEAD with a Range is a HEAD (RFC 9110 §14.2).
func TestS27_RangeOfAStoredPage(t *testing.T) {
	o := edge.NewOrigin(t, sends(wholePage))
	e := shop(t, o)
	target := newPage()
	page := wantCached(t, e, o, target)
	for _, c := range rangeCases() {
		a := e.Get(target, c.lines...)
		a.Want(t, "hit", "detail=fresh")
		c.want(t, a)
		for _, at := range []string{target, newPage()} {
			head := e.Do(http.MethodHead, at, c.lines...)
			if head.Status != 200 || head.Body != "" || head.Header["Content-Range"] != nil {
				t.Errorf("HEAD with %.60q: status %d, body %.20q, Content-Range %q", c.lines, head.Status, head.Body, head.Header["Content-Range"])
			}
			if got := head.Header.Get("Content-Length"); got != strconv.Itoa(len(wholePage)) {
				t.Errorf("HEAD with %.60q: Content-Length %q", c.lines, got)
			}
		}
	}
	if got := o.Hits(target); got != 1 {
		t.Errorf("%d requests for the page at the origin", got)
	}
	wantHit(t, e, o, page, target)
}

// TestS27_Crowd: a crowd that asks for parts of a page which is being filled costs
// the origin one request.
func TestS27_Crowd(t *testing.T) {
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, func(conn io.Writer, _ edge.Asked) bool {
		gate.Pass()
		edge.Reply(conn, "200 OK", wholePage)
		return true
	})
	e := shop(t, o)
	target, cases := newPage(), rangeCases()
	wait := edge.Crowd(3*len(cases), func(i int) *edge.Answer { return e.Get(target, cases[i%len(cases)].lines...) })
	edge.WaitFor(t, 3*len(cases))
	gate.Open()
	for i, a := range wait() {
		cases[i%len(cases)].want(t, a)
	}
	wantHits(t, o, 1)
}

// TestS27_PartsOfTheOrigin: what an origin answers to a question for the whole that
// is a part of it, or none, is nobody else's page, however it is dressed.
func TestS27_PartsOfTheOrigin(t *testing.T) {
	// RFC 9111: 3-3, 3.3-1
	for _, status := range []string{"206 Partial Content", "416 Range Not Satisfiable", "304 Not Modified"} {
		for _, place := range []string{
			"X-None: 1", "Content-Range: bytes 0-0/9", "Content-Range: bytes */9", "Content-Range: bytes 5-0/3", "Content-Range: cow",
			"Content-Range: bytes 0-8/9", "Content-Range: bytes 0-0/*", "Content-Type: multipart/byteranges; boundary=x",
		} {
			o := edge.NewOrigin(t, func(conn io.Writer, _ edge.Asked) bool {
				fmt.Fprintf(conn, "HTTP/1.1 %s\r\nCache-Control: public, max-age=60\r\n%s\r\n", status, place)
				if !strings.HasPrefix(status, "304") {
					io.WriteString(conn, "Content-Length: 1\r\n\r\nx")
				} else {
					io.WriteString(conn, "\r\n")
				}
				return true
			})
			e := shop(t, o, "hit_for_miss 0")
			target := newPage()
			for i, lines := range [][]string{{"Range: bytes=0-0"}, nil, {"Range: bytes=0-0"}, {"If-None-Match: none"}} {
				a := e.Get(target, lines...)
				a.Want(t, "fwd=uri-miss", "detail=status")
				if got := fmt.Sprint(a.Status); !strings.HasPrefix(status, got) || a.Is(t, "stored") {
					t.Errorf("%s, %s: got %s, Cache-Status %q", status, place, got, a.Header["Cache-Status"])
				}
				wantHits(t, o, i+1)
			}
			o.Script(sends(wholePage))
			wantCached(t, e, o, target)
		}
	}
}

// TestS27_BogusContentRange: a 200 with a Content-Range is a page like any other, and
// its parts have the places that they are from.
func TestS27_BogusContentRange(t *testing.T) {
	o := edge.NewOrigin(t, sends(wholePage, "Content-Range: bytes 0-5/6"))
	e := shop(t, o)
	target := newPage()
	wantCached(t, e, o, target)
	for _, c := range rangeCases() {
		if len(c.parts) > 0 || c.parts == nil {
			c.want(t, e.Get(target, c.lines...))
		}
	}
	wantHits(t, o, 1)
}

// TestS27_TooLargeForParts: a part of a page that is too large to be stored is the
// origin's to cut: the request goes on as it came.
func TestS27_TooLargeForParts(t *testing.T) {
	for _, framing := range []string{"declared", "chunked"} {
		t.Run(framing, func(t *testing.T) {
			o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
				switch {
				case a.Header.Get("Range") != "":
					fmt.Fprintf(conn, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-4/%d\r\nContent-Length: 2\r\n\r\n%s", len(wholePage), wholePage[3:5])
					return true
				case framing == "chunked":
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%s0\r\n\r\n", oneChunk())
					return false
				}
				edge.Reply(conn, "200 OK", wholePage, "Connection: close")
				return false
			})
			e := shop(t, o, "max_body 1KiB", "hit_for_miss 0")
			target := newPage()
			for range 2 {
				a := e.Get(target, "Range: bytes=3-4")
				a.Want(t, "fwd=bypass", "detail=range", "fwd-status=206")
				if a.Status != 206 || a.Body != wholePage[3:5] || a.Is(t, "stored") {
					t.Errorf("status %d, body %.20q, Cache-Status %q", a.Status, a.Body, a.Header["Cache-Status"])
				}
			}
			if a := e.Get(target); a.Status != 200 || a.Body != wholePage || a.Is(t, "hit") {
				t.Errorf("the whole page: status %d, %d bytes, Cache-Status %q", a.Status, len(a.Body), a.Header["Cache-Status"])
			}
		})
	}
}
