package engine_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/store"
	"github.com/page-cache/page-cache/module/variant"
)

// bench is an engine with what a scenario cannot say.
type bench struct {
	t      *testing.T
	store  store.Store
	limits *collapse.Limits
	notes  *notes
	engine *engine.Engine
}

func newBench(t *testing.T, st store.Store) *bench {
	t.Helper()
	return newBenchOf(t, st, config.Rule{TTL: config.Duration(15 * time.Second)})
}

func newBenchOf(t *testing.T, st store.Store, rule config.Rule) *bench {
	t.Helper()
	b := &bench{t: t, store: st, limits: collapse.NewLimits(40, 1<<20), notes: &notes{counts: map[string]int{}}}
	b.engine = engine.New(engine.Config{
		Rule: policy.Compile(rule), Store: st, Limits: b.limits, Upstream: new(engine.Upstream), Freeze: new(freeze.Switch), Chance: func() float64 { return 0 },
		Marks: collapse.NewMarks(), Failed: collapse.NewMarks(), Ledger: purge.New(), Sessions: session.New(1 << 20), Variants: variant.New(), Random: random, TagKey: []byte{1},
		Recorder: b.notes, Now: time.Now, Start: time.Now(),
	})
	return b
}

// get asks for /p, and checks that nothing is left over when all is done.
func (b *bench) get(o engine.Origin, server http.Header) (*answer, error) {
	b.t.Helper()
	w := &answer{t: b.t, ctx: b.t.Context(), header: server}
	q := &policy.Request{Method: http.MethodGet, Scheme: "http", Host: "shop.test", Original: "/p", Current: "/p", Header: http.Header{}}
	_, err := b.engine.Do(b.t.Context(), w, q, o)
	w.ended = true
	synctest.Wait()
	if b.limits.Fills() != 0 || b.limits.Bytes() != 0 {
		b.t.Errorf("%d fills and %d bytes were not given back", b.limits.Fills(), b.limits.Bytes())
	}
	return w, err
}

// handler is an Origin made of one function.
type handler func(w http.ResponseWriter) error

func (h handler) Forward(w http.ResponseWriter, mark func(int, http.Header)) error {
	return h(&marked{w, mark, false})
}

func (h handler) Detach(*policy.Intake) (engine.Fill, error) {
	return func(_ context.Context, w http.ResponseWriter, _ http.Header) error { return h(w) }, nil
}

func writes(text string) handler {
	return func(w http.ResponseWriter) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// flapping finds a page at every other look only.
type flapping struct {
	memory

	looks int
}

func (f *flapping) Get(d store.Digest) ([]byte, error) {
	if f.looks++; f.looks%2 == 1 {
		return nil, store.ErrNotFound
	}
	return f.memory.Get(d)
}

// A visitor who would go round in circles is forwarded instead.
func TestCirclesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &flapping{looks: 1}
		b := newBench(t, st)
		if _, err := b.get(writes("stored"), http.Header{}); err != nil || st.len() != 1 {
			t.Fatalf("got %v, and %d entries", err, st.len())
		}
		st.looks = 0
		w, err := b.get(writes("forwarded"), http.Header{})
		if err != nil || w.body.String() != "forwarded" || w.sent.Get("Cache-Status") != "page-cache;fwd=bypass;fwd-status=200;detail=internal" {
			t.Errorf("got %q, %v, %v", w.body.String(), w.sent, err)
		}
	})
}

// headless is an origin whose requests cannot be detached.
type headless struct{ handler }

func (headless) Detach(*policy.Intake) (engine.Fill, error) { return nil, errRefused }

func TestRequestThatCannotBeDetached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := newBench(t, &memory{}).get(headless{writes("page")}, http.Header{})
		if err != nil || w.body.String() != "page" || w.sent.Get("Cache-Status") != "page-cache;fwd=bypass;fwd-status=200;detail=internal" {
			t.Errorf("got %q, %v, %v", w.body.String(), w.sent, err)
		}
	})
}

// panicking is a store with a bug.
type panicking struct{ memory }

func (*panicking) Set(store.Digest, []byte) error { panic("a bug of ours") }

func TestOwnPanicInAFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &panicking{})
		for range 2 { // the key is usable again
			if _, err := b.get(writes("page"), http.Header{}); !errors.Is(err, engine.ErrAbort) {
				t.Errorf("got %v, want an answer that breaks off", err)
			}
		}
		if b.notes.counts["fill-failed"] != 2 || b.notes.counts["stack"] != 2 {
			t.Errorf("got %v, want two failures with their stacks", b.notes.counts)
		}
	})
}

func TestFieldsOfAMiss(t *testing.T) {
	for _, tt := range []struct {
		name   string
		outer  http.Header // what the server and outer handlers have set
		origin http.Header
		want   http.Header
	}{
		{
			"the origin's name stands in for the server's",
			http.Header{"Server": {"Caddy"}},
			http.Header{"Server": {"uWSGI"}},
			http.Header{"Server": {"uWSGI"}},
		},
		{
			"outer fields are kept beside the origin's",
			http.Header{"Link": {"</a>"}, "X-Outer": {"1"}},
			http.Header{"Link": {"</b>"}},
			http.Header{"Link": {"</a>", "</b>"}, "X-Outer": {"1"}},
		},
		{
			"a nearer cache spoke first",
			http.Header{},
			http.Header{"Cache-Status": {"varnish;hit"}, "Age": {"5"}},
			http.Header{
				"Cache-Status": {"varnish;hit", "page-cache;fwd=uri-miss;fwd-status=200;stored;ttl=10;detail=not-found"}, "Age": {"5"},
			},
		},
		{
			"what concerns one connection is dropped",
			http.Header{},
			http.Header{"Connection": {"x-one"}, "X-One": {"1"}, "Keep-Alive": {"5"}},
			http.Header{"Connection": nil, "X-One": nil, "Keep-Alive": nil},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, err := newBench(t, &memory{}).get(handler(func(w http.ResponseWriter) error {
					maps.Copy(w.Header(), tt.origin)
					_, err := io.WriteString(w, "page")
					return err
				}), tt.outer)
				if err != nil || w.body.String() != "page" {
					t.Errorf("got %q, %v", w.body.String(), err)
				}
				for name, want := range tt.want {
					if got := w.sent[name]; strings.Join(got, "|") != strings.Join(want, "|") {
						t.Errorf("%s: got %q, want %q", name, got, want)
					}
				}
			})
		})
	}
}

// RFC 9111: 3.1-3.
func TestTrailers(t *testing.T) {
	for _, tt := range []struct {
		name      string
		announced bool
		set, want string
		stored    int
	}{
		{"announced", true, "X-Sum", "X-Sum", 0},
		{"not announced", false, http.TrailerPrefix + "X-Sum", http.TrailerPrefix + "X-Sum", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &memory{}
				b := newBench(t, st)
				o := handler(func(w http.ResponseWriter) error {
					if tt.announced {
						w.Header().Set("Trailer", "X-Sum, X-Never")
					}
					_, err := io.WriteString(w, "page")
					w.Header().Set(tt.set, "1")
					return err
				})
				w, err := b.get(o, http.Header{})
				if err != nil || w.header.Get(tt.want) != "1" || w.sent.Get(tt.want) != "" || len(w.header["X-Never"]) > 0 {
					t.Errorf("got %v after %v, %v", w.header, w.sent, err)
				}
				if st.len() != tt.stored {
					t.Errorf("%d entries, want %d", st.len(), tt.stored)
				}
				if tt.stored == 0 {
					return
				}
				if w, err := b.get(o, http.Header{}); err != nil || w.header.Get(tt.want) != "" || !strings.Contains(w.header.Get("Cache-Status"), ";hit") {
					t.Errorf("the hit has %v, %v", w.header, err)
				}
			})
		})
	}
}

// flushed notes what had been written at each flush.
type flushed struct {
	*answer

	at []string
}

func (f *flushed) Flush() { f.at = append(f.at, f.body.String()) }

