package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkEach runs check on each name of an option. A check returns what is wrong
// with a name, to be read after the name itself, or nothing.
func checkEach(option string, names []string, check func(name string) string) error {
	var errs []error
	for _, name := range names {
		if problem := check(name); problem != "" {
			errs = append(errs, &OptionError{Option: option, Value: name, Problem: fmt.Sprintf("%q %s", name, problem)})
		}
	}
	return errors.Join(errs...)
}

const (
	emptyName  = "is empty; write a name, or leave it out"
	tokenChars = "letters, digits and !#$%&'+-.^_`|~"
)

// cookieCheck returns the check of a cookie's name, which may end in a star.
// RFC 6265 §4.1.1 makes a name a token, in which a star is legal anywhere; one
// before the end is taken for a pattern that would not do what it looks like.
// lone says why a star by itself is refused; empty if it is not.
func cookieCheck(lone string) func(string) string {
	return func(name string) string {
		head, starred := strings.CutSuffix(name, "*")
		switch {
		case name == "":
			return emptyName
		case starred && head == "":
			return lone
		case strings.Contains(head, "*"):
			return "has a * before its end; a pattern is the beginning of a name with one * behind it, like _ga*"
		case !isToken(head):
			return "is not the name of a cookie, which consists of " + tokenChars
		}
		return ""
	}
}

// checkParameter judges the name of a query parameter as it reads decoded. It
// may end in a star, and be a star.
func checkParameter(name string) string {
	head := strings.TrimSuffix(name, "*")
	switch {
	case name == "":
		return emptyName
	case strings.Contains(head, "*"):
		return "has a * before its end; a pattern is the beginning of a name with one * behind it, like utm_*"
	case strings.ContainsAny(head, "&=#?"):
		return "is not the name of a parameter; write it without its value and without ?, & and #, like utm_source"
	case !utf8.ValidString(head), strings.ContainsFunc(head, unicode.IsControl):
		return "is not the name of a parameter; it has control characters or is not UTF-8"
	}
	if plain, err := url.PathUnescape(head); err == nil && plain != head {
		return fmt.Sprintf("is escaped; write it as it reads decoded: %q", plain)
	}
	return ""
}

func checkOnlyParameter(name string) string {
	if name == "*" {
		return "would keep every parameter, as without the option; name those that matter, or remove all with query ignore *"
	}
	return checkParameter(name)
}

// checkForward judges a header that fills may carry. Names beside a star are not
// idle: the star leaves out what only a name can ask for.
func checkForward(name string) string {
	if name == "*" {
		return ""
	}
	return checkHeader(name)
}

// checkHeader judges a request header that an operator may have keyed or carried
// (RFC 9110 §5.6.2). Patterns are refused: clients choose the names of headers,
// so a pattern would let them choose what is carried or how many variants there
// are.
func checkHeader(name string) string {
	switch {
	case name == "":
		return emptyName
	case strings.Contains(name, "*"):
		return "is a pattern; list each header by its whole name (only forward takes a * alone, for all that change nothing)"
	case !isToken(name):
		return "is not the name of a header, which consists of " + tokenChars
	}
	return reservedHeader(strings.ToLower(name))
}

// reservedHeader says why a header, by its lower-case name, is neither keyed nor
// carried, whatever the operator says; empty if it may be.
func reservedHeader(name string) string {
	switch name {
	case "cookie", "cookie2":
		return "holds all cookies, of which one may be a session; name cookies with session, ignore_cookies or cookies only"
	case "authorization":
		return "is a credential, and a request that has one bypasses the cache; remove it, " +
			"or write authorization rfc9111 to share what the origin says is public"
	case "proxy-authorization":
		return "is a credential, and a request that has one is never answered from the cache; remove it"
	case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings":
		return "concerns one connection only and is never passed on (RFC 9110 §7.6.1); remove it"
	case "range":
		return "asks for a part, which the edge cuts from the whole page itself; remove it"
	case "host":
		return "is part of every key, and sent, already; remove it"
	case "content-length", "expect":
		return "is about a request's body, and a fill has none; remove it"
	case "accept-encoding":
		return "is the edge's own: it asks for the plain page and encodes it for each visitor; remove it, " +
			"or write codings pass to store what the origin has encoded"
	case "forwarded":
		return "is set by the edge; remove it"
	}
	switch {
	case strings.HasPrefix(name, "if-"):
		return "is a condition on one visitor's copy, which the edge answers itself; remove it"
	case strings.HasPrefix(name, "x-forwarded-"):
		return "is set by the edge; remove it"
	}
	return ""
}

// checkField judges a response header that stored pages keep.
func checkField(name string) string {
	switch {
	case name == "":
		return emptyName
	case name == "*":
		return ""
	case strings.Contains(name, "*"):
		return "is a pattern; list each header by its whole name, or write a * alone for all"
	case !isToken(name):
		return "is not the name of a header, which consists of " + tokenChars
	case strings.EqualFold(name, "Set-Cookie"):
		return "is for one visitor, and an answer that has it is never stored; remove it"
	}
	return ""
}

// checkLanguage judges a vary_language by the shape of a language tag (RFC 5646 §2.1),
// whose first part is a language, not by what is registered.
func checkLanguage(name string) string {
	const want = "; write tags like de, en-GB or zh-Hans, or a * alone for every language"
	switch {
	case name == "*":
		return ""
	case name == "":
		return "is empty" + want
	case strings.Contains(name, "*"):
		return "is a pattern; a language takes in its own forms, en that of en-GB" + want
	}
	for i, part := range strings.Split(name, "-") {
		first := i == 0
		if len(part) > 8 || part == "" || first && len(part) < 2 || strings.ContainsFunc(part, func(c rune) bool {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			return !letter && (first || c < '0' || c > '9')
		}) {
			return "is not the tag of a language" + want
		}
	}
	return ""
}

// checkPlaceholder judges a vary_by. One placeholder and nothing else, so that
// its value is keyed as it is and known to the fill by the same name.
func checkPlaceholder(s string) string {
	const want = "; write one placeholder in braces, like {http.request.header.X-Country}"
	inner, open := strings.CutPrefix(s, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	switch {
	case s == "":
		return "is empty" + want
	case !open || !closed, strings.ContainsAny(inner, "{}\\"):
		return "is not a single placeholder" + want
	case inner == "", !utf8.ValidString(inner), strings.ContainsFunc(inner, isBlank):
		return "is not the name of a placeholder" + want
	}
	return ""
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// isToken reports whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
