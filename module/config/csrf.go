package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// CSRF says how tokens against cross-site request forgery are filled in. What is not
// given of the cookie is as the application itself sets it; Secure is added for https.
type CSRF struct {
	// Framework is CSRFDjango, the only value.
	Framework string `json:"framework"`
	// Cookie is the cookie's name, as CSRF_COOKIE_NAME has it. Default: csrftoken
	// (DefaultCSRFCookie). A __Secure- or __Host- in front asks for what browsers do
	// (RFC 6265bis §4.1.3).
	Cookie string `json:"cookie,omitempty"`
	// Domain and Path are where the cookie holds. Path begins with /.
	Domain string `json:"domain,omitempty"`
	Path   string `json:"path,omitempty"`
	// MaxAge is how long a browser keeps it, at most MaxTTL; 0: until it is closed.
	MaxAge *Duration `json:"max_age,omitempty"`
	// SameSite is lax, strict or none. Browsers take none only with Secure.
	SameSite string `json:"same_site,omitempty"`
	// Secure is on or off. Default: on for https, else as the application says.
	Secure string `json:"secure,omitempty"`
	// HTTPOnly keeps it from scripts. Default: as the application says.
	HTTPOnly bool `json:"http_only,omitempty"`
}

// CookieName returns Cookie, or its default.
func (c *CSRF) CookieName() string {
	if c.Cookie != "" {
		return c.Cookie
	}
	return DefaultCSRFCookie
}

// validateCSRF judges the cookie of the tokens, and what else is said of it.
func (r *Rule) validateCSRF() error {
	c := r.CSRF
	if c == nil {
		return nil
	}
	if c.Framework == "" {
		return &OptionError{Option: "csrf", Problem: "it names no framework; write csrf " + CSRFDjango}
	}
	return errors.Join(
		checkWord("csrf", c.Framework, CSRFDjango),
		checkEach("csrf cookie", optional(c.Cookie), checkCSRFCookie),
		checkEach("csrf domain", optional(c.Domain), checkDomain),
		checkEach("csrf path", optional(c.Path), checkCookiePath),
		c.validateMaxAge(),
		checkWord("csrf same_site", c.SameSite, "lax", "strict", "none"),
		checkWord("csrf secure", c.Secure, "on", "off"),
		c.validateSecure(),
		c.validatePrefix(),
		r.validateTokenLists(),
	)
}

// optional is the list of what may be left out.
func optional(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func (c *CSRF) validateMaxAge() error {
	if c.MaxAge == nil {
		return nil
	}
	if problem := c.MaxAge.problem(); problem != "" {
		return &OptionError{Option: "csrf max_age", Value: c.MaxAge.String(), Problem: problem}
	}
	if *c.MaxAge%Duration(time.Second) != 0 {
		return &OptionError{
			Option: "csrf max_age", Value: c.MaxAge.String(),
			Problem: fmt.Sprintf("%s is not a number of whole seconds, which is what a cookie counts in", c.MaxAge),
		}
	}
	return nil
}

func (c *CSRF) validateSecure() error {
	if c.SameSite != "none" || c.Secure != "off" {
		return nil
	}
	return &OptionError{
		Option: "csrf same_site", Value: "none",
		Problem: `"none" is taken by browsers only with Secure, and secure is off; remove secure off, or write lax`,
	}
}

// validatePrefix refuses what a browser would, because of the name alone (RFC 6265bis
// §4.1.3): the visitor would never have the cookie.
func (c *CSRF) validatePrefix() error {
	name := strings.ToLower(c.Cookie) // browsers take the prefix in any case
	host := strings.HasPrefix(name, "__host-")
	var problem string
	switch {
	case !host && !strings.HasPrefix(name, "__secure-"):
		return nil
	case c.Secure == "off":
		problem = "browsers take a cookie of such a name only with Secure, and secure is off; remove secure off"
	case host && c.Domain != "":
		problem = "browsers take a cookie of such a name only without a domain; remove domain, or write __Secure- in front"
	case host && c.Path != "" && c.Path != "/":
		problem = "browsers take a cookie of such a name only with the path /; remove path, or write __Secure- in front"
	default:
		return nil
	}
	return &OptionError{Option: "csrf cookie", Value: c.Cookie, Problem: fmt.Sprintf("%q: %s", c.Cookie, problem)}
}

// validateTokenLists refuses the cookie in lists that say the opposite of what csrf
// says of it.
func (r *Rule) validateTokenLists() error {
	const harmless = "is the cookie of csrf " + CSRFDjango + ", which makes it change nothing, "
	name := r.CSRF.CookieName()
	check := func(because string) func(string) string {
		return func(listed string) string {
			if listed != name {
				return ""
			}
			return harmless + because + "; remove it here, or csrf"
		}
	}
	return errors.Join(
		checkEach("session", r.Session, check("and session makes every request with it personal")),
		checkEach("session private", r.PrivateSession, check("and session private gives each of its values pages of its own")),
		checkEach("vary_cookies", r.VaryCookies, check("and vary_cookies makes each of its values a variant")),
	)
}

func checkCSRFCookie(name string) string {
	if strings.Contains(name, "*") {
		return "is a pattern; write the whole name, as the application's CSRF_COOKIE_NAME has it"
	}
	return cookieCheck("")(name)
}

func checkDomain(domain string) string {
	for _, c := range []byte(domain) {
		if c <= ' ' || c > '~' || strings.IndexByte(`;,/:="`, c) >= 0 {
			return "is not the name of a host; write it like shop.example"
		}
	}
	return ""
}

func checkCookiePath(path string) string {
	for _, c := range []byte(path) {
		if c < ' ' || c > '~' || c == ';' {
			return "is not a path that a cookie can have; write it escaped, and without ;"
		}
	}
	if path[0] != '/' {
		return "does not begin with /; write it like /shop"
	}
	return ""
}
