package policy

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/cachestatus"
)

// Disposal is what becomes of the answer to a fill.
type Disposal int

// The disposals DecideStorage can reach.
const (
	// DisposeStore shares the answer with all who wait and stores it when it
	// proves whole.
	DisposeStore Disposal = iota
	// DisposeRelay gives it to the request that caused the fill and to nobody
	// else: all others go to the origin by themselves, at once.
	DisposeRelay
	// DisposeFail gives it to the request that caused the fill; one of the others
	// tries again.
	DisposeFail
	// DisposeRepeat drops it: the origin varies by request headers that the fill
	// did not carry, so the fill is repeated with them (Storage.Learn), keyed.
	DisposeRepeat
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
	Learn    []string           // for DisposeRepeat: canonical names, never empty

	// For DisposeStore: what a later lookup judges the stored response by.
	InitialAge time.Duration
	Lifetime   time.Duration // the origin's, meaningful when Explicit
	Explicit   bool
	// Fresh is how long the answer stays fresh from its arrival on, under the
	// rule in force now.
	Fresh time.Duration
}

// maxLearned bounds how many request headers one line learns to key from Vary.
const maxLearned = 8

// DecideStorage judges the answer to a fill that was made from in, with the
// headers in learned known to this line.
func DecideStorage(a *Response, r *Rule, in *Intake, learned []string) Storage {
	h := canonicalFields(a.Header)
	cc, targeted := sharedDirectives(h)
	s := Storage{}
	if s.Lifetime, s.Explicit = explicitLifetime(cc); !s.Explicit && !targeted {
		s.Lifetime, s.Explicit = expiresLifetime(h, a.ResponseTime)
	}
	s.InitialAge = s.initialAge(h, a)
	if a.Status >= http.StatusInternalServerError || a.Status == statusClientClosed {
		s.Disposal, s.Reason = DisposeFail, cachestatus.ReasonOriginError
		return s
	}
	for _, reason := range [...]cachestatus.Reason{
		statusReason(a.Status, r, s.Explicit),
		directiveReason(cc, h),
		r.messageReason(h, a.CloseDelimited),
	} {
		if reason != cachestatus.ReasonNone {
			s.Disposal, s.Reason = DisposeRelay, reason
			return s
		}
	}
	if s.Fresh, s.Reason = r.freshFor(a.Status, s.Explicit, s.Lifetime, s.InitialAge); s.Fresh <= 0 {
		s.Disposal = DisposeRelay
		return s
	}
	s.Learn, s.Reason = unkeyedVary(h, in, r, learned)
	switch {
	case s.Reason != cachestatus.ReasonNone:
		s.Disposal = DisposeRelay
	case len(s.Learn) > 0:
		s.Disposal = DisposeRepeat
	}
	return s
}

// statusClientClosed is what reverse_proxy writes, with no error, when the
// request's context ended.
const statusClientClosed = 499

// sharedDirectives returns the directives that hold here: the targeted field's
// if there is a valid one, else Cache-Control's. targeted says which, because a
// targeted field takes the place of Expires, too (RFC 9213 §2.2).
// Surrogate-Control, its forerunner, is heeded where it forbids.
func sharedDirectives(h http.Header) (cc cachecontrol.Response, targeted bool) {
	cc, targeted = cachecontrol.ParseTargeted(h["Cdn-Cache-Control"])
	if !targeted {
		cc = cachecontrol.ParseResponse(h)
	}
	if lines := h["Surrogate-Control"]; len(lines) > 0 {
		old := cachecontrol.ParseResponse(http.Header{"Cache-Control": lines})
		cc.NoStore = cc.NoStore || old.NoStore
		cc.Private = cc.Private || old.Private || len(old.PrivateFields) > 0
		cc.NoCache = cc.NoCache || old.NoCache || len(old.NoCacheFields) > 0
	}
	return cc, targeted
}

// statusReason tells whether answers of this status are stored: 200, what the
// line names, and what is of use to everybody if the origin says for how long.
func statusReason(status int, r *Rule, explicit bool) cachestatus.Reason {
	_, named := r.conf.StatusTTL[status]
	switch {
	case named, status == http.StatusOK, explicit && (isNegative(status) || isPermanent(status)):
		return cachestatus.ReasonNone
	}
	return cachestatus.ReasonStatus
}

func isPermanent(status int) bool {
	return status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect
}