// What has come does not wait for what has not.
func TestPiecesAreFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &memory{})
		w := &flushed{answer: &answer{t: t, ctx: t.Context(), header: http.Header{}}}
		q := &policy.Request{Method: http.MethodGet, Scheme: "http", Host: "shop.test", Original: "/p", Current: "/p", Header: http.Header{}}
		_, err := b.engine.Do(t.Context(), w, q, handler(func(w http.ResponseWriter) error {
			for _, piece := range []string{"one ", "two ", "three"} {
				if _, err := io.WriteString(w, piece); err != nil {
					return err
				}
				time.Sleep(time.Second)
			}
			return nil
		}))
		// The header may have gone before the first piece came.
		if got := strings.TrimPrefix(strings.Join(w.at, "|"), "|"); err != nil || got != "one |one two |one two three" {
			t.Errorf("flushed at %q, %v", got, err)
		}
	})
}

// The header of what may be a stream does not wait for its first piece.
func TestHeaderIsFlushed(t *testing.T) {
	for length, want := range map[string]bool{"": true, "4": false} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &memory{})
			w := &flushed{answer: &answer{t: t, ctx: t.Context(), header: http.Header{}}}
			q := &policy.Request{Method: http.MethodGet, Scheme: "http", Host: "shop.test", Original: "/p", Current: "/p", Header: http.Header{}}
			_, err := b.engine.Do(t.Context(), w, q, handler(func(w http.ResponseWriter) error {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				w.WriteHeader(http.StatusOK)
				time.Sleep(time.Second)
				_, err := io.WriteString(w, "page")
				time.Sleep(time.Second)
				return err
			}))
			if got := slices.Contains(w.at, ""); err != nil || got != want || w.body.String() != "page" {
				t.Errorf("length %q: flushed at %q, %v", length, w.at, err)
			}
		})
	}
}

func TestCloseFromManySides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &memory{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := b.get(handler(func(w http.ResponseWriter) error {
				time.Sleep(time.Second)
				return writes("page")(w)
			}), http.Header{}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		start := time.Now()
		for range 10 {
			wg.Go(func() {
				b.engine.Close(time.Minute)
				if waited := time.Since(start); waited != time.Second {
					t.Errorf("closed after %v", waited)
				}
			})
		}
		wg.Wait()
	})
}

// A refresh that ends because its configuration was replaced says nothing of the origin:
// the next one tries at once.
func TestReplacedRefreshIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rule := config.Rule{TTL: config.Duration(15 * time.Second), StaleIfError: new(config.Duration(time.Hour))}
		b := newBenchOf(t, &memory{}, rule)
		b.wantPage(sendsBody("old"), "old")
		time.Sleep(20 * time.Second)
		fails := handler(func(http.ResponseWriter) error { return errRefused })
		b.wantPage(fails, "old")
		time.Sleep(2 * time.Second)
		hung := make(chan struct{})
		defer close(hung)
		refreshes := 0
		hangs := handler(func(http.ResponseWriter) error { refreshes++; <-hung; return nil })
		ask := func() {
			w := &answer{t: t, ctx: t.Context(), header: http.Header{}}
			q := &policy.Request{Method: http.MethodGet, Scheme: "http", Host: "shop.test", Original: "/p", Current: "/p", Header: http.Header{}}
			if _, err := b.engine.Do(t.Context(), w, q, hangs); err != nil || w.body.String() != "old" {
				t.Errorf("got %q, %v", w.body.String(), err)
			}
			synctest.Wait()
		}
		ask()
		ask()
		if refreshes != 1 {
			t.Fatalf("%d refreshes, want one", refreshes)
		}
		next := engine.New(b.engine.Config)
		b.engine.Close(0)
		synctest.Wait()
		b.engine = next
		ask()
		if refreshes != 2 {
			t.Errorf("%d refreshes, want one more under the new configuration", refreshes)
		}
		next.Close(0)
		synctest.Wait()
	})
}

func TestStatusErrorTellsItsCause(t *testing.T) {
	err := error(&engine.StatusError{Status: 504, Err: engine.ErrFillTimeout})
	if !errors.Is(err, engine.ErrFillTimeout) || !strings.Contains(err.Error(), "504") {
		t.Errorf("got %v", err)
	}
}

func random(b []byte) { _, _ = rand.Read(b) }
