package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/page-cache/page-cache/module/coding"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/store"
)

// notWorth is what is stored in a copy's place when one would be of no use.
//
//nolint:gochecknoglobals // a read-only value
var notWorth = []byte{0}

// load gives what was found its body, or x the copy of it that the visitor reads best,
// if there is one. The error is that of the body, if there is nothing to send.
func (x *exchange) load(found *entry.Entry) error {
	x.copy = nil
	wanted := policy.DecideCopy(x.q, x.e.Rule, &x.in, found, x.plainTag(found))
	c, ok := coding.Parse(wanted)
	if !ok {
		return x.e.join(found)
	}
	id := copyID(found, c)
	raw, err := x.e.read(id)
	if err == nil && len(raw) > len(notWorth) {
		form, err := coding.Decode(raw)
		if err == nil && form.Coding == c && len(form.Holes) == len(found.Holes) {
			x.copy = form
			return nil
		}
		x.e.Recorder.StoreFailed("get", errors.Join(err, errCopy))
	}
	if broken := x.e.join(found); broken != nil {
		return broken
	}
	if err != nil || len(raw) > len(notWorth) {
		x.e.prepare(id, c, found)
	}
	return nil
}

var errCopy = errors.New("a stored copy is not what it should be")

// prepare has a copy of a page made behind the answers. A body that is stored apart is
// read anew then, so that what waits takes no room.
func (e *Engine) prepare(id [32]byte, c coding.Coding, found *entry.Entry) {
	holes, size := found.Holes, 0
	if len(holes) > 0 {
		size = entry.HoleSize
	}
	body, sum := found.Body, found.Apart
	switch {
	case sum.Size > 0:
		body = nil
	case len(holes) > 0:
		body = bytes.Clone(body) // who asked has his own tokens put into it meanwhile
	}
	e.Copies.Try(id, func() {
		if sum.Size > 0 {
			var err error
			if body, err = e.read(sum.Sum); err != nil {
				return
			}
		}
		// Whatever comes of it, and be it a panic, it would not be another the next time.
		e.write(id, notWorth)
		form, err := coding.Prepare(c, body, holes, size)
		switch {
		case err == nil:
			e.write(id, form.Encode())
		case errors.Is(err, coding.ErrBroken):
			e.Recorder.StoreFailed("set", err)
		}
	})
}

// copyID returns what the copy of a page in a coding is stored under. It follows from
// the body, so that a page that is refreshed and has not changed keeps its copies, and
// nobody finds those of one that has.
func copyID(e *entry.Entry, c coding.Coding) store.Digest {
	h := sha256.New()
	h.Write([]byte("page_cache copy\x00" + c.String() + "\x00"))
	if e.Apart.Size > 0 {
		h.Write(e.Apart.Sum[:])
	} else {
		h.Write(e.Body)
	}
	for _, at := range e.Holes {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(at)) //nolint:gosec // an offset
		h.Write(b[:])
	}
	return store.Digest(h.Sum(nil))
}

// plainTag returns the entity-tag that the page has for this visitor without a coding.
func (x *exchange) plainTag(found *entry.Entry) string {
	if len(found.Holes) == 0 || len(x.q.Header["If-None-Match"]) == 0 {
		return found.Header.Get("ETag")
	}
	return x.e.Rule.VisitorTag(x.q, found.Header.Get("ETag"), x.e.TagKey)
}
