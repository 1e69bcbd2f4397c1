package integration

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// TestS16_PostsNeverCollapse: each of ten POSTs at once to a stored page reaches
// the origin with its own body, at the same time as the others.
func TestS16_PostsNeverCollapse(t *testing.T) {
	const posts = 10
	all := edge.NewGate(t, posts)
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		if a.Method == http.MethodPost {
			all.Pass()
		}
		return edge.Echo(conn, a)
	})
	e := shop(t, o)
	target := newPage()
	wantCached(t, e, o, target)
	answers := edge.Crowd(posts, func(i int) *edge.Answer {
		body := fmt.Sprintf("order-%d", i)
		return e.Raw("POST", strings.Replace(edge.Request("POST", target, "Content-Length: "+strconv.Itoa(len(body))), "\r\n\r\n", "\r\n\r\n"+body, 1))
	})()
	for i, a := range answers {
		a.Want(t, "fwd=method", "detail=method")
		if got, want := echoed(a, "body"), fmt.Sprintf("order-%d", i); got != want || a.Is(t, "stored") {
			t.Errorf("POST %d: the origin saw %q, Cache-Status %q", i, got, a.Header["Cache-Status"])
		}
	}
	wantDistinct(t, answers)
	wantHits(t, o, 1+posts)
}

// TestS16_UnsafeMethodsPassThrough: PUT, PATCH and DELETE reach the origin each
// time, and neither read nor fill the store.
func TestS16_UnsafeMethodsPassThrough(t *testing.T) {
	o := edge.NewOrigin(t, answering("Cache-Control: public, max-age=60"))
	e := shop(t, o)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		target := newPage()
		for n := range 2 {
			before := o.Hits()
			a := e.Do(method, target)
			a.Want(t, "fwd=method", "detail=method")
			if a.Is(t, "stored") || o.Hits() != before+1 || o.Last().Method != method {
				t.Errorf("%s no. %d: %d requests at the origin, the last %s, Cache-Status %q",
					method, n+1, o.Hits()-before, o.Last().Method, a.Header["Cache-Status"])
			}
		}
		if page := wantCached(t, e, o, target); echoed(page, "method") != "GET" {
			t.Errorf("%s: the stored page is an answer to %s", method, echoed(page, "method"))
		}
	}
}

// TestS16_UnsafeMethodInvalidates: a 2xx or 3xx to an unsafe method takes the page
// out of the store (RFC 9111 §4.4), an error does not.
func TestS16_UnsafeMethodInvalidates(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	for method, status := range map[string]string{"POST": "303 See Other", "PUT": "200 OK", "PATCH": "200 OK", "DELETE": "204 No Content"} {
		target := newPage()
		page := wantCached(t, e, o, target)
		o.Script(func(conn io.Writer, _ edge.Asked) bool {
			edge.Reply(conn, "403 Forbidden", "no")
			return true
		})
		e.Do(method, target)
		wantHit(t, e, o, page, target)
		o.Script(func(conn io.Writer, _ edge.Asked) bool {
			fmt.Fprintf(conn, "HTTP/1.1 %s\r\nLocation: /elsewhere\r\nConnection: close\r\n\r\n", status)
			return false
		})
		e.Do(method, target)
		o.Script(edge.Echo)
		e.Get(target).Want(t, "fwd=uri-miss", "stored")
	}
}

// TestS16_FillsUnderWayAreInvalidated: a page that the origin began to make before
// a change is not stored after it, nor read by who comes after it.
func TestS16_FillsUnderWayAreInvalidated(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		switch {
		case a.Method == http.MethodPost:
			edge.Reply(conn, "204 No Content", "")
		case a.N == 1:
			close(begun)
			<-finish
			edge.Reply(conn, "200 OK", "old")
		default:
			edge.Reply(conn, "200 OK", "new")
		}
		return true
	})
	e := shop(t, o)
	target := newPage()
	first := make(chan *edge.Answer, 1)
	go func() { first <- e.Raw("GET", edge.Request("GET", target)) }()
	<-begun
	e.Do("POST", target).Want(t, "fwd=method")
	if a := e.Get(target); a.Body != "new" {
		t.Errorf("after the change came %q", a.Body)
	}
	close(finish)
	if a := <-first; a.Body != "old" {
		t.Errorf("who asked before the change got %q", a.Body)
	}
	for range 2 {
		if a := e.Get(target); a.Body != "new" || !a.Is(t, "hit") {
			t.Errorf("later came %q, Cache-Status %q", a.Body, a.Header["Cache-Status"])
		}
	}
}

