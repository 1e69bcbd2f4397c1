package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/page-cache/page-cache/integration/edge"
)

// signs answers with a name in front of what was asked.
func signs(name string) func(io.Writer, edge.Asked) bool {
	return func(c io.Writer, a edge.Asked) bool {
		edge.Reply(c, "200 OK", name+"\n"+edge.EchoBody(a))
		return true
	}
}

// TestRouteGroupsAreKeyed: a handle before the line, chosen by the visitor's
// address, decides which handle runs behind it; nobody gets the other's page.
func TestRouteGroupsAreKeyed(t *testing.T) {
	staff, public := edge.NewOrigin(t, signs("STAFF")), edge.NewOrigin(t, signs("PUBLIC"))
	e := edge.Start(t, `EDGE {
	@staff remote_ip 127.0.0.2
	route {
		handle @staff {
			request_header X-Seen 1
		}
		page_cache /p/* 15s
		handle {
			reverse_proxy `+public.Addr+`
		}
		reverse_proxy `+staff.Addr+`
	}
}`)
	for _, want := range []string{"fwd=uri-miss", "hit"} {
		for from, name := range map[string]string{"127.0.0.2": "STAFF", "127.0.0.3": "PUBLIC"} {
			a := edge.RawFrom(t, from, e.Addr, "GET", edge.Request("GET", "/p/1"))
			a.Want(t, want)
			if !strings.HasPrefix(a.Body, name) {
				t.Errorf("%s got %q", from, strings.SplitN(a.Body, "\n", 2)[0])
			}
		}
	}
}

// TestVarsOfAnyBytesAreKeyed: two values that differ in bytes which are no UTF-8
// are two values.
func TestVarsOfAnyBytesAreKeyed(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, `EDGE {
	vars city {http.request.header.X-City}
	page_cache /p/* 15s
	reverse_proxy `+o.Addr+` {
		header_up X-Place {http.vars.city}
	}
}`)
	e.Get("/p/1", "X-City: M\xfcnster").Want(t, "fwd=uri-miss")
	e.Get("/p/1", "X-City: M\xe9nster").Want(t, "fwd=uri-miss")
	e.Get("/p/1", "X-City: M\xfcnster").Want(t, "hit")
}

// TestVaryOutlivesReload: a line that has learned what the origin varies by, and
// forgets it over a reload, takes no page for another.
func TestVaryOutlivesReload(t *testing.T) {
	o := edge.NewOrigin(t, func(c io.Writer, a edge.Asked) bool {
		edge.Reply(c, "200 OK", "lang="+a.Header.Get("Accept-Language")+"\n", "Vary: Accept-Language")
		return true
	})
	site := shopSite(o, "15s")
	e := edge.Start(t, site)
	p := newPage()
	for _, load := range []bool{false, true} {
		if load {
			e.Load(site + "# changed\n")
		}
		for _, lang := range []string{"fr", "de", ""} {
			a := e.Get(p)
			if lang != "" {
				a = e.Get(p, "Accept-Language: "+lang)
			}
			if got := echoed(a, "lang"); got != lang {
				t.Errorf("after a reload: %v: for %q came %q", load, lang, got)
			}
		}
	}
	e.Get(p, "Accept-Language: de").Want(t, "hit")
}

// TestVaryLearnedInACrowd: while a line learns it, nobody reads a fill that was
// made without what he sent.
func TestVaryLearnedInACrowd(t *testing.T) {
	for round := range 20 {
		o := edge.NewOrigin(t, func(c io.Writer, a edge.Asked) bool {
			edge.Reply(c, "200 OK", "lang="+a.Header.Get("Accept-Language")+"\n", "Vary: Accept-Language")
			return true
		})
		e := edge.Start(t, shopSite(o, fmt.Sprintf("%ds", 15+round)))
		p := newPage()
		for i, a := range edge.Crowd(40, func(i int) *edge.Answer {
			if i%2 == 0 {
				return e.Raw("GET", edge.Request("GET", p))
			}
			return e.Raw("GET", edge.Request("GET", p, "Accept-Language: de"))
		})() {
			if want := []string{"", "de"}[i%2]; echoed(a, "lang") != want {
				t.Fatalf("round %d: for %q came %q", round, want, echoed(a, "lang"))
			}
		}
	}
}

