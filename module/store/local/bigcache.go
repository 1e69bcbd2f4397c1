package local

import (
	"context"
	"hash/maphash"
	"math"

	"github.com/allegro/bigcache/v3"
)

// cache is what a shard needs of bigcache.
type cache interface {
	Get(key string) ([]byte, error)
	Set(key string, value []byte) error
	Delete(key string) error
	Len() int
	Close() error
}

// opener makes a cache of size bytes; tests pass one that makes caches which break.
type opener func(size int, h hasher) (cache, error)

// hasher maps a key to the 64 bits that shards and bigcache know it by. It must never return 0, which bigcache takes
// for a deleted entry. Two keys with one hash cannot both be stored: the later one makes the earlier one a miss, and
// deleting either deletes what is there.
type hasher interface {
	Sum64(key string) uint64
}

// initialEntries sizes bigcache's maps, which grow by themselves, and with the entry size its byte queue, which must
// not. 1,024 keep both side tables and the first write buffer small against the shard.
const initialEntries = 1024

func newBigcache(size int, h hasher) (cache, error) {
	return bigcache.New(context.Background(), bigcacheConfig(size, h))
}

// bigcacheConfig returns the settings for one shard of size bytes, a multiple of 1 MiB.
func bigcacheConfig(size int, h hasher) bigcache.Config {
	return bigcache.Config{
		Shards:           1,
		HardMaxCacheSize: size / mebibyte,
		// A queue that may still grow refuses entries that would fit, and throws everything out before it does. The
		// product of these two is the size it starts with: all of it.
		MaxEntriesInWindow: initialEntries,
		MaxEntrySize:       (size + initialEntries - 1) / initialEntries,
		// Freshness is judged by the reader of a value. 292 years outlast a clock that jumps from 1970.
		LifeWindow:   math.MaxInt64,
		CleanWindow:  0, // no goroutine
		StatsEnabled: false,
		Verbose:      false,
		Hasher:       h,
	}
}

// seededHasher keeps outsiders from choosing keys that fall into one shard or share one hash.
type seededHasher struct{ seed maphash.Seed }

func newSeededHasher() seededHasher {
	return seededHasher{seed: maphash.MakeSeed()}
}

func (h seededHasher) Sum64(key string) uint64 {
	return max(maphash.String(h.seed, key), 1)
}
