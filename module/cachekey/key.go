// Package cachekey says what identifies a stored response (RFC 9111 §2, §4.1).
// Inputs is at the same time all that a fill may be made from: what is not keyed
// is not forwarded. Pure; safe for concurrent use.
package cachekey

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
)

// version begins every key, so that a change of the layout cannot let an old
// stored response answer for a new key.
const version = "page-cache/3"

// Field is a named input with its values, in the order in which they were given.
type Field struct {
	Name   string
	Values []string
}

// Inputs are the parts of a request that select a stored response. Two requests
// with equal Inputs get the same answer; the fill sees nothing else of either.
type Inputs struct {
	Site     string  // what keeps two sites with one host apart: the server's listeners
	Route    string  // where in the configuration the line stands, and its options that shape keys
	Scheme   string  // http or https, as the connection has it
	Host     string  // as forwarded, with its port
	Original string  // escaped path and query as the client sent them, less ignored parameters
	Current  string  // the same after rewrites
	Headers  []Field // request headers the fill carries, sorted by name
	Cookies  []Field // cookies that select a variant, in the order in which they were sent; the fill carries them
	Vars     []Field // Caddy variables the fill carries, sorted by name
	Values   []Field // resolved vary_by placeholders, in the line's order
	Session  string  // the session whose pages these are, by a name that does not tell it; empty: everybody's
	Part     string  // the Range of a part that is asked for as one
	Variant  []Field // what the origin's Vary names, sorted by name; the fill carries it

	// Generation numbers the URI's newest invalidation: what was asked for before
	// it has another key.
	Generation uint64
}

// Key is an identity: the whole text, and its digest for stores.
type Key struct {
	Text   string
	Digest [sha256.Size]byte
}

// String returns in as a reader may know it again: its URI, and in brackets what
// selects the variant. It is for diagnosis and not unambiguous.
func (in *Inputs) String() string {
	var b strings.Builder
	b.WriteString(in.Scheme + "://" + in.Host + in.Original)
	for _, list := range [...][]Field{in.Headers, in.Cookies, in.Values, in.Variant} {
		for _, f := range list {
			b.WriteString(" [" + f.Name + ": " + strings.Join(f.Values, ", ") + "]")
		}
	}
	return b.String()
}

// Key returns the key of in. Every part is preceded by its length and every list
// by its count, so no two different Inputs have the same text, whatever
// separators a part holds.
func (in *Inputs) Key() Key {
	b := make([]byte, 0, 256)
	for _, part := range [...]string{version, in.Site, in.Route, in.Scheme, in.Host, in.Original, in.Current, in.Session, in.Part} {
		b = appendPart(b, part)
	}
	for _, list := range [...][]Field{in.Headers, in.Cookies, in.Vars, in.Values, in.Variant} {
		b = appendFields(b, list)
	}
	b = appendPart(b, strconv.FormatUint(in.Generation, 10))
	return Key{Text: string(b), Digest: sha256.Sum256(b)}
}

// Page returns the key of what all variants of a page have in common, since its newest
// invalidation: what was stored before is out of reach and takes nobody's place. It is no
// key of a stored response.
func (in *Inputs) Page() Key {
	page := Inputs{
		Site: in.Site, Route: in.Route, Scheme: in.Scheme, Host: in.Host, Original: in.Original, Current: in.Current,
		Generation: in.Generation,
	}
	return page.Key()
}

// Varies reports whether in holds anything by which the variants of a page are told
// apart, besides the class of Accept and the first of the variables, which names
// groups of routes: of those there are few.
func (in *Inputs) Varies() bool {
	if len(in.Cookies)+len(in.Values)+len(in.Variant) > 0 || len(in.Vars) > 1 {
		return true
	}
	for _, f := range in.Headers {
		if f.Name != "Accept" {
			return true
		}
	}
	return false
}

func appendPart(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendFields(b []byte, list []Field) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, f := range list {
		b = appendPart(b, f.Name)
		b = binary.AppendUvarint(b, uint64(len(f.Values)))
		for _, v := range f.Values {
			b = appendPart(b, v)
		}
	}
	return b
}
