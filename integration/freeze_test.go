package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// admin is the address of Caddy's admin endpoint.
type admin string

func (a admin) ask(t *testing.T, request, body string, lines ...string) *edge.Answer {
	t.Helper()
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Host:") }) {
		lines = append(lines, "Host: "+string(a))
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	method, path, _ := strings.Cut(request, " ")
	return edge.RawTo(t, string(a), method, edge.Request(method, path, lines...)+body)
}

const (
	asJSON    = "Content-Type: application/json"
	getFreeze = "GET /page_cache/freeze"
	setFreeze = "POST /page_cache/freeze"
)

func wantState(t *testing.T, a *edge.Answer, want string) {
	t.Helper()
	var got struct {
		State string
		Until time.Time
	}
	if err := json.Unmarshal([]byte(a.Body), &got); a.Status != http.StatusOK || err != nil ||
		got.State != want || got.Until.IsZero() == (want == "on") {
		t.Errorf("got %d %s %v, want %s", a.Status, a.Body, err, want)
	}
}

// A deploy: while the edge is frozen, everybody gets the last good page although the
// application is half replaced, nothing is stored, and a reload changes nothing of it.
func TestFreeze(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	api := admin(edge.FreeAddr(t))
	site := "GLOBAL admin " + string(api) + "\n" + shopSite(o, "1s")
	e := edge.Start(t, site)
	t.Cleanup(func() { api.ask(t, setFreeze, `{"state": "off"}`, asJSON) })
	warm, cold := newPage(), newPage()
	page := wantCached(t, e, o, warm)
	wantState(t, api.ask(t, getFreeze, ""), "off")
	wantState(t, api.ask(t, setFreeze, `{"state": "on", "for": "10m"}`, asJSON), "on")
	if metric(t, "caddy_page_cache_frozen") != 1 {
		t.Error("the metric says that it is not frozen")
	}
	o.Script(func(conn io.Writer, a edge.Asked) bool {
		edge.Reply(conn, "500 Internal Server Error", edge.EchoBody(a))
		return true
	})
	edge.Poll(t, "the page is stale and served", func() bool { return e.Get(warm).Is(t, "hit", "detail=frozen") })
	e.Load(site)
	for range 20 {
		a := e.Get(warm)
		a.Want(t, "hit", "detail=frozen")
		if a.Status != http.StatusOK || a.Body != page.Body {
			t.Errorf("got %d %q", a.Status, a.Body)
		}
	}
	wantHits(t, o, 1)
	o.Script(edge.Echo)
	for n := range 2 {
		a := e.Get(cold)
		a.Want(t, "fwd=uri-miss", "detail=frozen")
		wantClean(t, a)
		if a.Is(t, "stored") || o.Hits(cold) != n+1 {
			t.Errorf("%d requests at the origin, %q", o.Hits(cold), a.Header["Cache-Status"])
		}
	}
	wantState(t, api.ask(t, setFreeze, `{"state": "off"}`, asJSON), "off")
	e.Get(warm).Want(t, "fwd=stale", "stored")
	wantCached(t, e, o, cold)
}

// What must not freeze anything, and says why.
func TestFreezeIsRefused(t *testing.T) {
	o, api := edge.NewOrigin(t, nil), admin(edge.FreeAddr(t))
	edge.Start(t, "GLOBAL admin "+string(api)+"\n"+shopSite(o, "15s"))
	const on = `{"state": "on"}`
	for _, tt := range []struct {
		name, request, body string
		lines               []string
		status              int
		says                string
	}{
		{"a GET with a body", getFreeze, on, []string{asJSON}, 200, `"state":"off"`},
		{"a form", setFreeze, on, []string{"Content-Type: text/plain"}, 415, "application/json"},
		{"no type", setFreeze, on, nil, 415, "application/json"},
		{"another site's page", setFreeze, on, []string{asJSON, "Origin: https://evil.test"}, 403, ""},
		{"a rebound name", setFreeze, on, []string{asJSON, "Host: evil.test"}, 403, ""},
		{"another method", "PUT /page_cache/freeze", on, []string{asJSON}, 405, "POST changes it"},
		{"a spelling", "POST /page_cache/%66reeze", on, []string{asJSON}, 404, "/page_cache/freeze"},
		{"below it", "POST /page_cache/freeze/x", on, []string{asJSON}, 404, ""},
		{"no JSON", setFreeze, "on", []string{asJSON}, 400, "cannot be read"},
		{"nothing", setFreeze, "", []string{asJSON}, 400, "cannot be read"},
		{"another word", setFreeze, `{"state": "yes"}`, []string{asJSON}, 400, "neither on nor off"},
		{"another field", setFreeze, `{"freeze": "on"}`, []string{asJSON}, 400, "unknown field"},
		{"two values", setFreeze, on + on, []string{asJSON}, 400, "more than one"},
		{"for ever", setFreeze, `{"state": "on", "for": "25h"}`, []string{asJSON}, 400, "24h"},
		{"for no time", setFreeze, `{"state": "on", "for": "0s"}`, []string{asJSON}, 400, "1s"},
		{"off for a time", setFreeze, `{"state": "off", "for": "1h"}`, []string{asJSON}, 400, "for good"},
		{"an endless body", setFreeze, `{"state": "` + strings.Repeat("o", 1<<16), []string{asJSON}, 400, "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := api.ask(t, tt.request, tt.body, tt.lines...)
			if a.Status != tt.status || !strings.Contains(a.Body, tt.says) {
				t.Errorf("got %d %s, want %d with %q", a.Status, a.Body, tt.status, tt.says)
			}
			wantState(t, api.ask(t, getFreeze, ""), "off")
		})
	}
}
