package policy

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/entry"
)

// explicitLifetime returns the freshness lifetime that the directives give for a
// shared cache, counted from the response's generation (RFC 9111 §4.2.1). ok is
// false when they give none.
func explicitLifetime(cc *cachecontrol.Response) (lifetime time.Duration, ok bool) {
	if cc.SMaxAge.Set {
		return cc.SMaxAge.Value, true
	}
	return cc.MaxAge.Value, cc.MaxAge.Set
}

// expiresLifetime returns the lifetime that Expires gives. now stands in for a
// missing or unreadable Date.
func expiresLifetime(h http.Header, now time.Time) (lifetime time.Duration, ok bool) {
	if len(h["Expires"]) == 0 {
		return 0, false
	}
	expires, readable := httpDate(h.Get("Expires"))
	if !readable || len(h["Expires"]) > 1 {
		return 0, true // §5.3: an invalid date, "0" above all, is in the past
	}
	return min(max(0, expires.Sub(dateOr(h, now))), maxSeconds*time.Second), true
}

func dateOr(h http.Header, now time.Time) time.Time {
	if date, ok := httpDate(h.Get("Date")); ok {
		return date
	}
	return now
}

// httpDate reads a date (RFC 9110 §5.6.7) as RFC 9111 §4.2 wants it for
// calculations: in any case, and in GMT only. http.ParseTime takes other
// zones in the form of RFC 850, and looks their names up in the machine's own.
func httpDate(s string) (time.Time, bool) {
	s = strings.ToUpper(s)
	for _, layout := range [...]string{http.TimeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// initialAge returns corrected_initial_age of RFC 9111 §4.2.3 for a. It is never
// negative: a Date in the future counts as now. Nor is it more than a number of
// seconds may be.
//
// A lifetime that the origin gave is counted by the RFC's arithmetic. A ttl that
// the operator gave is counted from the arrival, unless Age shows another cache
// in between: an origin whose clock is behind, or which takes longer than the
// ttl to make a page, would otherwise never be cached.
func initialAge(h http.Header, a *Response, t *entry.Terms) time.Duration {
	age, present := ageValue(h)
	given := t.Explicit || t.Heuristic
	if !given && !present {
		return 0
	}
	corrected := age + max(0, a.ResponseTime.Sub(a.RequestTime))
	if date, ok := httpDate(h.Get("Date")); ok && given {
		apparent := a.ResponseTime.Sub(date).Truncate(time.Second) // Date has whole seconds
		corrected = max(corrected, apparent)
	}
	return min(corrected, maxSeconds*time.Second)
}

// ageValue reads the first Age (RFC 9111 §5.1); what is not a number is ignored.
func ageValue(h http.Header) (age time.Duration, ok bool) {
	first, _, _ := strings.Cut(h.Get("Age"), ",")
	n, err := strconv.ParseUint(strings.TrimSpace(first), 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && n > maxSeconds:
		return maxSeconds * time.Second, true // §1.2.2
	case err != nil:
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

// maxSeconds is what a larger number of seconds counts as (RFC 9111 §1.2.2).
const maxSeconds = 1 << 31

// lifetimeCap returns the line's ttl for a status. named says that the operator
// gave this status a ttl of its own, ok that there is one at all. What caps an
// error does not raise a ttl that is shorter.
func (r *Rule) lifetimeCap(status int) (ttl time.Duration, named, ok bool) {
	if d, found := r.conf.StatusTTL[status]; found {
		return time.Duration(d), true, true
	}
	ttl = time.Duration(r.conf.TTL)
	switch {
	case isNegative(status) && !r.conf.AnyStatus && (ttl <= 0 || ttl > config.ErrorTTL):
		return config.ErrorTTL, false, true
	case ttl > 0:
		return ttl, false, true
	}
	return 0, false, false
}

func isNegative(status int) bool {
	return status == http.StatusNotFound || status == http.StatusGone
}
