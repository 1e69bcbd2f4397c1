package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// staleOnArrival are header lines of a page that is stored for its validator alone.
func staleOnArrival(more ...string) []string {
	return append([]string{"Cache-Control: max-age=60", "Age: 100"}, more...)
}

// notModified answers 304 with these header lines.
func notModified(conn io.Writer, lines ...string) bool {
	fmt.Fprintf(conn, "HTTP/1.1 304 Not Modified\r\n%s\r\n\r\n", strings.Join(lines, "\r\n"))
	return true
}

const modified = "Wed, 01 Jan 2020 00:00:00 GMT"

// TestValidation: a stale page is asked about with the validators that the origin
// gave it, and a 304 makes it fresh under the fields that it brings.
func TestValidation(t *testing.T) {
	// RFC 9111: 3.2-1, 4.3.1-1, 4.3.1-2, 4.3.4-2
	for name, tt := range map[string]struct {
		validators []string
		etag, date string // what the question must hold
	}{
		"a strong tag":  {[]string{`ETag: "one"`}, `"one"`, ""},
		"a weak tag":    {[]string{`ETag: W/"one"`}, `W/"one"`, ""},
		"Last-Modified": {[]string{"Last-Modified: " + modified}, "", modified},
		"both":          {[]string{`ETag: "one"`, "Last-Modified: " + modified}, `"one"`, modified},
	} {
		t.Run(name, func(t *testing.T) {
			o := edge.NewOrigin(t, sends("page one", staleOnArrival(append(tt.validators, "X-A: old", "X-B: old")...)...))
			e := shop(t, o)
			target := newPage()
			e.Get(target).Want(t, "fwd=uri-miss", "fwd-status=200", "stored", "detail=not-fresh")
			o.Script(func(conn io.Writer, _ edge.Asked) bool {
				return notModified(conn, append(tt.validators, "X-A: new", "Cache-Control: max-age=600", "Content-Length: 99", "Connection: x-hop", "X-Hop: 1")...)
			})
			a := e.Get(target, "User-Agent: cow", `If-None-Match: "zero"`, "Range: bytes=99-")
			if a.Status != 416 {
				t.Errorf("status %d, want that of the visitor's own Range", a.Status)
			}
			a.Want(t, "fwd=stale", "fwd-status=304", "stored")
			asked := o.Last().Header
			if asked.Get("If-None-Match") != tt.etag || asked.Get("If-Modified-Since") != tt.date || asked["Range"] != nil {
				t.Errorf("the question holds %v", asked)
			}
			hit := e.Get(target)
			hit.Want(t, "hit", "detail=fresh")
			wantClean(t, hit)
			wantFields(t, hit, map[string]string{
				"X-A": "new", "X-B": "old", "X-Hop": "", "Cache-Control": "max-age=14", "Content-Type": "text/html", "Content-Length": "8",
			})
			wantHits(t, o, 2)
		})
	}
}

// TestValidationFindsANewPage: what comes in place of a 304 is the answer, and takes
// the old page's place.
func TestValidationFindsANewPage(t *testing.T) {
	// RFC 9111: 4.3.3-1
	o := edge.NewOrigin(t, sends("page one", staleOnArrival(`ETag: "one"`)...))
	e := shop(t, o)
	target := newPage()
	e.Get(target)
	o.Script(sends("page two", `ETag: "two"`))
	a := e.Get(target, `If-None-Match: "one"`)
	a.Want(t, "fwd=stale", "fwd-status=200", "stored", "ttl=15")
	if got := o.Last().Header.Get("If-None-Match"); a.Status != 200 || a.Body != "page two" || got != `"one"` {
		t.Errorf("status %d, body %q; the question had If-None-Match %q", a.Status, a.Body, got)
	}
	page := e.Get(target)
	page.Want(t, "hit")
	wantClean(t, page)
	wantFields(t, page, map[string]string{"Etag": `"two"`})
	wantHits(t, o, 2)
}

