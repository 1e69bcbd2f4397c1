// Package config holds the settings of page-cache as plain values: what a
// page_cache line (Rule) and the page_cache app (App) say, their defaults, and
// which values are allowed. It knows neither Caddyfile nor HTTP; all of it is
// safe for concurrent reading once a configuration is loaded.
package config

// Rule is one page_cache line. The zero Rule caches only what the origin gives
// an explicit lifetime, with safe defaults for everything else.
type Rule struct {
	// Off takes the matched requests out of the cache: they are forwarded
	// untouched, and later page_cache lines stand aside. No other option may be
	// given with it.
	Off bool `json:"off,omitempty"`

	// TTL is how long the edge keeps a page fresh at most. A shorter lifetime
	// from the origin wins, a longer one is cut to TTL, and without one TTL is
	// used. 0 (the default): only an explicit lifetime from the origin counts, or
	// what Heuristic makes of its Last-Modified.
	TTL Duration `json:"ttl,omitempty"`

	// StatusTTL gives statuses a ttl of their own, which is a default and a cap
	// just as TTL is, and allows them to be stored. Only the statuses in
	// StorableStatuses may be named. Default: TTL for 200; 301, 308, 404 and 410
	// only with an explicit lifetime from the origin, 404 and 410 for 5 s at most.
	// Other statuses only under AnyStatus.
	StatusTTL map[int]Duration `json:"status_ttl,omitempty"`

	// Override lets TTL (or StatusTTL) replace the origin's lifetime, an explicit
	// 0 included. It does not touch private, no-store, no-cache or Set-Cookie.
	Override bool `json:"override,omitempty"`

	// Heuristic allows a lifetime where the origin gives none, but Last-Modified:
	// a tenth of the page's age then, at most this long, for the statuses that
	// allow it (RFC 9111 §4.2.2). It comes before TTL as a default, and is cut by
	// it. 0 (the default): off; a Caddyfile without a duration says 1 day
	// (DefaultHeuristic). Leave it out where Last-Modified tells of a template
	// rather than of what the page shows.
	Heuristic Duration `json:"heuristic,omitempty"`

	// AnyStatus stores every final status to which the origin gives an explicit
	// lifetime, errors (5xx) included; 206 and 304 never. Default: only 200, 301,
	// 308, 404, 410 and those that StatusTTL names. Leave it out before a shop: an
	// error page with a lifetime is then shown to everybody.
	AnyStatus bool `json:"any_status,omitempty"`

	// StaleWhileRevalidate is how long after it has gone stale a page is still
	// served while one refresh runs behind it (RFC 5861 §3). It is a default and a
	// cap, as TTL is: it is used where the origin gives no window, a shorter one
	// of the origin wins, a longer one is cut. The window counts from the end of
	// the lifetime that TTL has cut. nil (the default): only the origin's own
	// window counts; 0: no page is served so, whatever the origin says. Leave it
	// out where an old price is worse than a wait.
	StaleWhileRevalidate *Duration `json:"stale_while_revalidate,omitempty"`

	// StaleIfError is how long after it has gone stale a page is still served
	// when the origin answers with an error, or not at all (RFC 5861 §4); a
	// default and a cap, as StaleWhileRevalidate is, and counted as that. It never
	// reaches past must-revalidate, proxy-revalidate, s-maxage or no-cache. nil
	// (the default): only the origin's own window counts; 0: never. Leave it out
	// where an error is better than an old page.
	StaleIfError *Duration `json:"stale_if_error,omitempty"`

	// OverloadGrace is how long after it has gone stale a page that was fresh once may
	// still be served at most while the origin is in trouble: as much of it as the
	// trouble is of the worst. Of the stored pages that are in use, a tenth whose last
	// fill has failed is trouble, and half the worst, if they are three or more; so are
	// answers that take twice to four times as long as those pages usually do. A page
	// whose own last fill has failed is in the worst. A refresh runs behind. It reaches no further than StaleIfError does. 0
	// (the default): trouble changes nothing. Leave it out where an old price is worse
	// than a slow shop.
	OverloadGrace Duration `json:"overload_grace,omitempty"`

	// RefreshAhead refreshes a page that is in use shortly before it goes stale, so
	// that no visitor finds it so. How long before is drawn at random at each hit, with
	// this mean; 0 stands for the time that the page's last fill took, but a fiftieth
	// of its lifetime, or 2 s, at least. It is never more than half of the lifetime. nil (the
	// default): a page is refreshed when it is stale. Leave it out where the origin
	// must not be asked more often than once in a lifetime.
	RefreshAhead *Duration `json:"refresh_ahead,omitempty"`

	// HitForMiss is how long the edge remembers that a page's answer proved to be
	// for one visitor alone: requests for it are then forwarded at once, without
	// waiting for one another. Default: 10 s (DefaultHitForMiss), at most
	// MaxHitForMiss; 0: it is found out anew each time. It ends by time alone, so
	// a page that becomes one for all is stored that much later.
	HitForMiss *Duration `json:"hit_for_miss,omitempty"`

	// BrowserTTL is what browsers are told of pages that are stored here:
	// Cache-Control max-age, counted from the moment of delivery, apart from the
	// edge's own lifetime. 0 makes them ask each time, and get a 304. nil (the
	// default): they are told what the origin says, cut to what is left of the
	// edge's lifetime. Leave it out, or give seconds, for what may have to change
	// at once: no purge reaches a browser.
	BrowserTTL *Duration `json:"browser_ttl,omitempty"`

	// RespectRequestCacheControl obeys the request's own Cache-Control (no-cache,
	// no-store, max-age, min-fresh, max-stale) and Pragma: no-cache (RFC 9111
	// §5.2.1, §5.4). Default: false, because any client could then make
	// everybody's page slow. only-if-cached is obeyed always.
	RespectRequestCacheControl bool `json:"respect_request_cache_control,omitempty"`

	// Authorization says what becomes of requests with an Authorization header.
	// AuthorizationRFC9111, the only value, lets them use the cache (RFC 9111
	// §3.5): their fills carry it, and the answer is shared only if the origin
	// says public, s-maxage or must-revalidate. Default: such requests bypass.
	// Leave it out where the origin says public of every page without thinking of
	// those who have logged in.
	Authorization string `json:"authorization,omitempty"`

	// Session names cookies that make a request personal, even when
	// IgnoreCookies or the list of analytics cookies would call them harmless.
	// A trailing * stands for any ending.
	Session []string `json:"session,omitempty"`

	// IgnoreCookies names cookies that change nothing: a fill never carries
	// them, and a request that has only such cookies is not personal. Well-known
	// analytics cookies are ignored without being named. "*" stands for every
	// cookie that Session does not name; not together with CookiesOnly. A visitor
	// who is logged in then gets the page of one who is not. Nobody's own page is
	// shared by it, because fills never carry a cookie.
	IgnoreCookies []string `json:"ignore_cookies,omitempty"`

	// CookiesOnly, when not empty, declares every cookie that it does not name
	// harmless; a fill never carries one. The named ones keep their meaning.
	CookiesOnly []string `json:"cookies_only,omitempty"`

	// PrivateSession names cookies like Session, but each of their values has pages of
	// its own, which are stored and given to requests with that value alone. Fills
	// carry those cookies. All of a value's pages are put out of reach when a request
	// with it may have changed something. A trailing * stands for any ending. Leave it
	// out where a page changes by itself and must not be a ttl old for the one it is
	// about.
	PrivateSession []string `json:"private_session,omitempty"`

	// VaryCookies names cookies whose value selects a variant: they are keyed, and
	// fills carry them. A trailing * stands for any ending. Leave out cookies that
	// have a value for each visitor.
	VaryCookies []string `json:"vary_cookies,omitempty"`

	// StripSetCookie names cookies that an answer may set and be stored nevertheless,
	// without them: nobody gets the cookie then, not even the visitor who caused the
	// fill. A trailing * stands for any ending. Default: an answer that sets a cookie
	// is not stored. Leave out cookies that visitors need.
	StripSetCookie []string `json:"strip_set_cookie,omitempty"`

	// CSRF has the tokens that a framework writes into forms filled in for each
	// visitor anew. Default: a page in which such a token is found is not stored.
	CSRF *CSRF `json:"csrf,omitempty"`

	// MaxVariants is how many variants of one page are stored at a time: of what
	// Vary, vary, vary_by and vary_cookies select by. Who asks for one more is
	// forwarded by himself. Default: 16 (DefaultMaxVariants), at most LimitMaxVariants.
	MaxVariants int `json:"max_variants,omitempty"`

	// Invalidate may be "off" (InvalidateOff): requests that change something (POST
	// and the like) do not put the page at their URL out of reach. Default: they do
	// (RFC 9111 §4.4). For shops whose buy form posts to the product's own URL.
	// Pages of a PrivateSession are put out of reach whatever it says.
	Invalidate string `json:"invalidate,omitempty"`

	// Preset names a set of options for an application, PresetDjango or
	// PresetWordPress, which Expand adds to those that are given. Default: none.
	Preset string `json:"preset,omitempty"`

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

	// VaryLanguage lists the languages that the application answers in, as tags (RFC
	// 5646 §2.1) like de or en-GB. Accept-Language then counts as the one of them that
	// fits it best (RFC 4647 §3.4), which is keyed and carried where a page varies by
	// it; a visitor whom none fits gets the first. A single "*" stands for any
	// language: the order of those of equal weight does not count, and a stored page
	// whose Content-Language is what the visitor wants most answers him (RFC 9110
	// §12.5.4). Not together with Accept-Language in Forward. Default: each value that
	// differs is a variant. Leave out languages that the application does not have, and
	// "*" where Content-Language is not that of the whole page.
	VaryLanguage []string `json:"vary_language,omitempty"`

	// Codings says who encodes. CodingsPass, the only value, passes the origin's
	// content codings through: fills carry the visitor's Accept-Encoding, which is
	// keyed where the answer's Vary names it, and encoded answers are stored as
	// they are. Default: fills ask for the plain page, which the edge encodes for
	// each visitor, and encoded answers are not stored. Leave it out unless the
	// origin holds its pages encoded: each page is then stored once for each
	// coding.
	Codings string `json:"codings,omitempty"`

	// Ranges may be "pass" (RangesPass): a part of a page that is not stored is
	// asked of the origin as a part, and the part is stored for those who ask for
	// the same one (RFC 9111 §3.3). For large files, of which nobody wants the
	// whole. Default: the whole is fetched, and the part cut from it.
	Ranges string `json:"ranges,omitempty"`

	// StorePost stores the answer to a POST for later GETs, if the origin gives it
	// a lifetime and says with Content-Location that it is what a GET would get
	// (RFC 9110 §9.3.3). When not to: before a shop; the answer was made for one
	// visitor's body, from all that his request says. Default: false.
	StorePost bool `json:"store_post,omitempty"`

	// CDNCacheControl says what caches behind the edge see of the origin's
	// CDN-Cache-Control (RFC 9213): CDNCacheControlPass (the default) sends it on,
	// its lifetimes cut as those of Cache-Control are, CDNCacheControlRemove takes
	// it away. Leave it out, unless what stands between the edge and the browser
	// must not hear what was meant for the edge.
	CDNCacheControl string `json:"cdn_cache_control,omitempty"`

	// KeepFields names response header fields that are stored although they belong
	// to one request, and are left out of stored pages otherwise:
	// Authentication-Info, Server-Timing, Traceresponse, X-Correlation-Id and
	// X-Request-Id; an answer with Set-Cookie2 is not stored unless that is named.
	// "*" names all of them (RFC 9111 §3.1). Set-Cookie may not be named: it is
	// never stored. Default: none. Leave it out where logs are searched by these
	// fields: every hit then has those of the request that filled the page.
	KeepFields []string `json:"keep_fields,omitempty"`

	// MinBytes is the least size, in bytes, of a 200's body that is stored when
	// the origin gives no explicit lifetime; 0 stores empty ones. At most MaxBody.
	// Default: 1 (DefaultMinBytes), because an empty page is more often an
	// accident than meant.
	MinBytes *int64 `json:"min_bytes,omitempty"`

	// HeaderTimeout is how long a fill waits for the header of the origin's answer;
	// then those who wait get 504. Default: 60 s (DefaultHeaderTimeout), as nginx
	// has it. Keep it above what the slowest page needs.
	HeaderTimeout Duration `json:"header_timeout,omitempty"`

	// IdleTimeout is how long a fill waits between two pieces of a body that is to be
	// stored; what is for one visitor may take its time. Default:
	// 60 s (DefaultIdleTimeout).
	IdleTimeout Duration `json:"idle_timeout,omitempty"`

	// FillTimeout is how long a body may take in all and still be stored; until
	// then, who asks for the page waits for this body. What takes longer is streamed
	// on to those who read it. Default: 60 s (DefaultFillTimeout).
	FillTimeout Duration `json:"fill_timeout,omitempty"`

	// Origin names what stands behind the line, for lines that share it: those with the
	// same name share the places of MaxFills, and what is known of the trouble that the
	// origin is in. Default: the line is by itself.
	Origin string `json:"origin,omitempty"`

	// MaxFills is how many fills of this line, or of all lines with its Origin, may be
	// at the origin at a time; the next
	// 128 wait, for QueueTimeout at most. One whose answer proves not to be stored
	// counts no more. Lines with one Origin may not give different numbers; one of them
	// is enough. 0 (the default): as many as the process allows (1,024), and what
	// is more is forwarded by itself.
	MaxFills int `json:"max_fills,omitempty"`

	// QueueTimeout is how long a fill waits for one of the places of MaxFills; then
	// those who wait for it get 503 with Retry-After, or the stale page where
	// StaleIfError allows that, which does not wait at all. Default: 10 s
	// (DefaultQueueTimeout).
	QueueTimeout Duration `json:"queue_timeout,omitempty"`

	// MaxBody is the largest body that is stored, in bytes. Larger ones are
	// streamed. Default: 2 MiB (DefaultMaxBody).
	MaxBody int64 `json:"max_body,omitempty"`

	// TrustFraming stores bodies whose end is only shown by the connection
	// closing. A killed worker looks the same, so half a page may be stored.
	// Default: false.
	TrustFraming bool `json:"trust_framing,omitempty"`
}

// What the options that take a word may be. Without one, the default holds that
// is said at their fields.
const (
	// AuthorizationRFC9111 is the value of Rule.Authorization.
	AuthorizationRFC9111 = "rfc9111"
	// CodingsPass is the value of Rule.Codings.
	CodingsPass = "pass"
	// CSRFDjango is the only value of CSRF.Framework.
	CSRFDjango = "django"
	// InvalidateOff is the only value of Rule.Invalidate.
	InvalidateOff = "off"
	// PresetDjango and PresetWordPress are the values of Rule.Preset.
	PresetDjango    = "django"
	PresetWordPress = "wordpress"
	// RangesPass is the only value of Rule.Ranges.
	RangesPass = "pass"
	// CDNCacheControlPass is Rule.CDNCacheControl when it is not given.
	CDNCacheControlPass = "pass"
	// CDNCacheControlRemove is the other value of Rule.CDNCacheControl.
	CDNCacheControlRemove = "remove"
)

// StorableStatuses returns the statuses that a ttl may name, ascending. Answers
// of any other status are partial (206), conditional (304), personal or about
// one request (4xx), or failures (5xx); they are not stored, except under
// Rule.AnyStatus.
func StorableStatuses() []int {
	return []int{200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 410}
}
