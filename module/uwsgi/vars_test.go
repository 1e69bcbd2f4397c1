package uwsgi

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/module/framing"
)

// proxied returns a request as reverse_proxy hands it to a transport: from a client at 198.51.100.7.
func proxied(t *testing.T, change func(*http.Request)) *http.Request {
	t.Helper()
	u, err := url.ParseRequestURI("/shop/a%20b?q=1")
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{
		Method: http.MethodGet, URL: u, RequestURI: "/shop/a%20b?q=1", Host: "shop.test", RemoteAddr: "198.51.100.7:4711",
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: http.Header{"X-Forwarded-Proto": {"http"}},
	}
	ctx := t.Context()
	for key, value := range map[caddy.CtxKey]any{
		caddyhttp.OriginalRequestCtxKey: http.Request{URL: u, RequestURI: r.RequestURI},
		caddyhttp.VarsCtxKey:            map[string]any{caddyhttp.ClientIPVarKey: "198.51.100.7"},
		caddy.ReplacerCtxKey:            caddy.NewReplacer(),
	} {
		ctx = context.WithValue(ctx, key, value) //nolint:forbidigo,fatcontext // as Caddy's server does; three values
	}
	r = r.WithContext(ctx)
	if change != nil {
		change(r)
	}
	return r
}

func setVar(key string, value any) func(*http.Request) {
	return func(r *http.Request) { caddyhttp.SetVar(r.Context(), key, value) }
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[name] = values }
}

func remote(addr string) func(*http.Request) {
	return func(r *http.Request) {
		r.RemoteAddr = addr
		caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, "")
	}
}

const absent = "\x00absent"

