package engine_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/store"
	"github.com/page-cache/page-cache/module/store/local"
	"github.com/page-cache/page-cache/module/variant"
)

// oneSlot is a store in which all digests collide.
type oneSlot struct {
	mu    sync.Mutex // protects value
	value []byte
}

func (s *oneSlot) Get(store.Digest) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == nil {
		return nil, store.ErrNotFound
	}
	return append([]byte(nil), s.value...), nil
}

func (s *oneSlot) Set(_ store.Digest, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value = append([]byte(nil), value...)
	return nil
}

func (*oneSlot) Stays(store.Digest) bool { return false }

func (s *oneSlot) Delete(store.Digest) error { return nil }
func (s *oneSlot) Close() error              { return nil }

// ended is a Recorder that tells when fills have ended.
type ended chan cachestatus.Reason

func (ended) Answered(cachestatus.Status)      {}
func (e ended) Filled(r cachestatus.Reason)    { e <- r }
func (ended) StoreFailed(op string, err error) { panic(op + ": " + err.Error()) }
func (ended) FillFailed(err error, _ []byte)   { panic(err) }
func (ended) RefreshSkipped()                  { panic("a refresh was skipped") }

// named is an Origin whose pages name their path.
type named struct{ fills *[]string }

func (named) Forward(http.ResponseWriter, func(int, http.Header)) error { panic("bypassed") }

func (n named) Detach(in *policy.Intake) (engine.Fill, error) {
	target := in.Inputs.Current
	*n.fills = append(*n.fills, target)
	return func(_ context.Context, w http.ResponseWriter, _ http.Header) error {
		_, err := io.WriteString(w, "the page of "+target)
		return err
	}, nil
}

// ask returns what a visitor of target gets, once the store has it.
func ask(t *testing.T, e *engine.Engine, fills *[]string, over ended, target string) (hit bool) {
	t.Helper()
	w := httptest.NewRecorder()
	q := &policy.Request{Method: http.MethodGet, Scheme: "http", Host: "shop.test", Original: target, Current: target, Header: http.Header{}}
	result, err := e.Do(t.Context(), w, q, named{fills})
	if err != nil || w.Body.String() != "the page of "+target {
		t.Errorf("%.40s: %v, %.60q", target, err, w.Body)
	}
	if !result.Status.Hit {
		if reason := <-over; reason != cachestatus.ReasonNone {
			t.Errorf("%.40s is not stored: %s", target, reason)
		}
	}
	return result.Status.Hit
}

func newColliding(t *testing.T, st store.Store) (*engine.Engine, ended) {
	t.Helper()
	over := make(ended, 1)
	e := engine.New(engine.Config{
		Rule: policy.Compile(config.Rule{TTL: config.Duration(time.Minute)}), Store: st, Limits: collapse.NewLimits(10, 1<<20), Upstream: new(engine.Upstream), Freeze: new(freeze.Switch), Chance: func() float64 { return 0 },
		Marks: collapse.NewMarks(), Failed: collapse.NewMarks(), Ledger: purge.New(), Sessions: session.New(1 << 20), Variants: variant.New(), Random: random, TagKey: []byte{1},
		Recorder: over, Now: time.Now, Start: time.Now(),
	})
	t.Cleanup(func() { e.Close(time.Second) })
	return e, over
}

// TestS46_FullKeyIsCompared: what lies under a request's digest and has another
// key is a miss, and never the answer.
func TestS46_FullKeyIsCompared(t *testing.T) {
	e, over := newColliding(t, &oneSlot{})
	var fills []string
	for _, step := range []struct {
		target string
		hit    bool
	}{{"/a", false}, {"/a", true}, {"/b", false}, {"/b", true}, {"/a", false}, {"/a?", false}, {"/a?", true}} {
		if hit := ask(t, e, &fills, over, step.target); hit != step.hit {
			t.Errorf("%s: hit %t, want %t", step.target, hit, step.hit)
		}
	}
	if got := strings.Join(fills, " "); got != "/a /b /a /a?" {
		t.Errorf("the origin was asked for %s", got)
	}
}

// TestS46_LongKeys: keys longer than any length field of a store are kept apart to
// their last byte.
func TestS46_LongKeys(t *testing.T) {
	st, err := local.New(local.Config{MaxSize: local.MinSize})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	e, over := newColliding(t, st)
	var fills []string
	for _, n := range []int{16 << 10, 20_000, 65_535, 65_536, 70_000} {
		long := "/" + strings.Repeat("x", n)
		for _, target := range []string{long, long + "y", long + "z", long + "?"} {
			if ask(t, e, &fills, over, target) {
				t.Errorf("%d bytes: the first visitor hit", len(target))
			}
			if !ask(t, e, &fills, over, target) {
				t.Errorf("%d bytes: the second visitor missed", len(target))
			}
		}
	}
	if len(fills) != 5*4 {
		t.Errorf("%d fills, want %d", len(fills), 5*4)
	}
}
