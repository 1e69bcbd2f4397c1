package pagecache

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/policy"
)

// takenVar marks a request that a page_cache line has taken, so that later lines
// stand aside, also inside its fill.
const takenVar = "page_cache.taken"

// describe turns Caddy's request into what the decisions see.
func (h *Handler) describe(r *http.Request) (*policy.Request, error) {
	ctx := r.Context()
	repl, _ := ctx.Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if repl == nil || server == nil {
		return nil, caddyhttp.Error(http.StatusInternalServerError,
			fmt.Errorf("page_cache: the request has not been prepared by Caddy's HTTP server"))
	}
	at := h.placeIn(server)
	q := &policy.Request{
		Method: r.Method, Scheme: "http", Host: r.Host, Header: r.Header,
		Original: r.RequestURI, Current: requestURI(r),
		HasBody: hasBody(r),
		Site:    site(r, server),
		Route:   at.name, OpenEnded: at.open,
	}
	if original, ok := ctx.Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		q.Original = original.RequestURI
	}
	if r.TLS != nil {
		q.Scheme = "https"
		q.ClientCert = len(r.TLS.PeerCertificates) > 0
	}
	_, q.User = repl.Get("http.auth.user.id")
	q.TrustedProxy, _ = caddyhttp.GetVar(ctx, caddyhttp.TrustedProxyVarKey).(bool)
	q.TakesInterim = r.ProtoAtLeast(1, 1)
	var err error
	if q.Operator, err = matches(h.bypass, r); err != nil {
		return nil, err
	}
	if q.Debug, err = matches(h.debug, r); err != nil {
		return nil, err
	}
	q.Vars = append([]cachekey.Field{groupField(r)}, varFields(keyedVars(r))...)
	for _, placeholder := range h.VaryBy {
		q.Values = append(q.Values, cachekey.Field{
			Name: placeholder, Values: []string{repl.ReplaceAll(placeholder, "")},
		})
	}
	return q, nil
}

// hasBody reports whether content is announced or of unknown length. HTTP/3 knows
// no length of a request without content either, until its stream ends; a GET or
// HEAD is taken for one then, as reverse_proxy takes it. No fill carries a body.
func hasBody(r *http.Request) bool {
	if r.ProtoMajor == 3 && r.ContentLength < 0 {
		return r.Method != http.MethodGet && r.Method != http.MethodHead
	}
	return r.ContentLength != 0 || len(r.TransferEncoding) > 0
}

// matches reports whether any of sets matches; none does if there are none.
func matches(sets caddyhttp.MatcherSets, r *http.Request) (bool, error) {
	if len(sets) == 0 {
		return false, nil
	}
	return sets.AnyMatchWithError(r)
}

// requestURI returns the escaped path and query as they stand after rewrites.
func requestURI(r *http.Request) string {
	uri := r.URL.EscapedPath()
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		uri += "?" + r.URL.RawQuery
	}
	return uri
}

// site names what keeps apart two sites that have one host: the server's
// listeners, which unlike its name stay the same when another is added, and the
// port that was asked.
func site(r *http.Request, server *caddyhttp.Server) string {
	return strings.Join(server.Listen, " ") + " " + strconv.Itoa(localPort(r))
}

func localPort(r *http.Request) int {
	switch addr := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.TCPAddr:
		return addr.Port
	case *net.UDPAddr:
		return addr.Port
	}
	return 0
}

// keyedVars returns a deep copy of the variables that later routes may read:
// those of the vars directive and of other modules, if their value is plain
// data. Caddy's own about this one request are left out, and so is what is no
// plain data: it can be neither keyed nor copied.
func keyedVars(r *http.Request) map[string]any {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	var kept map[string]any
	for name, value := range vars {
		if ownVar(name) {
			continue
		}
		if plain, ok := clonePlain(value); ok {
			if kept == nil {
				kept = map[string]any{}
			}
			kept[name] = plain
		}
	}
	return kept
}

func ownVar(name string) bool {
	switch name {
	case takenVar, watchedVar, caddyhttp.TrustedProxyVarKey, caddyhttp.ClientIPVarKey, "matchers.error",
		caddyhttp.AccessLoggerNameVarKey, "start_time", "uuid", "trace_id", "span_id", "unhandled",
		"extended_connect_websocket_body":
		return true
	}
	return strings.HasPrefix(name, "reverse_proxy.")
}

func clonePlain(value any) (any, bool) {
	switch v := value.(type) {
	case nil, string, bool, int, int64, float64, json.Number:
		return v, true
	case []string:
		return slices.Clone(v), true
	case []any:
		out := make([]any, len(v))
		for i := range v {
			item, ok := clonePlain(v[i])
			if !ok {
				return nil, false
			}
			out[i] = item
		}
		return out, true
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			item, ok := clonePlain(v[k])
			if !ok {
				return nil, false
			}
			out[k] = item
		}
		return out, true
	}
	return nil, false
}

// groupField names the groups of routes that are satisfied, as an input of the
// key: which routes run behind the line depends on them, and a handle before it
// may have been chosen by what no fill carries. It stands first among the
// variables, always, so that no variable of that name can be taken for it.
func groupField(r *http.Request) cachekey.Field {
	groups, _ := r.Context().Value(routeGroupKey).(map[string]struct{})
	return cachekey.Field{Name: "route_group", Values: slices.Sorted(maps.Keys(groups))}
}

// varFields writes variables as inputs of the key, sorted by name.
func varFields(vars map[string]any) []cachekey.Field {
	if len(vars) == 0 {
		return nil
	}
	fields := make([]cachekey.Field, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		// It sorts the keys of maps, tells the type, and keeps bytes apart that are
		// no UTF-8, which JSON would fold into one.
		text := fmt.Sprintf("%#v", vars[name])
		fields = append(fields, cachekey.Field{Name: name, Values: []string{text}})
	}
	return fields
}
