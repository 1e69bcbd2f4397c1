// Package store says what a place for encoded entries must do, whatever it is built on.
//
// It holds the interface, the errors and the key type, and no code that stores anything. A store knows bytes and
// digests alone: freshness, purging and the meaning of a value are other packages' business. Every Store may be used
// by any number of goroutines at once.
package store

import "errors"

var (
	// ErrNotFound says that nothing is stored under the digest, or no longer.
	ErrNotFound = errors.New("store: not found")

	// ErrTooLarge says that the value is larger than the store takes. Nothing was changed.
	ErrTooLarge = errors.New("store: value too large")

	// ErrClosed says that the store was closed before the call.
	ErrClosed = errors.New("store: closed")

	// ErrFailed is wrapped by every error about a store that broke while it did its work. A caller treats it as a
	// miss and counts it.
	ErrFailed = errors.New("store: failed")
)

// Digest identifies a stored value. It stands for a longer cache key and must be as good as unique for it, as a
// SHA-256 is; the whole key belongs into the value, where the reader compares it.
type Digest [32]byte

// Store keeps values under digests for as long as it has room. It may forget any value at any time; it never returns
// bytes other than those that were last set under that digest.
type Store interface {
	// Get returns the value last set under d. The bytes belong to the caller. The error is ErrNotFound for a miss,
	// ErrClosed after Close, and wraps ErrFailed when the store broke.
	Get(d Digest) ([]byte, error)

	// Set keeps a copy of value under d, in place of what was there. With ErrTooLarge nothing has changed: the old
	// value under d is still there, and no other was given up to make room. After ErrFailed the old value is gone or
	// still there, and the new one is not.
	Set(d Digest, value []byte) error

	// Stays reports whether a value is stored under d and will probably be for a good while: a caller that would only
	// set the same value again need not. false is always a right answer.
	Stays(d Digest) bool

	// Delete removes what is stored under d; that nothing is there is no error. After nil, a Get that starts later
	// does not return what was stored before.
	Delete(d Digest) error

	// Close releases what the store holds. Later calls of Close do nothing and return nil; all other methods then
	// return ErrClosed.
	Close() error
}
