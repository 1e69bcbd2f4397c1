// Package storetest is the contract that every store.Store passes, as a test suite.
//
// It is for tests alone and imports package testing. It knows nothing of how a store works: a store may forget
// anything at any time but a value just set by a caller who is alone, and may never return bytes that were not the
// last ones set. Run may be called by tests that run in parallel.
package storetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/store"
)

// Subject is the store under test.
type Subject struct {
	// Open returns a new, empty store. Run closes it.
	Open func(tb testing.TB) store.Store

	// TooLarge is the length in bytes of the smallest value that Set refuses, 0 if there is none.
	TooLarge int
}

// Run tests the subject against everything that store.Store promises.
func Run(t *testing.T, s Subject) {
	t.Helper()
	cases := map[string]func(t *testing.T, s Subject){
		"miss":                  testMiss,
		"round trip":            testRoundTrip,
		"overwrite":             testOverwrite,
		"delete":                testDelete,
		"stays":                 testStays,
		"copies":                testCopies,
		"digests are whole":     testDigestsAreWhole,
		"largest and too large": testTooLarge,
		"close":                 testClose,
		"model":                 testModel,
		"concurrent":            testConcurrent,
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

// Digest returns a digest that is different for every n.
func Digest(n int) store.Digest {
	var d store.Digest
	binary.BigEndian.PutUint64(d[24:], uint64(n)) //nolint:gosec // only the bit pattern matters
	return d
}

func (s Subject) open(tb testing.TB) store.Store {
	tb.Helper()
	st := s.Open(tb)
	tb.Cleanup(func() {
		if err := st.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	})
	return st
}

func testMiss(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	wantMiss(t, st, Digest(1))
	wantMiss(t, st, store.Digest{})
}

func testRoundTrip(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	for i, value := range [][]byte{nil, {}, {0}, []byte("page"), bytes.Repeat([]byte{0xff, 0}, 50_000)} {
		if s.TooLarge > 0 && len(value) >= s.TooLarge {
			continue
		}
		mustSet(t, st, Digest(i), value)
		wantValue(t, st, Digest(i), value)
		wantValue(t, st, Digest(i), value)
	}
}

func testOverwrite(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	for _, value := range []string{"one", "a longer one", "1", "", "last"} {
		mustSet(t, st, Digest(1), []byte(value))
		wantValue(t, st, Digest(1), []byte(value))
	}
}

func testDelete(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	if err := st.Delete(Digest(1)); err != nil {
		t.Errorf("Delete of nothing: got %v, want nil", err)
	}
	mustSet(t, st, Digest(1), []byte("one"))
	mustSet(t, st, Digest(2), []byte("two"))
	for range 2 {
		if err := st.Delete(Digest(1)); err != nil {
			t.Errorf("Delete: got %v, want nil", err)
		}
		wantMiss(t, st, Digest(1))
	}
	wantValue(t, st, Digest(2), []byte("two"))
	mustSet(t, st, Digest(1), []byte("again"))
	wantValue(t, st, Digest(1), []byte("again"))
}

// A value that stays is there; one that was never set, or is gone, does not.
func testStays(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	if st.Stays(Digest(1)) {
		t.Error("nothing stays")
	}
	mustSet(t, st, Digest(1), []byte("one"))
	if st.Stays(Digest(1)) {
		wantValue(t, st, Digest(1), []byte("one"))
	}
	if err := st.Delete(Digest(1)); err != nil {
		t.Error(err)
	}
	if st.Stays(Digest(1)) {
		t.Error("what was deleted stays")
	}
}

func testCopies(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	value := []byte("value")
	mustSet(t, st, Digest(1), value)
	value[0] = 'X'
	wantValue(t, st, Digest(1), []byte("value"))
	got, err := st.Get(Digest(1))
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	got[0] = 'X'
	wantValue(t, st, Digest(1), []byte("value"))
}

func testDigestsAreWhole(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	digests := []store.Digest{{}}
	for i := range len(store.Digest{}) {
		var d store.Digest
		d[i] = 1
		digests = append(digests, d)
	}
	for i, d := range digests {
		mustSet(t, st, d, []byte{byte(i)})
	}
	for i, d := range digests {
		wantValue(t, st, d, []byte{byte(i)})
	}
}

func testTooLarge(t *testing.T, s Subject) {
	t.Helper()
	if s.TooLarge == 0 {
		t.Skip("this store takes values of any size")
	}
	st := s.open(t)
	mustSet(t, st, Digest(0), make([]byte, s.TooLarge-1))
	wantValue(t, st, Digest(0), make([]byte, s.TooLarge-1))
	for i := range 20 {
		mustSet(t, st, Digest(i), []byte{byte(i)})
	}
	for _, length := range []int{s.TooLarge, 2 * s.TooLarge, 3*s.TooLarge + 1} {
		for _, d := range []store.Digest{Digest(0), Digest(1000)} {
			if err := st.Set(d, make([]byte, length)); !errors.Is(err, store.ErrTooLarge) {
				t.Errorf("Set of %d bytes: got %v, want %v", length, err, store.ErrTooLarge)
			}
		}
	}
	for i := range 20 {
		wantValue(t, st, Digest(i), []byte{byte(i)})
	}
	wantMiss(t, st, Digest(1000))
}

func testClose(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	mustSet(t, st, Digest(1), []byte("one"))
	for range 3 {
		if err := st.Close(); err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
	}
	if got, err := st.Get(Digest(1)); got != nil || !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get after Close: got %q, %v, want nil, %v", got, err, store.ErrClosed)
	}
	if err := st.Set(Digest(1), nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Set after Close: got %v, want %v", err, store.ErrClosed)
	}
	if err := st.Set(Digest(1), make([]byte, s.TooLarge)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Set of a large value after Close: got %v, want %v", err, store.ErrClosed)
	}
	if err := st.Delete(Digest(1)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Delete after Close: got %v, want %v", err, store.ErrClosed)
	}
	if st.Stays(Digest(1)) {
		t.Error("something stays after Close")
	}
}

func testModel(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	tooLarge := make([]byte, s.TooLarge)
	rapid.Check(t, func(t *rapid.T) {
		m := &model{store: st, want: map[int][]byte{}, tooLarge: tooLarge}
		for key := range modelKeys {
			if err := st.Delete(Digest(key)); err != nil {
				t.Fatalf("Delete: %v", err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"set":           m.set,
			"set too large": m.setTooLarge,
			"delete":        m.remove,
			"get":           m.get,
		})
	})
}

const modelKeys = 12

// model compares the store with a map. A value that is not in the map must not be in the store; one that is may have
// been forgotten, but not in the call after its Set.
type model struct {
	store    store.Store
	want     map[int][]byte
	tooLarge []byte // empty if no value is
}

func (m *model) key(t *rapid.T) int {
	return rapid.IntRange(0, modelKeys-1).Draw(t, "key")
}

func (m *model) set(t *rapid.T) {
	key := m.key(t)
	length := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 60_000)).Draw(t, "length")
	value := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, length)
	mustSet(t, m.store, Digest(key), value)
	m.want[key] = value
	wantValue(t, m.store, Digest(key), value)
}

