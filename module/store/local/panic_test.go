package local

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/allegro/bigcache/v3"

	"github.com/page-cache/page-cache/module/store"
	"github.com/page-cache/page-cache/module/store/storetest"
)

// fragile makes real bigcache instances that panic under their own lock, which then stays taken.
type fragile struct{ armed atomic.Bool }

func (f *fragile) open(size int, h hasher) (cache, error) {
	config := bigcacheConfig(size, h)
	config.OnRemove = func(string, []byte) {
		if f.armed.Swap(false) {
			panic("index out of range")
		}
	}
	c, err := bigcache.New(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return &brokenReader{cache: c, armed: &f.armed}, nil
}

// brokenReader panics in Get too, with a lock that readers share taken for good.
type brokenReader struct {
	cache
	armed *atomic.Bool
	mu    sync.RWMutex
}

func (b *brokenReader) Get(key string) ([]byte, error) {
	b.mu.RLock()
	if b.armed.Swap(false) {
		panic("slice bounds out of range")
	}
	value, err := b.cache.Get(key)
	b.mu.RUnlock()
	return value, err
}

func (b *brokenReader) Set(key string, value []byte) error {
	b.mu.Lock()
	err := b.cache.Set(key, value)
	b.mu.Unlock()
	return err
}

func openFragile(t *testing.T, size int64) (*Store, *fragile) {
	t.Helper()
	f := &fragile{}
	s, err := newStore(Config{MaxSize: size}, newSeededHasher(), f.open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, f
}

func wantWorking(t *testing.T, s *Store) {
	t.Helper()
	for i := range 50 {
		if err := s.Set(storetest.Digest(i), []byte{byte(i)}); err != nil {
			t.Errorf("Set after the panic: %v", err)
		}
		if got, err := s.Get(storetest.Digest(i)); err != nil || len(got) != 1 || got[0] != byte(i) {
			t.Errorf("Get after the panic: got %x, %v", got, err)
		}
		if err := s.Delete(storetest.Digest(i)); err != nil {
			t.Errorf("Delete after the panic: %v", err)
		}
	}
}

func TestPanicInSet(t *testing.T) {
	s, f := openFragile(t, MinSize)
	value := make([]byte, 1<<20)
	f.armed.Store(true)
	failed := 0
	for i := range 20 { // the shard is full after 8, and the next one evicts
		err := s.Set(storetest.Digest(i), value)
		if errors.Is(err, store.ErrFailed) {
			failed++
			if got, err := s.Get(storetest.Digest(i)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Get of what was not stored: got %d bytes, %v", len(got), err)
			}
		} else if err != nil {
			t.Errorf("Set: %v", err)
		}
	}
	if failed != 1 || s.Resets() != 1 {
		t.Errorf("%d calls failed and %d resets were counted, want 1 and 1", failed, s.Resets())
	}
	wantWorking(t, s)
}

func TestPanicInGet(t *testing.T) {
	s, f := openFragile(t, MinSize)
	if err := s.Set(storetest.Digest(1), []byte("one")); err != nil {
		t.Fatal(err)
	}
	f.armed.Store(true)
	if got, err := s.Get(storetest.Digest(1)); got != nil || !errors.Is(err, store.ErrFailed) {
		t.Errorf("Get: got %q, %v, want %v", got, err, store.ErrFailed)
	}
	if s.Resets() != 1 {
		t.Errorf("%d resets were counted, want 1", s.Resets())
	}
	wantWorking(t, s)
}

// What was to be deleted is gone, so a purge may believe the answer.
func TestPanicInDelete(t *testing.T) {
	s, f := openFragile(t, MinSize)
	if err := s.Set(storetest.Digest(1), []byte("one")); err != nil {
		t.Fatal(err)
	}
	f.armed.Store(true)
	if err := s.Delete(storetest.Digest(1)); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if got, err := s.Get(storetest.Digest(1)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get after Delete: got %q, %v", got, err)
	}
	if s.Resets() != 1 {
		t.Errorf("%d resets were counted, want 1", s.Resets())
	}
	wantWorking(t, s)
}

func TestPanicCostsOneShard(t *testing.T) {
	s, f := openFragile(t, 128*mebibyte)
	const entries = 400
	for i := range entries {
		if err := s.Set(storetest.Digest(i), []byte("page")); err != nil {
			t.Fatal(err)
		}
	}
	f.armed.Store(true)
	if err := s.Delete(storetest.Digest(0)); err != nil {
		t.Fatal(err)
	}
	if left := s.Len(); left < entries/2 || left == entries {
		t.Errorf("%d of %d values are left in 4 shards, of which one broke", left, entries)
	}
}

// Whoever waits while an instance breaks goes on with the next one: the test ends only if nobody is left behind.
func TestNobodyWaitsForABrokenInstance(t *testing.T) {
	s, f := openFragile(t, MinSize)
	value := make([]byte, 64<<10)
	var wg sync.WaitGroup
	check := func(err error) {
		if err != nil && !errors.Is(err, store.ErrFailed) && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
	for g := range 16 {
		wg.Go(func() {
			for i := range 100 {
				if i%20 == g {
					f.armed.Store(true)
				}
				d := storetest.Digest((g*31 + i) % 200)
				switch (g + i) % 4 {
				case 0:
					check(s.Set(d, value))
				case 1:
					check(s.Delete(d))
				default:
					_, err := s.Get(d)
					check(err)
				}
			}
		})
	}
	wg.Wait()
	f.armed.Store(false)
	if s.Resets() == 0 {
		t.Error("no instance broke")
	}
	wantWorking(t, s)
}

// A shard that cannot be replaced is closed; the others go on.
func TestPanicWithoutReplacement(t *testing.T) {
	f := &fragile{}
	opened := false
	s, err := newStore(Config{MaxSize: MinSize}, newSeededHasher(), func(size int, h hasher) (cache, error) {
		if opened {
			return nil, errors.New("no memory")
		}
		opened = true
		return f.open(size, h)
	})
	if err != nil {
		t.Fatal(err)
	}
	f.armed.Store(true)
	if _, err := s.Get(storetest.Digest(1)); !errors.Is(err, store.ErrFailed) {
		t.Errorf("Get: got %v, want %v", err, store.ErrFailed)
	}
	if _, err := s.Get(storetest.Digest(1)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get: got %v, want %v", err, store.ErrClosed)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// An error that bigcache does not document is no miss in silence.
func TestUnknownError(t *testing.T) {
	cause := errors.New("empty queue")
	s, err := newStore(Config{MaxSize: MinSize}, newSeededHasher(), func(int, hasher) (cache, error) {
		return failing{cause}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, getErr := s.Get(storetest.Digest(1))
	for call, err := range map[string]error{
		"Get":    getErr,
		"Set":    s.Set(storetest.Digest(1), nil),
		"Delete": s.Delete(storetest.Digest(1)),
	} {
		if !errors.Is(err, store.ErrFailed) || !errors.Is(err, cause) {
			t.Errorf("%s: got %v, want %v", call, err, store.ErrFailed)
		}
	}
	if err := s.Close(); !errors.Is(err, cause) {
		t.Errorf("Close: got %v, want %v", err, cause)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: got %v, want nil", err)
	}
}

type failing struct{ err error }

func (f failing) Get(string) ([]byte, error) { return nil, f.err }
func (f failing) Set(string, []byte) error   { return f.err }
func (f failing) Delete(string) error        { return f.err }
func (f failing) Len() int                   { return 0 }
func (f failing) Close() error               { return f.err }
