package collapse

import (
	"errors"
	"sync"
	"time"
)

const (
	// window is how far the writer of a streamed body may be ahead of its slowest
	// reader before he waits, in bytes.
	window = 64 << 10
	// A body is kept in chunks of these sizes, which grow with it: it never moves,
	// and what was read is let go piece by piece.
	minChunk = 4 << 10
	maxChunk = window
	// patience is how long a reader who has taken everything waits for a laggard.
	patience = 5 * time.Second
	// holdBack is how long the last piece waits for a handler that has more to do
	// when it has written everything.
	holdBack = time.Second
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

	errClosed = errors.New("collapse: the reader was closed")
)

// Body is an answer's content while it arrives: one writer, many readers, each
// at his own pace.
type Body struct {
	limits   *Limits
	limit    int64  // the most that is kept whole, in bytes
	outgrown func() // called when the body is found too large to be kept whole

	// deserted is called when the last reader of a streamed body has left it. Set
	// before the first write; nil: nobody minds.
	deserted func()

	mu        sync.Mutex // protects what follows
	first     *chunk     // what is still kept; nil before the first write
	last      *chunk
	size      int64 // bytes written
	declared  int64 // the length that is to come; 0: not known
	held      int64 // where the piece begins that makes it whole; -1: none is held back
	letGo     *time.Timer
	charged   int64 // what limits has been asked for
	streaming bool
	streamed  chan struct{} // closed when streaming is set
	ended     bool
	err       error // why the body is not whole; set with ended
	readers   map[*Reader]struct{}
	changed   chan struct{} // closed and replaced when anything above changes
}

// chunk is a part of a body. Its bytes are never changed once written: readers
// use them without the lock.
type chunk struct {
	start int64  // the place of its first byte in the body
	data  []byte // what is written; its capacity is never exceeded
	next  *chunk
}

func newBody(limits *Limits, limit int64) *Body {
	return &Body{
		limits: limits, limit: limit, held: -1,
		readers: map[*Reader]struct{}{},
		changed: make(chan struct{}), streamed: make(chan struct{}),
	}
}

// wakeLocked tells all who wait that something changed. b.mu is held.
func (b *Body) wakeLocked() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Declare says that a body of n bytes is to come. Room is made for it, in one chunk
// if there is any, and its last piece is held back until the end: who has the whole
// page and asks again at once finds it stored.
func (b *Body) Declare(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.declared = n
	if n > 0 && n <= b.limit && b.first == nil && !b.streaming && !b.ended && b.limits.take(n) {
		b.charged = n
		b.addChunkLocked(n)
	}
}

// Write appends p, which the caller may use again afterwards. While the body is
// streamed it waits for the slowest reader, and returns ErrNoReaders when there
// is none. After the end it returns ErrEnded.
func (b *Body) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended && !b.streaming && !b.keepsLocked(int64(len(p))) {
		b.streamLocked()
		b.outgrown()
		b.wakeLocked() // what was held back may be read
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
		if b.held < 0 && b.declared > 0 && b.size+int64(len(p)-n) >= b.declared {
			b.held = b.size
			b.letGo = time.AfterFunc(holdBack, b.release)
		}
		n += b.addLocked(p[n:])
		b.wakeLocked()
	}
	return n, nil
}

// addLocked appends the beginning of p, as much as the last chunk takes, and
// returns how much that was. b.mu is held.
func (b *Body) addLocked(p []byte) int {
	if b.last == nil || len(b.last.data) == cap(b.last.data) {
		b.addChunkLocked(min(max(b.size, int64(len(p)), minChunk), maxChunk))
	}
	c := b.last
	n := min(len(p), cap(c.data)-len(c.data), maxChunk)
	c.data = append(c.data, p[:n]...)
	b.size += int64(n)
	return n
}

// addChunkLocked adds an empty chunk of this capacity. b.mu is held.
func (b *Body) addChunkLocked(capacity int64) {
	c := &chunk{start: b.size, data: make([]byte, 0, capacity)}
	if b.last == nil {
		b.first = c
	} else {
		b.last.next = c
	}
	b.last = c
}

