package local

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/page-cache/page-cache/module/store"
)

const (
	mebibyte = 1 << 20

	// MinSize is the smallest MaxSize. Below it a page of ordinary size would not fit into half a shard.
	MinSize = 8 * mebibyte

	// MaxSize is the largest Config.MaxSize: 64 shards of 2 GiB. bigcache addresses a shard with 32 bits and goes
	// wrong silently beyond 4 GiB.
	MaxSize = maxShards * 2048 * mebibyte

	// A shard of 32 MiB takes values of nearly 16 MiB, eight times the largest body that is stored by default.
	minShardSize = 32 * mebibyte

	// More shards would mean less waiting for locks, which 64 have made rare already, and a smaller MaxEntry.
	maxShards = 64

	// entryOverhead is what a value takes in a shard besides itself, rounded up: bigcache's header of 18 bytes, the
	// key of 32, a length prefix of at most 5, and our own mark.
	entryOverhead = 64

	// markSize is the length of what stands before each value: the bytes that had been written to the shard before.
	markSize = 8
)

// Config says how large a Store is.
type Config struct {
	// MaxSize is the room for values and their overhead in bytes, from MinSize to MaxSize. It is rounded down to
	// whole MiB in each shard. What the process needs on top is in the package's documentation.
	MaxSize int64
}

// Store is a store.Store in this process's memory, built on bigcache.
type Store struct {
	shards   []*shard // the number is a power of two
	hasher   hasher
	maxEntry int
	closed   atomic.Bool
}

// New allocates a store in full. The error names the limit that cfg breaks. Close releases the memory.
func New(cfg Config) (*Store, error) {
	return newStore(cfg, newSeededHasher(), newBigcache)
}

func newStore(cfg Config, h hasher, open opener) (*Store, error) {
	if cfg.MaxSize < MinSize {
		return nil, fmt.Errorf("local store: max size %d is below the minimum of %d bytes (8 MiB)", cfg.MaxSize, MinSize)
	}
	if limit := min(int64(MaxSize), math.MaxInt); cfg.MaxSize > limit {
		return nil, fmt.Errorf("local store: max size %d is above the maximum of %d bytes", cfg.MaxSize, limit)
	}
	count := shardCount(cfg.MaxSize)
	size := int(cfg.MaxSize/int64(count)) / mebibyte * mebibyte
	s := &Store{
		shards:   make([]*shard, count),
		hasher:   h,
		maxEntry: size/2 - entryOverhead,
	}
	for i := range s.shards {
		sh, err := newShard(size, h, open)
		if err != nil {
			return nil, fmt.Errorf("local store: %w", err)
		}
		s.shards[i] = sh
	}
	return s, nil
}

// shardCount returns the largest power of two that leaves every shard at least minShardSize, 1 at least and
// maxShards at most.
func shardCount(size int64) int {
	count := 1
	for count < maxShards && size/int64(2*count) >= minShardSize {
		count *= 2
	}
	return count
}

// Get implements store.Store. It takes a lock that other Gets share.
func (s *Store) Get(d store.Digest) ([]byte, error) {
	key := string(d[:])
	return s.shard(key).get(key)
}

// Set implements store.Store. It takes values of up to MaxEntry bytes. A full shard gives up its oldest values for a
// new one, by the time of their Set and whether they are in use or not; a value that is set anew or deleted keeps its
// old room until then.
func (s *Store) Set(d store.Digest, value []byte) error {
	if len(value) > s.maxEntry {
		return s.refuse()
	}
	key := string(d[:])
	return s.shard(key).set(key, value)
}

// refuse answers a Set of a value that is too large. It must not reach bigcache, which would empty the whole shard
// first and then refuse it.
func (s *Store) refuse() error {
	if s.closed.Load() {
		return store.ErrClosed
	}
	return store.ErrTooLarge
}

// Stays implements store.Store. The room that has come round since the value was set is less than half of its shard's.
func (s *Store) Stays(d store.Digest) bool {
	key := string(d[:])
	return s.shard(key).stays(key)
}

// Delete implements store.Store.
func (s *Store) Delete(d store.Digest) error {
	key := string(d[:])
	return s.shard(key).remove(key)
}

// Close implements store.Store. It waits for calls under way.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	var errs []error
	for _, sh := range s.shards {
		errs = append(errs, sh.close())
	}
	return errors.Join(errs...)
}

// MaxEntry returns the length of the largest value that Set takes, in bytes: half a shard, less the overhead. A shard
// is a ring in which values lie in one piece, so a value pushes out older ones of up to twice its size: the largest
// may cost a shard all others, one of a sixteenth never more than an eighth.
func (s *Store) MaxEntry() int { return s.maxEntry }

// Capacity returns the room of all shards in bytes, which is MaxSize rounded down.
func (s *Store) Capacity() int64 {
	return int64(len(s.shards)) * int64(s.shards[0].size)
}

// Len returns how many values are stored, 0 after Close.
func (s *Store) Len() int {
	n := 0
	for _, sh := range s.shards {
		n += sh.len()
	}
	return n
}

// Resets returns how many times since New a shard broke and was replaced by an empty one.
func (s *Store) Resets() uint64 {
	n := uint64(0)
	for _, sh := range s.shards {
		n += sh.resets.Load()
	}
	return n
}

func (s *Store) shard(key string) *shard {
	return s.shards[s.hasher.Sum64(key)&(uint64(len(s.shards))-1)]
}

var _ store.Store = (*Store)(nil)
