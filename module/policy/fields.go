package policy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ContentLength returns the declared length of a body in bytes; ok is false when
// none is declared, or not in a form that can be relied on.
func ContentLength(h http.Header) (n int64, ok bool) {
	values := h["Content-Length"]
	if len(values) != 1 {
		return 0, false
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	return n, err == nil && n >= 0
}

// StorableFields returns a copy of an answer's fields without those that concern
// one connection or one delivery (RFC 9111 §3.1), and with a Date (RFC 9110
// §6.6.1). Set-Cookie is left out whatever was decided before.
func StorableFields(h http.Header, now time.Time) http.Header {
	drop := []string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info", "Te",
		"Trailer", "Transfer-Encoding", "Upgrade", "Set-Cookie", "Set-Cookie2", "Age", "Content-Length",
	}
	for _, f := range h["Connection"] {
		for name := range strings.SplitSeq(f, ",") {
			drop = append(drop, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	out := make(http.Header, len(h))
	for name, values := range h {
		if !slices.Contains(drop, name) && !strings.HasPrefix(name, http.TrailerPrefix) {
			out[name] = slices.Clone(values)
		}
	}
	if len(out["Date"]) == 0 {
		out.Set("Date", now.UTC().Format(http.TimeFormat))
	}
	return out
}

// BrowserLimit returns how long browsers may keep a response of this status that
// has been here for resident; ok is false when the line sets no limit.
func (r *Rule) BrowserLimit(status int, resident time.Duration) (left time.Duration, ok bool) {
	ttl, _, ok := r.lifetimeCap(status)
	return max(0, ttl-resident), ok
}

// CapBrowser changes what h tells browsers and caches behind the edge so that
// they keep the response no longer than the line's ttl allows, because a purge
// cannot reach them. age is the Age that is sent beside it, left what BrowserLimit
// returned. A shorter word of the origin stays; where it gave none, none
// is added.
func CapBrowser(h http.Header, age, left time.Duration, now time.Time) {
	limit := int64((age + left) / time.Second)
	cut := false
	for i, field := range h["Cache-Control"] {
		if capped, changed := capDirectives(field, limit); changed {
			if !cut {
				h["Cache-Control"], cut = slices.Clone(h["Cache-Control"]), true
			}
			h["Cache-Control"][i] = capped
		}
	}
	if len(h["Expires"]) == 0 {
		return
	}
	latest := dateOr(h, now).Add(time.Duration(limit) * time.Second)
	if expires, err := http.ParseTime(h.Get("Expires")); err == nil && expires.After(latest) {
		h["Expires"] = []string{latest.UTC().Format(http.TimeFormat)}
	}
}

// capDirectives cuts the lifetimes in one Cache-Control field to limit seconds,
// and drops leave to serve stale when it cuts. Only a field that holds a longer
// lifetime is written anew.
func capDirectives(field string, limit int64) (string, bool) {
	members := splitList(field)
	changed := false
	for i, m := range members {
		name, value, _ := strings.Cut(m, "=")
		if n := strings.ToLower(strings.TrimSpace(name)); n != "max-age" && n != "s-maxage" {
			continue
		}
		seconds, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(value), `"`), 10, 64)
		if (err == nil || strings.Trim(value, `0123456789" `) == "") && (err != nil || seconds > limit) {
			members[i] = strings.TrimSpace(name) + "=" + strconv.FormatInt(limit, 10)
			changed = true
		}
	}
	if !changed {
		return field, false
	}
	members = slices.DeleteFunc(members, func(m string) bool {
		name, _, _ := strings.Cut(strings.ToLower(m), "=")
		return name == "stale-while-revalidate" || name == "stale-if-error"
	})
	return strings.Join(members, ", "), true
}

// splitList cuts a field value at its commas, but not within quotes.
func splitList(field string) []string {
	var members []string
	quoted, start := false, 0
	for i := 0; i < len(field); i++ {
		switch {
		case field[i] == '\\' && quoted:
			i++
		case field[i] == '"':
			quoted = !quoted
		case field[i] == ',' && !quoted:
			members = append(members, strings.TrimSpace(field[start:i]))
			start = i + 1
		}
	}
	return append(members, strings.TrimSpace(field[min(start, len(field)):]))
}