// TestValidationOfAnotherCopy: the origin confirms what is stored, and the visitor
// has something else: he gets the page.
func TestValidationOfAnotherCopy(t *testing.T) {
	// RFC 9111: 4.3.2-5
	o := edge.NewOrigin(t, sends("page one", staleOnArrival(`ETag: "one"`, "X-A: old")...))
	e := shop(t, o)
	target := newPage()
	e.Get(target)
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		return notModified(conn, `ETag: "one"`, "X-A: new", "Cache-Control: max-age=60", "Age: 100")
	})
	for condition, status := range map[string]int{`If-None-Match: "two"`: 200, `If-None-Match: "two", "one"`: 304, `If-Match: "two"`: 412, "X-None: 1": 200} {
		a := e.Get(target, condition)
		a.Want(t, "fwd=stale", "fwd-status=304")
		if a.Status != status || status == 200 && a.Body != "page one" || status != 200 && a.Body != "" {
			t.Errorf("%s: status %d, body %q, want %d", condition, a.Status, a.Body, status)
		}
		wantFields(t, a, map[string]string{"X-A": "new"})
		if got := o.Last().Header["If-None-Match"]; len(got) != 1 || got[0] != `"one"` {
			t.Errorf("%s: the question had If-None-Match %q", condition, got)
		}
	}
	wantHits(t, o, 5)
}

// TestValidationOfAForeignPage: a 304 about another representation updates nothing:
// the origin is asked again without a condition, and the visitor gets that page.
func TestValidationOfAForeignPage(t *testing.T) {
	// RFC 9111: 4.3.4-1
	for _, foreign := range []string{`ETag: "three"`, `ETag: W/"three"`} {
		o := edge.NewOrigin(t, sends("page one", staleOnArrival(`ETag: "one"`, "X-A: one")...))
		e := shop(t, o)
		target := newPage()
		e.Get(target)
		o.Script(func(conn io.Writer, a edge.Asked) bool {
			if a.Header["If-None-Match"] != nil {
				return notModified(conn, foreign, "X-A: foreign", "Cache-Control: max-age=600")
			}
			return sends("page two", `ETag: "two"`, "X-A: two")(conn, a)
		})
		a := e.Get(target)
		a.Want(t, "fwd=stale", "fwd-status=200", "stored")
		for _, answer := range []*edge.Answer{a, e.Get(target)} {
			if answer.Status != 200 || answer.Body != "page two" {
				t.Errorf("status %d, body %q", answer.Status, answer.Body)
			}
			wantFields(t, answer, map[string]string{"X-A": "two", "Etag": `"two"`})
		}
		wantHits(t, o, 3)
	}
}

// TestValidationOfAVanishedPage: a page that is gone, or is no longer for all, is out
// of the store with the answer that says so.
func TestValidationOfAVanishedPage(t *testing.T) {
	for _, end := range []string{"404 Not Found", "410 Gone", "200 OK"} {
		o := edge.NewOrigin(t, sends("page one", staleOnArrival(`ETag: "one"`, "X-A: one")...))
		e := shop(t, o, "hit_for_miss 0")
		target := newPage()
		e.Get(target).Want(t, "stored")
		stored := entries(t)
		o.Script(func(conn io.Writer, _ edge.Asked) bool {
			edge.Reply(conn, end, "private", "Cache-Control: private")
			return true
		})
		if a := e.Get(target); !strings.HasPrefix(end, fmt.Sprint(a.Status)) || a.Body != "private" || a.Is(t, "stored") {
			t.Errorf("status %d, body %q, Cache-Status %q", a.Status, a.Body, a.Header["Cache-Status"])
		}
		if got := entries(t); got != stored-1 {
			t.Errorf("%s: %d responses are stored, want %d", end, got, stored-1)
		}
		e.Get(target).Want(t, "fwd=uri-miss")
		if got := o.Last().Header; got["If-None-Match"] != nil {
			t.Errorf("%s: the question after it has If-None-Match %q", end, got["If-None-Match"])
		}
	}
}

