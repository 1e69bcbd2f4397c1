package pagecache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// place is where a line stands in a server, as part of its keys.
type place struct {
	server *caddyhttp.Server
	name   string
}

// placeIn names where the line stands among server's routes and what shapes its
// keys. Requests that reach it through other matchers than another line's may
// get another page (a handle for phones beside one for the rest), and those
// matchers may look at what no fill carries: so the matchers on the way are part
// of the key. The name stays the same over a reload that leaves them alone. It
// is worked out at the first request, because a handler cannot see its route
// while it is provisioned.
func (h *Handler) placeIn(server *caddyhttp.Server) string {
	if p := h.place.Load(); p != nil && p.server == server {
		return p.name
	}
	way, ok := wayIn(server, h)
	if !ok {
		way = h.nonce
	}
	sum := sha256.Sum256([]byte(way + "\x00" + h.rule.Fingerprint()))
	name := hex.EncodeToString(sum[:16])
	h.place.Store(&place{server: server, name: name})
	return name
}

// newNonce names a place that cannot be told from others: its pages live as long
// as the configuration.
func newNonce() string { return rand.Text() }

// wayIn finds the matchers on the way to h.
func wayIn(server *caddyhttp.Server, h *Handler) (string, bool) {
	if way, ok := wayAmong(server.Routes, h); ok {
		return way, true
	}
	for name, route := range server.NamedRoutes {
		if route == nil {
			continue
		}
		if way, ok := wayThrough(route, h); ok {
			return "named " + name + " " + way, true
		}
	}
	return "", false
}

func wayAmong(routes caddyhttp.RouteList, h *Handler) (string, bool) {
	for i := range routes {
		if way, ok := wayThrough(&routes[i], h); ok {
			return way, true
		}
	}
	return "", false
}

func wayThrough(route *caddyhttp.Route, h *Handler) (string, bool) {
	for _, handler := range route.Handlers {
		inner, found := "", false
		switch v := handler.(type) {
		case *Handler:
			found = v == h
		case *caddyhttp.Subroute:
			inner, found = wayAmong(v.Routes, h)
		}
		if !found {
			continue
		}
		sets := make([]string, 0, len(route.MatcherSets))
		for _, set := range route.MatcherSets {
			text, ok := describeMatchers(set)
			if !ok {
				return "", false
			}
			sets = append(sets, text)
		}
		return strings.Join(sets, " or ") + " / " + inner, true
	}
	return "", false
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
