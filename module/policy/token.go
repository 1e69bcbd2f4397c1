package policy

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/csrf"
)

// Tokens are what an answer says of the tokens against forged requests that its page
// holds. The zero Tokens says nothing.
type Tokens struct {
	Set    bool        // it gives a visitor a secret of his own
	Secret csrf.Secret // that one
	Cookie csrf.Cookie // what it says of the cookie
}

// djangoToken begins what is kept of a cookie, so that it is never empty.
const djangoToken = "django; "

// Text returns the cookie as it is kept with a stored response; empty if there is none.
func (t *Tokens) Text() string {
	if !t.Set {
		return ""
	}
	return djangoToken + t.Cookie.String()
}

// tokens reads an answer's Set-Cookie: what it says of tokens that the line fills in,
// and the lines that keep it from being stored.
func (r *Rule) tokens(h http.Header, a *Response) (t Tokens, rest []string) {
	rest = h["Set-Cookie"]
	if r.csrfCookie != "" {
		found := csrf.ReadSetCookie(rest, r.csrfCookie, a.ResponseTime)
		t, rest = Tokens{found.Set, found.Secret, found.Cookie}, found.Rest
	}
	return t, slices.DeleteFunc(slices.Clone(rest), func(line string) bool { return r.strip.match(setCookieName(line)) })
}

// cookieReason tells why an answer that sets the cookies in these lines is not stored.
// One that sets nothing but Django's is a page with a form.
func (r *Rule) cookieReason(lines []string, a *Response) cachestatus.Reason {
	if len(lines) == 0 {
		return cachestatus.ReasonNone
	}
	found := csrf.ReadSetCookie(lines, config.DefaultCSRFCookie, a.ResponseTime)
	if r.csrfCookie == "" && found.Set && len(found.Rest) == 0 {
		return cachestatus.ReasonToken
	}
	return cachestatus.ReasonSetCookie
}

// hiddenReason keeps out a page whose tokens nobody finds: with codings pass they stand in
// what is encoded, and with ranges pass a part may end within one. The others would get
// the first visitor's.
func (t *Tokens) hiddenReason(status int, h http.Header) cachestatus.Reason {
	switch {
	case !t.Set:
	case len(codingsOf(h)) > 0:
		return cachestatus.ReasonContentEncoding
	case status == http.StatusPartialContent:
		return cachestatus.ReasonToken
	}
	return cachestatus.ReasonNone
}

// DecideTokens finds the tokens in the body of an answer that is to be stored: where
// they stand, ascending, or why they keep it from being stored. h are the answer's fields:
// those that hold a token (for scripts, as a rule) cannot be filled in.
func DecideTokens(h http.Header, body []byte, t *Tokens) (holes []int, reason cachestatus.Reason) {
	if t.Set {
		if t.inFields(h) {
			return nil, cachestatus.ReasonToken
		}
		holes, err := csrf.Find(body, t.Secret)
		if err != nil {
			return nil, cachestatus.ReasonToken
		}
		return holes, cachestatus.ReasonNone
	}
	if mayHoldTokens(h.Get("Content-Type")) && csrf.Suspects(body) {
		return nil, cachestatus.ReasonToken
	}
	return nil, cachestatus.ReasonNone
}

// inFields reports whether a field holds a token of the secret, or the secret itself.
func (t *Tokens) inFields(h http.Header) bool {
	for name, values := range h {
		if name == "Set-Cookie" { // read already, and never stored
			continue
		}
		for _, value := range values {
			if len(value) < csrf.SecretSize {
				continue
			}
			if holes, err := csrf.Find([]byte(value), t.Secret); err != nil || len(holes) > 0 {
				return true
			}
		}
	}
	return false
}

// mayHoldTokens reports a type of what a browser may take a token from; one that is not
// given may be any.
func mayHoldTokens(contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	media = strings.TrimSpace(media)
	for _, part := range [...]string{"text/", "json", "javascript", "xml"} {
		if strings.Contains(media, part) {
			return true
		}
	}
	return media == ""
}

