package policy

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// OwnTag returns a strong entity-tag (RFC 9110 §8.8.3) for a response that has
// none: two bodies have the same one only if they are the same bytes. It is for
// the bytes as they are sent: another content coding needs another tag (§8.8.3.3).
func OwnTag(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf(`"%x"`, sum[:16])
}

// namesTag reports whether the lines of an If-Match or If-None-Match name the tag
// of a response, given as the lines of its ETag. same compares two tags. A
// response without a tag, or with two, has none that could be named; "*" alone
// names any response (§13.1.1, §13.1.2).
func namesTag(lines, etag []string, same func(a, b string) bool) bool {
	tags := splitTags(lines)
	if len(tags) == 1 && tags[0] == "*" {
		return true
	}
	own, ok := sole(etag)
	return ok && slices.ContainsFunc(tags, func(tag string) bool { return same(tag, own) })
}

// splitTags cuts lists of entity-tags at the commas outside quotes. A backslash
// is a character of a tag like any other (§8.8.3). What is left open reaches to
// the end of its line, and so is the same as no tag. Empty members are no members
// (§5.6.1.2).
func splitTags(lines []string) []string {
	var tags []string
	for _, line := range lines {
		for rest := line; rest != ""; {
			end := tagEnd(rest)
			if tag := strings.Trim(rest[:end], " \t"); tag != "" {
				tags = append(tags, tag)
			}
			rest = rest[min(end+1, len(rest)):]
		}
	}
	return tags
}

// tagEnd returns where the first member of a list of tags ends: at a comma, or
// with the list.
func tagEnd(list string) int {
	quoted := false
	for i := range len(list) {
		switch {
		case list[i] == '"':
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return i
		}
	}
	return len(list)
}

// strongMatch is the strong comparison of RFC 9110 §8.8.3.2: what is weak, or not
// in the form of a tag, is the same as nothing, not even as itself.
func strongMatch(a, b string) bool { return a == b && isOpaqueTag(a) }

// weakMatch is the weak comparison of RFC 9110 §8.8.3.2. It reads leniently: a tag
// without quotes, which some origins and clients write, is the same as the one
// with them. That can only save a body, and no origin means different pages by
// the two.
func weakMatch(a, b string) bool { return opaque(a) == opaque(b) }

// opaque returns what is between the quotes of a tag, weak or strong; what is no
// tag is returned as it is.
func opaque(tag string) string {
	if t := strings.TrimPrefix(tag, "W/"); isOpaqueTag(t) {
		return t[1 : len(t)-1]
	}
	return tag
}

// isOpaqueTag reports whether s is a strong entity-tag: one pair of quotes around
// anything. The server has seen to it that there are no control characters.
func isOpaqueTag(s string) bool {
	return len(s) >= 2 && s[0] == '"' && strings.IndexByte(s[1:], '"') == len(s)-2
}
