package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

const own = "session sessionid private"

// TestSessionsHavePages: what a session asks for again comes from the store, for it
// alone; who has none gets what is for all.
func TestSessionsHavePages(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, own)
	target := newPage()
	for _, want := range []string{"stored", "hit"} {
		for _, session := range []string{"A", "B"} {
			a := e.Get(target, "Cookie: _ga=1; sessionid="+session)
			a.Want(t, want)
			if !a.Has("canary-"+session) || a.Header.Get("Cache-Control") != "private" {
				t.Errorf("%s got %q\n%s", session, a.Header["Cache-Control"], a.Body)
			}
			if got := echoed(a, "Cookie"); got != "sessionid="+session {
				t.Errorf("the fill carried %q", got)
			}
		}
		e.Get(target).Want(t, want)
	}
	wantHits(t, o, 3)
	wantBypass(t, e, o, "cookie", target, "Cookie: sessionid=A; other=1")
}

// changes are requests that may change what a session's pages show, each to a place that
// another line has, or none, or one that takes part in nothing.
var changes = map[string]string{
	"on the line itself": "/own/add", "where no line is": "/cart/add", "where a line is off": "/off/add", "on a line for all": "/all/add",
}

// TestSessionsChange: a request that may change something puts all pages of its
// session out of reach before it is answered, wherever it goes and whatever comes of
// it, and those of no other.
func TestSessionsChange(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, `EDGE {
	page_cache /own/* 15s {
		session sessionid private
	}
	page_cache /off/* off
	page_cache /all/* 15s
	reverse_proxy `+o.Addr+`
}`)
	for name, place := range changes {
		for _, method := range []string{"POST", "DELETE", "PATCH", "FROBNICATE"} {
			for _, status := range []string{"200 OK", "302 Found", "403 Forbidden", "500 Internal Server Error"} {
				t.Run(name+", "+method+", "+status, func(t *testing.T) {
					session := fmt.Sprintf("s%d", pages.Add(1))
					ask := func(want string, sessions ...string) {
						t.Helper()
						for _, s := range sessions {
							e.Get("/own/checkout", cookie(s)).Want(t, want)
							e.Get("/own/overview", cookie(s)).Want(t, want)
						}
					}
					ask("stored", session, session+"b")
					ask("hit", session, session+"b")
					o.Script(func(c io.Writer, _ edge.Asked) bool {
						edge.Reply(c, status, "changed")
						return true
					})
					e.Do(method, place, cookie(session), "Content-Length: 0")
					o.Script(edge.Echo)
					ask("hit", session+"b")
					ask("stored", session)
				})
			}
		}
	}
}

// TestSessionsChangeSafely: what is safe changes nothing, and so does who has no session.
func TestSessionsChangeSafely(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, own)
	target := newPage()
	e.Get(target, cookie("A")).Want(t, "stored")
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		e.Do(method, "/elsewhere", cookie("A"))
	}
	e.Do("POST", "/elsewhere", "Content-Length: 0")
	e.Do("POST", "/elsewhere", cookie("B"), "Content-Length: 0")
	e.Get(target, cookie("A")).Want(t, "hit")
}

// TestSessionsChangeWhileFilled: a fill that was sent before the change is not what the
// session gets after it.
func TestSessionsChangeWhileFilled(t *testing.T) {
	gate := edge.NewGate(t, 1)
	o := edge.NewOrigin(t, func(c io.Writer, a edge.Asked) bool {
		if a.Method == http.MethodGet && a.N == 1 {
			gate.Pass()
		}
		edge.Reply(c, "200 OK", fmt.Sprintf("version %d", a.N))
		return true
	})
	e := shop(t, o, own)
	target := newPage()
	wait := edge.Crowd(1, func(int) *edge.Answer { return e.Get(target, cookie("A")) })
	edge.Poll(t, "the fill is at the origin", func() bool { return o.Hits() == 1 })
	e.Do("POST", "/cart/add", cookie("A"), "Content-Length: 0")
	gate.Open()
	if a := wait()[0]; a.Body != "version 1" {
		t.Errorf("who asked before got %q", a.Body)
	}
	a := e.Get(target, cookie("A"))
	if a.Want(t, "stored"); a.Body != "version 3" {
		t.Errorf("after the change: %q", a.Body)
	}
}

// TestSessionsLogOut: the session's cookie is deleted or another, by any answer that
// the edge sees.
func TestSessionsLogOut(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, own)
	for _, line := range []string{"Set-Cookie: sessionid=; Max-Age=0; Path=/", "Set-Cookie: sessionid=other; Path=/"} {
		target := newPage()
		e.Get(target, cookie("A")).Want(t, "stored")
		o.Script(answering(line))
		out := e.Get(newPage(), cookie("A"))
		out.Want(t, "detail=set-cookie")
		if len(out.Header["Set-Cookie"]) != 1 {
			t.Errorf("the visitor did not get %s", line)
		}
		o.Script(edge.Echo)
		e.Get(target, cookie("A")).Want(t, "stored")
	}
}

// TestSessionsAreNotMerged: a crowd of sessions, each with several requests at once, and
// one fill for each.
func TestSessionsAreNotMerged(t *testing.T) {
	gate := edge.NewGate(t, 0)
	o := edge.NewOrigin(t, func(c io.Writer, a edge.Asked) bool {
		gate.Pass()
		return edge.Echo(c, a)
	})
	e := shop(t, o, own)
	target := newPage()
	wait := edge.Crowd(crowd, func(i int) *edge.Answer { return e.Get(target, cookie(fmt.Sprint("s", i%10))) })
	edge.WaitFor(t, crowd)
	gate.Open()
	for i, a := range wait() {
		if want := fmt.Sprint("canary-s", i%10); !strings.Contains(a.Body, want) {
			t.Errorf("visitor %d: no %s", i, want)
		}
	}
	wantHits(t, o, 10)
}

// TestDebugNamesCookie: who debugs is told which cookie was the reason, by its name
// alone; others are not.
func TestDebugNamesCookie(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, `EDGE {
	@us header X-Debug 1
	page_cache /products/category/* 15s {
		debug @us
	}
	reverse_proxy `+o.Addr+`
}`)
	for sent, name := range map[string]string{"_ga=1; theme=dark; sessionid=secret": "theme", "_ga=1; broken": "broken", "=x": "="} {
		e.Get(newPage(), "Cookie: "+sent, "X-Debug: 1").Want(t, "detail=cookie", "cookie="+name)
		if a := e.Get(newPage(), "Cookie: "+sent); a.Is(t, "cookie") {
			t.Errorf("everybody is told: %q", a.Header["Cache-Status"])
		}
	}
	o.Script(answering("Set-Cookie: tracker=1; Path=/"))
	e.Get(newPage(), "X-Debug: 1").Want(t, "detail=set-cookie", "cookie=tracker")
}
