package policy

import (
	"net/url"
	"strings"
	"unicode"
)

// canonicalTarget reports whether an escaped path with its query may be cached:
// whether no server can take it for another page. Caddy's matchers clean and
// lower-case a path before they match and forward it as it came, and origins
// decode and clean in ways of their own, so a path that any of them could read
// otherwise is forwarded untouched instead.
func canonicalTarget(target string) bool {
	path, query, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(path, "/") || !visible(path) || !visible(query) {
		return false
	}
	for i := range len(path) {
		switch path[i] {
		case '/':
			if !canonicalSegment(path[i+1:]) {
				return false
			}
		case '%':
			if c, _ := unhex(path[i+1:]); c == '/' {
				return false
			}
		}
	}
	decoded, err := url.PathUnescape(path)
	return err == nil && canonicalText(decoded)
}

// visible reports whether a part of a target is free of what RFC 9112 §3.2 has
// no place for, and what HTTP/2 lets through: blanks, control characters and
// fragments. A lenient origin may end the target at one of them.
func visible(part string) bool {
	for i := range len(part) {
		if c := part[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// canonicalText judges a decoded path: no backslash, no control character,
// nothing that a second decoding would turn into something else, whichever of
// its characters were escaped, and nothing that a careless one would.
func canonicalText(path string) bool {
	for i := range len(path) {
		switch path[i] {
		case '\\':
			return false
		case '%':
			if _, again := unhex(path[i+1:]); again {
				return false
			}
		case 0xc0, 0xc1, 0xe0, 0xf0:
			if overlong(path[i:]) {
				return false
			}
		}
	}
	return !strings.ContainsFunc(path, unicode.IsControl)
}

// overlong reports whether s begins with a character in more bytes than UTF-8
// gives it (RFC 3629 §3): old decoders read C0 AF as a slash.
func overlong(s string) bool {
	if len(s) < 2 || s[1]&0xc0 != 0x80 {
		return false
	}
	switch s[0] {
	case 0xe0:
		return s[1] < 0xa0
	case 0xf0:
		return s[1] < 0x90
	}
	return true
}

// canonicalSegment judges the segment at the start of s: not empty in the middle
// of a path, and not a dot segment, be it escaped or with parameters behind it
// (some servers cut those off first, and nothing may be left then, either).
func canonicalSegment(s string) bool {
	segment, _, more := strings.Cut(s, "/")
	switch {
	case segment == "":
		return !more
	case segment[0] != '.' && segment[0] != '%' && segment[0] != ';':
		return true
	}
	plain := strings.NewReplacer("%2e", ".", "%3b", ";").Replace(strings.ToLower(segment))
	plain, _, _ = strings.Cut(plain, ";")
	return plain != "." && plain != ".." && (plain != "" || !more)
}

func unhex(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	hi, ok1 := hexDigit(s[0])
	lo, ok2 := hexDigit(s[1])
	return hi<<4 | lo, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// filterQuery returns target without the query parameters that the rule calls
// harmless. What stays keeps its order and its escapes; a target without a query
// keeps or lacks its question mark as it came, unless all parameters went.
func (r *Rule) filterQuery(target string) string {
	if len(r.queryIgnore) == 0 && len(r.queryOnly) == 0 {
		return target
	}
	path, query, ok := strings.Cut(target, "?")
	if !ok || query == "" {
		return target
	}
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if r.keepsParameter(pair) {
			kept = append(kept, pair)
		}
	}
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}

// keepsParameter judges what stands between two ampersands. Some origins take a
// semicolon for an ampersand, so it is kept if any part of it is.
func (r *Rule) keepsParameter(pair string) bool {
	for part := range strings.SplitSeq(pair, ";") {
		if r.keepsName(part) {
			return true
		}
	}
	return false
}

func (r *Rule) keepsName(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	if len(r.queryOnly) > 0 {
		return r.queryOnly.match(name)
	}
	return !r.queryIgnore.match(name)
}
