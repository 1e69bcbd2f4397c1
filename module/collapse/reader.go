package collapse

import (
	"context"
	"errors"
	"io"
	"slices"
)

// Reader is one visitor's place in a Body. It is used by one goroutine.
type Reader struct {
	b      *Body
	at     *chunk // what is read now; protected by b.mu, as is what follows
	offset int64
	err    error
}

// attach adds a reader at the start; nil if the start is gone, or the body about to
// be given up.
func (b *Body) attach() *Reader {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.baseLocked() > 0 || b.ended || b.streaming && len(b.readers) == 0 {
		return nil
	}
	r := &Reader{b: b}
	b.readers[r] = struct{}{}
	return r
}

// Close leaves the body. It may be called more than once.
func (r *Reader) Close() {
	b := r.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.readers[r]; !ok {
		return
	}
	r.leaveLocked(errClosed)
	b.wakeLocked()
	b.desertedLocked()
}

// leaveLocked ends the reading with err. It lets go of the chunk as well, by which
// all that follow would be kept. b.mu is held.
func (r *Reader) leaveLocked(err error) {
	delete(r.b.readers, r)
	r.at, r.err = nil, err
}

// Next returns some of the bytes that have arrived since the last call, and waits
// for some if there are none. They stay valid and must not be changed. It returns
// io.EOF at the end of a whole body, ErrTruncated (wrapped, with the reason) at
// the end of one that was cut off, ErrLagging, or the context's error.
func (r *Reader) Next(ctx context.Context) ([]byte, error) {
	b := r.b
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if r.err != nil {
			return nil, r.err
		}
		if piece := r.takeLocked(); len(piece) > 0 {
			if b.streaming {
				b.wakeLocked() // the writer may be waiting for this reader
			}
			return piece, nil
		}
		if b.ended {
			if b.err != nil {
				return nil, errors.Join(ErrTruncated, b.err)
			}
			return nil, io.EOF
		}
		changed := b.changed
		b.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			b.mu.Lock()
			return nil, context.Cause(ctx)
		}
		b.mu.Lock()
	}
}

// takeLocked returns what the reader has not had of a chunk. b.mu is held.
func (r *Reader) takeLocked() []byte {
	if r.at == nil {
		r.at = r.b.first // nothing of the body was there before
	}
	if r.at == nil {
		return nil
	}
	if r.at.next != nil && r.at.next.start == r.offset {
		r.at = r.at.next
	}
	end := min(r.at.start+int64(len(r.at.data)), r.b.visibleLocked())
	piece := r.at.data[r.offset-r.at.start : end-r.at.start]
	r.offset += int64(len(piece))
	return slices.Clip(piece)
}

// Waiting reports whether Next would wait: whether the reader has taken all there
// is, and the body goes on.
func (r *Reader) Waiting() bool {
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	return !r.b.ended && r.err == nil && r.offset == r.b.visibleLocked()
}