// keepsLocked reports whether n more bytes can be kept whole. b.mu is held.
func (b *Body) keepsLocked(n int64) bool {
	size := b.size + n
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
		low := b.trimLocked()
		switch {
		case b.ended:
			return ErrEnded
		case len(b.readers) == 0:
			return ErrNoReaders
		case b.size-low < window:
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

// trimLocked lets go of chunks that every reader has taken, but for the last, and
// returns up to where all have read. b.mu is held.
func (b *Body) trimLocked() int64 {
	low := b.size
	for r := range b.readers {
		low = min(low, r.offset)
	}
	for b.first != nil && b.first.next != nil && b.first.next.start <= low {
		b.first = b.first.next
	}
	if b.first != nil && b.first == b.last && cap(b.first.data) > maxChunk {
		return low // one large chunk, which is there as a whole
	}
	if kept := b.size - b.baseLocked(); !b.ended && kept < b.charged {
		b.limits.give(b.charged - kept)
		b.charged = kept
	}
	return low
}

// release lets the last piece be read.
func (b *Body) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held, b.declared = -1, 0
	b.wakeLocked()
}

// visibleLocked returns up to where the body may be read. b.mu is held.
func (b *Body) visibleLocked() int64 {
	if b.held >= 0 && !b.ended && !b.streaming {
		return b.held
	}
	return b.size
}

// baseLocked returns where in the body begins what is still kept. b.mu is held.
func (b *Body) baseLocked() int64 {
	if b.first == nil {
		return 0
	}
	return b.first.start
}

// holdsUpLocked reports whether the writer waits for r. b.mu is held.
func (b *Body) holdsUpLocked(r *Reader) bool { return b.size-r.offset >= window }

// unevenLocked reports whether there is a reader who could go on, if the writer
// did not wait for others. b.mu is held.
func (b *Body) unevenLocked() bool {
	for r := range b.readers {
		if !b.holdsUpLocked(r) {
			return true
		}
	}
	return false
}

// dropLaggardsLocked drops the readers who hold up the writer, unless all do. b.mu
// is held.
func (b *Body) dropLaggardsLocked() {
	if !b.unevenLocked() {
		return
	}
	for r := range b.readers {
		if b.holdsUpLocked(r) {
			r.leaveLocked(ErrLagging)
		}
	}
	b.wakeLocked()
}

// Stream gives up keeping the body whole.
func (b *Body) Stream() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streamLocked()
	b.wakeLocked()
	b.desertedLocked()
}

// streamLocked gives up keeping the body whole. b.mu is held.
func (b *Body) streamLocked() {
	if !b.streaming {
		b.streaming = true
		close(b.streamed)
	}
}

// desertedLocked tells, of a body that is streamed, that nobody reads it. b.mu is
// held.
func (b *Body) desertedLocked() {
	if b.streaming && !b.ended && len(b.readers) == 0 && b.deserted != nil {
		b.deserted()
	}
}

// Whole returns all bytes if the body was kept whole so far; they must not be
// changed.
func (b *Body) Whole() ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.streaming:
		return nil, false
	case b.first == nil:
		return nil, true
	case b.first == b.last:
		return b.first.data, true
	}
	all := make([]byte, 0, b.size)
	for c := b.first; c != nil; c = c.next {
		all = append(all, c.data...)
	}
	return all, true
}

// failure returns why a body that has ended is not whole.
func (b *Body) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// end ends the body: whole if err is nil, else cut off for the reason err. Only
// the first call counts. Its room is given back at once: readers who are slow
// keep what they read, as those of a stored page do, but must not keep other
// pages from being stored.
func (b *Body) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.ended, b.err = true, err
	if b.letGo != nil {
		b.letGo.Stop()
	}
	b.limits.give(b.charged)
	b.charged = 0
	b.wakeLocked()
}
