package policy

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/entry"
)

// Disposal is what becomes of the answer to a fill.
type Disposal int

// The disposals DecideStorage can reach.
const (
	// DisposeStore shares the answer with all who wait and stores it when it
	// proves whole.
	DisposeStore Disposal = iota
	// DisposeKeep stores it, because it can be validated or served stale, and
	// gives it now to the request that caused the fill and to nobody else.
	DisposeKeep
	// DisposeRelay gives it to the request that caused the fill and to nobody
	// else: all others go to the origin by themselves, at once.
	DisposeRelay
	// DisposeFail gives it to the request that caused the fill; one of the others
	// tries again.
	DisposeFail
)

// Response is what DecideStorage sees of an answer to a fill.
type Response struct {
	Status       int
	Header       http.Header
	RequestTime  time.Time // when the fill was sent
	ResponseTime time.Time // when the header came
	// CloseDelimited: the transport knows that only the closing connection will
	// show the body's end.
	CloseDelimited bool
}

// Storage is the verdict on an answer to a fill.
type Storage struct {
	Disposal Disposal
	Reason   cachestatus.Reason // why not DisposeStore
	// Cookie names the cookie that was set, with ReasonSetCookie.
	Cookie string

	// Vary names the request fields that select among the resource's answers,
	// besides those that are keyed anyway; canonical and sorted. It is set whatever
	// the disposal: an answer made without a field is not for a visitor who has it.
	Vary []string

	// Tokens are those that the page holds and that are filled in for each visitor.
	// Without its body it is not known yet where they stand, nor whether it may be
	// stored: see DecideTokens.
	Tokens Tokens

	// For DisposeStore and DisposeKeep: what a later lookup judges by.
	Terms entry.Terms
	// Drop names the fields that are not stored, as the origin wants it (RFC 9111
	// §5.2.2.4, §5.2.2.7).
	Drop []string
	// Fresh is how long the answer stays fresh from its arrival on, under the
	// rule in force now.
	Fresh time.Duration
}

// maxNames bounds how many request fields select one resource's variants.
const maxNames = 8

// DecideStorage judges the answer to a fill that was made from in.
func DecideStorage(a *Response, r *Rule, in *Intake) Storage {
	h := canonicalFields(a.Header)
	cc := sharedDirectives(h)
	s := Storage{Terms: r.terms(a, h, &cc), Drop: slices.Concat(cc.NoCacheFields, cc.PrivateFields)}
	var cookies []string
	s.Tokens, cookies = r.tokens(h, a)
	var varyReason cachestatus.Reason
	s.Vary, varyReason = r.variesBy(h, in)
	failed := a.Status >= http.StatusInternalServerError || a.Status == statusClientClosed
	if failed && (!r.conf.AnyStatus || !s.Terms.Explicit && !s.Terms.Heuristic) {
		s.Disposal, s.Reason = DisposeFail, cachestatus.ReasonOriginError
		return s
	}
	fresh, freshReason := r.freshFor(a.Status, &s.Terms)
	s.Fresh = max(0, fresh)
	for _, reason := range [...]cachestatus.Reason{
		r.statusReason(a.Status, &s.Terms),
		partReason(a.Status, h, in),
		loopReason(a.Status, h, in),
		directiveReason(&cc.Response, a.Status),
		authorizationReason(&cc.Response, in),
		r.cookieReason(cookies, a),
		s.Tokens.hiddenReason(a.Status, h),
		r.messageReason(h, a, s.Terms.Explicit),
		varyReason,
		s.hold(freshReason, h),
	} {
		switch {
		case reason == cachestatus.ReasonNone:
			continue
		case failed:
			s.Disposal, s.Reason = DisposeFail, cachestatus.ReasonOriginError
		default:
			s.Disposal, s.Reason = DisposeRelay, reason
			if len(cookies) > 0 && (reason == cachestatus.ReasonSetCookie || reason == cachestatus.ReasonToken) {
				s.Cookie = cmp.Or(setCookieName(cookies[0]), "=")
			}
		}
		return s
	}
	switch {
	case failed && s.Disposal == DisposeKeep:
		s.Disposal, s.Reason = DisposeFail, cachestatus.ReasonOriginError
	case s.Tokens.Set && s.Disposal == DisposeKeep: // a copy for a later visitor, which must be asked about anyway
		s.Disposal = DisposeRelay
	}
	return s
}

// hold settles what becomes of an answer that may be stored and not be shared
// now, because it must be validated each time (RFC 9111 §5.2.2.4) or is stale
// already: it is kept if that is of any use, and the reason is why not otherwise.
func (s *Storage) hold(freshReason cachestatus.Reason, h http.Header) cachestatus.Reason {
	useful := validated(h)
	switch {
	case s.Terms.NoCache:
		s.Reason = cachestatus.ReasonNoCache
	case freshReason == cachestatus.ReasonNone:
		return cachestatus.ReasonNone
	case freshReason == cachestatus.ReasonNotFresh:
		s.Reason = freshReason
		useful = useful || s.Terms.StaleWhileRevalidate.Value > 0 || s.Terms.StaleIfError.Value > 0
	default:
		return freshReason
	}
	if !useful {
		return s.Reason
	}
	s.Disposal = DisposeKeep
	return cachestatus.ReasonNone
}

