package collapse

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	// window is how much of a streamed body is kept between its writer and its
	// slowest reader, in bytes.
	window = 64 << 10
	// patience is how long a reader who has taken everything waits for a laggard.
	patience = 5 * time.Second
)

var (
	// ErrNoReaders tells the writer of a streamed body that nobody reads it.
	ErrNoReaders = errors.New("collapse: nobody reads the body any more")
	// ErrEnded tells a writer that the body was ended under him.
	ErrEnded = errors.New("collapse: the body has ended")
	// ErrTruncated tells a reader that the body ended before it was whole.
	ErrTruncated = errors.New("collapse: the body was cut off")
	// ErrLagging tells a reader that he was dropped, because he held up others.
	ErrLagging = errors.New("collapse: the reader was too slow for the others")
)

// Body is an answer's content while it arrives: one writer, many readers, each
// at his own pace.
type Body struct {
	limits *Limits
	limit  int64 // the most that is kept whole, in bytes

	mu        sync.Mutex // protects what follows
	buf       []byte     // bytes from offset base on; never changed once written
	base      int64
	charged   int64 // what limits has been asked for
	streaming bool
	ended     bool
	err       error // why the body is not whole; set with ended
	readers   map[*Reader]struct{}
	changed   chan struct{} // closed and replaced when anything above changes
}

func newBody(limits *Limits, limit int64) *Body {
	return &Body{
		limits: limits, limit: limit,
		readers: map[*Reader]struct{}{},
		changed: make(chan struct{}),
	}
}

// wakeLocked tells all who wait that something changed. b.mu is held.
func (b *Body) wakeLocked() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Grow makes room for a body of n bytes that is known to come, so that it is
// not moved while it grows. It is a hint.
func (b *Body) Grow(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > 0 && n <= b.limit && b.buf == nil && !b.streaming && !b.ended && b.limits.take(n) {
		b.charged = n
		b.buf = make([]byte, 0, n)
	}
}

// Write appends p, which the caller may use again afterwards. While the body is
// streamed it waits for the slowest reader, and returns ErrNoReaders when there
// is none. After the end it returns ErrEnded.
func (b *Body) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended && !b.streaming && !b.keepsLocked(int64(len(p))) {
		b.streaming = true
	}
	n := 0
	for n < len(p) {
		if b.ended {
			return n, ErrEnded
		}
		if b.streaming {
			if err := b.waitLocked(); err != nil {
				return n, err
			}
		}
		piece := p[n:]
		if b.streaming {
			piece = piece[:min(len(piece), window)]
		}
		b.buf = append(b.buf, piece...)
		n += len(piece)
		b.wakeLocked()
	}
	return n, nil
}

// keepsLocked reports whether n more bytes can be kept whole. b.mu is held.
func (b *Body) keepsLocked(n int64) bool {
	size := int64(len(b.buf)) + n
	if size > b.limit {
		return false
	}
	if more := size - b.charged; more > 0 {
		if !b.limits.take(more) {
			return false
		}
		b.charged = size
	}
	return true
}

// waitLocked lets go of what all readers have taken, and waits until the slowest
// is less than a window behind. b.mu is held, but not while it waits.
func (b *Body) waitLocked() error {
	var timer *time.Timer // runs while one reader waits for another
	defer func() {
		if timer != nil {
			timer.Stop()
		}
	}()
	for {
		b.trimLocked()
		switch {
		case b.ended:
			return ErrEnded
		case len(b.readers) == 0:
			return ErrNoReaders
		case len(b.buf) < window:
			return nil
		}
		var impatient <-chan time.Time
		switch uneven := b.unevenLocked(); {
		case uneven && timer == nil:
			timer = time.NewTimer(patience)
			impatient = timer.C
		case uneven:
			impatient = timer.C
		case timer != nil:
			timer.Stop()
			timer = nil
		}
		changed := b.changed
		b.mu.Unlock()
		late := false
		select {
		case <-changed:
		case <-impatient:
			late = true
		}
		b.mu.Lock()
		if late {
			timer = nil
			b.dropLaggardsLocked()
		}
	}
}

// trimLocked lets go of bytes that every reader has taken. b.mu is held.
func (b *Body) trimLocked() {
	low := b.base + int64(len(b.buf))
	for r := range b.readers {
		low = min(low, r.offset)
	}
	if low > b.base {
		b.buf = append([]byte(nil), b.buf[low-b.base:]...)
		b.base = low
	}
	if size := int64(len(b.buf)); size < b.charged {
		b.limits.give(b.charged - size)
		b.charged = size
	}
}

// unevenLocked reports whether the slowest reader holds up another. b.mu is held.
func (b *Body) unevenLocked() bool {
	for r := range b.readers {
		if r.offset > b.base {
			return true
		}
	}
	return false
}

// dropLaggardsLocked drops the readers who have taken nothing of the window,
// unless all are equally slow. b.mu is held.
func (b *Body) dropLaggardsLocked() {
	var late []*Reader
	for r := range b.readers {
		if r.offset == b.base {
			late = append(late, r)
		}
	}
	if len(late) == len(b.readers) {
		return
	}
	for _, r := range late {
		r.err = ErrLagging
		delete(b.readers, r)
	}
	b.wakeLocked()
}

// Stream gives up keeping the body whole.
func (b *Body) Stream() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streaming = true
	b.wakeLocked()
}

// Whole returns all bytes if the body was kept whole so far; they must not be
// changed.
func (b *Body) Whole() ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf, !b.streaming
}

// end ends the body: whole if err is nil, else cut off for the reason err. Only
// the first call counts.
func (b *Body) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.ended, b.err = true, err
	b.releaseLocked()
	b.wakeLocked()
}

// releaseLocked gives the room back when nobody will read any more. b.mu is held.
func (b *Body) releaseLocked() {
	if b.ended && len(b.readers) == 0 && b.charged > 0 {
		b.limits.give(b.charged)
		b.charged = 0
	}
}

// Reader is one visitor's place in a Body. It is used by one goroutine.
type Reader struct {
	b      *Body
	offset int64 // protected by b.mu
	err    error // protected by b.mu
}

// attach adds a reader at the start; nil if the start is gone.
func (b *Body) attach() *Reader {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.base > 0 {
		return nil
	}
	r := &Reader{b: b}
	b.readers[r] = struct{}{}
	return r
}

// Close leaves the body. It may be called more than once.
func (r *Reader) Close() {
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	if _, ok := r.b.readers[r]; !ok {
		return
	}
	delete(r.b.readers, r)
	r.b.releaseLocked()
	r.b.wakeLocked()
}

// Next returns the bytes that have arrived since the last call, and waits for
// some if there are none. They stay valid and must not be changed. It returns
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
		if rest := b.buf[r.offset-b.base:]; len(rest) > 0 {
			r.offset += int64(len(rest))
			if b.streaming {
				b.wakeLocked() // the writer may be waiting for this reader
			}
			return slices.Clip(rest), nil
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

// Waiting reports whether Next would wait: whether the reader has taken all there
// is, and the body goes on.
func (r *Reader) Waiting() bool {
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	return !r.b.ended && r.err == nil && r.offset == r.b.base+int64(len(r.b.buf))
}