// Blank returns a copy of body with nobody's token in its holes: bodies that differ in
// their tokens alone are then the same.
func Blank(body []byte, holes []int) []byte {
	blank := slices.Clone(body)
	for _, at := range holes {
		for i := range csrf.TokenSize {
			blank[at+i] = '0'
		}
	}
	return blank
}

// HasToken reports whether the visitor with these Cookie fields has a secret of his own
// already, so that an answer which gives him another would make the forms useless that
// he has open.
func (r *Rule) HasToken(cookies []string) bool {
	if r.csrfCookie == "" {
		return false
	}
	_, ok := csrf.FromCookies(cookies, r.csrfCookie)
	return ok
}

// VisitorToken is what fills the holes of a page for one visitor.
type VisitorToken struct {
	Secret csrf.Secret
	Minted string // the Set-Cookie line that gives him the secret; empty: he has it
}

// Token returns the visitor's secret, or one made for him, with the cookie as text says
// that is kept with the stored response. random fills bytes from a source fit for
// secrets.
func (r *Rule) Token(q *Request, text string, random func([]byte)) VisitorToken {
	if s, ok := csrf.FromCookies(q.Header["Cookie"], r.csrfCookie); ok {
		return VisitorToken{Secret: s}
	}
	s := csrf.NewSecret(random)
	attributes, _ := strings.CutPrefix(text, djangoToken)
	cookie, _ := csrf.ParseCookie(attributes) // what cannot be read is the safe default
	return VisitorToken{s, cookie.Line(r.csrfCookie, s, r.conf.CSRF, q.Scheme, random)}
}

// Personal changes the fields h of a page that was filled in for one visitor. Its
// entity-tag is weak, because no two deliveries are the same bytes, and names the
// visitor by tag, because a copy is of no use to him any more when his secret is
// another; there is no date to go by instead, and no digest is that of these bytes.
func Personal(h http.Header, tag string) {
	PrivateFields(h)
	if etag := h.Get("ETag"); etag != "" {
		h["Etag"] = []string{personalTag(etag, tag)}
	}
	for _, name := range [...]string{"Last-Modified", "Accept-Ranges", "Content-Digest", "Repr-Digest", "Digest", "Content-Md5"} {
		delete(h, name)
	}
	AddVary(h, "Cookie")
}

// WithoutDates returns the fields of a request without a condition that asks by date. When
// a page came says nothing of whose tokens a visitor's copy of it holds: he may have it
// from the origin, and have got another secret since.
func WithoutDates(request http.Header) http.Header {
	if len(request["If-Modified-Since"]) == 0 {
		return request
	}
	request = maps.Clone(request)
	delete(request, "If-Modified-Since")
	return request
}

func personalTag(etag, tag string) string { return `W/"` + opaque(etag) + "~" + tag + `"` }

// PrivateFields changes the fields h of a page that is for one visitor so that no cache
// behind the edge gives it to another (RFC 9111 §5.2.2.7).
func PrivateFields(h http.Header) {
	kept := []string{"private"}
	for _, line := range h["Cache-Control"] {
		for _, m := range splitMembers(line) {
			switch directiveName(m) {
			case "", "public", "private", "s-maxage", "proxy-revalidate":
			default:
				kept = append(kept, m)
			}
		}
	}
	h["Cache-Control"] = []string{strings.Join(kept, ", ")}
	for name := range h { // a field for some caches goes before Cache-Control there (RFC 9213 §2.2)
		if strings.HasSuffix(name, "-Cache-Control") || name == "Surrogate-Control" || name == "X-Accel-Expires" {
			delete(h, name)
		}
	}
}

// WithoutToken returns the fields of an answer without the cookie that would give a
// visitor another secret than he has.
func (r *Rule) WithoutToken(h http.Header) http.Header {
	h = h.Clone()
	lines := slices.DeleteFunc(h["Set-Cookie"], func(line string) bool { return setCookieName(line) == r.csrfCookie })
	if h["Set-Cookie"] = lines; len(lines) == 0 {
		delete(h, "Set-Cookie")
	}
	return h
}
