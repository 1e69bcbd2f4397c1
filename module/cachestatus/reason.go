// Package cachestatus says what the cache did with a request: the closed list of
// reasons, and the Cache-Status field (RFC 9211) that carries one. It decides
// nothing. All of it is pure and safe for concurrent use.
package cachestatus

// Reason is why a request was answered the way it was. Each response carries
// one: as detail in Cache-Status, as label in the metrics, in the access log.
type Reason uint8

// The reasons. Their words and meanings stand in the table below, which the
// README's table is made from.
const (
	// ReasonNone is no reason yet; it is never sent.
	ReasonNone Reason = iota

	// ReasonFresh and the others of this group concern the stored response.
	ReasonFresh
	ReasonNotFound
	ReasonVariant
	ReasonStale
	ReasonWhileRevalidate
	ReasonIfError
	ReasonOverloadGrace
	ReasonRefreshAhead
	ReasonFrozen
	ReasonMaxStale
	ReasonCorrupt

	// ReasonMethod and the others of this group concern the request.
	ReasonMethod
	ReasonUpgrade
	ReasonRequestBody
	ReasonConnection
	ReasonRange
	ReasonPath
	ReasonCookie
	ReasonAuthorization
	ReasonCredential
	ReasonClientCertificate
	ReasonUser
	ReasonEventStream
	ReasonOperator
	ReasonNamedRoute
	ReasonOnlyIfCached
	ReasonRequest
	ReasonPurge

	// ReasonStatus and the others of this group concern the origin's answer.
	ReasonStatus
	ReasonNoStore
	ReasonPrivate
	ReasonNoCache
	ReasonNoLifetime
	ReasonNotFresh
	ReasonEmpty
	ReasonSetCookie
	ReasonVaryStar
	ReasonVaryLimit
	ReasonVariantLimit
	ReasonToken
	ReasonContentEncoding
	ReasonTrailer
	ReasonTooLarge
	ReasonFraming
	ReasonNoStatus

	// ReasonOriginError and the others of this group concern a fill.
	ReasonOriginError
	ReasonFillFailed
	ReasonFillTimeout
	ReasonFillLimit
	ReasonMaxFills
	ReasonHitForMiss
	ReasonReplaced
	ReasonStore
	ReasonInternal

	reasonCount
)

type row struct{ word, help string }