// TestNamedRouteOfAnother: what makes the page behind a line in a named route
// depends on who invoked it, so such a line stands aside.
func TestNamedRouteOfAnother(t *testing.T) {
	auth := edge.NewOrigin(t, nil)
	phone, desktop := edge.NewOrigin(t, signs("PHONE")), edge.NewOrigin(t, signs("DESKTOP"))
	e := edge.Start(t, strings.NewReplacer("AUTH", auth.Addr, "PROXY1", phone.Addr, "PROXY2", desktop.Addr).Replace(`&(guarded) {
	reverse_proxy AUTH {
		@ok status 200
		handle_response @ok {
			page_cache 15s
		}
	}
}
EDGE {
	@phone header User-Agent *Phone*
	handle @phone {
		invoke guarded
		reverse_proxy PROXY1
	}
	handle {
		invoke guarded
		reverse_proxy PROXY2
	}
}`))
	for agent, name := range map[string]string{"Phone": "PHONE", "Desk": "DESKTOP"} {
		a := e.Get("/p/1", "User-Agent: "+agent)
		a.Want(t, "fwd=bypass", "detail=named-route")
		if !strings.HasPrefix(a.Body, name) {
			t.Errorf("%s got %q", agent, strings.SplitN(a.Body, "\n", 2)[0])
		}
	}
}

// TestNamedRouteInAGroup: the same when a group keeps the route behind the line
// from running.
func TestNamedRouteInAGroup(t *testing.T) {
	phone, desktop := edge.NewOrigin(t, signs("PHONE")), edge.NewOrigin(t, signs("DESKTOP"))
	never := edge.NewOrigin(t, signs("NEVER"))
	addr := edge.FreeAddr(t)
	proxy := func(o *edge.Origin) string {
		return `{"handler":"reverse_proxy","upstreams":[{"dial":"` + o.Addr + `"}]}`
	}
	config := `{"admin":{"disabled":true},"apps":{"http":{"servers":{"s":{"listen":["` + addr + `"],"automatic_https":{"disable":true},
	"named_routes":{"n":{"handle":[{"handler":"subroute","routes":[
		{"group":"g","match":[{"path":["/p/*"]}],"handle":[{"handler":"page_cache","ttl":"15s"}]},
		{"group":"g","handle":[` + proxy(never) + `]}]}]}},
	"routes":[
		{"match":[{"header":{"User-Agent":["Phone"]}}],"handle":[{"handler":"invoke","name":"n"},` + proxy(phone) + `]},
		{"handle":[{"handler":"invoke","name":"n"},` + proxy(desktop) + `]}]}}}}}`
	if err := caddy.Load([]byte(config), true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	for agent, name := range map[string]string{"Phone": "PHONE", "Desk": "DESKTOP"} {
		a := edge.RawTo(t, addr, "GET", edge.Request("GET", "/p/1", "User-Agent: "+agent))
		if !strings.HasPrefix(a.Body, name) {
			t.Errorf("%s got %q", agent, strings.SplitN(a.Body, "\n", 2)[0])
		}
	}
}

// TestForwardAllKeepsCredentials: forward * carries no header that tells who asks,
// whatever it is called.
func TestForwardAllKeepsCredentials(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := shop(t, o, "forward *")
	for _, name := range []string{
		"X-Session-Id", "X-Auth", "X-Jwt-Assertion", "X-Access-Key", "X-Session", "X-User-Name", "X-Username", "X-Userid",
		"Ssl-Client-Cert", "X-Client-Verify", "X-Csrftoken",
	} {
		p := newPage()
		e.Get(p, name+": secret-A").Want(t, "fwd=bypass", "detail=credential")
		if e.Get(p).Has("secret-A") {
			t.Errorf("%s of one visitor reached another", name)
		}
	}
	p := newPage()
	e.Get(p, "User-Agent: x", "Sec-Fetch-User: ?1", "X-Trace: 7").Want(t, "fwd=uri-miss", "stored")
	if got := o.Last().Header; got.Get("X-Trace") != "7" || got.Get("User-Agent") != "x" {
		t.Errorf("forward * did not forward: %v", got)
	}
}

// TestErrorPagesAreNotStored: a line in handle_errors stands aside, because the
// status of an error page comes from the error.
func TestErrorPagesAreNotStored(t *testing.T) {
	e := edge.Start(t, `EDGE {
	error /gone 410
	handle_errors {
		page_cache 15s
		respond "sorry {err.status_code}"
	}
}`)
	for range 2 {
		a := e.Get("/gone")
		if a.Status != http.StatusGone || a.Body != "sorry 410" || a.Header["Cache-Status"] != nil {
			t.Errorf("status %d, body %q, Cache-Status %q", a.Status, a.Body, a.Header["Cache-Status"])
		}
	}
}

// TestEventStreamsAreNotShared: a stream of events is each visitor's own, also
// when he did not say that he wants one.
func TestEventStreamsAreNotShared(t *testing.T) {
	o := edge.NewOrigin(t, func(c io.Writer, a edge.Asked) bool {
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nContent-Length: 9\r\n\r\ndata: %d\n\n", a.N)
		return true
	})
	e := shop(t, o, "hit_for_miss 0")
	p := newPage()
	for i := range 3 {
		a := e.Get(p)
		a.Want(t, "fwd=uri-miss", "detail=event-stream")
		if want := fmt.Sprintf("data: %d\n\n", i+1); a.Body != want {
			t.Errorf("body %q, want %q", a.Body, want)
		}
	}
}
