// Package entry owns a stored response as a value and the bytes it is kept as.
//
// It decides nothing about reuse: whether an entry is fresh is package policy's question. It reads no clock, does no
// I/O and holds no lock. Encode and Decode share no state, so any number of goroutines may call them; an Entry itself
// may be read by many goroutines while nobody changes it.
package entry

import (
	"net/http"
	"time"
)

// Entry is a stored response and what its reuse is judged by.
type Entry struct {
	// Key is the whole cache key: any bytes, up to tens of kilobytes. Stores find an entry by a digest of it, so a
	// lookup compares this text before it trusts what it found.
	Key string

	// Status is the status code, 0 to 999. Anything else encodes to bytes that do not decode.
	Status int

	// Header holds the response's header fields. Names are kept as they are, in canonical form or not; the order of
	// the values under one name is kept, the order of names is not.
	Header http.Header

	// Body is the content, whole, in the coding that Header names.
	Body []byte

	// StoredAt is response_time (RFC 9111 §4.2.3), as an offset from the start of the process on its monotonic clock.
	StoredAt time.Duration

	// InitialAge is corrected_initial_age (RFC 9111 §4.2.3): how old the response was when it arrived.
	InitialAge time.Duration

	// Lifetime is the freshness lifetime that the origin gave (RFC 9111 §4.2.1). It means something only if Explicit
	// is set; a route's own lifetime is judged at lookup and never stored.
	Lifetime time.Duration

	// Explicit says that the origin gave a lifetime, 0 included.
	Explicit bool
}
