package cachecontrol

import "strings"

// next cuts the first list member off line (RFC 9110 §5.6.1). Commas inside a quoted argument do not end it. A quote
// that is never closed is no quote: the member then ends at the next comma, so that what follows still counts. An
// empty member has an empty name.
//
// Blanks around "=" break the grammar of §5.2. The name still counts, and the argument is one that cannot be read.
func next(line string) (d directive, rest string) {
	end := strings.IndexAny(line, ",=")
	if end < 0 {
		return directive{name: fold(line)}, ""
	}
	d.name = fold(line[:end])
	if line[end] == ',' {
		return d, line[end+1:]
	}
	d.given = true
	after := line[end+1:]
	argument := strings.TrimLeft(after, blanks)
	tight := len(argument) == len(after) && (end == 0 || !strings.ContainsRune(blanks, rune(line[end-1])))
	if text, tail, ok := unquote(argument); ok {
		junk, rest, _ := strings.Cut(tail, ",")
		d.argument = text
		d.valid = tight && strings.Trim(junk, blanks) == ""
		return d, rest
	}
	argument, rest, _ = strings.Cut(argument, ",")
	d.argument = strings.TrimRight(argument, blanks)
	d.valid = tight && isToken(d.argument)
	return d, rest
}

const blanks = " \t"

func fold(name string) string {
	return strings.ToLower(strings.Trim(name, blanks))
}

// unquote reads a quoted-string at the front of s (RFC 9110 §5.6.4) and returns its content, escapes resolved, and
// what follows it.
func unquote(s string) (text, tail string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			i++
			if i == len(s) {
				return "", s, false
			}
		}
		b.WriteByte(s[i])
	}
	return "", s, false
}

// isToken reports whether s is a token (RFC 9110 §5.6.2), which a directive's name and a field's name are.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !isTokenChar(c) {
			return false
		}
	}
	return s != ""
}

func isTokenChar(c byte) bool {
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
