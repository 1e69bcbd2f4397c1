package csrf

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/config"
)

// Cookie is what an application said about the cookie that holds a secret, without
// the secret: what one for another visitor is made by. It compares with ==.
type Cookie struct {
	Domain      string // without it, the host alone
	Path        string // as it was given; "": not
	MaxAge      int    // seconds; 0: until the browser is closed
	SameSite    string // Lax, Strict, None; "": not given
	Secure      bool
	HTTPOnly    bool
	Partitioned bool
	Bare        bool // the value is the secret itself, as from Django 4.1 on
}

// The attributes of RFC 6265bis §4.1.2 as Line writes them.
const (
	attrDomain      = "Domain"
	attrPath        = "Path"
	attrMaxAge      = "Max-Age"
	attrSameSite    = "SameSite"
	attrSecure      = "Secure"
	attrHTTPOnly    = "HttpOnly"
	attrPartitioned = "Partitioned"
	attrBare        = "Bare" // of String alone
)

// Found is what the Set-Cookie lines of an answer say about one cookie.
type Found struct {
	Set    bool     // the answer sets a secret: Secret and Cookie are it
	Secret Secret   // the visitor's from now on
	Cookie Cookie   // what was said about it
	Rest   []string // the other lines, in order
}

// ReadSetCookie reads the lines of an answer's Set-Cookie field. Of several lines of
// that name the last one counts, as in a browser. If it sets a secret, none of them
// is in Rest. If it deletes the cookie, or sets what Django takes for no secret, or
// cannot be read, nothing is set and all of them are in Rest: what such an answer does
// to a visitor's cookie cannot be done for another. now is when the answer came; an
// Expires without a Max-Age is counted from it.
func ReadSetCookie(lines []string, name string, now time.Time) Found {
	var found Found
	var rest []string
	for _, line := range lines {
		if nameOf(line) != name {
			rest = append(rest, line)
			continue
		}
		found.Secret, found.Cookie, found.Set = readLine(line, now)
	}
	if found.Rest = rest; !found.Set {
		found = Found{Rest: lines}
	}
	return found
}

// nameOf returns the name of the cookie that a line sets (RFC 6265 §5.2).
func nameOf(line string) string {
	pair, _, _ := strings.Cut(line, ";")
	name, _, _ := strings.Cut(pair, "=")
	return strings.Trim(name, " \t")
}

// readLine reads a line that sets a secret.
func readLine(line string, now time.Time) (Secret, Cookie, bool) {
	c, err := http.ParseSetCookie(line)
	if err != nil || c.MaxAge < 0 {
		return Secret{}, Cookie{}, false
	}
	s, ok := ReadSecret(c.Value)
	if !ok {
		return Secret{}, Cookie{}, false
	}
	cookie := Cookie{
		Domain: c.Domain, Path: c.Path, MaxAge: c.MaxAge, Secure: c.Secure, HTTPOnly: c.HttpOnly,
		Partitioned: c.Partitioned, Bare: len(c.Value) == SecretSize,
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		cookie.SameSite = "Lax"
	case http.SameSiteStrictMode:
		cookie.SameSite = "Strict"
	case http.SameSiteNoneMode:
		cookie.SameSite = "None"
	case http.SameSiteDefaultMode:
	}
	if c.MaxAge == 0 && !c.Expires.IsZero() {
		cookie.MaxAge = int(c.Expires.Sub(now) / time.Second)
		if cookie.MaxAge <= 0 {
			return Secret{}, Cookie{}, false
		}
	}
	return s, cookie, true
}

// Line returns the line of a Set-Cookie field that gives a visitor the secret. What
// conf says of the cookie goes before what the application said; conf may be nil. The
// rest is to the safe side: Path is / and SameSite is Lax if nobody said anything, and
// for the scheme https the cookie is Secure unless conf has it off. The value is
// masked, or bare if the application's is. What the prefixes __Secure- and __Host- of a
// name ask for (RFC 6265bis §4.1.3) holds whatever was said. random is as in NewSecret.
func (c Cookie) Line(name string, s Secret, conf *config.CSRF, scheme string, random func([]byte)) string {
	c = c.with(conf, scheme).prefixed(name)
	value := make([]byte, TokenSize)
	if c.Bare {
		value = append(value[:0], s[:]...)
	} else {
		s.Mask(random, value)
	}
	c.Bare = false
	return name + "=" + string(value) + "; " + c.String()
}

// with returns the cookie as the configuration and the scheme would have it.
func (c Cookie) with(conf *config.CSRF, scheme string) Cookie {
	if conf == nil {
		conf = &config.CSRF{}
	}
	if conf.Domain != "" {
		c.Domain = conf.Domain
	}
	if conf.Path != "" {
		c.Path = conf.Path
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if conf.MaxAge != nil {
		c.MaxAge = int(time.Duration(*conf.MaxAge) / time.Second)
	}
	switch strings.ToLower(conf.SameSite) {
	case "strict":
		c.SameSite = "Strict"
	case "none":
		c.SameSite = "None"
	case "lax":
		c.SameSite = "Lax"
	}
	if c.SameSite == "" {
		c.SameSite = "Lax"
	}
	switch {
	case conf.Secure == "off":
		c.Secure = false
	case conf.Secure == "on", scheme == "https":
		c.Secure = true
	}
	c.HTTPOnly = c.HTTPOnly || conf.HTTPOnly
	return c
}

// prefixed returns the cookie with what its name asks for. A browser would not take
// it without.
func (c Cookie) prefixed(name string) Cookie {
	has := func(prefix string) bool {
		return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
	}
	if has("__Secure-") {
		c.Secure = true
	}
	if has("__Host-") {
		c.Secure, c.Domain, c.Path = true, "", "/"
	}
	return c
}

// String writes the cookie as its attributes, in one order, for ParseCookie to read.
// What cannot stand in a value is left out.
func (c Cookie) String() string {
	var parts []string
	add := func(attr, value string) {
		if value != "" && strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f || r == ';' }) < 0 {
			parts = append(parts, attr+"="+value)
		}
	}
	add(attrDomain, c.Domain)
	add(attrPath, c.Path)
	if c.MaxAge > 0 {
		add(attrMaxAge, strconv.Itoa(c.MaxAge))
	}
	add(attrSameSite, c.SameSite)
	for _, flag := range flagsOf(&c) {
		if *flag.set {
			parts = append(parts, flag.attr)
		}
	}
	return strings.Join(parts, "; ")
}

// flag is an attribute without a value.
type flag struct {
	attr string
	set  *bool
}

func flagsOf(c *Cookie) [4]flag {
	return [...]flag{
		{attrSecure, &c.Secure}, {attrHTTPOnly, &c.HTTPOnly}, {attrPartitioned, &c.Partitioned}, {attrBare, &c.Bare},
	}
}

// ParseCookie reads what String wrote. It reports false for anything else.
func ParseCookie(text string) (Cookie, bool) {
	var c Cookie
	for part := range strings.SplitSeq(text, "; ") {
		attr, value, _ := strings.Cut(part, "=")
		switch attr {
		case attrDomain:
			c.Domain = value
		case attrPath:
			c.Path = value
		case attrMaxAge:
			c.MaxAge, _ = strconv.Atoi(value)
		case attrSameSite:
			c.SameSite = value
		}
		for _, flag := range flagsOf(&c) {
			if part == flag.attr {
				*flag.set = true
			}
		}
	}
	// There is one way to write a cookie, so what was not read, or not in order, shows.
	return c, c.String() == text
}
