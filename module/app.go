package pagecache

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/stats"
	"github.com/page-cache/page-cache/module/store/local"
	"github.com/page-cache/page-cache/module/variant"
)

// maxFills bounds the fills under way in the process. It is far above what an
// application answers at a time, and bounds the goroutines when one hangs.
const maxFills = 1024

// privateShare is which part of the store the pages of sessions may take: they are of
// use to one visitor each, and must not push out what is of use to all.
const privateShare = 4

// App is the app page_cache: it owns what outlives one route and one
// configuration, the store above all.
type App struct {
	config.App

	shared *shared
	// upstreams are what the lines of this configuration share that name an origin.
	upstreams map[string]*engine.Upstream
	// drained returns when the fills of all lines must have ended. The time runs
	// from the first call.
	drained func() time.Time
}

// drain is how long the fills of all lines may go on when their configuration has
// been replaced; requests have been drained by the server before.
const drain = 5 * time.Second

// shared is what all configurations of the process have in common while one of
// them uses it.
type shared struct {
	store    *local.Store
	limits   *collapse.Limits
	marks    *collapse.Marks
	failed   *collapse.Marks
	sessions *session.Table
	variants *variant.Table
	counters *stats.Counters
	start    time.Time // stored times count from here
}

// Destruct closes the store when no configuration uses it any more.
func (s *shared) Destruct() error { return s.store.Close() }

// ledger is one for the process whatever the size of the store: a change that a
// replaced configuration still forwards must reach the store of the next.
//
//nolint:gochecknoglobals // as the pool
var ledger = purge.New()

// frozen is one for the process, because a deploy may well replace the configuration.
//
//nolint:gochecknoglobals // as the pool
var frozen = new(freeze.Switch)

// tagKey is one for the process: pages have the same entity-tags over a reload.
//
//nolint:gochecknoglobals // as the pool
var tagKey = sha256.Sum256([]byte(rand.Text()))

// pool keeps the store over reloads. A configuration with another max_size gets
// a store of its own.
//
//nolint:gochecknoglobals // Caddy's way to keep state over reloads
var pool = caddy.NewUsagePool()

// CaddyModule returns the module's information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "page_cache", New: func() caddy.Module { return new(App) }}
}

// Provision opens the store, or takes over that of the running configuration.
func (a *App) Provision(ctx caddy.Context) error {
	if err := a.Validate(); err != nil {
		return fmt.Errorf("page_cache: %w", err)
	}
	shared, err := acquire(a.SizeLimit())
	if err != nil {
		return err
	}
	a.shared = shared
	a.drained = sync.OnceValue(func() time.Time { return time.Now().Add(drain) })
	return registerMetrics(ctx.GetMetricsRegistry(), shared)
}

// Cleanup lets go of the store.
func (a *App) Cleanup() error {
	if a.shared == nil {
		return nil
	}
	a.shared = nil
	return release(a.SizeLimit())
}

// Start and Stop do nothing: the app only holds what the handlers use.
func (a *App) Start() error { return nil }

// Stop does nothing.
func (a *App) Stop() error { return nil }

// upstream returns what a line shares with those that name the same origin; without a
// name, something of its own. maxFills is the line's, 0 if it gives none.
func (a *App) upstream(name string, maxFills int) (*engine.Upstream, error) {
	u := a.upstreams[name]
	if u == nil || name == "" {
		u = new(engine.Upstream)
	}
	if name != "" {
		if a.upstreams == nil {
			a.upstreams = map[string]*engine.Upstream{}
		}
		a.upstreams[name] = u
	}
	switch n := u.Places.N(); {
	case maxFills == 0 || n == maxFills:
	case n != 0:
		return nil, fmt.Errorf("page_cache: max_fills %d: another line with origin %s has max_fills %d; "+
			"they share the places, so give one number, or another origin", maxFills, name, n)
	default:
		u.Places.Bound(maxFills)
	}
	return u, nil
}

// acquire returns what is shared under this size, and counts its user. Each call
// is paid back with one of release.
func acquire(size int64) (*shared, error) {
	v, _, err := pool.LoadOrNew(poolKey(size), func() (caddy.Destructor, error) {
		st, err := local.New(local.Config{MaxSize: size})
		if err != nil {
			return nil, fmt.Errorf("page_cache: %w", err)
		}
		return &shared{
			store: st, limits: collapse.NewLimits(maxFills, size/4), marks: collapse.NewMarks(), failed: collapse.NewMarks(),
			sessions: session.New(size / privateShare), variants: variant.New(),
			counters: new(stats.Counters), start: time.Now(),
		}, nil
	})
	if err != nil {
		return nil, err
	}
	s, ok := v.(*shared)
	if !ok {
		return nil, errors.New("page_cache: the pool holds something else than a store; please report it")
	}
	return s, nil
}

func release(size int64) error {
	_, err := pool.Delete(poolKey(size))
	return err
}

func poolKey(size int64) string { return strconv.FormatInt(size, 10) }

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
