package pagecache

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/framing"
	"github.com/page-cache/page-cache/module/policy"
)

const (
	// fillAddr is where fills seem to come from: an address of documentation
	// (RFC 5737), so that nobody's page for a private network or a country is made
	// for all.
	fillAddr = "192.0.2.1"
	// fillAgent is the User-Agent of fills.
	fillAgent = "page-cache"
	// routeGroupKey is where Caddy remembers which groups of routes are satisfied;
	// without it a second handle would run inside the fill.
	routeGroupKey = caddy.CtxKey("route_group")
)

// origin is the next handler as one request sees it.
type origin struct {
	h    *Handler
	r    *http.Request
	next caddyhttp.Handler

	mu  sync.Mutex     // protects set
	set map[string]any // reverse_proxy's placeholders of the fill
}

// Forward implements engine.Origin.
func (o *origin) Forward(w http.ResponseWriter, mark func(int, http.Header)) error {
	return o.next.ServeHTTP(&markWriter{
		ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, mark: mark,
	}, o.r)
}

// detached is what a fill takes from its visitor's request: copies, so that the
// visitor's goroutine and the fill's share nothing.
type detached struct {
	in       policy.Intake
	server   *caddyhttp.Server
	groups   map[string]struct{}
	vars     map[string]any
	original *url.URL
	current  *url.URL
	port     int
}

// Detach implements engine.Origin.
func (o *origin) Detach(in *policy.Intake) (engine.Fill, error) {
	ctx := o.r.Context()
	d := detached{in: *in, vars: keyedVars(o.r), port: localPort(o.r)}
	var err error
	if d.original, err = url.ParseRequestURI(in.Inputs.Original); err != nil {
		return nil, err
	}
	if d.current, err = url.ParseRequestURI(in.Inputs.Current); err != nil {
		return nil, err
	}
	d.server, _ = ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	groups, _ := ctx.Value(routeGroupKey).(map[string]struct{})
	d.groups = maps.Clone(groups)
	return func(ctx context.Context, w http.ResponseWriter, conditions http.Header) error {
		repl := caddy.NewReplacer()
		defer o.keep(repl)
		r := d.request(ctx, w, repl)
		for name, values := range conditions {
			r.Header[name] = slices.Clone(values)
		}
		err := o.next.ServeHTTP(w, r)
		// Without the mark that reverse_proxy leaves in the header, nothing tells
		// whose body the verdict is about.
		if _, proxied := repl.Get("http.reverse_proxy.upstream.hostport"); proxied && len(w.Header()["Via"]) == 0 {
			framing.From(ctx).Note(framing.Unproven)
		}
		var status caddyhttp.HandlerError
		if errors.As(err, &status) && status.StatusCode > 0 && status.StatusCode < http.StatusInternalServerError {
			return &engine.RefusalError{Status: status.StatusCode, Err: err}
		}
		return err
	}, nil
}

// request makes the fill's request.
func (d *detached) request(ctx context.Context, w http.ResponseWriter, repl *caddy.Replacer) *http.Request {
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(fillAddr), Port: d.port})
	inputs := &d.in.Inputs
	// Handlers change these in place, and a fill may be asked for twice.
	original, current := *d.original, *d.current
	r := (&http.Request{
		Method: http.MethodGet, Host: inputs.Host, URL: &original, RequestURI: inputs.Original,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: d.header(), Body: http.NoBody, RemoteAddr: fillAddr + ":0",
		TLS: d.tls(),
	}).WithContext(ctx)
	r = caddyhttp.PrepareRequest(r, repl, w, d.server)
	if groups, ok := r.Context().Value(routeGroupKey).(map[string]struct{}); ok {
		maps.Copy(groups, d.groups)
	}
	r.URL, r.RequestURI = &current, inputs.Current
	for name, value := range d.vars {
		own, _ := clonePlain(value)
		caddyhttp.SetVar(r.Context(), name, own)
	}
	caddyhttp.SetVar(r.Context(), takenVar, true)
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, fillAddr)
	caddyhttp.SetVar(r.Context(), caddyhttp.TrustedProxyVarKey, trustsProxy(inputs.Headers))
	for _, f := range inputs.Values {
		repl.Set(strings.Trim(f.Name, "{}"), strings.Join(f.Values, ""))
	}
	return r
}

// header makes the fill's header: what is keyed, what the operator calls
// harmless, and what is the edge's own.
func (d *detached) header() http.Header {
	h := http.Header{
		"User-Agent": {fillAgent},
		// Without it Go's transport would ask for gzip by itself.
		"Accept-Encoding": {"identity"},
	}
	for name, values := range d.in.Forward {
		h[name] = slices.Clone(values) // handlers may change what they get
	}
	if part := d.in.Inputs.Part; part != "" {
		h["Range"] = []string{part}
	}
	if cookies := d.cookies(); len(cookies) > 0 {
		h["Cookie"] = []string{strings.Join(cookies, "; ")}
	}
	for _, list := range [...][]cachekey.Field{d.in.Inputs.Headers, d.in.Inputs.Variant} {
		for _, f := range list {
			if len(f.Values) > 0 {
				h[f.Name] = slices.Clone(f.Values)
			}
		}
	}
	return h
}

// cookies returns those that a fill carries: what selects a variant, and what names the
// session whose page it is.
func (d *detached) cookies() []string {
	var crumbs []string
	for _, f := range d.in.Inputs.Cookies {
		crumbs = append(crumbs, f.Values...)
	}
	return append(crumbs, d.in.Session...)
}

// tls describes the connection of a fill for an https page: complete, and
// without a client's certificate.
func (d *detached) tls() *tls.ConnectionState {
	if d.in.Inputs.Scheme != "https" {
		return nil
	}
	name, _, err := net.SplitHostPort(d.in.Inputs.Host)
	if err != nil {
		name = d.in.Inputs.Host
	}
	return &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: name}
}

// trustsProxy reports whether the fill carries what a trusted proxy said of
// scheme and host, so that reverse_proxy passes it on.
func trustsProxy(keyed []cachekey.Field) bool {
	for _, f := range keyed {
		if (f.Name == "X-Forwarded-Proto" || f.Name == "X-Forwarded-Host") && len(f.Values) > 0 {
			return true
		}
	}
	return false
}

// proxyPlaceholders are what reverse_proxy tells the access log.
//
//nolint:gochecknoglobals // a read-only table
var proxyPlaceholders = []string{
	"upstream.address", "upstream.hostport", "upstream.host", "upstream.port", "upstream.requests",
	"upstream.max_requests", "upstream.fails", "upstream.latency", "upstream.latency_ms",
	"upstream.duration", "upstream.duration_ms", "duration", "duration_ms", "retries", "status_code", "status_text",
}

// keep remembers the fill's placeholders. It is called in the fill's goroutine.
func (o *origin) keep(repl *caddy.Replacer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.set = map[string]any{}
	for _, name := range proxyPlaceholders {
		name = "http.reverse_proxy." + name
		if value, ok := repl.Get(name); ok {
			o.set[name] = value
		}
	}
}

// copyBack gives the leader's access log what the fill it started knows.
func (o *origin) copyBack(repl *caddy.Replacer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, value := range o.set {
		repl.Set(name, value)
	}
}

// Interface guards.
var (
	_ engine.Origin   = (*origin)(nil)
	_ engine.Recorder = recorder{}
)
