package pagecache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// place is where a line stands in a server.
type place struct {
	server *caddyhttp.Server
	name   string // as part of its keys
	open   bool   // what stands behind it depends on the request; see openEnded
}

// placeIn names where the line stands among server's routes and what shapes its
// keys. Requests that reach it through other matchers than another line's may
// get another page (a handle for phones beside one for the rest), and those
// matchers may look at what no fill carries: so the matchers on the way are part
// of the key. The name stays the same over a reload that leaves them alone. It
// is worked out at the first request, because a handler cannot see its route
// while it is provisioned.
func (h *Handler) placeIn(server *caddyhttp.Server) *place {
	if p := h.place.Load(); p != nil && p.server == server {
		return p
	}
	sum := sha256.Sum256([]byte(h.wayIn(server) + "\x00" + h.rule.Fingerprint()))
	p := &place{server: server, name: hex.EncodeToString(sum[:16]), open: h.openEnded(server)}
	h.place.Store(p)
	return p
}

// newNonce names a place that cannot be told from others: its pages live as long
// as the configuration.
func newNonce() string { return rand.Text() }

// wayIn names the way to h: the matchers on it, and which of the lines with such
// a way it is. Two of those may be reached by different requests, when something
// between them changes what the matchers look at.
func (h *Handler) wayIn(server *caddyhttp.Server) string {
	lines := linesAmong(server.Routes, "", true)
	for _, name := range slices.Sorted(maps.Keys(server.NamedRoutes)) {
		if route := server.NamedRoutes[name]; route != nil {
			lines = append(lines, linesThrough(route, "named "+name+" ", true)...)
		}
	}
	earlier := map[string]int{}
	for _, l := range lines {
		if l.h == h && l.told {
			return l.way + strconv.Itoa(earlier[l.way])
		}
		earlier[l.way]++
	}
	return h.nonce
}

// line is a page_cache line among a server's routes.
type line struct {
	h    *Handler
	way  string
	told bool // every matcher on the way tells what it matches
}

func linesAmong(routes caddyhttp.RouteList, way string, told bool) []line {
	var lines []line
	for i := range routes {
		lines = append(lines, linesThrough(&routes[i], way, told)...)
	}
	return lines
}

func linesThrough(route *caddyhttp.Route, way string, told bool) []line {
	sets := make([]string, len(route.MatcherSets))
	for i, set := range route.MatcherSets {
		text, ok := describeMatchers(set)
		sets[i], told = text, told && ok
	}
	way += strings.Join(sets, " or ") + " / "
	var lines []line
	for _, handler := range route.Handlers {
		switch v := handler.(type) {
		case *Handler:
			lines = append(lines, line{v, way, told})
		case *caddyhttp.Subroute:
			lines = append(lines, linesAmong(v.Routes, way, told)...)
		}
	}
	return lines
}

// openEnded reports whether h stands in a named route that does not itself make
// the page. What comes next then depends on who invoked the route, and nothing
// that a handler can see tells one from another.
func (h *Handler) openEnded(server *caddyhttp.Server) bool {
	if slices.ContainsFunc(linesAmong(server.Routes, "", true), func(l line) bool { return l.h == h }) {
		return false
	}
	for _, route := range server.NamedRoutes {
		if route == nil {
			continue
		}
		if found, made := h.madeBehind(caddyhttp.RouteList{*route}); found {
			return !made
		}
	}
	return len(server.NamedRoutes) > 0
}

// madeBehind looks for h among routes, and behind it for what answers every
// request and calls nobody else.
func (h *Handler) madeBehind(routes caddyhttp.RouteList) (found, made bool) {
	for i := range routes {
		if found && (len(routes[i].MatcherSets) > 0 || routes[i].Group != "") {
			continue
		}
		for _, handler := range routes[i].Handlers {
			switch v := handler.(type) {
			case *Handler:
				found = found || v == h
			case *caddyhttp.Subroute:
				if !found {
					found, made = h.madeBehind(v.Routes)
				}
			case *caddyhttp.StaticResponse:
				made = found
			case *reverseproxy.Handler:
				made = found && len(v.HandleResponse) == 0
			}
			if made {
				return found, true
			}
		}
	}
	return found, false
}

// describeMatchers writes a matcher set as text; ok is false if one of them does
// not tell what it matches.
func describeMatchers(set caddyhttp.MatcherSet) (text string, ok bool) {
	parts := make([]string, 0, len(set))
	for _, m := range set {
		part, ok := describeMatcher(m)
		if !ok {
			return "", false
		}
		parts = append(parts, fmt.Sprintf("%T %s", m, part))
	}
	slices.Sort(parts) // Caddy loads them from a map
	return strings.Join(parts, " and "), true
}

func describeMatcher(m any) (string, bool) {
	// Loading a module empties its raw JSON, so a not matcher marshals to nothing.
	not, isNot := m.(*caddyhttp.MatchNot)
	if v, byValue := m.(caddyhttp.MatchNot); byValue {
		not, isNot = &v, true
	}
	if isNot {
		parts := make([]string, 0, len(not.MatcherSets))
		for _, set := range not.MatcherSets {
			text, ok := describeMatchers(set)
			if !ok {
				return "", false
			}
			parts = append(parts, "("+text+")")
		}
		return strings.Join(parts, " or "), true
	}
	text, err := json.Marshal(m)
	if s := string(text); err != nil || s == "null" || s == "{}" {
		return "", false
	}
	return string(text), true
}
