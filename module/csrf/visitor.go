package csrf

import (
	"strings"
	"unicode"
)

// FromCookies returns the secret in the visitor's cookie of that name, given the
// lines of the request's Cookie field. It reports false if Django would find none,
// and so refuse a form of this visitor's. It reads as Django's parse_cookie does,
// under WSGI: the last cookie of a name counts, even if it is no secret, spaces are
// those of Unicode, and a value in quotes is unquoted. Several lines are read as if
// joined by "; " (RFC 9113 §8.2.3).
func FromCookies(lines []string, name string) (Secret, bool) {
	value := ""
	for _, line := range lines {
		for crumb := range strings.SplitSeq(line, ";") {
			if key, v, ok := strings.Cut(crumb, "="); ok && trim(key) == name {
				value = v
			}
		}
	}
	return ReadSecret(unquote(trim(value)))
}

// trim cuts off what Python's str.strip takes for space: what Unicode does, and four
// separators of ASCII.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f })
}

// unquote undoes what Python's http.cookies does to a value that is not a token: a
// backslash stands before a character, or before the three octal digits of one.
// Without quotes around it a value is what it is.
func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	value = value[1 : len(value)-1]
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	var plain strings.Builder
	for i := 0; i < len(value); i++ {
		if c := value[i]; c != '\\' || i+1 == len(value) {
			plain.WriteByte(c)
			continue
		}
		if code, ok := octal(value[i+1:]); ok {
			plain.WriteRune(code)
			i += 3
			continue
		}
		i++
		plain.WriteByte(value[i])
	}
	return plain.String()
}

// octal reads three octal digits of a byte.
func octal(s string) (rune, bool) {
	if len(s) < 3 || s[0] < '0' || '3' < s[0] || s[1] < '0' || '7' < s[1] || s[2] < '0' || '7' < s[2] {
		return 0, false
	}
	return rune(s[0]-'0')<<6 | rune(s[1]-'0')<<3 | rune(s[2]-'0'), true
}
