// Package entry owns a stored response as a value and the bytes it is kept as.
//
// It decides nothing about reuse: whether an entry is fresh is package policy's question. It reads no clock, does no
// I/O and holds no lock. Encode and Decode share no state, so any number of goroutines may call them; an Entry itself
// may be read by many goroutines while nobody changes it.
package entry

import (
	"crypto/sha256"
	"net/http"
	"strings"
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

	// Body is the content, whole, in the coding that Header names; nil while it is Apart and was not joined.
	Body []byte

	// Apart says where the body is if it is kept by itself. Without a Size it is not.
	Apart Apart

	// Holes are the offsets in the body, ascending, of what is filled in for each visitor: tokens of HoleSize bytes, which
	// do not overlap. The body holds placeholders there.
	Holes []int

	// Token is what is known of the cookie that belongs to the tokens; a response may set it without holding any.
	Token string

	// StoredAt is response_time (RFC 9111 §4.2.3), as an offset from the start of the process on its monotonic clock.
	StoredAt time.Duration

	// Took is how long the fill took, from its request to the end of its answer.
	Took time.Duration

	// Usual is how long fills of this response usually take until its header comes.
	Usual time.Duration

	// OwnTag says that the ETag in Header was made by the edge, so that the origin does not know it.
	OwnTag bool

	Terms
}

// Terms are what the origin said of a response's reuse. What the operator says is judged at each lookup and never
// stored.
type Terms struct {
	// InitialAge is corrected_initial_age (RFC 9111 §4.2.3): how old the response was when it arrived.
	InitialAge time.Duration

	// Lifetime is the freshness lifetime that the origin gave (RFC 9111 §4.2.1), if Explicit is set, or that follows
	// from its Last-Modified (§4.2.2), if Heuristic is. It means nothing else.
	Lifetime time.Duration

	// Explicit says that the origin gave a lifetime, 0 included.
	Explicit bool

	// Heuristic says that it gave none, but a Last-Modified.
	Heuristic bool

	// NoCache says that the response must be validated before each reuse (RFC 9111 §5.2.2.4).
	NoCache bool

	// MustRevalidate says that it must not be served stale (RFC 9111 §4.2.4).
	MustRevalidate bool

	// StaleWhileRevalidate and StaleIfError are the windows of RFC 5861 that the origin gave.
	StaleWhileRevalidate Window
	StaleIfError         Window
}

// HoleSize is the length of what fills a hole, in bytes.
const HoleSize = 64

// Apart is a body that is kept by itself, so that a response whose body has not changed can be stored anew without it.
type Apart struct {
	Sum   [32]byte // what it is kept under
	Check uint32   // its CRC-32C
	Size  int64    // its length in bytes
}

// bodyDomain keeps the sums of bodies apart from those of keys, which begin with the length of their first part.
const bodyDomain = "page_cache body\x00"

// Split returns e as it is kept when its body is kept apart, and that body. e itself is not changed.
func (e *Entry) Split() (head *Entry, body []byte) {
	split := *e
	sum := sha256.New()
	sum.Write([]byte(bodyDomain))
	sum.Write(e.Body)
	split.Apart = Apart{Check: checksum(e.Body), Size: int64(len(e.Body))}
	sum.Sum(split.Apart.Sum[:0])
	split.Body = nil
	return &split, e.Body
}

// Join gives e the body that is kept apart, of which body must not change while e is in use. The error is ErrCorrupt if
// it is another one.
func (e *Entry) Join(body []byte) error {
	if int64(len(body)) != e.Apart.Size || checksum(body) != e.Apart.Check {
		return corrupt("body")
	}
	e.Body = body
	return nil
}

// Size returns the length of the body in bytes, wherever it is.
func (e *Entry) Size() int64 {
	if e.Apart.Size > 0 {
		return e.Apart.Size
	}
	return int64(len(e.Body))
}

// Window is for how long a response may be used after it has gone stale. Without Set the origin gave none.
type Window struct {
	Value time.Duration
	Set   bool
}

// NewMarker returns what stands in a response's place under the key of its resource when the origin varies by request
// fields: their names, and, for each language that one of the variants is in, the request's Accept-Language that
// selects it. Both may be read from the marker with Names and Languages.
func NewMarker(key string, names []string, languages map[string]string) *Entry {
	e := &Entry{Key: key, Header: http.Header{varyName: names}}
	for language, accept := range languages {
		e.Header[languagePrefix+language] = []string{accept}
	}
	return e
}

const (
	varyName       = "Vary"
	languagePrefix = "Content-Language "
)

// Marker reports whether e is one, and no response.
func (e *Entry) Marker() bool { return e.Status == 0 }

// Names returns the names of the request fields that select a variant; for markers.
func (e *Entry) Names() []string { return e.Header[varyName] }

// Languages returns a marker's languages, each with the Accept-Language that selects a variant in it.
func (e *Entry) Languages() map[string]string {
	languages := map[string]string{}
	for name, values := range e.Header {
		if language, ok := strings.CutPrefix(name, languagePrefix); ok && len(values) == 1 {
			languages[language] = values[0]
		}
	}
	return languages
}
