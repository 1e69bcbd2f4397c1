package pagecache

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	caddytoken "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/page-cache/page-cache/caddyfile"
	"github.com/page-cache/page-cache/module/uwsgi"
)

const directive = "page_cache"

func init() {
	caddy.RegisterModule(Handler{})
	caddy.RegisterModule(App{})
	caddy.RegisterModule(adminAPI{})
	caddy.RegisterModule(uwsgi.Transport{}) // here, so that one --with brings it too
	httpcaddyfile.RegisterGlobalOption(directive, parseApp)
	httpcaddyfile.RegisterDirective(directive, parseHandler)
	// Everything that may refuse or change a request stands before reverse_proxy
	// (basic_auth, forward_auth, rewrite, respond, abort, handle …), and must act
	// on hits as well.
	httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "reverse_proxy")
}

// parseHandler makes the route of a line as RegisterHandlerDirective would; and beside
// one that keeps pages for sessions another, which looks on at what changes them.
func parseHandler(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	if !h.Next() {
		return nil, h.ArgErr()
	}
	matchers, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	line, err := caddyfile.ParseRule(h)
	if err != nil {
		return nil, err
	}
	routes := h.NewRoute(matchers, &Handler{Rule: line.Rule, BypassRaw: line.Bypass, DebugRaw: line.Debug})
	if len(line.Rule.PrivateSession) > 0 {
		unsafe := caddy.ModuleMap{"not": caddyconfig.JSON([]any{
			map[string]any{"method": []string{http.MethodGet, http.MethodHead, http.MethodOptions}},
		}, nil)}
		routes = append(routes, h.NewRoute(unsafe, &Handler{Watch: true})...)
	}
	return routes, nil
}

func parseApp(d *caddytoken.Dispenser, earlier any) (any, error) {
	if earlier != nil {
		return nil, d.Err("the global option page_cache is given twice; put its options into one block")
	}
	app, err := caddyfile.ParseApp(d)
	if err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: directive, Value: caddyconfig.JSON(app, nil)}, nil
}