// statusClientClosed is what reverse_proxy writes, with no error, when the
// request's context ended.
const statusClientClosed = 499

// directives are those of an answer that hold here. targeted says that they are a
// targeted field's, which takes the place of Expires, too (RFC 9213 §2.2).
type directives struct {
	cachecontrol.Response
	targeted bool
}

// sharedDirectives returns the targeted field's directives if there is a valid
// one, else Cache-Control's. Surrogate-Control, its forerunner, and Pragma, that of
// Cache-Control (RFC 9111 §5.4), are heeded where they forbid.
func sharedDirectives(h http.Header) (cc directives) {
	cc.Response, cc.targeted = cachecontrol.ParseTargeted(h["Cdn-Cache-Control"])
	if !cc.targeted {
		cc.Response = cachecontrol.ParseResponse(h)
	}
	if len(h["Cache-Control"]) == 0 {
		cc.NoCache = cc.NoCache || pragmaNoCache(h["Pragma"])
	}
	if lines := h["Surrogate-Control"]; len(lines) > 0 {
		old := cachecontrol.ParseResponse(http.Header{"Cache-Control": lines})
		if old.NoStore {
			cc.NoStore, cc.MustUnderstand = true, false // that excuses the no-store beside it only
		}
		cc.Private = cc.Private || old.Private || len(old.PrivateFields) > 0
		cc.NoCache = cc.NoCache || old.NoCache || len(old.NoCacheFields) > 0
	}
	return cc
}

// directiveReason finds what the origin said against storing.
func directiveReason(cc *cachecontrol.Response, status int) cachestatus.Reason {
	switch {
	case cc.MustUnderstand && !understood(status):
		return cachestatus.ReasonStatus
	case cc.NoStore && !cc.MustUnderstand: // §5.2.2.3: who understands the status ignores the no-store beside it
		return cachestatus.ReasonNoStore
	case cc.Private:
		return cachestatus.ReasonPrivate
	}
	return cachestatus.ReasonNone
}

// partReason keeps out a part that nobody asked for as one, and one that is made of
// several (RFC 9110 §15.3.7).
func partReason(status int, h http.Header, in *Intake) cachestatus.Reason {
	if status != http.StatusPartialContent {
		return cachestatus.ReasonNone
	}
	if ranges := h["Content-Range"]; in.Inputs.Part == "" || len(ranges) != 1 || !strings.HasPrefix(ranges[0], "bytes ") {
		return cachestatus.ReasonStatus
	}
	return cachestatus.ReasonNone
}

// loopReason keeps out a redirect to the very request that it answers, which, once
// stored, would outlive the mistake.
func loopReason(status int, h http.Header, in *Intake) cachestatus.Reason {
	location := h.Get("Location")
	if status < 300 || status > 399 || location == "" {
		return cachestatus.ReasonNone
	}
	own, err := url.Parse(in.Inputs.Scheme + "://" + in.Inputs.Host + in.Inputs.Original)
	if err != nil {
		return cachestatus.ReasonNone
	}
	target, err := own.Parse(location)
	if err == nil && origin(target.Scheme, target.Host) == origin(own.Scheme, own.Host) && target.RequestURI() == own.RequestURI() {
		return cachestatus.ReasonStatus
	}
	return cachestatus.ReasonNone
}

// authorizationReason keeps in the answer to a request with Authorization unless
// the origin says that it is for all (RFC 9111 §3.5).
func authorizationReason(cc *cachecontrol.Response, in *Intake) cachestatus.Reason {
	if len(in.Forward["Authorization"]) > 0 && !cc.Public && !cc.MustRevalidate && !cc.SMaxAge.Set {
		return cachestatus.ReasonAuthorization
	}
	return cachestatus.ReasonNone
}

// messageReason finds what in the answer itself keeps it out of the store.
func (r *Rule) messageReason(h http.Header, a *Response, explicit bool) cachestatus.Reason {
	switch {
	case len(h["Set-Cookie2"]) > 0 && !r.keeps("Set-Cookie2"):
		return cachestatus.ReasonSetCookie
	case varyStar(h):
		return cachestatus.ReasonVaryStar
	case len(codingsOf(h)) > 0 && !r.passesCodings():
		return cachestatus.ReasonContentEncoding
	case len(h["Trailer"]) > 0:
		return cachestatus.ReasonTrailer
	case endless(h.Get("Content-Type")):
		return cachestatus.ReasonEventStream
	case a.CloseDelimited && !r.TrustFraming():
		return cachestatus.ReasonFraming
	}
	n, declared := ContentLength(h)
	switch {
	case declared && n > r.BodyLimit():
		return cachestatus.ReasonTooLarge
	case declared && r.TooSmall(a.Status, explicit, n):
		return cachestatus.ReasonEmpty
	}
	return cachestatus.ReasonNone
}

// TooSmall reports whether a body of n bytes is too little to be a page: a 200
// without content and without a lifetime of the origin's is more likely an answer
// to something odd.
func (r *Rule) TooSmall(status int, explicit bool, n int64) bool {
	return status == http.StatusOK && !explicit && n < r.conf.LeastBody()
}

// endless reports a type whose body goes on for as long as somebody reads it.
func endless(contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	media = strings.TrimSpace(media)
	return media == "text/event-stream" || media == "multipart/x-mixed-replace"
}