//nolint:gochecknoglobals // the one table of reasons; read-only
var rows = [reasonCount]row{
	ReasonNone: {"none", ""},

	ReasonFresh:           {"fresh", "A stored response was fresh and was served."},
	ReasonNotFound:        {"not-found", "Nothing was stored under the request's key; the origin was asked."},
	ReasonVariant:         {"variant", "Other variants of the page were stored, but not the one for this request (Vary); the origin was asked."},
	ReasonStale:           {"stale", "The stored response was no longer fresh; the origin was asked."},
	ReasonWhileRevalidate: {"stale-while-revalidate", "The stored response was stale and was served while a refresh runs behind."},
	ReasonIfError:         {"stale-if-error", "The origin failed, or has failed a moment ago, so the stale stored response was served."},
	ReasonOverloadGrace:   {"overload-grace", "The stored response was stale and was served while a refresh runs behind, because the origin is in trouble (overload_grace)."},
	ReasonRefreshAhead:    {"refresh-ahead", "A stored response was fresh and was served; it is being refreshed already, because it will soon be stale (refresh_ahead)."},
	ReasonFrozen:          {"frozen", "The edge is frozen: the last stored response was served, or the origin's answer was not stored."},
	ReasonMaxStale:        {"max-stale", "The stored response was stale and was served because the request takes such ones."},
	ReasonCorrupt:         {"corrupt", "The stored bytes failed their check, which counts as a miss; the origin was asked."},

	ReasonMethod:            {"method", "Only GET and HEAD use the cache."},
	ReasonUpgrade:           {"upgrade", "The client asked to switch protocols (a WebSocket, say)."},
	ReasonRequestBody:       {"request-body", "A GET or HEAD with a body is about that body."},
	ReasonConnection:        {"connection", "The Connection header names unusual headers."},
	ReasonRange:             {"range", "A part was asked for and the whole is not stored."},
	ReasonPath:              {"path", "The path is not canonical (dot segments, //, an encoded slash, backslash or control character, double encoding), so it may mean another page to the origin."},
	ReasonCookie:            {"cookie", "The request has a cookie that nobody called harmless."},
	ReasonAuthorization:     {"authorization", "The request has Authorization or Proxy-Authorization, and nothing lets its answer be shared."},
	ReasonCredential:        {"credential", "A request header looks like a credential (X-Api-Key, *-Token, Remote-User …)."},
	ReasonClientCertificate: {"client-certificate", "The client showed a TLS certificate."},
	ReasonUser:              {"user", "Caddy knows the user (basic_auth, http.auth.user.*)."},
	ReasonEventStream:       {"event-stream", "Server-sent events were asked for or answered."},
	ReasonOperator:          {"operator", "The line's bypass matcher matched."},
	ReasonNamedRoute:        {"named-route", "The line stands in a named route that goes on behind it, so what makes the page depends on who invoked the route."},
	ReasonOnlyIfCached:      {"only-if-cached", "The client wanted a stored response only, and there is none: 504."},
	ReasonRequest:           {"request-directive", "The request's Cache-Control wants what the store cannot give (only with respect_request_cache_control)."},
	ReasonPurge:             {"purge", "PURGE on the public site is refused: 405."},

	ReasonStatus:          {"status", "Answers of this status are not stored here."},
	ReasonNoStore:         {"no-store", "The origin said no-store."},
	ReasonPrivate:         {"private", "The origin said private."},
	ReasonNoCache:         {"no-cache", "The origin said no-cache: the answer is not shared, and each stored one is validated before its reuse."},
	ReasonNoLifetime:      {"no-lifetime", "Neither the origin nor the line gives a lifetime."},
	ReasonNotFresh:        {"not-fresh", "The answer was already stale when it came (max-age=0, Expires in the past, a high Age)."},
	ReasonEmpty:           {"empty", "A 200 without content and without a lifetime of the origin's is not stored (min_bytes)."},
	ReasonSetCookie:       {"set-cookie", "The answer sets a cookie."},
	ReasonVaryStar:        {"vary-star", "The answer has Vary: *."},
	ReasonVaryLimit:       {"vary-limit", "The answer's Vary names more headers than a line remembers, or absurd ones."},
	ReasonVariantLimit:    {"variant-limit", "As many variants of the page are stored as max_variants allows, and this is another one; the request was forwarded by itself, or its answer not stored."},
	ReasonToken:           {"csrf-token", "The page holds a token against forged requests that belongs to one visitor, and csrf django is not given or could not tell where all of its tokens are."},
	ReasonContentEncoding: {"content-encoding", "The answer is encoded although identity was asked for, or the stored one in a way that the client does not take."},
	ReasonTrailer:         {"trailer", "The answer announces trailers."},
	ReasonTooLarge:        {"too-large", "The body is larger than max_body or than the room left for fills, or took longer than fill_timeout to come."},
	ReasonFraming:         {"framing", "Only the closing connection showed the body's end; see trust_framing."},
	ReasonNoStatus:        {"no-status", "The handler ended without writing an answer."},

	ReasonOriginError: {"origin-error", "The origin answered with a 5xx."},
	ReasonFillFailed:  {"fill-failed", "The fill gave no answer to be stored (refused, cut off, panicked, or an error of a handler's such as file_server's 404)."},
	ReasonFillTimeout: {"fill-timeout", "The origin gave no answer in time."},
	ReasonFillLimit:   {"fill-limit", "As many fills as allowed are under way in the process; the request was forwarded by itself, or answered with the stale stored response where stale_if_error allows it."},
	ReasonMaxFills:    {"max-fills", "As many fills of the line as max_fills allows are under way, and none ended within queue_timeout: 503, or the stale stored response where stale_if_error allows it, at once."},
	ReasonHitForMiss:  {"hit-for-miss", "The page has proved not to be for all a moment ago; the request was forwarded by itself, without waiting."},
	ReasonReplaced:    {"replaced", "The configuration was being replaced and starts no more fills; the request was forwarded by itself."},
	ReasonStore:       {"store", "The store was in trouble; the request was served without it."},
	ReasonInternal:    {"internal", "The cache lost its way and stood aside; please report it."},
}

// String returns the reason's word, a token of RFC 9110 §5.6.2.
func (r Reason) String() string {
	if r >= reasonCount {
		return "unknown"
	}
	return rows[r].word
}

// Help returns the reason's meaning in one sentence.
func (r Reason) Help() string {
	if r >= reasonCount {
		return ""
	}
	return rows[r].help
}

// Reasons returns every reason that can be sent, in the table's order.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonCount-1)
	for r := ReasonNone + 1; r < reasonCount; r++ {
		all = append(all, r)
	}
	return all
}
