package engine_test

import (
	"crypto/rand"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/store"
)

// setting counts what is set.
type setting struct {
	*memory

	sets atomic.Int64
}

func (s *setting) Set(d store.Digest, value []byte) error {
	s.sets.Add(1)
	return s.memory.Set(d, value)
}

// TestCopyIsTriedOnce: a page that would not be smaller in a coding is not compressed
// again at each hit, and is served as it is.
func TestCopyIsTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := make([]byte, 2000)
		_, _ = rand.Read(page)
		o := handler(func(w http.ResponseWriter) error {
			w.Header().Set("Content-Type", "text/plain")
			_, err := w.Write(page)
			return err
		})
		st := &setting{memory: &memory{}}
		b := newBench(t, st)
		var after []int64
		for range 4 {
			w := &answer{t: t, ctx: t.Context(), header: http.Header{}}
			q := &policy.Request{
				Method: http.MethodGet, Scheme: "http", Host: "shop.test", Original: "/p", Current: "/p",
				Header: http.Header{"Accept-Encoding": {"gzip"}},
			}
			if _, err := b.engine.Do(t.Context(), w, q, o); err != nil {
				t.Fatal(err)
			}
			w.ended = true
			synctest.Wait()
			if w.header.Get("Content-Encoding") != "" {
				t.Errorf("sent in %s", w.header.Get("Content-Encoding"))
			}
			after = append(after, st.sets.Load())
		}
		// The miss sets the page, the first hit that there is no use in a copy.
		if after[1] != after[0]+1 || after[3] != after[1] {
			t.Errorf("set so often after each: %v", after)
		}
	})
}
