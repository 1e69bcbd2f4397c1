package pagecache

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	caddytoken "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

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
	httpcaddyfile.RegisterHandlerDirective(directive, parseHandler)
	// Everything that may refuse or change a request stands before reverse_proxy
	// (basic_auth, forward_auth, rewrite, respond, abort, handle …), and must act
	// on hits as well.
	httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "reverse_proxy")
}

func parseHandler(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	line, err := caddyfile.ParseRule(h)
	if err != nil {
		return nil, err
	}
	return &Handler{Rule: line.Rule, BypassRaw: line.Bypass, DebugRaw: line.Debug}, nil
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
