package config

import "slices"

// campaign are query parameters that advertising and newsletters add to links, for
// scripts in the browser to read. Each is documented by its vendor: Google Analytics and
// Ads, Meta, Microsoft, TikTok, Mailchimp, Yandex.
//
//nolint:gochecknoglobals // a read-only table
var campaign = []string{
	"utm_*", "gclid", "gbraid", "wbraid", "dclid", "_gl", "fbclid", "msclkid", "ttclid", "mc_cid", "mc_eid", "yclid",
}

// django has what Django's own sessions, messages, i18n and csrf set.
func django() Rule {
	return Rule{
		Session: []string{"sessionid", "messages"}, VaryCookies: []string{"django_language"},
		CSRF: &CSRF{Framework: CSRFDjango}, QueryIgnore: campaign,
	}
}

// wordpress has what WordPress, WooCommerce, Easy Digital Downloads, Polylang and WPML
// document of their cookies.
func wordpress() Rule {
	return Rule{
		Session: []string{
			"wordpress_logged_in_*", "wordpress_sec_*", "wp-postpass_*", "comment_author_*", "woocommerce_items_in_cart",
			"woocommerce_cart_hash", "wp_woocommerce_session_*", "edd_items_in_cart", "PHPSESSID",
		},
		IgnoreCookies: []string{"wordpress_test_cookie", "wpml_browser_redirect_test"},
		VaryCookies:   []string{"pll_language", "wp-wpml_current_language"},
		QueryIgnore:   campaign,
	}
}

// Expand adds to r what its Preset stands for, and clears Preset. What r says itself
// wins: the preset says nothing else of a cookie that r names, or makes personal; r's CSRF
// stays; query parameters are left to its QueryOnly. A pattern of r's says less than a
// name: the preset's sessions hold beside ignore_cookies *, but not beside a
// PrivateSession that takes them in. A rule that is off, and an unknown preset, are left
// to Validate. Without a preset nothing changes, so a second call does nothing. r's lists
// are replaced, not written to.
func (r *Rule) Expand() {
	var p Rule
	switch {
	case r.Off:
		return
	case r.Preset == PresetDjango:
		p = django()
	case r.Preset == PresetWordPress:
		p = wordpress()
	default:
		return
	}
	own := *r
	r.Preset = ""
	r.Session = added(own.Session, p.Session, func(name string) bool {
		return takesIn(own.PrivateSession, name) || own.harmless(name) ||
			slices.Contains(own.VaryCookies, name) || slices.Contains(own.StripSetCookie, name)
	})
	r.VaryCookies = added(own.VaryCookies, p.VaryCookies, func(name string) bool {
		return own.personal(name) || own.harmless(name)
	})
	r.IgnoreCookies = added(own.IgnoreCookies, p.IgnoreCookies, func(name string) bool {
		return own.personal(name) || slices.Contains(own.VaryCookies, name)
	})
	if own.CSRF == nil && !takesIn(slices.Concat(own.Session, own.PrivateSession, own.VaryCookies), DefaultCSRFCookie) {
		r.CSRF = p.CSRF
	}
	if len(own.QueryOnly) == 0 {
		r.QueryIgnore = added(own.QueryIgnore, p.QueryIgnore, func(string) bool { return false })
	}
}

// added returns own, and behind it the names of a preset that own does not take in and
// that are not spoken for elsewhere.
func added(own, preset []string, taken func(name string) bool) []string {
	all := slices.Clip(own)
	for _, name := range preset {
		if !taken(name) && !slices.ContainsFunc(own, func(o string) bool { return covers(o, name) }) {
			all = append(all, name)
		}
	}
	return all
}

// takesIn reports whether a name of a preset's and one of list's stand for the same
// cookie.
func takesIn(list []string, name string) bool {
	return slices.ContainsFunc(list, func(o string) bool { return overlap(o, name) })
}

// harmless reports whether r says by this very name that a cookie changes nothing.
func (r *Rule) harmless(name string) bool {
	return slices.Contains(r.IgnoreCookies, name) || r.CSRF != nil && r.CSRF.CookieName() == name
}

// personal reports whether r makes a cookie personal, or names it as one that matters.
func (r *Rule) personal(name string) bool {
	return takesIn(r.Session, name) || takesIn(r.PrivateSession, name) || slices.Contains(r.CookiesOnly, name)
}
