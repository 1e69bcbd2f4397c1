// Package config holds the settings of page-cache as plain values: what a
// page_cache line (Rule) and the page_cache app (App) say, their defaults, and
// which values are allowed. It knows neither Caddyfile nor HTTP; all of it is
// safe for concurrent reading once a configuration is loaded.
package config

import "time"

// Rule is one page_cache line. The zero Rule caches only what the origin gives
// an explicit lifetime, with safe defaults for everything else.
type Rule struct {
	// Off takes the matched requests out of the cache: they are forwarded
	// untouched, and later page_cache lines stand aside. No other option may be
	// given with it.
	Off bool `json:"off,omitempty"`

	// TTL is how long the edge keeps a page fresh at most. A shorter lifetime
	// from the origin wins, a longer one is cut to TTL, and without one TTL is
	// used. 0 (the default): only an explicit lifetime from the origin counts.
	TTL Duration `json:"ttl,omitempty"`

	// StatusTTL gives statuses a ttl of their own, which is a default and a cap
	// just as TTL is, and allows them to be stored. Only the statuses in
	// StorableStatuses may be named. Default: TTL for 200; 301, 308, 404 and 410
	// only with an explicit lifetime from the origin, 404 and 410 for 5 s at most.
	StatusTTL map[int]Duration `json:"status_ttl,omitempty"`

	// Override lets TTL (or StatusTTL) replace the origin's lifetime, an explicit
	// 0 included. It does not touch private, no-store, no-cache or Set-Cookie.
	Override bool `json:"override,omitempty"`

	// Session names cookies that make a request personal, even when
	// IgnoreCookies or the list of analytics cookies would call them harmless.
	// A trailing * stands for any ending.
	Session []string `json:"session,omitempty"`

	// IgnoreCookies names cookies that change nothing: a fill never carries
	// them, and a request that has only such cookies is not personal. Well-known
	// analytics cookies are ignored without being named.
	IgnoreCookies []string `json:"ignore_cookies,omitempty"`

	// CookiesOnly, when not empty, declares every cookie that it does not name
	// harmless; a fill never carries one. The named ones keep their meaning.
	CookiesOnly []string `json:"cookies_only,omitempty"`

	// QueryIgnore names query parameters that change nothing. They are removed
	// from the key and from what a fill sends. "*" stands for all of them. Not
	// together with QueryOnly.
	QueryIgnore []string `json:"query_ignore,omitempty"`

	// QueryOnly names the only query parameters that matter; all others are
	// removed from the key and from what a fill sends.
	QueryOnly []string `json:"query_only,omitempty"`

	// Forward names request headers that change nothing in the page: a fill
	// carries those of the visitor who caused it. "*" stands for every header
	// that is not a credential, a condition or hop-by-hop.
	Forward []string `json:"forward,omitempty"`

	// Vary names request headers that select a variant, besides those of the
	// response's own Vary. They are part of the key and carried by fills.
	Vary []string `json:"vary,omitempty"`

	// VaryBy lists placeholders whose value selects a variant. They are resolved
	// for the visitor, keyed, and known to the fill under the same name.
	VaryBy []string `json:"vary_by,omitempty"`

	// MaxBody is the largest body that is stored, in bytes. Larger ones are
	// streamed. Default: 2 MiB (DefaultMaxBody).
	MaxBody int64 `json:"max_body,omitempty"`

	// TrustFraming stores bodies whose end is only shown by the connection
	// closing. A killed worker looks the same, so half a page may be stored.
	// Default: false.
	TrustFraming bool `json:"trust_framing,omitempty"`
}

// App is the page_cache app: what outlives one route.
type App struct {
	// MaxSize bounds the stored bytes of the whole process. Default: 256 MiB
	// (DefaultMaxSize), at least MinMaxSize. What is being filled may take up to
	// a quarter of it on top.
	MaxSize int64 `json:"max_size,omitempty"`
}

// Defaults and bounds. They are here, in one table, so that documents and
// errors can quote them.
const (
	// DefaultMaxSize is App.MaxSize when it is not given: room for some
	// thousands of pages without surprising a small machine.
	DefaultMaxSize = 256 << 20
	// MinMaxSize is the least App.MaxSize: below it, one page of DefaultMaxBody
	// would push out most others.
	MinMaxSize = 8 << 20
	// DefaultMaxBody is Rule.MaxBody when it is not given.
	DefaultMaxBody = 2 << 20
	// MaxTTL bounds every duration: RFC 9111 §1.2.2 lets a cache treat more
	// than 2^31 seconds as 2^31; a year is what a page can mean.
	MaxTTL = Duration(366 * 24 * time.Hour)
	// ErrorTTL caps 404 and 410 unless the operator names a ttl for them.
	ErrorTTL = 5 * time.Second
)

// BodyLimit returns MaxBody, or its default, in bytes.
func (r *Rule) BodyLimit() int64 {
	if r.MaxBody > 0 {
		return r.MaxBody
	}
	return DefaultMaxBody
}

// SizeLimit returns MaxSize, or its default, in bytes.
func (a *App) SizeLimit() int64 {
	if a.MaxSize > 0 {
		return a.MaxSize
	}
	return DefaultMaxSize
}

// StorableStatuses returns the statuses that a ttl may name, ascending. Answers
// of any other status are never stored: they are partial (206), conditional
// (304), personal or about one request (4xx), or failures (5xx).
func StorableStatuses() []int {
	return []int{200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 410}
}
