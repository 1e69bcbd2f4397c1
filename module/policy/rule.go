package policy

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
)

// Rule is a page_cache line made ready for judging. Read-only after Compile.
type Rule struct {
	conf    config.Rule
	session patterns
	ignore  patterns
	strip   patterns

	privateSession patterns
	varyCookies    patterns
	csrfCookie     string // empty: tokens are not filled in

	cookiesOnly patterns
	queryIgnore patterns
	queryOnly   patterns
	vary        map[string]bool // canonical names
	forward     map[string]bool
	forwardAll  bool
}

// Compile prepares a validated line. The result keeps a reference to r's lists.
func Compile(r config.Rule) *Rule {
	return &Rule{
		conf:    r,
		session: r.Session,
		ignore:  r.IgnoreCookies,
		strip:   r.StripSetCookie,

		privateSession: r.PrivateSession,
		varyCookies:    r.VaryCookies,
		csrfCookie:     csrfCookie(r.CSRF),

		cookiesOnly: r.CookiesOnly,
		queryIgnore: r.QueryIgnore,
		queryOnly:   r.QueryOnly,
		vary:        headerSet(r.Vary),
		forward:     headerSet(r.Forward),
		forwardAll:  slices.Contains(r.Forward, "*"),
	}
}

func csrfCookie(c *config.CSRF) string {
	if c == nil {
		return ""
	}
	return c.CookieName()
}

// BodyLimit returns the largest body that is stored, in bytes.
func (r *Rule) BodyLimit() int64 { return r.conf.BodyLimit() }

// Timeouts are how long a line's fills wait.
type Timeouts = config.Timeouts

// Timeouts returns how long fills wait for what.
func (r *Rule) Timeouts() Timeouts { return r.conf.Timeouts() }

// Grace returns for how long a page may be served after it has gone stale because of
// the trouble that the origin is in, which is 0 for none to 1 for the worst.
func (r *Rule) Grace(trouble float64) time.Duration {
	return time.Duration(trouble * float64(r.conf.OverloadGrace))
}

// VariantLimit returns how many variants of one page are stored at a time.
func (r *Rule) VariantLimit() int { return r.conf.VariantLimit() }

// TrustFraming reports whether a body may be stored whose end only the closing
// connection shows.
func (r *Rule) TrustFraming() bool { return r.conf.TrustFraming }

// MarkFor returns for how long it is remembered that an answer of this status,
// which was not stored for this reason, was for one visitor alone; 0: not at all. An
// answer that was judged by what one request had says nothing of the next one's, and
// a server in trouble is not to be asked by everybody at once.
func (r *Rule) MarkFor(status int, reason cachestatus.Reason) time.Duration {
	if reason == cachestatus.ReasonNone || reason == cachestatus.ReasonAuthorization || reason == cachestatus.ReasonNoStatus ||
		reason == cachestatus.ReasonStore || reason == cachestatus.ReasonVariantLimit || !Supersedes(status) {
		return 0
	}
	return r.conf.MarkFor()
}

// passesCodings reports whether the origin's content codings are passed through.
func (r *Rule) passesCodings() bool { return r.conf.Codings == config.CodingsPass }

// passesRanges reports whether parts of what is not stored are asked for and stored
// as parts.
func (r *Rule) passesRanges() bool { return r.conf.Ranges == config.RangesPass }

// sharesAuthorized reports whether requests with Authorization use the cache as
// RFC 9111 §3.5 has it.
func (r *Rule) sharesAuthorized() bool { return r.conf.Authorization == config.AuthorizationRFC9111 }

// ChoosesLanguage reports whether the line chooses among variants by language.
func (r *Rule) ChoosesLanguage() bool { return slices.Contains(r.conf.VaryLanguage, "*") }

// Fingerprint names the options that shape keys and what a fill carries, so that
// pages filled under other ones are not found; trust_framing and store_post too,
// because what they let in must not outlive them. Options that are judged anew at
// each lookup (ttl, override, max_body) are left out: a reload that changes them
// keeps the pages.
func (r *Rule) Fingerprint() string {
	var b strings.Builder
	for _, list := range [][]string{
		r.conf.QueryIgnore, r.conf.QueryOnly, r.conf.Vary, r.conf.VaryBy, r.conf.Forward,
		r.conf.VaryLanguage, r.conf.KeepFields,
		{r.conf.Codings, r.conf.Ranges, r.conf.Authorization},
	} {
		for _, s := range list {
			b.WriteString(s)
			b.WriteByte(0)
		}
		b.WriteByte(1)
	}
	if r.conf.TrustFraming {
		b.WriteByte(2)
	}
	if r.conf.StorePost {
		b.WriteByte(3)
	}
	return b.String()
}

func headerSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[http.CanonicalHeaderKey(n)] = true
	}
	return set
}

// patterns are names, each of which may end in * for any ending.
type patterns []string

func (p patterns) match(name string) bool {
	for _, want := range p {
		if head, ok := strings.CutSuffix(want, "*"); ok {
			if strings.HasPrefix(name, head) {
				return true
			}
		} else if name == want {
			return true
		}
	}
	return false
}
