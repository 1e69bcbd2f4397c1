package local

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/allegro/bigcache/v3"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/store"
	"github.com/page-cache/page-cache/module/store/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func open(tb testing.TB, size int64) *Store {
	tb.Helper()
	s, err := New(Config{MaxSize: size})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContract(t *testing.T) {
	for _, size := range []int64{MinSize, 64 * mebibyte} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			storetest.Run(t, storetest.Subject{
				Open: func(tb testing.TB) store.Store {
					tb.Helper()
					return open(tb, size)
				},
				TooLarge: open(t, size).MaxEntry() + 1,
			})
		})
	}
}

// The contract holds, but for what a collision takes away, when hashes collide all the time.
func TestCollisions(t *testing.T) {
	s, err := newStore(Config{MaxSize: MinSize}, constantHasher{}, newBigcache)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, b := storetest.Digest(1), storetest.Digest(2)
	if err := s.Set(a, []byte("page of a")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(b); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get of b while a holds their hash: got %q, %v, want a miss", got, err)
	}
	if err := s.Set(b, []byte("page of b")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(a); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get of a after b took their hash: got %q, %v, want a miss", got, err)
	}
	if got, err := s.Get(b); err != nil || string(got) != "page of b" {
		t.Errorf("Get of b: got %q, %v", got, err)
	}
	if err := s.Delete(a); err != nil {
		t.Errorf("Delete of a: %v", err)
	}
	if got, err := s.Get(b); err == nil && string(got) != "page of b" {
		t.Errorf("Get of b after Delete of a: got %q", got)
	}
}

