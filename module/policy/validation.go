package policy

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/page-cache/page-cache/module/entry"
)

// Conditions returns the fields that ask the origin whether a stored response
// still holds (RFC 9111 §4.3.1); nil if it has no validator of the origin's.
func Conditions(e *entry.Entry) http.Header {
	h := http.Header{}
	if tag := e.Header.Get("ETag"); tag != "" && !e.OwnTag {
		h["If-None-Match"] = []string{tag}
	}
	if modified := e.Header.Get("Last-Modified"); modified != "" {
		if _, ok := httpDate(modified); ok {
			h["If-Modified-Since"] = []string{modified}
		}
	}
	if len(h) == 0 {
		return nil
	}
	return h
}

// Confirms reports whether a 304 with the fields h is about the stored response e
// that was asked for (RFC 9111 §4.3.4). A validator that it carries must be the
// stored one: a strong one as it is, a weak one by weak comparison, a
// Last-Modified if there is no entity-tag to go by.
//
// The RFC has a 304 without any validator name no stored response that has one.
// Here the question named exactly one, so such an answer is taken for a yes to it:
// many applications leave out what they must repeat.
func Confirms(e *entry.Entry, h http.Header) bool {
	h = canonicalFields(h)
	if tag := h.Get("ETag"); tag != "" {
		own := e.Header.Get("ETag")
		weak := strings.HasPrefix(tag, "W/")
		return !e.OwnTag && (tag == own || weak && tag[2:] == strings.TrimPrefix(own, "W/"))
	}
	modified, dated := httpDate(h.Get("Last-Modified"))
	stored, had := httpDate(e.Header.Get("Last-Modified"))
	return !dated || had && modified.Equal(stored)
}

// Freshen returns the fields of a stored response after a 304 that confirms it
// (RFC 9111 §3.2): each field of the 304 replaces the stored one of its name, but
// for those that concern one connection and those that are about the bytes that
// are stored. The 304's fields go through what any answer's do afterwards.
func Freshen(e *entry.Entry, h http.Header) http.Header {
	merged := maps.Clone(e.Header)
	delete(merged, "Date") // a 304 without one was generated when it came (RFC 9110 §6.6.1)
	if len(h["Etag"]) == 0 && e.OwnTag {
		delete(merged, "Etag") // it is made anew from the body
	}
	h = canonicalFields(h)
	drop := nominated(h) // fields of the 304's connection say nothing of the page
	for name, values := range h {
		switch name {
		case "Connection", "Content-Length", "Content-Encoding", "Content-Range", "Content-Md5", "Content-Digest", "Trailer":
			continue
		}
		if !slices.Contains(drop, name) {
			merged[name] = slices.Clone(values)
		}
	}
	return merged
}

// Contradicts reports whether the answer to a HEAD shows that the stored response
// to GET is no longer what the origin would send (RFC 9111 §4.3.5).
func Contradicts(e *entry.Entry, h http.Header) bool {
	h = canonicalFields(h)
	if !slices.Equal(codingsOf(h), codingsOf(e.Header)) {
		return false // another representation, which has validators of its own
	}
	if tag := h.Get("ETag"); tag != "" && !e.OwnTag && e.Header.Get("ETag") != "" && tag != e.Header.Get("ETag") {
		return true
	}
	if modified := h.Get("Last-Modified"); modified != "" && e.Header.Get("Last-Modified") != "" && modified != e.Header.Get("Last-Modified") {
		return true
	}
	n, ok := ContentLength(h)
	return ok && n != e.Size()
}

// Supersedes reports whether an answer of this status, which is not stored, puts
// an end to the stored response that it was asked for instead of: the resource is
// no longer what it was. A server in trouble, or one that turns visitors away for
// a while, says nothing of the kind.
func Supersedes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, statusClientClosed:
		return false
	}
	return status >= 200 && status < http.StatusInternalServerError
}