// TestNoCacheIsValidated: a page with no-cache is asked about for each visitor, and
// the answer is for the one who asked; the others, who waited, ask for themselves.
func TestNoCacheIsValidated(t *testing.T) {
	// RFC 9111: 4-4, 5.2.2.4-1
	const visitors = 20
	header, rest := edge.NewGate(t, 0), edge.NewGate(t, visitors-1)
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		switch {
		case a.N <= 2:
		case a.N == 3:
			header.Pass()
		default:
			rest.Pass()
		}
		if a.Header.Get("If-None-Match") == `"one"` {
			return notModified(conn, `ETag: "one"`, "Cache-Control: no-cache", fmt.Sprintf("X-N: %d", a.N))
		}
		edge.Reply(conn, "200 OK", "page", `ETag: "one"`, "Cache-Control: no-cache", fmt.Sprintf("X-N: %d", a.N))
		return true
	})
	e := shop(t, o)
	target := newPage()
	e.Get(target).Want(t, "fwd=uri-miss", "stored", "detail=no-cache")
	e.Get(target).Want(t, "fwd=stale", "fwd-status=304", "stored", "detail=no-cache")
	wait := edge.Crowd(visitors, func(int) *edge.Answer { return e.Get(target) })
	edge.WaitFor(t, visitors)
	header.Open()
	validated, own := 0, map[string]bool{}
	for _, a := range wait() {
		if a.Status != 200 || a.Body != "page" || a.Is(t, "hit") {
			t.Errorf("status %d, body %q, Cache-Status %q", a.Status, a.Body, a.Header["Cache-Status"])
		}
		own[a.Header.Get("X-N")] = true
		switch {
		case a.Is(t, "fwd=stale", "fwd-status=304"):
			validated++
		default:
			a.Want(t, "fwd=bypass", "fwd-status=200", "detail=no-cache")
		}
	}
	if validated != 1 || len(own) != visitors {
		t.Errorf("%d were answered by the validation, want 1; %d different answers for %d visitors", validated, len(own), visitors)
	}
	wantHits(t, o, 2+visitors)
}

// TestHeadValidates: a HEAD of a stale page asks about it as a GET does.
func TestHeadValidates(t *testing.T) {
	o := edge.NewOrigin(t, sends("page one", staleOnArrival(`ETag: "one"`)...))
	e := shop(t, o)
	target := newPage()
	e.Get(target)
	o.Script(func(conn io.Writer, _ edge.Asked) bool {
		return notModified(conn, `ETag: "one"`, "Cache-Control: max-age=600")
	})
	head := e.Do(http.MethodHead, target)
	head.Want(t, "fwd=stale", "fwd-status=304", "stored")
	wantFields(t, head, map[string]string{"Content-Length": "8", "Etag": `"one"`})
	if got := o.Last(); head.Status != 200 || got.Method != http.MethodGet || got.Header.Get("If-None-Match") != `"one"` {
		t.Errorf("status %d; the question was a %s with %v", head.Status, got.Method, got.Header)
	}
	page := e.Get(target)
	page.Want(t, "hit")
	wantClean(t, page)
	wantHits(t, o, 2)
}

// TestAskedAgainForTheSamePage: a fill that is asked for twice asks for the same page,
// also when handlers behind the line rewrite the request in place.
func TestAskedAgainForTheSamePage(t *testing.T) {
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "200 OK", "page of "+a.Target, `ETag: "one"`, "Cache-Control: max-age=0")
		return true
	})
	e := edge.Start(t, "EDGE {\n\troute {\n\t\tpage_cache 15s\n\t\trewrite * /v2{uri}\n\t\treverse_proxy "+o.Addr+"\n\t}\n}\n")
	if a := e.Get("/x"); a.Body != "page of /v2/x" {
		t.Fatalf("got %q", a.Body)
	}
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		if a.Header.Get("If-None-Match") != "" {
			return notModified(conn, `ETag: "two"`)
		}
		edge.Reply(conn, "200 OK", "page of "+a.Target, `ETag: "three"`, "Cache-Control: max-age=60")
		return true
	})
	for range 2 {
		if a := e.Get("/x"); a.Body != "page of /v2/x" {
			t.Errorf("got %q, Cache-Status %q", a.Body, a.Header["Cache-Status"])
		}
	}
}

// TestPostKeepsNoFieldOfTheEdge: what other handlers of the site set for the visitor
// who posted does not reach the next one.
func TestPostKeepsNoFieldOfTheEdge(t *testing.T) {
	o := edge.NewOrigin(t, func(conn io.Writer, _ edge.Asked) bool {
		edge.Reply(conn, "200 OK", "page", "Content-Location: /x", "Cache-Control: max-age=60")
		return true
	})
	e := edge.Start(t, "EDGE {\n\troute {\n\t\theader X-Edge {http.request.header.X-Who}\n\t\tpage_cache 15s {\n\t\t\tstore_post\n\t\t}\n"+
		"\t\treverse_proxy "+o.Addr+"\n\t}\n}\n")
	e.Do("POST", "/x", "X-Who: ann", "Content-Length: 0")
	bob := e.Get("/x", "X-Who: bob") // so short an answer leaves the server when its handler has ended
	bob.Want(t, "hit")
	if got := bob.Header["X-Edge"]; len(got) != 1 || got[0] != "bob" {
		t.Errorf("X-Edge %q, want bob alone", got)
	}
	wantHits(t, o, 1)
}