func TestCollisionsNeverMixValues(t *testing.T) {
	s, err := newStore(Config{MaxSize: MinSize}, coarseHasher{}, newBigcache)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rapid.Check(t, func(t *rapid.T) {
		key := storetest.Digest(rapid.IntRange(0, 9).Draw(t, "key"))
		if rapid.Bool().Draw(t, "set") {
			value := append(key[:], rapid.SliceOf(rapid.Byte()).Draw(t, "value")...)
			if err := s.Set(key, value); err != nil {
				t.Fatal(err)
			}
			return
		}
		got, err := s.Get(key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		if err == nil && !bytes.HasPrefix(got, key[:]) {
			t.Fatalf("Get of %x: got %x", key, got)
		}
	})
}

type constantHasher struct{}

func (constantHasher) Sum64(string) uint64 { return 7 }

type coarseHasher struct{}

func (coarseHasher) Sum64(key string) uint64 { return uint64(key[31])%3 + 1 }

func TestNewLimits(t *testing.T) {
	for _, size := range []int64{math.MinInt64, -1, 0, 1, MinSize - 1, MaxSize + 1, math.MaxInt64} {
		s, err := New(Config{MaxSize: size})
		if err == nil {
			_ = s.Close()
			t.Errorf("New of %d bytes: no error", size)
			continue
		}
		limit := fmt.Sprint(int64(MinSize))
		if size > MinSize {
			limit = fmt.Sprint(int64(MaxSize))
		}
		if !strings.Contains(err.Error(), limit) {
			t.Errorf("New of %d bytes: error %q does not name the limit %s", size, err, limit)
		}
	}
}

func TestGeometry(t *testing.T) {
	tests := []struct {
		size      int64
		shards    int
		shardSize int
	}{
		{8 * mebibyte, 1, 8 * mebibyte},
		{9*mebibyte - 1, 1, 8 * mebibyte},
		{63 * mebibyte, 1, 63 * mebibyte},
		{64*mebibyte - 1, 1, 63 * mebibyte},
		{64 * mebibyte, 2, 32 * mebibyte},
		{127 * mebibyte, 2, 63 * mebibyte},
		{128 * mebibyte, 4, 32 * mebibyte},
		{256 * mebibyte, 8, 32 * mebibyte},
		{1000 * mebibyte, 16, 62 * mebibyte},
		{2048 * mebibyte, 64, 32 * mebibyte},
		{8192 * mebibyte, 64, 128 * mebibyte},
		{MaxSize, 64, 2048 * mebibyte},
	}
	for _, test := range tests {
		s, err := newStore(Config{MaxSize: test.size}, newSeededHasher(), openNothing)
		if err != nil {
			t.Fatalf("New of %d bytes: %v", test.size, err)
		}
		if len(s.shards) != test.shards || s.shards[0].size != test.shardSize {
			t.Errorf("New of %d bytes: got %d shards of %d, want %d of %d",
				test.size, len(s.shards), s.shards[0].size, test.shards, test.shardSize)
		}
		if want := test.shardSize/2 - entryOverhead; s.MaxEntry() != want {
			t.Errorf("New of %d bytes: MaxEntry = %d, want %d", test.size, s.MaxEntry(), want)
		}
		if want := int64(test.shards) * int64(test.shardSize); s.Capacity() != want || want > test.size {
			t.Errorf("New of %d bytes: Capacity = %d, want %d", test.size, s.Capacity(), want)
		}
	}
}

func openNothing(int, hasher) (cache, error) { return nil, nil }

func TestNewReportsWhatBigcacheReports(t *testing.T) {
	cause := errors.New("no memory")
	_, err := newStore(Config{MaxSize: MinSize}, newSeededHasher(), func(int, hasher) (cache, error) { return nil, cause })
	if !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
}

// bigcache refuses an entry that fits, and empties the shard, when its queue is not at its full size from the start.
func TestQueueIsAllocatedInFull(t *testing.T) {
	for _, size := range []int{8, 9, 31, 32, 33, 63} {
		size *= mebibyte
		c, err := bigcache.New(t.Context(), bigcacheConfig(size, newSeededHasher()))
		if err != nil {
			t.Fatal(err)
		}
		if c.Capacity() != size {
			t.Errorf("a shard of %d bytes starts with %d", size, c.Capacity())
		}
		for i := range 4 * initialEntries {
			if err := c.Set(fmt.Sprint(i), make([]byte, 5000)); err != nil {
				t.Fatal(err)
			}
		}
		if c.Capacity() != size {
			t.Errorf("a shard of %d bytes has become one of %d", size, c.Capacity())
		}
		_ = c.Close()
	}
}

func TestLargestValueFitsAtAnyFillLevel(t *testing.T) {
	const chunk = 61 << 10 // no divisor of the shard, so that the ring's end falls anywhere
	for level := range 2 * MinSize / chunk {
		if level%17 != 0 {
			continue
		}
		s := open(t, MinSize)
		for i := range level {
			if err := s.Set(storetest.Digest(i), make([]byte, chunk)); err != nil {
				t.Fatalf("level %d: %v", i, err)
			}
		}
		for _, length := range []int{700 << 10, s.MaxEntry(), s.MaxEntry(), 1, s.MaxEntry() - 1} {
			value := bytes.Repeat([]byte{byte(level)}, length)
			if err := s.Set(storetest.Digest(-1), value); err != nil {
				t.Fatalf("Set of %d bytes at level %d: %v", length, level, err)
			}
			if got, err := s.Get(storetest.Digest(-1)); err != nil || !bytes.Equal(got, value) {
				t.Fatalf("Get of %d bytes at level %d: got %d bytes, %v", length, level, len(got), err)
			}
		}
		_ = s.Close()
	}
}

func TestTooLargeEvictsNothing(t *testing.T) {
	s := open(t, MinSize)
	const entries = 100
	for i := range entries {
		if err := s.Set(storetest.Digest(i), make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	for _, length := range []int{s.MaxEntry() + 1, MinSize - 100, MinSize, 4 * MinSize} {
		if err := s.Set(storetest.Digest(0), make([]byte, length)); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("Set of %d bytes: got %v, want %v", length, err, store.ErrTooLarge)
		}
	}
	if s.Len() != entries {
		t.Errorf("%d entries are left of %d", s.Len(), entries)
	}
}

// A value pushes out at most twice its size, wherever the ring's end is.
func TestEvictionIsBounded(t *testing.T) {
	s := open(t, MinSize)
	const small = 1 << 10
	large := make([]byte, MinSize/16)
	next := 0
	for range 5 {
		for range 3 * MinSize / small / 2 {
			next++
			if err := s.Set(storetest.Digest(next), make([]byte, small)); err != nil {
				t.Fatal(err)
			}
		}
		before := s.Len()
		if err := s.Set(storetest.Digest(-1), large); err != nil {
			t.Fatal(err)
		}
		if lost := before - s.Len(); lost > 2*len(large)/small {
			t.Errorf("a value of %d bytes pushed out %d values of %d", len(large), lost, small)
		}
	}
}

func TestHashIsNeverZero(t *testing.T) {
	h := newSeededHasher()
	other := newSeededHasher()
	same := 0
	for i := range 1000 {
		key := fmt.Sprint(i)
		if h.Sum64(key) == 0 {
			t.Errorf("hash of %q is 0", key)
		}
		if h.Sum64(key) == other.Sum64(key) {
			same++
		}
	}
	if same > 1 {
		t.Errorf("%d of 1000 hashes are the same under two seeds", same)
	}
}
