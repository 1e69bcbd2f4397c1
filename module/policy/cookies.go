package policy

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/page-cache/page-cache/module/cachekey"
)

// analytics lists cookies that scripts in the browser set for measuring, and
// that no application renders a page by. Each is documented by its vendor:
// Google Analytics and Ads, Meta, Hotjar, Microsoft Clarity and Ads, Matomo,
// HubSpot, Segment, LinkedIn, Pinterest, TikTok.
//
//nolint:gochecknoglobals // a read-only table
var analytics = patterns{
	"_ga", "_ga_*", "_gid", "_gat", "_gat_*", "_gac_*", "_dc_gtm_*", "__utma", "__utmb", "__utmc", "__utmt", "__utmv", "__utmz",
	"_gcl_au", "_gcl_aw", "_gcl_dc",
	"_fbp", "_fbc",
	"_hjid", "_hjSession_*", "_hjSessionUser_*", "_hjFirstSeen", "_hjAbsoluteSessionInProgress", "_hjIncludedInSessionSample_*",
	"_clck", "_clsk", "_uetsid", "_uetvid",
	"_pk_id.*", "_pk_ses.*", "_pk_ref.*", "_pk_cvar.*",
	"__hstc", "__hssc", "__hssrc", "hubspotutk",
	"ajs_anonymous_id",
	"li_fat_id", "_pin_unauth", "_ttp", "_tt_enable_cookie",
}

// AnalyticsCookies returns the patterns of cookies that are harmless by default.
func AnalyticsCookies() []string { return append([]string(nil), analytics...) }

// Cookies is what a request's cookies make of it.
type Cookies struct {
	// Personal names the first cookie that makes the request one visitor's own; a
	// crumb that cannot be read is named by what it looks like. Empty: none does.
	Personal string
	// Vary are the cookies that select a variant, each with the crumbs of its name.
	Vary []cachekey.Field
	// Session are the crumbs of the cookies whose values have pages of their own, in
	// the order in which they were sent.
	Session []string
}

// cookies reads the Cookie fields. Cookies that nobody called harmless make a request
// personal, and so does what cannot be read as name=value, because the application
// may read it in its own way. A name in two lists is a session's first, then a
// variant's, then harmless.
func (r *Rule) cookies(fields []string) (c Cookies) {
	for _, crumb := range Crumbs(fields) {
		name, _, ok := strings.Cut(crumb, "=")
		name = strings.TrimRight(name, " \t")
		switch {
		case !ok || !isToken(name), r.session.match(name):
			c.blame(name)
		case r.privateSession.match(name):
			c.Session = append(c.Session, crumb)
		case r.varyCookies.match(name):
			c.vary(name, crumb)
		case !r.harmless(name):
			c.blame(name)
		}
	}
	if len(c.Session) > maxSessionCookies {
		c.blame("")
	}
	return c
}

// Crumbs returns the cookies of the Cookie fields as they were sent, readable or not.
func Crumbs(fields []string) []string {
	var crumbs []string
	for _, field := range fields {
		for crumb := range strings.SplitSeq(field, ";") {
			if crumb = strings.Trim(crumb, " \t"); crumb != "" {
				crumbs = append(crumbs, crumb)
			}
		}
	}
	return crumbs
}

// maxSessionCookies bounds the cookies that make a session together: no application
// has as many.
const maxSessionCookies = 8

func (c *Cookies) blame(name string) {
	if c.Personal == "" {
		c.Personal = cmp.Or(name, "=")
	}
}

// vary adds a crumb to those of its name: the application may take the first of
// several, or the last.
func (c *Cookies) vary(name, crumb string) {
	for i := range c.Vary {
		if c.Vary[i].Name == name {
			c.Vary[i].Values = append(c.Vary[i].Values, crumb)
			return
		}
	}
	c.Vary = append(c.Vary, cachekey.Field{Name: name, Values: []string{crumb}})
}

func (r *Rule) harmless(name string) bool {
	switch {
	case r.ignore.match(name), name == r.csrfCookie && name != "":
		return true
	case len(r.cookiesOnly) > 0 && !r.cookiesOnly.match(name):
		return true
	}
	return analytics.match(name)
}

// NamesSession reports whether an answer with the fields h sets, changes or deletes a
// cookie whose values have pages of their own.
func (r *Rule) NamesSession(h http.Header) bool {
	return len(r.privateSession) > 0 && slices.ContainsFunc(canonicalFields(h)["Set-Cookie"], func(line string) bool { return r.privateSession.match(setCookieName(line)) })
}

// setCookieName returns the name of the cookie that a line of Set-Cookie is about
// (RFC 6265 §5.2); empty if it has none.
func setCookieName(line string) string {
	pair, _, _ := strings.Cut(line, ";")
	name, _, ok := strings.Cut(pair, "=")
	if !ok {
		return ""
	}
	return strings.Trim(name, " \t")
}

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
