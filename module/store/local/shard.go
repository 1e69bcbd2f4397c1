package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/allegro/bigcache/v3"

	"github.com/page-cache/page-cache/module/store"
)

// shard is one bigcache instance, itself of one shard, behind a lock of our own.
//
// bigcache does not defer its unlocks: after a panic its lock stays taken, and whoever waits for it waits for ever.
// Here nobody ever waits for it. Our lock lets in exactly those whom bigcache's would let in, so theirs is always
// free; and a panic replaces the instance before our lock is given back, so that all who waited go on with an empty
// one. What is lost is the values of this shard and of no other.
type shard struct {
	size int
	open func() (cache, error)

	// mu is held around every call of the instance: shared for reading it, alone for changing it.
	mu sync.RWMutex

	// instance is atomic because a reader that panicked replaces it while others hold mu for reading too. They
	// finish on the old one, whose lock a reader can leave taken for writers only. It is nil after close.
	instance atomic.Pointer[instance]

	resets atomic.Uint64

	written uint64 // bytes set so far, overhead included; protected by mu
}

type instance struct{ cache }

func newShard(size int, h hasher, open opener) (*shard, error) {
	sh := &shard{size: size, open: func() (cache, error) { return open(size, h) }}
	c, err := sh.open()
	if err != nil {
		return nil, err
	}
	sh.instance.Store(&instance{c})
	return sh, nil
}

func (sh *shard) get(key string) (value []byte, err error) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	in := sh.instance.Load()
	if in == nil {
		return nil, store.ErrClosed
	}
	defer sh.replaceAfterPanic(in, &err)
	value, err = in.Get(key)
	switch {
	case err == nil && len(value) < markSize:
		return nil, fmt.Errorf("%w: a value without its mark", store.ErrFailed)
	case err == nil:
		return value[markSize:], nil
	case errors.Is(err, bigcache.ErrEntryNotFound):
		return nil, store.ErrNotFound
	default:
		return nil, fmt.Errorf("%w: %w", store.ErrFailed, err)
	}
}

func (sh *shard) set(key string, value []byte) (err error) {
	marked := make([]byte, markSize+len(value))
	copy(marked[markSize:], value)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	in := sh.instance.Load()
	if in == nil {
		return store.ErrClosed
	}
	defer sh.replaceAfterPanic(in, &err)
	binary.LittleEndian.PutUint64(marked, sh.written)
	if err := in.Set(key, marked); err != nil {
		return fmt.Errorf("%w: %w", store.ErrFailed, err)
	}
	sh.written += uint64(len(value)) + entryOverhead
	return nil
}

func (sh *shard) stays(key string) (yes bool) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	in := sh.instance.Load()
	if in == nil {
		return false
	}
	var met error
	defer sh.replaceAfterPanic(in, &met)
	value, err := in.Get(key)
	return err == nil && len(value) >= markSize &&
		sh.written-binary.LittleEndian.Uint64(value) < uint64(sh.size)/2 //nolint:gosec // a size is never negative
}

func (sh *shard) remove(key string) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	in := sh.instance.Load()
	if in == nil {
		return store.ErrClosed
	}
	// A panic is no failure of this call: the value is gone with the instance, and the reset is counted.
	var met error
	defer sh.replaceAfterPanic(in, &met)
	if err := in.Delete(key); err != nil && !errors.Is(err, bigcache.ErrEntryNotFound) {
		return fmt.Errorf("%w: %w", store.ErrFailed, err)
	}
	return nil
}

func (sh *shard) len() int {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if in := sh.instance.Load(); in != nil {
		return in.Len()
	}
	return 0
}

// replaceAfterPanic is deferred around a call of in, after the unlock of mu was, so that it runs before. The old
// instance is not closed: that would do nothing, since it runs no goroutine.
func (sh *shard) replaceAfterPanic(in *instance, err *error) {
	cause := recover()
	if cause == nil {
		return
	}
	*err = fmt.Errorf("%w: panic in bigcache: %v", store.ErrFailed, cause)
	var fresh *instance
	if c, openErr := sh.open(); openErr == nil {
		fresh = &instance{c}
	}
	// Of two readers that met the same broken instance, one replaces it.
	if sh.instance.CompareAndSwap(in, fresh) {
		sh.resets.Add(1)
	}
}

func (sh *shard) close() error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if in := sh.instance.Swap(nil); in != nil {
		return in.Close()
	}
	return nil
}
