package policy

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/entry"
)

// terms reads from an answer's fields what its reuse is judged by.
func (r *Rule) terms(a *Response, h http.Header, cc *directives) entry.Terms {
	t := entry.Terms{
		NoCache:              cc.NoCache,
		MustRevalidate:       cc.MustRevalidate || cc.ProxyRevalidate || cc.SMaxAge.Set, // §5.2.2.10
		StaleWhileRevalidate: entry.Window(cc.StaleWhileRevalidate),
		StaleIfError:         entry.Window(cc.StaleIfError),
	}
	if t.Lifetime, t.Explicit = explicitLifetime(&cc.Response); !t.Explicit && !cc.targeted {
		t.Lifetime, t.Explicit = expiresLifetime(h, a.ResponseTime)
	}
	if !t.Explicit && r.conf.Heuristic > 0 && (heuristicStatus(a.Status) || cc.Public) {
		t.Lifetime, t.Heuristic = heuristicLifetime(h, a.ResponseTime)
	}
	t.InitialAge = initialAge(h, a, &t)
	return t
}

// heuristicLifetime returns a tenth of the time between Last-Modified and the
// answer's generation (RFC 9111 §4.2.2).
func heuristicLifetime(h http.Header, now time.Time) (lifetime time.Duration, ok bool) {
	modified, ok := httpDate(h.Get("Last-Modified"))
	if !ok || len(h["Last-Modified"]) > 1 {
		return 0, false
	}
	since := dateOr(h, now).Sub(modified)
	return max(0, min(since/10, maxSeconds*time.Second)), since > 0
}

// heuristicStatus reports a status whose answers may be given a lifetime by a
// heuristic (RFC 9110 §15.1), but for 206, which is not stored.
func heuristicStatus(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusMultipleChoices,
		http.StatusMovedPermanently, http.StatusPermanentRedirect, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusGone, http.StatusRequestURITooLong, http.StatusNotImplemented:
		return true
	}
	return false
}

// understood reports a status whose rules of caching this cache knows (RFC 9111
// §5.2.2.3). 206 and 304 are known and not stored; 226 is not known.
func understood(status int) bool {
	if heuristicStatus(status) {
		return true
	}
	switch status {
	case http.StatusCreated, http.StatusAccepted, http.StatusResetContent, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotAcceptable, http.StatusConflict, http.StatusLengthRequired,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusExpectationFailed, http.StatusMisdirectedRequest,
		http.StatusUnprocessableEntity, http.StatusUpgradeRequired,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		http.StatusHTTPVersionNotSupported:
		return true
	}
	return false
}

// statusReason tells whether answers of this status are stored: 200, what the
// line names, what is of use to everybody if the origin says for how long, and
// with any_status whatever it gives a lifetime. public lets a heuristic apply to
// every status (RFC 9111 §4.2.2).
func (r *Rule) statusReason(status int, t *entry.Terms) cachestatus.Reason {
	_, named := r.conf.StatusTTL[status]
	switch {
	case status < 200, status == http.StatusNotModified:
	case status == http.StatusPartialContent:
		if r.passesRanges() {
			return cachestatus.ReasonNone
		}
	case named, status == http.StatusOK,
		t.Explicit && (isNegative(status) || isPermanent(status) || r.conf.AnyStatus),
		t.Heuristic && r.conf.Heuristic > 0:
		return cachestatus.ReasonNone
	}
	return cachestatus.ReasonStatus
}

func isPermanent(status int) bool {
	return status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect
}

// freshFor returns how long a response stays fresh from its arrival on: the
// origin's lifetime less the age it came with, cut by the line's ttl; the ttl
// alone if the origin gave none or the line overrides it. The reason tells why
// it is not fresh at all; with ReasonNotFresh the time is how long it had been stale
// already, as a negative one: the stale windows count from there (RFC 5861 §3, §4).
func (r *Rule) freshFor(status int, t *entry.Terms) (time.Duration, cachestatus.Reason) {
	ttl, named, capped := r.lifetimeCap(status)
	lifetime, given := t.Lifetime, t.Explicit
	if t.Heuristic && r.conf.Heuristic > 0 {
		lifetime, given = min(lifetime, time.Duration(r.conf.Heuristic)), true
	}
	switch {
	case named && ttl <= 0: // a ttl of 0 takes the status out
		return 0, cachestatus.ReasonStatus
	case r.conf.Override && capped && (named || !isNegative(status)):
		return ttl, cachestatus.ReasonNone
	case !given && (!capped || isNegative(status) && !named):
		return 0, cachestatus.ReasonNoLifetime
	case !given:
		lifetime = ttl
	}
	fresh := lifetime - t.InitialAge
	if capped {
		fresh = min(fresh, ttl)
	}
	if fresh <= 0 {
		return fresh, cachestatus.ReasonNotFresh
	}
	return fresh, cachestatus.ReasonNone
}

// window returns for how long a response may be used after it has gone stale: as
// the origin says, cut by what the operator says, or as he says if the origin
// gave no window. An answer that was not fresh when it came has no more than what
// the origin gave it: it was never meant for a second visitor.
func window(own entry.Window, line *config.Duration, cameFresh bool) time.Duration {
	switch {
	case line == nil:
		return own.Value
	case own.Set:
		return min(own.Value, time.Duration(*line))
	case cameFresh:
		return time.Duration(*line)
	}
	return 0
}

// validated reports whether the origin can be asked if the response still holds.
func validated(h http.Header) bool {
	_, dated := httpDate(h.Get("Last-Modified"))
	return h.Get("ETag") != "" || dated
}

// perRequest lists response fields that belong to one exchange rather than to the
// page. They are left out of what is stored unless the line keeps them.
//
//nolint:gochecknoglobals // a read-only table
var perRequest = []string{"Authentication-Info", "Server-Timing", "Traceresponse", "X-Correlation-Id", "X-Request-Id"}

// keeps reports whether the line keeps a field that is left out by default.
func (r *Rule) keeps(name string) bool {
	return slices.ContainsFunc(r.conf.KeepFields, func(kept string) bool { return kept == "*" || strings.EqualFold(kept, name) })
}
