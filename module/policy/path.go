package policy

import (
	"net/url"
	"strings"
)

// canonicalTarget reports whether an escaped path with its query may be cached:
// whether no server can take it for another page. Caddy's matchers clean and
// lower-case a path before they match and forward it as it came, and origins
// decode and clean in ways of their own, so a path that any of them could read
// otherwise is forwarded untouched instead.
func canonicalTarget(target string) bool {
	path, query, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(path, "/") {
		return false
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c < 0x20, c == 0x7f, c == '\\', c == '#':
			return false
		case c == '%' && !canonicalEscape(path[i+1:]):
			return false
		case c == '/' && !canonicalSegment(path[i+1:]):
			return false
		}
	}
	for i := range len(query) {
		if c := query[i]; c < 0x20 || c == 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// canonicalEscape judges what follows a percent sign in a path: no slash,
// backslash, control character, and nothing that a second decoding would turn
// into an escape again.
func canonicalEscape(s string) bool {
	c, ok := unhex(s)
	if !ok {
		return false
	}
	switch {
	case c < 0x20, c == 0x7f, c == '/', c == '\\':
		return false
	case c == '%':
		_, again := unhex(s[2:])
		return !again
	}
	return true
}

// canonicalSegment judges the segment at the start of s: not empty in the middle
// of a path, and not a dot segment, be it escaped or with parameters behind it
// (some servers cut those off first).
func canonicalSegment(s string) bool {
	segment, _, more := strings.Cut(s, "/")
	switch {
	case segment == "":
		return !more
	case segment[0] != '.' && segment[0] != '%':
		return true
	}
	plain := strings.NewReplacer("%2e", ".", "%3b", ";").Replace(strings.ToLower(segment))
	plain, _, _ = strings.Cut(plain, ";")
	return plain != "." && plain != ".."
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

func (r *Rule) keepsParameter(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	if len(r.queryOnly) > 0 {
		return r.queryOnly.match(name)
	}
	return !r.queryIgnore.match(name)
}
