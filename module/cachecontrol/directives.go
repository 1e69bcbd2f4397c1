// Package cachecontrol reads Cache-Control fields and their targeted relatives (RFC 9111 §5.2, RFC 9213) into plain
// values.
//
// It decides nothing: what a directive means for a stored response is package policy's question. What it does settle
// is how to read a field that contradicts itself or breaks the grammar, and there it takes the reading that shares
// and keeps less. It reads no clock and holds no state; any number of goroutines may call it.
package cachecontrol

import "time"

// Seconds is a delta-seconds argument (RFC 9111 §1.2.2): a whole number of seconds from 0 to 2^31; larger ones are
// read as 2^31.
type Seconds struct {
	Value time.Duration
	Set   bool // the directive was present; Value is 0 when its argument could not be read
}

// Response holds the directives of a response's Cache-Control (RFC 9111 §5.2.2, RFC 5861, RFC 8246).
type Response struct {
	NoStore         bool // §5.2.2.5
	NoCache         bool // §5.2.2.4, only the form without field names
	Private         bool // §5.2.2.7, only the form without field names
	Public          bool // §5.2.2.9; never together with Private
	MustRevalidate  bool // §5.2.2.2
	ProxyRevalidate bool // §5.2.2.8
	MustUnderstand  bool // §5.2.2.3
	NoTransform     bool // §5.2.2.6
	Immutable       bool // RFC 8246 §2

	// NoCacheFields and PrivateFields are the field names of no-cache="…" and private="…", in canonical form and in
	// the order they came. An argument that names no field, or anything that is none, makes the directive
	// unqualified instead.
	NoCacheFields []string
	PrivateFields []string

	// Of several arguments the smallest counts. One that cannot be read, or is negative, counts as 0: §4.2.1 wants
	// a response with invalid freshness information to be stale.
	MaxAge               Seconds // §5.2.2.1
	SMaxAge              Seconds // §5.2.2.10
	StaleWhileRevalidate Seconds // RFC 5861 §3
	StaleIfError         Seconds // RFC 5861 §4
}

// Request holds the directives of a request's Cache-Control (RFC 9111 §5.2.1).
type Request struct {
	NoCache      bool // §5.2.1.4
	NoStore      bool // §5.2.1.5
	OnlyIfCached bool // §5.2.1.7
	NoTransform  bool // §5.2.1.6

	MaxAge   Seconds // §5.2.1.1; of several the smallest, 0 for one that cannot be read
	MinFresh Seconds // §5.2.1.3; of several the largest, one that cannot be read is ignored
	MaxStale Seconds // §5.2.1.2, with an argument; of several the smallest, 0 for one that cannot be read

	// MaxStaleAny is max-stale without an argument: a response of any staleness will do. A max-stale with an
	// argument beside it takes it back.
	MaxStaleAny bool
}
