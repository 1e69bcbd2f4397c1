package policy

import (
	"net/http"
	"slices"
	"strings"
)

// codingsOf returns the codings of a body, in lower case, without identity.
func codingsOf(h http.Header) []string {
	var codings []string
	for _, f := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(f, ",") {
			if c := strings.ToLower(strings.TrimSpace(coding)); c != "" && c != "identity" {
				codings = append(codings, c)
			}
		}
	}
	return codings
}

// AcceptsCoding reports whether a visitor who presents request can read a body
// with the codings that h names (RFC 9110 §12.5.3). Who sends no Accept-Encoding
// reads all. A coding that is not registered is passed as the origin sent it:
// nobody could ask for it.
func AcceptsCoding(request, h http.Header) bool {
	codings := codingsOf(h)
	lines := request["Accept-Encoding"]
	if len(codings) == 0 || len(lines) == 0 {
		return true
	}
	for _, coding := range codings {
		registered := slices.Contains([]string{"br", "compress", "x-compress", "dcb", "dcz", "deflate", "gzip", "x-gzip", "zstd"}, coding)
		if registered && !accepts(lines, coding) {
			return false
		}
	}
	return true
}

// accepts reports whether the lines of an Accept-Encoding name this coding, or *,
// with a weight above 0.
func accepts(lines []string, coding string) bool { return codingWeight(lines, coding) > 0 }

// codingWeight returns the weight in thousandths that the lines of an
// Accept-Encoding give to a coding, by its name or else by *; -1 if by neither.
func codingWeight(lines []string, coding string) int {
	others := -1 // what * says
	for _, line := range lines {
		for member := range strings.SplitSeq(strings.ToLower(line), ",") {
			name, params, _ := strings.Cut(member, ";")
			switch name = strings.TrimSpace(name); {
			case strings.TrimPrefix(name, "x-") == strings.TrimPrefix(coding, "x-"):
				return quality(params)
			case name == "*":
				others = quality(params)
			}
		}
	}
	return others
}

// ChooseCoding returns which coding a visitor reads best who sends these lines of
// Accept-Encoding (RFC 9110 §12.5.3): one of offered, the names of the codings that
// there are besides identity, or empty for identity. Of those that he weighs alike
// it is the first of offered, and identity last. He who says nothing gets identity:
// the RFC would allow any, but who can decode says so.
//
// acceptable is false if he takes neither an offered one nor identity, and the
// coding is then empty: identity is what the RFC has a server send rather than 406,
// because nobody is unable to read it.
func ChooseCoding(lines, offered []string) (coding string, acceptable bool) {
	if len(lines) == 0 {
		return "", true
	}
	best := 0
	for _, o := range offered {
		if w := codingWeight(lines, o); w > best {
			coding, best = o, w
		}
	}
	switch identity := codingWeight(lines, "identity"); {
	case identity > best:
		return "", true
	case best == 0:
		return "", identity != 0 // not mentioned, it is acceptable
	}
	return coding, true
}

// codingSuffix returns what stands at the end of the tag of a form in a coding. It
// is never -gzip, -br or -zstd: Caddy's encode takes those off If-None-Match.
func codingSuffix(coding string) string {
	switch coding {
	case "gzip":
		return "~gz"
	case "br":
		return "~br"
	case "zstd":
		return "~zs"
	}
	return ""
}

// CodingTag returns the entity-tag of a page's form in gzip, br or zstd, from that of
// the page, strong or weak: each form needs its own (RFC 9110 §8.8.3.3). It is empty
// for another coding, and if tag is not in the form of one, so that the coded form
// goes without.
func CodingTag(tag, coding string) string {
	suffix := codingSuffix(coding)
	if suffix == "" || !isOpaqueTag(strings.TrimPrefix(tag, "W/")) {
		return ""
	}
	return tag[:len(tag)-1] + suffix + `"`
}

// PlainTag is the reverse of CodingTag: it returns a page's tag and the coding of the
// form that tag is of. coding is empty, and plain is tag, if it is of none. An origin's
// own tag that ends like one of ours is taken for ours.
func PlainTag(tag string) (plain, coding string) {
	for _, c := range [...]string{"br", "zstd", "gzip"} {
		if p, ok := strings.CutSuffix(tag, codingSuffix(c)+`"`); ok && isOpaqueTag(strings.TrimPrefix(p+`"`, "W/")) {
			return p + `"`, c
		}
	}
	return tag, ""
}

// HeldCoding returns the form of a page that a visitor already holds, as he says in
// If-None-Match (RFC 9110 §13.1.2): one of offered, codings by their names, or empty
// for the page itself. tag is the page's own, the value of its ETag, empty if it has
// none. A 304 about that form spares him a page that would only be in another coding
// than the one he has; nobody needs to have the form for it.
//
// held is false if he names none, or * which is any, or only one in a coding that he
// does not accept: then he gets what ChooseCoding says.
func HeldCoding(request http.Header, tag string, offered []string) (coding string, held bool) {
	named := splitTags(request["If-None-Match"])
	if len(named) == 0 || tag == "" {
		return "", false
	}
	holds := func(tag string) bool {
		return slices.ContainsFunc(named, func(n string) bool { return weakMatch(n, tag) })
	}
	lines := request["Accept-Encoding"]
	for _, c := range offered {
		if t := CodingTag(tag, c); t != "" && holds(t) && (len(lines) == 0 || accepts(lines, c)) {
			return c, true
		}
	}
	return "", holds(tag)
}