// directiveReason finds what the origin said against sharing. private and
// no-cache with field names count as without: the whole answer stays out, which
// RFC 9111 §5.2.2.4 and §5.2.2.7 allow.
func directiveReason(cc cachecontrol.Response, h http.Header) cachestatus.Reason {
	switch {
	case cc.NoStore:
		return cachestatus.ReasonNoStore
	case cc.Private, len(cc.PrivateFields) > 0:
		return cachestatus.ReasonPrivate
	case cc.NoCache, len(cc.NoCacheFields) > 0:
		return cachestatus.ReasonNoCache
	case len(h["Cache-Control"]) == 0 && strings.Contains(strings.ToLower(strings.Join(h["Pragma"], ",")), "no-cache"):
		return cachestatus.ReasonNoCache
	}
	return cachestatus.ReasonNone
}

// messageReason finds what in the answer itself keeps it out of the store.
func (r *Rule) messageReason(h http.Header, closeDelimited bool) cachestatus.Reason {
	switch {
	case len(h["Set-Cookie"]) > 0, len(h["Set-Cookie2"]) > 0:
		return cachestatus.ReasonSetCookie
	case varyStar(h):
		return cachestatus.ReasonVaryStar
	case len(h["Content-Range"]) > 0:
		return cachestatus.ReasonStatus
	case encoded(h):
		return cachestatus.ReasonContentEncoding
	case len(h["Trailer"]) > 0:
		return cachestatus.ReasonTrailer
	case endless(h.Get("Content-Type")):
		return cachestatus.ReasonEventStream
	case closeDelimited && !r.TrustFraming():
		return cachestatus.ReasonFraming
	}
	if n, ok := ContentLength(h); ok && n > r.BodyLimit() {
		return cachestatus.ReasonTooLarge
	}
	return cachestatus.ReasonNone
}

// endless reports a type whose body goes on for as long as somebody reads it.
func endless(contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	media = strings.TrimSpace(media)
	return media == "text/event-stream" || media == "multipart/x-mixed-replace"
}

func encoded(h http.Header) bool {
	for _, f := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(f, ",") {
			if c := strings.TrimSpace(coding); c != "" && !strings.EqualFold(c, "identity") {
				return true
			}
		}
	}
	return false
}

func varyNames(h http.Header) []string {
	var names []string
	for _, f := range h["Vary"] {
		for name := range strings.SplitSeq(f, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	return names
}

func varyStar(h http.Header) bool { return slices.Contains(varyNames(h), "*") }

// unkeyedVary returns the request headers that the answer varies by and that
// neither the key nor the edge's own settings cover (RFC 9111 §4.1). What a fill
// never carries is the same for everybody: absent.
func unkeyedVary(h http.Header, in *Intake, r *Rule, learned []string) ([]string, cachestatus.Reason) {
	var learn []string
	for _, name := range varyNames(h) {
		if !isToken(name) || len(name) > 64 {
			return nil, cachestatus.ReasonVaryLimit
		}
		_, carried := in.Forward[name]
		known := r.vary[name] || slices.Contains(learned, name)
		// A header that the operator forwards without keying it, and that the
		// origin then says matters, is keyed from now on.
		if (carried || !known && !neverCarried(name, r)) && !slices.Contains(learn, name) {
			learn = append(learn, name)
		}
	}
	// Fills that end at the same time may have learned more than the bound, which
	// must not keep out what varies by nothing new.
	if len(learn) > 0 && len(learned)+len(learn) > maxLearned {
		return nil, cachestatus.ReasonVaryLimit
	}
	return learn, cachestatus.ReasonNone
}

// neverCarried reports whether this header is the same in every fill for one
// key: absent, the edge's own, or in a form that the key holds.
func neverCarried(name string, r *Rule) bool {
	if r.forward[name] {
		return false
	}
	return isOwned(name) || isCredential(name) || isRepresentation(name) || name == "Accept" && !r.forwardAll
}

// freshFor returns how long a response stays fresh from its arrival on: the
// origin's lifetime less the age it came with, cut by the line's ttl; the ttl
// alone if the origin gave none or the line overrides it. The reason tells why
// it is not fresh at all.
func (r *Rule) freshFor(status int, explicit bool, lifetime, age time.Duration) (time.Duration, cachestatus.Reason) {
	ttl, named, capped := r.lifetimeCap(status)
	switch {
	case named && ttl <= 0: // a ttl of 0 takes the status out
		return 0, cachestatus.ReasonStatus
	case r.conf.Override && capped && (named || !isNegative(status)):
		return ttl, cachestatus.ReasonNone
	case !explicit && (!capped || isNegative(status) && !named):
		return 0, cachestatus.ReasonNoLifetime
	case !explicit:
		lifetime = ttl
	}
	fresh := lifetime - age
	if capped {
		fresh = min(fresh, ttl)
	}
	if fresh <= 0 {
		return 0, cachestatus.ReasonNotFresh
	}
	return fresh, cachestatus.ReasonNone
}
