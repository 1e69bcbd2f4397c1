package pagecache

import (
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/session"
)

// Handler is one page_cache line. Responses of the handlers behind it are stored
// in the process's store and served from there while they are fresh.
//
// It stands in front of what makes the page (reverse_proxy) and behind what may
// refuse the request (basic_auth, respond, abort …), because what stands behind
// it does not run on a hit.
type Handler struct {
	config.Rule

	// BypassRaw holds matchers of requests that are forwarded untouched: staff,
	// previews.
	BypassRaw caddyhttp.RawMatcherSets `json:"bypass,omitempty" caddy:"namespace=http.matchers"`

	// DebugRaw holds matchers of requests whose answers tell their key in
	// Cache-Status: yours, not the public's.
	DebugRaw caddyhttp.RawMatcherSets `json:"debug,omitempty" caddy:"namespace=http.matchers"`

	// Watch makes the handler one that stores and serves nothing, and only looks on:
	// requests that may change something put the pages of their sessions out of reach
	// (private_session of other lines). It takes no other option. A Caddyfile adds one
	// beside each line with session … private, for the requests that no line matches.
	Watch bool `json:"watch,omitempty"`

	bypass caddyhttp.MatcherSets
	debug  caddyhttp.MatcherSets
	rule   *policy.Rule
	engine *engine.Engine
	app    *App

	sessions *session.Table
	size     int64 // what the store was acquired under; 0: it was not
	place    *atomic.Pointer[place]
	nonce    string
}

// CaddyModule returns the module's information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.page_cache", New: func() caddy.Module { return new(Handler) }}
}

// Provision readies the line.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.Expand()
	if err := h.Validate(); err != nil {
		return fmt.Errorf("page_cache: %w", err)
	}
	if err := h.checkWatch(); err != nil {
		return fmt.Errorf("page_cache: %w", err)
	}
	if err := h.loadMatchers(ctx); err != nil {
		return err
	}
	appModule, err := ctx.App(directive)
	if err != nil {
		return err
	}
	app, ok := appModule.(*App)
	if !ok {
		return fmt.Errorf("page_cache: the app of that name is a %T", appModule)
	}
	h.warn(ctx.Logger())
	return h.start(app, ctx.Logger())
}

// loadMatchers loads the matchers of bypass and debug.
func (h *Handler) loadMatchers(ctx caddy.Context) error {
	for _, m := range []struct {
		option, field string
		raw           caddyhttp.RawMatcherSets
		sets          *caddyhttp.MatcherSets
	}{
		{"bypass", "BypassRaw", h.BypassRaw, &h.bypass},
		{"debug", "DebugRaw", h.DebugRaw, &h.debug},
	} {
		if m.raw == nil {
			continue
		}
		sets, err := ctx.LoadModule(h, m.field)
		if err != nil {
			return fmt.Errorf("page_cache: %s: %w", m.option, err)
		}
		if err := m.sets.FromInterface(sets); err != nil {
			return fmt.Errorf("page_cache: %s: %w", m.option, err)
		}
	}
	return nil
}

// warn tells the operator what a line gives up.
func (h *Handler) warn(log *zap.Logger) {
	for _, name := range h.Forward {
		if name == "*" {
			log.Warn("forward * lets fills carry every header of the visitor who caused them; " +
				"if any of them changes the page, all visitors get that visitor's page")
		}
	}
	if slices.Contains(h.IgnoreCookies, "*") {
		log.Warn("ignore_cookies * gives visitors who are logged in the page of one who is not; " +
			"keep their cookies out of it with session")
	}
	if h.AnyStatus {
		log.Warn("any_status stores error pages that the application gives a lifetime; all visitors then get that error")
	}
	if h.TrustFraming {
		log.Warn("trust_framing stores bodies whose end only the closing connection shows; " +
			"a worker that is killed half way leaves half a page")
	}
}

// start takes hold of the store and makes the engine.
func (h *Handler) start(app *App, log *zap.Logger) error {
	common, err := acquire(app.SizeLimit())
	if err != nil {
		return err
	}
	h.size, h.app, h.sessions = app.SizeLimit(), app, common.sessions
	if h.Off || h.Watch {
		return nil
	}
	if limit := int64(common.store.MaxEntry()); h.BodyLimit() > limit {
		return fmt.Errorf("page_cache: max_body %d is more than the store takes, which is %d bytes with max_size %d; "+
			"raise max_size in the global option page_cache, or lower max_body", h.BodyLimit(), limit, h.size)
	}
	upstream, err := app.upstream(h.Origin, h.MaxFills)
	if err != nil {
		return err
	}
	h.rule = policy.Compile(h.Rule)
	h.place, h.nonce = new(atomic.Pointer[place]), newNonce()
	h.engine = engine.New(engine.Config{
		Rule: h.rule, Store: common.store, Limits: common.limits, Upstream: upstream,
		Marks: common.marks, Failed: common.failed, Ledger: ledger, Sessions: common.sessions, Variants: common.variants, Freeze: frozen,
		Recorder: recorder{counters: common.counters, log: log},
		Now:      time.Now, Start: common.start, Chance: rand.Float64,
		Random: func(b []byte) { _, _ = crand.Read(b) }, // it never fails
		TagKey: tagKey[:],
	})
	return nil
}

// Cleanup lets the line's fills end, and lets go of the store.
func (h *Handler) Cleanup() error {
	if h.engine != nil {
		// It stays: a request that a server took as it ended may still come, and is
		// forwarded by an engine that is closed.
		h.engine.Close(time.Until(h.app.drained()))
	}
	if h.size == 0 {
		return nil
	}
	size := h.size
	h.size = 0
	return release(size)
}

// ServeHTTP answers from the store, from a fill, or by forwarding the request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.watches(r) {
		return h.serveWatched(w, r, caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			return h.serve(w, r, next)
		}))
	}
	return h.serve(w, r, next)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.Watch || caddyhttp.GetVar(r.Context(), takenVar) != nil {
		return next.ServeHTTP(w, r)
	}
	caddyhttp.SetVar(r.Context(), takenVar, true)
	if _, failed := r.Context().Value(caddyhttp.ErrorCtxKey).(error); h.Off || failed {
		// An error page is about one request, and its status comes from the error,
		// which no fill has.
		return next.ServeHTTP(w, r)
	}
	q, err := h.describe(r)
	if err != nil {
		return err
	}
	o := &origin{h: h, r: r, next: next}
	result, err := h.engine.Do(r.Context(), w, q, o)
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		o.copyBack(repl)
		setPlaceholders(repl, result)
	}
	return serverError(err)
}

// setPlaceholders lets the access log and later routes say what happened.
func setPlaceholders(repl *caddy.Replacer, result engine.Result) {
	repl.Set("http.page_cache.status", result.Status.Word())
	repl.Set("http.page_cache.detail", result.Status.Detail.String())
	if result.Status.HasTTL {
		repl.Set("http.page_cache.ttl", result.Status.Seconds())
	}
	if result.Status.Hit {
		repl.Set("http.page_cache.age", int64(result.Age/time.Second))
	}
}

// serverError turns the engine's errors into Caddy's. The origin's own are left
// as they are, so that handle_errors sees what it would see without a cache.
func serverError(err error) error {
	var status *engine.StatusError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, engine.ErrAbort):
		panic(http.ErrAbortHandler) // net/http's only way to end an answer visibly
	case errors.As(err, &status):
		return caddyhttp.Error(status.Status, status.Err)
	}
	return err
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
