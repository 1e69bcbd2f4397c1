package config

import "time"

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
	// DefaultMinBytes is Rule.MinBytes when it is not given.
	DefaultMinBytes = 1
	// DefaultMaxVariants is Rule.MaxVariants when it is not given: more than the
	// languages of most shops, and few enough that one page cannot fill the store.
	DefaultMaxVariants = 16
	// LimitMaxVariants bounds Rule.MaxVariants.
	LimitMaxVariants = 256
	// DefaultCSRFCookie is Django's own name for it.
	DefaultCSRFCookie = "csrftoken"
	// DefaultHitForMiss is Rule.HitForMiss when it is not given: long enough that a
	// crowd at a private page does not queue, short enough that a page which was
	// private by mistake is soon stored.
	DefaultHitForMiss = Duration(10 * time.Second)
	// DefaultHeaderTimeout, DefaultIdleTimeout and DefaultFillTimeout are those of a
	// Rule that does not give them: what nginx waits for its upstreams.
	DefaultHeaderTimeout = Duration(60 * time.Second)
	DefaultIdleTimeout   = Duration(60 * time.Second)
	DefaultFillTimeout   = Duration(60 * time.Second)
	// DefaultQueueTimeout is Rule.QueueTimeout when it is not given: as long as a
	// visitor may be expected to wait.
	DefaultQueueTimeout = Duration(10 * time.Second)
	// MaxTimeout bounds the timeouts of fills.
	MaxTimeout = Duration(time.Hour)
	// LimitMaxFills bounds Rule.MaxFills: as many as the process allows in all.
	LimitMaxFills = 1024
	// MaxHitForMiss bounds Rule.HitForMiss: long marks have made sites slow whose
	// pages were private for a moment.
	MaxHitForMiss = Duration(2 * time.Minute)
	// DefaultHeuristic is what a Caddyfile means by heuristic without a duration:
	// a day is the most that RFC 9111 §4.2.2's tenth should guess unasked.
	DefaultHeuristic = Duration(24 * time.Hour)
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

// LeastBody returns MinBytes, or its default.
func (r *Rule) LeastBody() int64 {
	if r.MinBytes != nil {
		return *r.MinBytes
	}
	return DefaultMinBytes
}

// VariantLimit returns MaxVariants, or its default.
func (r *Rule) VariantLimit() int {
	if r.MaxVariants > 0 {
		return r.MaxVariants
	}
	return DefaultMaxVariants
}

// MarkFor returns HitForMiss, or its default.
func (r *Rule) MarkFor() time.Duration {
	if r.HitForMiss != nil {
		return time.Duration(*r.HitForMiss)
	}
	return time.Duration(DefaultHitForMiss)
}

// Timeouts are those of a line's fills.
type Timeouts struct{ Header, Idle, Fill, Queue time.Duration }

// Timeouts returns the line's timeouts, or their defaults.
func (r *Rule) Timeouts() Timeouts {
	or := func(d, standard Duration) time.Duration {
		if d > 0 {
			return time.Duration(d)
		}
		return time.Duration(standard)
	}
	return Timeouts{
		Header: or(r.HeaderTimeout, DefaultHeaderTimeout), Idle: or(r.IdleTimeout, DefaultIdleTimeout),
		Fill: or(r.FillTimeout, DefaultFillTimeout), Queue: or(r.QueueTimeout, DefaultQueueTimeout),
	}
}

// SizeLimit returns MaxSize, or its default, in bytes.
func (a *App) SizeLimit() int64 {
	if a.MaxSize > 0 {
		return a.MaxSize
	}
	return DefaultMaxSize
}
