package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestCookies: SPEC rule 3, a cookie that nobody called harmless makes the
// request personal; RFC 6265 §4.2.1 says how cookies are written.
func TestCookies(t *testing.T) {
	lines := func(l ...string) []string { return l }
	ignore := config.Rule{IgnoreCookies: []string{"theme", "seen_*"}}
	only := config.Rule{CookiesOnly: []string{"sessionid", "cart*"}}
	tests := map[string]struct {
		rule     config.Rule
		lines    []string
		personal bool
	}{
		"none":                             {config.Rule{}, nil, false},
		"empty field":                      {config.Rule{}, lines(""), false},
		"empty crumbs":                     {config.Rule{}, lines("; ;;\t;"), false},
		"unknown":                          {config.Rule{}, lines("a=1"), true},
		"analytics":                        {config.Rule{}, lines("_ga=GA1.2.3.4; _gid=GA1.2.5"), false},
		"analytics and another":            {config.Rule{}, lines("_ga=1; a=1; _gid=2"), true},
		"another last":                     {config.Rule{}, lines("_ga=1; a=1"), true},
		"several lines, all harmless":      {config.Rule{}, lines("_ga=1", "_gid=2"), false},
		"several lines, the second not":    {config.Rule{}, lines("_ga=1", "sessionid=2"), true},
		"crumbs without a blank":           {config.Rule{}, lines("_ga=1;_gid=2;_fbp=3"), false},
		"crumbs without a blank, another":  {config.Rule{}, lines("_ga=1;sessionid=2"), true},
		"tabs":                             {config.Rule{}, lines("\t_ga=1\t;\t_gid\t=2"), false},
		"no value":                         {config.Rule{}, lines("_ga="), false},
		"no =":                             {config.Rule{}, lines("_ga"), true},
		"no = behind a harmless one":       {config.Rule{}, lines("_ga=1; HttpOnly"), true},
		"quoted value":                     {config.Rule{}, lines(`_ga="1"`), false},
		"quoted semicolon":                 {config.Rule{}, lines(`_ga="1; sessionid=2"`), true},
		"quotation over crumbs":            {config.Rule{}, lines(`_ga="1; _gid"`), true},
		"quoted name":                      {config.Rule{}, lines(`"_ga"=1`), true},
		"empty name":                       {config.Rule{}, lines("=1"), true},
		"empty name and value":             {config.Rule{}, lines("="), true},
		"blank name":                       {config.Rule{}, lines(" =1"), true},
		"name with a blank":                {config.Rule{}, lines("_ga x=1"), true},
		"name with a control character":    {config.Rule{}, lines("_ga\x01=1"), true},
		"name with DEL":                    {config.Rule{}, lines("_ga_\x7f=1"), true},
		"name with a null":                 {config.Rule{}, lines("_ga_\x00=1"), true},
		"name with a byte beyond ASCII":    {config.Rule{}, lines("_ga_\xe9=1"), true},
		"name with a comma":                {config.Rule{}, lines("_ga_,sessionid=1"), true},
		"name in brackets":                 {config.Rule{}, lines("_ga_[x]=1"), true},
		"name with an escape is another":   {config.Rule{}, lines("%5fga=1"), true},
		"value with =":                     {config.Rule{}, lines("_ga=a=b=c"), false},
		"RFC 2109 $Version":                {config.Rule{}, lines("$Version=1; _ga=2; $Path=/"), true},
		"another case is another name":     {config.Rule{}, lines("_GA=1"), true},
		"ignored":                          {ignore, lines("theme=dark; seen_banner=1; seen_=1"), false},
		"ignored, another case":            {ignore, lines("Theme=dark"), true},
		"ignored name is no prefix":        {ignore, lines("theme2=dark"), true},
		"pattern needs its beginning":      {ignore, lines("seen=1"), true},
		"session beats analytics":          {config.Rule{Session: []string{"_ga"}}, lines("_ga=1"), true},
		"session pattern beats analytics":  {config.Rule{Session: []string{"_g*"}}, lines("_gid=1"), true},
		"session beats ignored":            {config.Rule{Session: []string{"theme"}, IgnoreCookies: []string{"the*"}}, lines("theme=1"), true},
		"session leaves others ignored":    {config.Rule{Session: []string{"theme"}, IgnoreCookies: []string{"the*"}}, lines("them=1"), false},
		"session beats cookies only":       {config.Rule{Session: []string{"sid"}, CookiesOnly: []string{"cart"}}, lines("sid=1"), true},
		"cookies only, others":             {only, lines("a=1; b=2; SESSIONID=3"), false},
		"cookies only, named":              {only, lines("a=1; sessionid=3"), true},
		"cookies only, named by a pattern": {only, lines("cart_id=3"), true},
		"cookies only, not readable":       {only, lines("a=1; b"), true},
		"cookies only, no name":            {only, lines("=1"), true},
		"cookies only and ignored":         {config.Rule{CookiesOnly: []string{"a"}, IgnoreCookies: []string{"a"}}, lines("a=1"), false},
		"cookies only and analytics":       {config.Rule{CookiesOnly: []string{"_ga"}}, lines("_ga=1"), false},
	}
	for name, tt := range tests {
		if got := policy.Compile(tt.rule).PersonalCookies(tt.lines); got != tt.personal {
			t.Errorf("%s: %q: got %v, want %v", name, tt.lines, got, tt.personal)
		}
	}
}

