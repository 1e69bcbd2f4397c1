package policy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/config"
)

// Told is what is known of a response when it is delivered.
type Told struct {
	Status   int
	Age      time.Duration // the Age that is sent beside it
	Resident time.Duration // how long it has been here
	NoCache  bool          // it must be validated before each reuse, here and behind
	Now      time.Time
}

// TellBrowsers changes what the fields h of a stored response say of its lifetime
// to browsers, and to caches between them and the edge, as the line wants it: to
// browser_ttl, or else to no more than what is left of the ttl.
func (r *Rule) TellBrowsers(h http.Header, t Told) {
	left, capped := r.BrowserLimit(t.Status, t.Resident)
	limit := int64(t.Age/time.Second) + int64(left/time.Second)
	if capped {
		CapBrowser(h, t.Age, left, t.Now) // beside a browser_ttl for s-maxage
	}
	if r.conf.BrowserTTL != nil && !t.NoCache {
		setBrowserTTL(h, t.Age, time.Duration(*r.conf.BrowserTTL))
	}
	switch lines := h["Cdn-Cache-Control"]; {
	case r.conf.CDNCacheControl == config.CDNCacheControlRemove:
		delete(h, "Cdn-Cache-Control")
	case capped && len(lines) > 0:
		if cut, changed := capDirectives(bareLifetimes(lines), limit); changed {
			h["Cdn-Cache-Control"] = cut
		}
	}
}

// setBrowserTTL makes h say that a browser may keep the response for ttl from now
// on. age is the Age that is sent beside it, which a browser takes off. Leave to
// use it longer, and what was said of an end, go; all other directives stay.
func setBrowserTTL(h http.Header, age, ttl time.Duration) {
	var kept []string
	for _, line := range h["Cache-Control"] {
		for _, m := range splitMembers(line) {
			if directiveName(m) != "max-age" && !promisesMore(m) {
				kept = append(kept, m)
			}
		}
	}
	named := slices.ContainsFunc(kept, func(m string) bool { return directiveName(m) == "must-revalidate" })
	switch {
	case ttl > 0:
		kept = append(kept, "max-age="+strconv.FormatInt(int64(age/time.Second)+int64(ttl/time.Second), 10))
	case named:
		kept = append(kept, "max-age=0")
	default:
		kept = append(kept, "max-age=0", "must-revalidate")
	}
	h["Cache-Control"] = []string{strings.Join(kept, ", ")}
	delete(h, "Expires")
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
	// Age is sent in whole seconds, so each part is cut to them by itself: a
	// second from two fractions would be one too many.
	limit := int64(age/time.Second) + int64(left/time.Second)
	if capped, cut := capDirectives(h["Cache-Control"], limit); cut {
		h["Cache-Control"] = capped
	}
	latest := dateOr(h, now).Add(time.Duration(limit) * time.Second)
	later := func(field string) bool {
		expires, ok := httpDate(field)
		return ok && expires.After(latest)
	}
	if slices.ContainsFunc(h["Expires"], later) {
		h["Expires"] = []string{latest.UTC().Format(http.TimeFormat)}
	}
}

// capDirectives cuts the lifetimes in the Cache-Control lines to limit seconds.
// When it cuts, or finds leave to serve stale, which has no such bound, it drops that
// and the promise that nothing will change, in whatever line they stand. cut is false
// when there was neither; nothing is written anew then. lines are not changed.
func capDirectives(lines []string, limit int64) (capped []string, cut bool) {
	for _, line := range lines {
		members := splitMembers(line)
		for i, m := range members {
			cut = cut || servesStale(m)
			if exceeds(m, limit) {
				members[i] = directiveName(m) + "=" + strconv.FormatInt(limit, 10)
				cut = true
			}
		}
		members = slices.DeleteFunc(members, promisesMore)
		if len(members) > 0 {
			capped = append(capped, strings.Join(members, ", "))
		}
	}
	return capped, cut
}

// bareLifetimes returns the lines of a targeted field, with the lifetimes in it bare
// of the parameters that a structured field may have, which mean nothing (RFC 9213
// §2.1). lines are not changed.
func bareLifetimes(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		members := splitMembers(line)
		for j, m := range members {
			if name := directiveName(m); name == "max-age" || name == "s-maxage" {
				bare, _, _ := strings.Cut(m, ";")
				members[j] = strings.TrimRight(bare, " ")
			}
		}
		out[i] = strings.Join(members, ", ")
	}
	return out
}

// exceeds reports whether a member is a lifetime of more than limit seconds.
func exceeds(member string, limit int64) bool {
	switch directiveName(member) {
	case "max-age", "s-maxage":
		lifetime, _ := lifetimeOf(member)
		return int64(lifetime/time.Second) > limit
	}
	return false
}

// servesStale reports whether a member lets a response be used past its lifetime.
func servesStale(member string) bool {
	name := directiveName(member)
	return name == "stale-while-revalidate" || name == "stale-if-error"
}

// promisesMore reports whether a member lets a response be used past its
// lifetime, or within it even when the visitor asks for a new one.
func promisesMore(member string) bool {
	switch directiveName(member) {
	case "stale-while-revalidate", "stale-if-error", "immutable", "":
		return true
	}
	return false
}

// lifetimeOf reads a member that is a lifetime.
func lifetimeOf(member string) (lifetime time.Duration, ok bool) {
	cc := cachecontrol.ParseResponse(http.Header{"Cache-Control": {member}})
	return explicitLifetime(&cc)
}

func directiveName(member string) string {
	name, _, _ := strings.Cut(member, "=")
	return strings.ToLower(strings.Trim(name, " \t"))
}

// splitMembers cuts a line at the commas at which package cachecontrol cuts it:
// not within a quoted argument, unless that is never closed.
func splitMembers(line string) []string {
	var members []string
	for {
		end := memberEnd(line)
		members = append(members, strings.Trim(line[:end], " \t"))
		if end == len(line) {
			return members
		}
		line = line[end+1:]
	}
}

// memberEnd returns where the first member of line ends: at a comma, or with the
// line.
func memberEnd(line string) int {
	end := strings.IndexAny(line, ",=")
	if end >= 0 && line[end] == '=' {
		argument := strings.TrimLeft(line[end+1:], " \t")
		tail := argument[quotedLength(argument):]
		end = strings.IndexByte(tail, ',')
		if end >= 0 {
			end += len(line) - len(tail)
		}
	}
	if end < 0 {
		return len(line)
	}
	return end
}

// quotedLength returns the length of the quoted-string that s begins with (RFC
// 9110 §5.6.4), 0 if there is none.
func quotedLength(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
