package engine

import (
	"errors"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/store"
)

// apartFrom is the size of a body, in bytes, from which on it is stored apart from its
// head. A page that is refreshed and has not changed then costs the store a head, and
// does not push out others; below, a second look-up would cost more than that saves.
const apartFrom = 4 << 10

// join gives an entry its body, if that is kept apart.
func (e *Engine) join(found *entry.Entry) error {
	if found.Apart.Size == 0 || found.Body != nil {
		return nil
	}
	body, err := e.read(found.Apart.Sum)
	if err != nil {
		return err
	}
	if err := found.Join(body); err != nil {
		e.Recorder.StoreFailed("get", err)
		e.remove(found.Apart.Sum) // or it would be taken for a body that needs not be stored again
		return err
	}
	return nil
}

// head reads what is stored under key, without a body that is kept apart. Another key
// with the same digest is as good as nothing.
func (e *Engine) head(key *cachekey.Key) (*entry.Entry, error) {
	raw, err := e.read(key.Digest)
	if err != nil {
		return nil, err
	}
	found, err := entry.Decode(raw)
	if err != nil {
		e.Recorder.StoreFailed("get", err)
		return nil, err
	}
	if found.Key != key.Text {
		return nil, store.ErrNotFound
	}
	return found, nil
}

func (e *Engine) read(d store.Digest) ([]byte, error) {
	raw, err := e.Store.Get(d)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		e.Recorder.StoreFailed("get", err)
	}
	return raw, err
}

// keep stores an entry under key, and returns why it did not. A large body is set
// before its head, so that there is none without it.
func (e *Engine) keep(key *cachekey.Key, kept *entry.Entry) cachestatus.Reason {
	if kept.Apart.Size == 0 && kept.Size() >= apartFrom {
		head, body := kept.Split()
		if sum := store.Digest(head.Apart.Sum); !e.Store.Stays(sum) {
			if reason := e.write(sum, body); reason != cachestatus.ReasonNone {
				return reason
			}
		}
		kept = head
	}
	return e.write(key.Digest, kept.Encode())
}

func (e *Engine) write(d store.Digest, value []byte) cachestatus.Reason {
	switch err := e.Store.Set(d, value); {
	case errors.Is(err, store.ErrTooLarge):
		return cachestatus.ReasonTooLarge
	case err != nil:
		e.Recorder.StoreFailed("set", err)
		return cachestatus.ReasonStore
	}
	return cachestatus.ReasonNone
}

func (e *Engine) remove(d store.Digest) {
	if err := e.Store.Delete(d); err != nil {
		e.Recorder.StoreFailed("set", err)
	}
}