// TestAnalyticsCookies: each pattern stands for a cookie that a vendor documents.
func TestAnalyticsCookies(t *testing.T) {
	documented := []string{
		// Google Analytics, Tag Manager and Ads
		"_ga", "_ga_ABC123DEF4", "_gid", "_gat", "_gat_gtag_UA_1_1", "_gat_UA-1-1", "_gac_UA-1-1", "_dc_gtm_UA-1-1",
		"__utma", "__utmb", "__utmc", "__utmt", "__utmv", "__utmz", "_gcl_au", "_gcl_aw", "_gcl_dc",
		// Meta
		"_fbp", "_fbc",
		// Hotjar
		"_hjid", "_hjSession_123456", "_hjSessionUser_123456", "_hjFirstSeen", "_hjAbsoluteSessionInProgress", "_hjIncludedInSessionSample_123456",
		// Microsoft Clarity and Ads
		"_clck", "_clsk", "_uetsid", "_uetvid",
		// Matomo
		"_pk_id.1.1fff", "_pk_ses.1.1fff", "_pk_ref.1.1fff", "_pk_cvar.1.1fff",
		// HubSpot
		"__hstc", "__hssc", "__hssrc", "hubspotutk",
		// Segment, LinkedIn, Pinterest, TikTok
		"ajs_anonymous_id", "li_fat_id", "_pin_unauth", "_ttp", "_tt_enable_cookie",
	}
	r := policy.Compile(config.Rule{})
	for _, name := range documented {
		if r.PersonalCookies([]string{name + "=1"}) {
			t.Errorf("%s makes a request personal", name)
		}
	}
	for _, pattern := range policy.AnalyticsCookies() {
		head, starred := strings.CutSuffix(pattern, "*")
		if !slices.ContainsFunc(documented, func(name string) bool {
			return name == pattern || starred && strings.HasPrefix(name, head) && name != head
		}) {
			t.Errorf("no documented cookie is known for %s", pattern)
		}
		if starred && len(head) < 4 {
			t.Errorf("%s takes in too much", pattern)
		}
	}
	for _, name := range []string{
		"_gaming", "ga", "_gat2", "_gidx", "__utm", "_pk_id", "ajs_user_id", "sessionid", "csrftoken", "PHPSESSID", "wordpress_logged_in_x",
		"cart", "woocommerce_items_in_cart", "_hjSession", "_fb", "__cf_bm", "cf_clearance", "_shopify_y",
	} {
		if !r.PersonalCookies([]string{name + "=1"}) {
			t.Errorf("%s does not make a request personal", name)
		}
	}
	policy.AnalyticsCookies()[0] = "*"
	if !r.PersonalCookies([]string{"sessionid=1"}) {
		t.Error("the table can be changed from outside")
	}
}

// TestCookieNames: RFC 6265 §4.1.1, a name is a token; anything else is personal,
// whatever a pattern says.
func TestCookieNames(t *testing.T) {
	const separators = "()<>@,;:\\\"/[]?={} \t"
	r := policy.Compile(config.Rule{IgnoreCookies: []string{"x*"}})
	for c := range 256 {
		if c == ';' || c == '=' {
			continue // they end a crumb and a name
		}
		token := 0x20 < c && c < 0x7f && !strings.ContainsRune(separators, rune(c))
		if got := r.PersonalCookies([]string{"x" + string([]byte{byte(c)}) + "y=1"}); got == token {
			t.Errorf("%#x in a name: personal is %v", c, got)
		}
	}
}
