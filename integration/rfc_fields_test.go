package integration

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// sends makes an origin's script: a 200 with this body and these header lines.
func sends(body string, lines ...string) func(io.Writer, edge.Asked) bool {
	return func(conn io.Writer, _ edge.Asked) bool {
		edge.Reply(conn, "200 OK", body, lines...)
		return true
	}
}

// wantFields fails the test unless the answer has these fields with these values;
// "" stands for a field that must not be there.
func wantFields(t *testing.T, a *edge.Answer, fields map[string]string) {
	t.Helper()
	for name, want := range fields {
		got, ok := a.Header[http.CanonicalHeaderKey(name)]
		if want == "" && ok || want != "" && !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q (status %d, Cache-Status %q)", name, got, want, a.Status, a.Header["Cache-Status"])
		}
	}
}

// none makes of names what wantFields takes for fields that must not be there.
func none(names ...string) map[string]string {
	fields := map[string]string{}
	for _, name := range names {
		fields[name] = ""
	}
	return fields
}

// TestS13_FieldsOfOneRequest: what belongs to one exchange or to one connection is
// not replayed, and all else is.
func TestS13_FieldsOfOneRequest(t *testing.T) {
	// RFC 9111: 3.1-1, 3.1-2
	gone := []string{
		"X-Request-Id", "X-Correlation-Id", "Server-Timing", "Traceresponse", "Authentication-Info",
		"Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "Te", "X-Hop",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	}
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		lines := []string{"X-Unknown: kept", "X-Two: one", "X-Two: two", "Connection: x-hop, Keep-Alive"}
		for _, name := range gone {
			if name != "Connection" {
				lines = append(lines, fmt.Sprintf("%s: of-request-%d", name, a.N))
			}
		}
		edge.Reply(conn, "200 OK", edge.EchoBody(a), lines...)
		return true
	})
	e := shop(t, o)
	page := wantCached(t, e, o, newPage())
	wantFields(t, page, none(gone...))
	wantFields(t, page, map[string]string{"X-Unknown": "kept"})
	if got := page.Header["X-Two"]; !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("X-Two %q", got)
	}
}

// TestS13_SetCookie2: an answer with the old way to set a cookie is not stored,
// unless the line keeps it; Set-Cookie never is.
func TestS13_SetCookie2(t *testing.T) {
	o := edge.NewOrigin(t, answering("Set-Cookie2: sid=7; Version=1", "Cache-Control: max-age=60"))
	e := shop(t, o, "hit_for_miss 0")
	target := newPage()
	for range 2 {
		a := e.Get(target)
		a.Want(t, "fwd=uri-miss", "detail=set-cookie")
		wantFields(t, a, map[string]string{"Set-Cookie2": "sid=7; Version=1"})
	}
	wantHits(t, o, 2)
	e.Load(shopSite(o, "15s", "keep_fields *", "hit_for_miss 0"))
	wantFields(t, wantCached(t, e, o, newPage()), map[string]string{"Set-Cookie2": "sid=7; Version=1"})
	o.Script(answering("Set-Cookie: sid=7", "Set-Cookie2: sid=7; Version=1", "Cache-Control: max-age=60"))
	target = newPage()
	e.Get(target).Want(t, "fwd=uri-miss", "detail=set-cookie")
	e.Get(target).Want(t, "fwd=uri-miss", "detail=set-cookie")
}

// TestS13_KeepFields: a field that the line keeps is every visitor's, and the
// others stay away.
func TestS13_KeepFields(t *testing.T) {
	fields := []string{"X-Request-Id: 7", "Server-Timing: db;dur=1", "Authentication-Info: x", "Keep-Alive: timeout=9"}
	for option, want := range map[string]map[string]string{
		"keep_fields X-Request-Id": {"X-Request-Id": "7", "Server-Timing": "", "Authentication-Info": "", "Keep-Alive": ""},
		"keep_fields *":            {"X-Request-Id": "7", "Server-Timing": "db;dur=1", "Authentication-Info": "x", "Keep-Alive": ""},
	} {
		o := edge.NewOrigin(t, answering(fields...))
		e := shop(t, o, option)
		wantFields(t, wantCached(t, e, o, newPage()), want)
	}
}

// TestS14_QualifiedDirectives: the fields that the origin calls one visitor's, or
// wants confirmed before each use, are in nobody's stored page.
func TestS14_QualifiedDirectives(t *testing.T) {
	// RFC 9111: 3-5, 5.2.2.7-2
	for _, directives := range []string{
		`no-cache="X-User", max-age=60`, `private="X-User", max-age=60`, `max-age=60, Private="x-user , X-Other"`,
		`private="X-User", no-cache="X-Other", max-age=60`, `private=X-User, max-age=60`, `no-cache=x-user, max-age=60`,
		`private=" ,,X-User,", max-age=60`, `public, max-age=60, private="X-Other", private="X-User"`,
	} {
		t.Run(directives, func(t *testing.T) {
			o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
				edge.Reply(conn, "200 OK", "page", "Cache-Control: "+directives, fmt.Sprintf("X-User: user-%d", a.N), "X-Page: 1")
				return true
			})
			e := shop(t, o)
			target := newPage()
			for range 3 {
				if a := e.Get(target); a.Status != 200 || a.Body != "page" || a.Is(t, "hit") && a.Has("user-") {
					t.Errorf("status %d, Cache-Status %q, X-User %q", a.Status, a.Header["Cache-Status"], a.Header["X-User"])
				}
			}
			last := e.Get(target)
			if last.Is(t, "hit") != (o.Hits() == 1) {
				t.Errorf("%d requests at the origin, Cache-Status %q", o.Hits(), last.Header["Cache-Status"])
			}
			wantFields(t, last, map[string]string{"X-Page": "1"})
		})
	}
}

// TestS14_QualifiedAndStored: with a list of fields the rest of the page is stored;
// a list that names nothing, or Set-Cookie, does not bring a personal page in.
func TestS14_QualifiedAndStored(t *testing.T) {
	for directives, stored := range map[string]bool{
		`private="X-User", max-age=60`: true, `no-cache="X-User", max-age=60`: true,
		`private="", max-age=60`: false, `private, private="X-User", max-age=60`: false, `no-store, private="X-User", max-age=60`: false,
		`private="X-User`: false,
	} {
		o := edge.NewOrigin(t, answering("Cache-Control: "+directives, "X-User: a"))
		e := shop(t, o, "hit_for_miss 0")
		target := newPage()
		e.Get(target)
		if a := e.Get(target); a.Is(t, "hit") != stored {
			t.Errorf("%s: Cache-Status %q, want stored %t", directives, a.Header["Cache-Status"], stored)
		}
	}
	o := edge.NewOrigin(t, answering(`Cache-Control: private="Set-Cookie", max-age=60`, "Set-Cookie: sid=7"))
	e := shop(t, o, "hit_for_miss 0")
	target := newPage()
	for range 2 {
		e.Get(target).Want(t, "fwd=uri-miss", "detail=set-cookie")
	}
}
