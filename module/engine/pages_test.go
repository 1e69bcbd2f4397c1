package engine_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/page-cache/page-cache/module/store"
	"github.com/page-cache/page-cache/module/store/local"
)

// counting is a store that counts the bytes that are set.
type counting struct {
	store.Store

	mu    sync.Mutex // protects bytes
	bytes int
}

func (c *counting) Set(d store.Digest, value []byte) error {
	c.mu.Lock()
	c.bytes += len(value)
	c.mu.Unlock()
	return c.Store.Set(d, value)
}

// set returns how many bytes were set since the last call.
func (c *counting) set() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.bytes
	c.bytes = 0
	return n
}

func smallStore(t *testing.T) *counting {
	t.Helper()
	st, err := local.New(local.Config{MaxSize: local.MinSize})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return &counting{Store: st}
}

func sendsBody(body string) handler {
	return func(w http.ResponseWriter) error {
		_, err := w.Write([]byte(body))
		return err
	}
}

// wantPage asks, and checks the body of the answer.
func (b *bench) wantPage(o handler, want string) {
	b.t.Helper()
	w, err := b.get(o, http.Header{})
	if err != nil || w.body.String() != want {
		b.t.Errorf("got %d bytes, %v, %q", w.body.Len(), err, w.sent["Cache-Status"])
	}
}

// A hot page that does not change costs the store a head each time it is refreshed, and
// pushes nobody out, however long that goes on. It stays itself, too: its body is set
// again before the ring comes round.
func TestUnchangedBodyIsNotStoredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := smallStore(t)
		b := newBench(t, st)
		other := store.Digest{1}
		if err := st.Set(other, []byte("unrelated")); err != nil {
			t.Fatal(err)
		}
		body := page(50_000)
		b.wantPage(sendsBody(body), body)
		if n := st.set(); n < len(body) {
			t.Fatalf("%d bytes were set for the first time", n)
		}
		for range 1000 { // stored as a whole each time, that would be six times the room
			time.Sleep(15 * time.Second)
			b.wantPage(sendsBody(body), body)
			if n := st.set(); n == 0 || n > 1000 {
				t.Fatalf("%d bytes were set for a page that has not changed", n)
			}
		}
		if got, err := st.Get(other); err != nil || string(got) != "unrelated" {
			t.Errorf("the unrelated value: %q, %v", got, err)
		}
		for n := range 2 * local.MinSize / 40_000 { // others come, in between
			if err := st.Set(store.Digest{2, byte(n), byte(n >> 8)}, make([]byte, 40_000)); err != nil {
				t.Fatal(err)
			}
			if n%20 == 0 {
				time.Sleep(15 * time.Second)
				b.wantPage(sendsBody(body), body)
			}
			b.wantPage(func(http.ResponseWriter) error { panic("the page is gone") }, body)
		}
	})
}

// A body that changes is stored anew, and the old one answers nobody any more.
func TestChangedBodyIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := smallStore(t)
		b := newBench(t, st)
		for n := range 20 {
			body := page(10_000 + n%3)
			b.wantPage(sendsBody(body), body)
			b.wantPage(func(http.ResponseWriter) error { panic("the page is not stored") }, body)
			time.Sleep(15 * time.Second)
		}
	})
}

// A head whose body is gone is a miss; one whose body is damaged as well, and the body
// is then stored anew.
func TestHeadWithoutItsBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &memory{}
		b := newBench(t, st)
		body := page(10_000)
		b.wantPage(sendsBody(body), body)
		if len(st.m) != 2 {
			t.Fatalf("%d values are stored, want head and body", len(st.m))
		}
		for d, value := range st.m {
			if len(value) == len(body) {
				value[17] ^= 1
				defer func() {
					if got := st.m[d]; len(got) != len(body) || got[17] != body[17] {
						t.Error("the damaged body was not replaced")
					}
				}()
			}
		}
		b.wantPage(sendsBody(body), body)
		if n := b.notes.counts["get-failed"]; n == 0 {
			t.Error("nobody was told")
		}
		for d, value := range st.m {
			if len(value) == len(body) {
				delete(st.m, d)
			}
		}
		b.wantPage(sendsBody(body), body)
		b.wantPage(func(http.ResponseWriter) error { panic("the page is not stored") }, body)
	})
}