func (m *model) setTooLarge(t *rapid.T) {
	if len(m.tooLarge) == 0 {
		t.Skip("no value is too large")
	}
	if err := m.store.Set(Digest(m.key(t)), m.tooLarge); !errors.Is(err, store.ErrTooLarge) {
		t.Fatalf("Set: got %v, want %v", err, store.ErrTooLarge)
	}
}

func (m *model) remove(t *rapid.T) {
	key := m.key(t)
	if err := m.store.Delete(Digest(key)); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	delete(m.want, key)
	wantMiss(t, m.store, Digest(key))
}

func (m *model) get(t *rapid.T) {
	key := m.key(t)
	got, err := m.store.Get(Digest(key))
	if errors.Is(err, store.ErrNotFound) {
		return
	}
	if want, ok := m.want[key]; err != nil || !ok || !bytes.Equal(got, want) {
		t.Fatalf("Get: got %d bytes, %v, want %d bytes (in the model: %t)", len(got), err, len(want), ok)
	}
}

// testConcurrent has all goroutines work on all digests. Every value names its digest and repeats its version, which
// its length follows from, so a mixture of two values would show.
func testConcurrent(t *testing.T, s Subject) {
	t.Helper()
	st := s.open(t)
	const goroutines, rounds, keys = 8, 250, 16
	var wg sync.WaitGroup
	for g := range byte(goroutines) {
		wg.Go(func() {
			for i := range byte(rounds) {
				work(t, st, (g*7+i)%keys, i)
			}
		})
	}
	wg.Wait()
}

func work(t *testing.T, st store.Store, key, version byte) {
	t.Helper()
	d := Digest(int(key))
	switch version % 5 {
	case 0:
		value := bytes.Repeat([]byte{version}, 2+int(version)*8)
		value[0] = key
		if err := st.Set(d, value); err != nil {
			t.Errorf("Set: %v", err)
		}
	case 1:
		if err := st.Delete(d); err != nil {
			t.Errorf("Delete: %v", err)
		}
	default:
		got, err := st.Get(d)
		if errors.Is(err, store.ErrNotFound) {
			return
		}
		if err != nil || !whole(got, key) {
			t.Errorf("Get of %d: got %x, %v", key, got, err)
		}
	}
}

func whole(value []byte, key byte) bool {
	if len(value) < 2 || value[0] != key {
		return false
	}
	version := value[1]
	return len(value) == 2+int(version)*8 && bytes.Count(value[1:], []byte{version}) == len(value)-1
}

// reporter is what the helpers need of *testing.T and *rapid.T.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

func mustSet(t reporter, st store.Store, d store.Digest, value []byte) {
	t.Helper()
	if err := st.Set(d, value); err != nil {
		t.Fatalf("Set of %d bytes: %v", len(value), err)
	}
}

func wantMiss(t reporter, st store.Store, d store.Digest) {
	t.Helper()
	if got, err := st.Get(d); got != nil || !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Get: got %d bytes, %v, want %v", len(got), err, store.ErrNotFound)
	}
}

func wantValue(t reporter, st store.Store, d store.Digest, want []byte) {
	t.Helper()
	got, err := st.Get(d)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Get: got %d bytes, %v, want %d bytes", len(got), err, len(want))
	}
}
