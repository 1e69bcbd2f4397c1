// Package pagecache is the Caddy side of page-cache: the handler
// http.handlers.page_cache, the app page_cache, the directive, and what turns
// Caddy's request into what the engine judges and back. It holds no caching rule.
//
// # The life of a request
//
// Handler.ServeHTTP describes the request as a policy.Request (request.go) and
// gives it to its engine.Engine, which asks policy what may be done, looks into
// the store, joins or starts a fill (package collapse) or forwards the request
// untouched. A fill is a request of its own, made in origin.go from the parts
// that are in the key and from nothing else of the visitor's.
//
// # The packages
//
//	config, cachecontrol, cachekey, cachestatus, entry   values
//	policy, health, csrf                                 decisions, pure
//	store, collapse, capture, framing, purge, freeze,
//	stats                                                mechanisms
//	engine                                               one request, phase by phase
//	uwsgi                                                the transport to uWSGI
//
// Imports run downwards only; arch_test.go holds the rule.
package pagecache
