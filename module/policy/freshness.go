package policy

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/config"
)

// explicitLifetime returns the freshness lifetime that the origin gives for a
// shared cache, counted from the response's generation (RFC 9111 §4.2.1, with
// RFC 9213 in front of it). ok is false when it gives none. now stands in for a
// missing or unreadable Date.
func explicitLifetime(h http.Header, cc cachecontrol.Response, now time.Time) (lifetime time.Duration, ok bool) {
	switch {
	case cc.SMaxAge.Set:
		return cc.SMaxAge.Value, true
	case cc.MaxAge.Set:
		return cc.MaxAge.Value, true
	case len(h["Expires"]) == 0:
		return 0, false
	}
	expires, err := http.ParseTime(h.Get("Expires"))
	if err != nil || len(h["Expires"]) > 1 {
		return 0, true // §5.3: an invalid date, "0" above all, is in the past
	}
	return max(0, expires.Sub(dateOr(h, now))), true
}

func dateOr(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return now
}

// initialAge returns corrected_initial_age of RFC 9111 §4.2.3 for a response
// that was asked for at requestTime and came at responseTime. It is never
// negative: a Date in the future counts as now.
//
// A lifetime that the origin gave is counted by the RFC's arithmetic. A ttl that
// the operator gave is counted from the arrival, unless Age shows another cache
// in between: an origin whose clock is behind, or which takes longer than the
// ttl to make a page, would otherwise never be cached.
func initialAge(h http.Header, explicit bool, requestTime, responseTime time.Time) time.Duration {
	age, present := ageValue(h)
	if !explicit && !present {
		return 0
	}
	corrected := age + max(0, responseTime.Sub(requestTime))
	if !explicit {
		return corrected
	}
	apparent := responseTime.Sub(dateOr(h, responseTime)).Truncate(time.Second) // Date has whole seconds
	return max(0, apparent, corrected)
}

// ageValue reads the first Age (RFC 9111 §5.1); what is not a number is ignored.
func ageValue(h http.Header) (age time.Duration, ok bool) {
	first, _, _ := strings.Cut(h.Get("Age"), ",")
	n, err := strconv.ParseUint(strings.TrimSpace(first), 10, 64)
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
// gave this status a ttl of its own, ok that there is one at all.
func (r *Rule) lifetimeCap(status int) (ttl time.Duration, named, ok bool) {
	if d, found := r.conf.StatusTTL[status]; found {
		return time.Duration(d), true, true
	}
	if isNegative(status) {
		return config.ErrorTTL, false, true
	}
	if r.conf.TTL > 0 {
		return time.Duration(r.conf.TTL), false, true
	}
	return 0, false, false
}

func isNegative(status int) bool {
	return status == http.StatusNotFound || status == http.StatusGone
}