// TestS16_HeadIsNeverAnEmptyPage: what a HEAD brings into the store is a whole
// page, and a stored page answers a HEAD with its length.
func TestS16_HeadIsNeverAnEmptyPage(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	head := e.Do("HEAD", target)
	if head.Status != http.StatusOK || head.Body != "" {
		t.Errorf("HEAD: status %d, body %q", head.Status, head.Body)
	}
	edge.Poll(t, "the HEAD's fill has ended", func() bool { return e.Get(target).Is(t, "hit") })
	page := e.Get(target)
	wantClean(t, page)
	if page.Body == "" || echoed(page, "method") != "GET" {
		t.Errorf("the page after a HEAD is %q", page.Body)
	}
	again := e.Do("HEAD", target)
	again.Want(t, "hit")
	if length := strconv.Itoa(len(page.Body)); again.Body != "" || again.Header.Get("Content-Length") != length {
		t.Errorf("HEAD of a stored page: body %q, Content-Length %q, want %s", again.Body, again.Header.Get("Content-Length"), length)
	}
	wantHits(t, o, 1)
}

// TestS57_OddMethodsNeverUseTheStore: no other method than GET and HEAD, in that
// spelling, is looked up or stored. One that is not known to be safe takes the page
// out of the store (RFC 9111 §4.4); the next GET brings it back.
func TestS57_OddMethodsNeverUseTheStore(t *testing.T) {
	o := edge.NewOrigin(t, answering("Cache-Control: public, max-age=60"))
	e := shop(t, o)
	warm := newPage()
	page := wantCached(t, e, o, warm)
	for method, safe := range map[string]bool{
		"TRACE": true, "OPTIONS": true, "PROPFIND": true, "QUERY": true,
		"get": false, "Get": false, "head": false, "GETT": false, "LOCK": false, "BAN": false, "M-SEARCH": false,
	} {
		for _, target := range []string{warm, newPage()} {
			before := o.Hits()
			a := e.Do(method, target)
			a.Want(t, "fwd=method", "detail=method")
			if a.Is(t, "stored") || o.Hits() != before+1 || echoed(a, "method") != method {
				t.Errorf("%.20s: %d requests at the origin, method %.20q, Cache-Status %q",
					method, o.Hits()-before, echoed(a, "method"), a.Header["Cache-Status"])
			}
			if target != warm {
				e.Get(target).Want(t, "fwd=uri-miss", "stored")
			}
		}
		if safe {
			wantHit(t, e, o, page, warm)
			continue
		}
		page = e.Get(warm)
		page.Want(t, "fwd=uri-miss", "stored")
	}
	wantHit(t, e, o, page, warm)
}

// TestS57_NoTargetOfItsOwn: OPTIONS * and CONNECT name no page, and touch none; nor
// does a method of absurd length.
func TestS57_NoTargetOfItsOwn(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, "EDGE {\n page_cache 15s\n reverse_proxy "+o.Addr+"\n}\n")
	page := wantCached(t, e, o, "/")
	for _, request := range []string{
		edge.Request("OPTIONS", "*"), edge.Request("CONNECT", "shop.test:443"), edge.Request("CONNECT", "/"), edge.Request("GET", "*"),
		edge.Request(strings.Repeat("M", 300), "/"), edge.Request(strings.Repeat("M", 300), "/cold"),
	} {
		method, _, _ := strings.Cut(request, " ")
		a := e.Raw(method, request)
		if len(a.Header["Cache-Status"]) > 0 && (a.Is(t, "hit") || a.Is(t, "stored")) {
			t.Errorf("%.20q: Cache-Status %q", request, a.Header["Cache-Status"])
		}
	}
	wantHit(t, e, o, page, "/")
	wantCached(t, e, o, "/cold")
}

// TestS57_PurgeIsRefused: PURGE on the public site is 405, reaches no origin and
// removes nothing.
func TestS57_PurgeIsRefused(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o)
	target := newPage()
	page := wantCached(t, e, o, target)
	for _, at := range []string{target, newPage(), "/products/category/a/..%2fx"} {
		a := e.Do("PURGE", at, "Authorization: Basic YTpi", cookie("A"))
		a.Want(t, "detail=purge")
		if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") == "" {
			t.Errorf("PURGE %s: status %d, Allow %q", at, a.Status, a.Header.Get("Allow"))
		}
	}
	wantHits(t, o, 1)
	wantHit(t, e, o, page, target)
}