func TestVariables(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*http.Request)
		want   map[string]string
	}{
		{"a plain request", nil, map[string]string{
			"QUERY_STRING": "q=1", "REQUEST_METHOD": "GET", "CONTENT_TYPE": "", "CONTENT_LENGTH": "",
			"REQUEST_URI": "/shop/a%20b?q=1", "PATH_INFO": "/shop/a b", "SERVER_PROTOCOL": "HTTP/2.0",
			"REQUEST_SCHEME": "http", "HTTPS": absent, "REMOTE_ADDR": "198.51.100.7", "REMOTE_PORT": "4711",
			"SERVER_PORT": "80", "SERVER_NAME": "shop.test", "SCRIPT_NAME": "", "DOCUMENT_ROOT": absent,
			"HTTP_HOST": "shop.test", "HTTP_X_FORWARDED_PROTO": "http",
		}},
		{"after strip_prefix", func(r *http.Request) { r.URL = &url.URL{Path: "/a b", RawQuery: "q=2"} }, map[string]string{
			"REQUEST_URI": "/shop/a%20b?q=1", "PATH_INFO": "/a b", "QUERY_STRING": "q=2", "SCRIPT_NAME": "",
		}},
		{"an empty path", func(r *http.Request) { r.URL = &url.URL{} }, map[string]string{"PATH_INFO": "/"}},
		{"root", setVar("root", "/srv/shop"), map[string]string{"DOCUMENT_ROOT": "/srv/shop"}},

		{"https as reverse_proxy settled it", header("X-Forwarded-Proto", "https"), map[string]string{
			"HTTPS": "on", "REQUEST_SCHEME": "https", "SERVER_PORT": "443",
		}},
		{
			"https by TLS alone", func(r *http.Request) { delete(r.Header, "X-Forwarded-Proto"); r.TLS = &tls.ConnectionState{} },
			map[string]string{"HTTPS": "on", "REQUEST_SCHEME": "https"},
		},
		{
			"a trusted proxy's http over TLS", func(r *http.Request) { r.TLS = &tls.ConnectionState{} },
			map[string]string{"HTTPS": absent, "REQUEST_SCHEME": "http"},
		},
		{"a list of schemes", header("X-Forwarded-Proto", "HTTPS , http"), map[string]string{"HTTPS": "on"}},
		{"no scheme at all", header("X-Forwarded-Proto", "nothttps"), map[string]string{"HTTPS": absent, "REQUEST_SCHEME": "http"}},

		{"behind a trusted proxy", setVar(caddyhttp.ClientIPVarKey, "203.0.113.9"), map[string]string{
			"REMOTE_ADDR": "203.0.113.9", "REMOTE_PORT": "",
		}},
		{"an IPv6 peer", remote("[2001:db8::1]:99"), map[string]string{"REMOTE_ADDR": "2001:db8::1", "REMOTE_PORT": "99"}},
		{"a zone", remote("[fe80::1%eth0]:99"), map[string]string{"REMOTE_ADDR": "fe80::1"}},
		{"IPv4 in IPv6", remote("[::ffff:192.0.2.9]:99"), map[string]string{"REMOTE_ADDR": "192.0.2.9"}},
		{"a unix peer", remote("@"), map[string]string{"REMOTE_ADDR": "unix:", "REMOTE_PORT": ""}},
		{"a client behind a unix peer", func(r *http.Request) {
			r.RemoteAddr = "@"
			caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, "203.0.113.9")
		}, map[string]string{"REMOTE_ADDR": "203.0.113.9"}},
		{"a client that is no address", setVar(caddyhttp.ClientIPVarKey, "@"), map[string]string{"REMOTE_ADDR": "198.51.100.7"}},
		{"a health check", remote(""), map[string]string{"REMOTE_ADDR": "127.0.0.1"}},
		{"a fill carries no visitor's address", func(r *http.Request) {
			ctx, _ := framing.With(r.Context())
			*r = *r.WithContext(ctx)
			r.RemoteAddr = "192.0.2.1:0"
		}, map[string]string{"REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": ""}},

		{"a port in Host", func(r *http.Request) { r.Host = "shop.test:8443" }, map[string]string{
			"SERVER_NAME": "shop.test", "SERVER_PORT": "8443", "HTTP_HOST": "shop.test:8443",
		}},
		{"an IPv6 Host", func(r *http.Request) { r.Host = "[::1]:8443" }, map[string]string{"SERVER_NAME": "[::1]", "SERVER_PORT": "8443"}},
		{"an IPv6 Host without port", func(r *http.Request) { r.Host = "[::1]" }, map[string]string{"SERVER_NAME": "[::1]", "SERVER_PORT": "80"}},
		{"no Host", func(r *http.Request) { r.Host = "" }, map[string]string{"SERVER_NAME": "localhost", "HTTP_HOST": absent}},

		{"content type and length", func(r *http.Request) {
			r.Header["Content-Type"] = []string{"text/x"}
			r.Header["Content-Length"] = []string{"0"}
		}, map[string]string{
			"CONTENT_TYPE": "text/x", "CONTENT_LENGTH": "0", "HTTP_CONTENT_TYPE": absent, "HTTP_CONTENT_LENGTH": absent,
		}},
		{"a header", header("X-Requested-With", "a", "b"), map[string]string{"HTTP_X_REQUESTED_WITH": "a, b"}},
		{"cookies", header("Cookie", "a=1", "b=2"), map[string]string{"HTTP_COOKIE": "a=1; b=2"}},
		{"one name in two spellings", func(r *http.Request) {
			r.Header["X-WebThing"] = []string{"b"}
			r.Header["X-Webthing"] = []string{"c"}
		}, map[string]string{"HTTP_X_WEBTHING": "b, c"}},
		{"an underscore", header("X_Forwarded_Proto", "https"), map[string]string{"HTTP_X_FORWARDED_PROTO": "http", "HTTPS": absent}},
		{"a dot", header("X.Forwarded.Proto", "https"), map[string]string{"HTTP_X_FORWARDED_PROTO": "http"}},
		{"other characters", header("X!A", "1"), map[string]string{"HTTP_X!A": absent, "HTTP_X_A": absent}},
		{"httpoxy", header("Proxy", "http://evil"), map[string]string{"HTTP_PROXY": absent}},
		{"a second Host", header("Host", "evil.test"), map[string]string{"HTTP_HOST": "shop.test"}},
		{"hop-by-hop", func(r *http.Request) {
			for _, name := range []string{"Connection", "Upgrade", "Te", "Trailer", "Keep-Alive", "Transfer-Encoding"} {
				r.Header[name] = []string{"x"}
			}
		}, map[string]string{
			"HTTP_CONNECTION": absent, "HTTP_UPGRADE": absent, "HTTP_TE": absent, "HTTP_TRAILER": absent,
			"HTTP_KEEP_ALIVE": absent, "HTTP_TRANSFER_ENCODING": absent,
		}},
		{"no User-Agent", header("User-Agent", ""), map[string]string{"HTTP_USER_AGENT": absent}},
		{"a header that is held back", header("X-Forwarded-For"), map[string]string{"HTTP_X_FORWARDED_FOR": absent}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			vars := new(Transport).variables(proxied(t, tt.change), 0)
			got := make(map[string]string)
			for _, v := range vars {
				if _, twice := got[v.name]; twice {
					t.Errorf("%s stands twice", v.name)
				}
				got[v.name] = v.value
			}
			for name, want := range tt.want {
				value, ok := got[name]
				if !ok {
					value = absent
				}
				if value != want {
					t.Errorf("%s: got %q, want %q", name, value, want)
				}
			}
		})
	}
}

func TestOwnVariables(t *testing.T) {
	t.Parallel()
	r := proxied(t, header("X-Real", "client"))
	repl, _ := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	repl.Set("scheme", "gopher")
	transport := &Transport{Vars: map[string]string{
		"UWSGI_SCHEME": "{scheme}", "SCRIPT_NAME": "/shop", "HTTP_X_REAL": "operator", "EMPTY": "{nothing}",
	}}
	got := make(map[string]string)
	for _, v := range transport.variables(r, 12) {
		got[v.name] = v.value
	}
	for name, want := range map[string]string{
		"UWSGI_SCHEME": "gopher", "SCRIPT_NAME": "/shop", "HTTP_X_REAL": "operator", "EMPTY": "", "CONTENT_LENGTH": "12",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}
