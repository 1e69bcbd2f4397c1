package policy

import "strings"

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

// personalCookies reports whether the Cookie fields make the request personal:
// whether there is any cookie that nobody called harmless. What cannot be read
// as name=value counts as personal, because the application may read it in its
// own way.
func (r *Rule) personalCookies(fields []string) bool {
	for _, field := range fields {
		for crumb := range strings.SplitSeq(field, ";") {
			crumb = strings.Trim(crumb, " \t")
			if crumb == "" {
				continue
			}
			name, _, ok := strings.Cut(crumb, "=")
			name = strings.TrimRight(name, " \t")
			if !ok || !isToken(name) || !r.harmless(name) {
				return true
			}
		}
	}
	return false
}

func (r *Rule) harmless(name string) bool {
	switch {
	case r.session.match(name):
		return false
	case r.ignore.match(name):
		return true
	case len(r.cookiesOnly) > 0 && !r.cookiesOnly.match(name):
		return true
	}
	return analytics.match(name)
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
