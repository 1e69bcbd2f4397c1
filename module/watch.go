package pagecache

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/module/policy"
)

// watchedVar marks a request whose sessions are seen to already.
const watchedVar = "page_cache.watched"

var errWatch = errors.New("watch: it only looks on and takes no other option; remove it, or the rest")

// checkWatch refuses options beside watch.
func (h *Handler) checkWatch() error {
	if h.Watch && (!reflect.ValueOf(h.Rule).IsZero() || h.BypassRaw != nil || h.DebugRaw != nil) {
		return errWatch
	}
	return nil
}

// serveWatched hands a request on that may change something, and puts the pages of its
// sessions out of reach before the client has the answer: who is told that his change is
// made must not see the old page. It does so once more at the end, because a handler may
// go on working when its answer has begun.
func (h *Handler) serveWatched(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	caddyhttp.SetVar(r.Context(), watchedVar, true)
	cookies := policy.Crumbs(r.Header["Cookie"]) // as they came: what stands behind may change them
	forget := func(int, http.Header) { h.sessions.Forget(cookies) }
	defer forget(0, nil)
	return next.ServeHTTP(&markWriter{
		ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, mark: forget,
	}, r)
}

// watches reports whether a request may change what its sessions' pages show.
func (h *Handler) watches(r *http.Request) bool {
	return !policy.Safe(r.Method) && len(r.Header["Cookie"]) > 0 && caddyhttp.GetVar(r.Context(), watchedVar) == nil
}
