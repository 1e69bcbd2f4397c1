package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/coding"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/stats"
	"github.com/page-cache/page-cache/module/store/local"
	"github.com/page-cache/page-cache/module/variant"
)

// tally is a Recorder as the product has it, which also tells when fills have ended.
type tally struct {
	stats.Counters

	ended chan struct{}
}

func (c *tally) Filled(reason cachestatus.Reason) {
	c.Counters.Filled(reason)
	c.ended <- struct{}{}
}
func (c *tally) StoreFailed(op string, _ error) { c.Counters.StoreFailed(op) }
func (c *tally) FillFailed(error, []byte)       { c.Counters.FillFailed() }

// void is a visitor who throws away what he gets.
type void struct {
	header http.Header
	size   int64
}

func (v *void) Header() http.Header { return v.header }
func (v *void) WriteHeader(int)     {}
func (v *void) Write(b []byte) (int, error) {
	v.size += int64(len(b))
	return len(b), nil
}

// bakery is an Origin whose pages are of one size, with a number of forms.
type bakery struct{ size, forms int }

func (bakery) Forward(http.ResponseWriter, func(int, http.Header)) error {
	panic("a hit was forwarded")
}

func (o bakery) Detach(*policy.Intake) (engine.Fill, error) {
	return func(_ context.Context, w http.ResponseWriter, _ http.Header) error {
		const secret = "abcdefghijklmnopqrstuvwxyz012345"
		var page strings.Builder
		for i := range o.forms {
			fmt.Fprintf(&page, `<form><input name="csrfmiddlewaretoken" value="%s"><b>%d</b></form>`, strings.Repeat("a", 32)+secret, i)
		}
		for i := 0; page.Len() < o.size; i++ {
			fmt.Fprintf(&page, "<p>Product number %d costs %d</p>\n", i, i*37%1000)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Vary", "Accept-Encoding")
		if o.forms > 0 {
			w.Header().Set("Set-Cookie", "csrftoken="+secret+"; Path=/; Max-Age=31449600; SameSite=Lax")
		}
		_, err := io.WriteString(w, page.String())
		return err
	}, nil
}

// BenchmarkHit is the way of a hit through the engine, with the product's store, without
// a server: what stands above Caddy's own cost.
func BenchmarkHit(b *testing.B) {
	browser := http.Header{
		"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}, "Accept-Language": {"de-CH,de;q=0.9,en;q=0.8"},
		"User-Agent": {"Mozilla/5.0"}, "Cookie": {"_ga=GA1.1.1; _gid=GA1.1.2; csrftoken=zyxwvutsrqponmlkjihgfedcba543210"},
	}
	with := func(name, value string) http.Header {
		h := browser.Clone()
		h[name] = []string{value}
		return h
	}
	for _, bench := range []struct {
		name   string
		origin bakery
		header http.Header
	}{
		{"1KB", bakery{size: 1 << 10}, browser},
		{"32KB", bakery{size: 32 << 10}, browser},
		{"256KB", bakery{size: 256 << 10}, browser},
		{"32KB/gzip", bakery{size: 32 << 10}, with("Accept-Encoding", "gzip")},
		{"32KB/br", bakery{size: 32 << 10}, with("Accept-Encoding", "gzip, deflate, br, zstd")},
		{"32KB/25 tokens", bakery{32 << 10, 25}, browser},
		{"32KB/25 tokens, gzip", bakery{32 << 10, 25}, with("Accept-Encoding", "gzip")},
		{"32KB/not modified", bakery{size: 32 << 10}, with("If-None-Match", "*")},
	} {
		b.Run(bench.name, func(b *testing.B) { benchmarkHit(b, bench.origin, bench.header) })
	}
}

func benchmarkHit(b *testing.B, o bakery, header http.Header) {
	b.Helper()
	st, err := local.New(local.Config{MaxSize: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	over := &tally{ended: make(chan struct{}, 1)}
	copies := coding.NewPreparer(1, 10, func(v any) { panic(v) })
	rule := config.Rule{TTL: config.Duration(time.Hour), CSRF: &config.CSRF{Framework: config.CSRFDjango}}
	e := engine.New(engine.Config{
		Rule: policy.Compile(rule), Store: st, Limits: collapse.NewLimits(40, 8<<20), Upstream: new(engine.Upstream), Freeze: new(freeze.Switch),
		Chance: func() float64 { return 1 }, Marks: collapse.NewMarks(), Failed: collapse.NewMarks(), Ledger: purge.New(),
		Sessions: session.New(1 << 20), Variants: variant.New(), Random: random, TagKey: []byte{1}, Copies: copies,
		Recorder: over, Now: time.Now, Start: time.Now(),
	})
	q := &policy.Request{
		Method: http.MethodGet, Scheme: "https", Host: "shop.example", Original: "/products/category/shoes/", Current: "/products/category/shoes/",
		Header: header, Site: ":443 443", Route: "0123456789abcdef0123456789abcdef",
	}
	ask := func() engine.Result {
		result, err := e.Do(b.Context(), &void{header: make(http.Header, 8)}, q, o)
		if err != nil {
			b.Fatal(err)
		}
		return result
	}
	ask()
	<-over.ended
	ask()          // has the copy made
	copies.Close() // and waits for it
	b.ReportAllocs()
	for b.Loop() {
		if !ask().Status.Hit {
			b.Fatal("no hit")
		}
	}
}
