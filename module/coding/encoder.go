package coding

import (
	"bytes"
	"compress/gzip" // to decode: not by the hand that has encoded
	"fmt"
	"io"
	"math/bits"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxWindowBits bounds how far back a copy refers, and so what a visitor needs to
	// read it: 2 MiB, of the 8 MiB (RFC 9659) and 16 MiB (RFC 7932) that he must have.
	maxWindowBits = 21
	minWindowBits = 10

	// gzipHeader is RFC 1952 §2.3.1: deflate, no time, at the best level, unknown system.
	gzipHeader  = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
	gzipTrailer = 8 // CRC32 and ISIZE
)

// Up to these sizes in bytes a page is worth brotli's two highest levels that
// differ in kind, so that one costs some 100 ms; a larger one gets level 6.
const (
	brotliBestUpTo = 64 << 10 // level 11
	brotliHighUpTo = 1 << 20  // level 9
)

// zstdEncoders lends encoders: one has 40 MB of tables, which take longer to be
// cleared than a page to be compressed. What lies idle is collected.
var zstdEncoders sync.Pool //nolint:gochecknoglobals // scratch memory that nobody sees

type writer interface {
	io.WriteCloser
	Flush() error
}

// encoder writes one body in a coding.
type encoder struct {
	writer
	release func() // gives back what it has borrowed
}

// open returns an encoder for a body of size bytes, at least one, that writes to
// out from its end on. Gzip's trailer is the caller's.
func open(c Coding, out *bytes.Buffer, size int) (encoder, error) {
	nothing := func() {}
	switch c {
	case Gzip:
		out.WriteString(gzipHeader)
		w, err := flate.NewWriter(out, flate.BestCompression)
		return encoder{w, nothing}, err
	case Brotli:
		o := brotli.WriterOptions{Quality: brotliLevel(size), LGWin: windowBits(size)}
		return encoder{brotli.NewWriterOptions(out, o), nothing}, nil
	case Zstd:
		w, err := borrowZstd()
		if err != nil {
			return encoder{}, err
		}
		w.ResetContentSize(out, int64(size))
		return encoder{w, func() {
			w.Reset(nil) // the pool does not keep the page
			zstdEncoders.Put(w)
		}}, nil
	}
	return encoder{}, fmt.Errorf("coding: %d is no coding", c)
}

func borrowZstd() (*zstd.Encoder, error) {
	if w, ok := zstdEncoders.Get().(*zstd.Encoder); ok {
		return w, nil
	}
	return zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithWindowSize(1<<maxWindowBits), // at most: it is made to fit the content's size
		zstd.WithEncoderConcurrency(1),        // what is flushed is written when Flush returns
		zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false), // it would depend on what is in the holes
	)
}

// feed writes text and flushes: it is in the output, to the end of a byte.
func (e encoder) feed(text []byte) error {
	if _, err := e.Write(text); err != nil {
		return err
	}
	return e.Flush()
}

// finish writes text and ends the stream.
func (e encoder) finish(text []byte) error {
	if _, err := e.Write(text); err != nil {
		return err
	}
	return e.Close()
}

func brotliLevel(size int) int {
	switch {
	case size <= brotliBestUpTo:
		return 11
	case size <= brotliHighUpTo:
		return 9
	}
	return 6
}

// windowBits returns the binary logarithm of a window for a body of size bytes;
// brotli's is 16 bytes short of it (RFC 7932 §9.1).
func windowBits(size int) int {
	return min(max(bits.Len(uint(size)+16), minWindowBits), maxWindowBits)
}

// decodesTo checks that data, in a coding, is want.
func decodesTo(c Coding, data, want []byte) error {
	r, err := reader(c, data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	defer r.Close() //nolint:errcheck // it has told all there is
	got := bytes.NewBuffer(make([]byte, 0, len(want)+bytes.MinRead))
	if _, err = got.ReadFrom(io.LimitReader(r, int64(len(want))+1)); err != nil {
		return fmt.Errorf("%w: %s after %d of %d bytes: %w", ErrBroken, c, got.Len(), len(want), err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		return fmt.Errorf("%w: %s gives %d bytes of %d, or others", ErrBroken, c, got.Len(), len(want))
	}
	return nil
}

func reader(c Coding, data []byte) (io.ReadCloser, error) {
	switch c {
	case Gzip:
		return gzip.NewReader(bytes.NewReader(data))
	case Brotli:
		return io.NopCloser(brotli.NewReader(bytes.NewReader(data))), nil
	case Zstd:
		r, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(1<<maxWindowBits))
		if err != nil {
			return nil, err
		}
		return r.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("coding: %d is no coding", c)
}
