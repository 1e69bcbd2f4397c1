// Package uwsgi is Caddy's transport to an application behind uWSGI, over the native uwsgi protocol, as nginx's
// uwsgi_pass speaks it: the module http.reverse_proxy.transport.uwsgi. uWSGI's configuration stays as it is.
//
//	reverse_proxy unix//run/app.sock {
//		transport uwsgi
//	}
//
// It decides what the application learns of a request (vars.go), what can be said in the protocol at all (packet.go)
// and which answers are sound enough to be passed on (response.go). It must not judge whether an answer may be
// stored: it only reports to package framing how the body ends, because a body without a length ends by the closing
// of the connection, and so does the half of a page that a killed worker leaves behind.
//
// # What the application sees
//
// The variables are those of nginx's uwsgi_params:
//
//   - PATH_INFO and QUERY_STRING are the path, decoded, and the query as they stand after rewrites. Django routes on
//     them, so strip_prefix does what it says. SCRIPT_NAME is empty; "var SCRIPT_NAME /shop" tells Django about a
//     prefix that was stripped.
//   - REQUEST_URI is what the client asked for, before rewrites, as nginx's $request_uri.
//   - REMOTE_ADDR is the client's address: the peer's, or, behind proxies that the server's trusted_proxies names, the
//     one they report, as with nginx's realip module. REMOTE_PORT is then empty. For a client on a unix socket it is
//     "unix:", as in nginx. A fill of the cache belongs to nobody and shows the address that it carries; a health
//     check is Caddy's own and shows 127.0.0.1.
//   - HTTPS ("on") and REQUEST_SCHEME follow the X-Forwarded-Proto that reverse_proxy settled, which takes a client's
//     word only from a trusted proxy; without it, the connection's TLS decides.
//   - SERVER_NAME and SERVER_PORT come from Host, the port else from the scheme: the cache keys both, while the local
//     port may differ between a visitor's request and a fill.
//   - HTTP_* holds the headers, but not Proxy (httpoxy), not the hop-by-hop ones, and no name with anything but
//     letters, digits and "-": X_Forwarded_Host would stand in for X-Forwarded-Host. Upgrade is hop-by-hop too, so
//     there are no WebSockets through this transport; send them to an http router of uWSGI's.
//
// # What is refused
//
// What the client alone can mend is answered here, before or instead of asking the application: a block over the
// protocol's 65,535 bytes (431), a body of unknown length over buffer_limit (413), control characters (400). These are
// responses, not errors: reverse_proxy counts every error against the upstream's health and may try it again, so one
// visitor with a large cookie could take the site down.
//
// A Transport is safe for concurrent use once it is provisioned. Each request has a connection of its own, as the
// protocol demands.
package uwsgi
