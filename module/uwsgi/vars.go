package uwsgi

import (
	"cmp"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/module/framing"
)

// variables returns what the application learns of r, whose body has length bytes: the variables of nginx's
// uwsgi_params, then a HTTP_* for each header, then the operator's own, which replace others of their name.
func (t *Transport) variables(r *http.Request, length int64) []variable {
	env := environ{index: make(map[string]int, 24+len(r.Header))}
	addr, port := clientAddress(r)
	scheme := requestScheme(r)
	serverName, serverPort := hostAndPort(r.Host, scheme)
	env.set("QUERY_STRING", r.URL.RawQuery)
	env.set("REQUEST_METHOD", cmp.Or(r.Method, http.MethodGet))
	env.set("CONTENT_TYPE", r.Header.Get("Content-Type"))
	env.set("CONTENT_LENGTH", contentLength(r, length))
	env.set("REQUEST_URI", originalURI(r))
	env.set("PATH_INFO", cmp.Or(r.URL.Path, "/"))
	if root, _ := caddyhttp.GetVar(r.Context(), "root").(string); root != "" {
		env.set("DOCUMENT_ROOT", root)
	}
	env.set("SERVER_PROTOCOL", cmp.Or(r.Proto, "HTTP/1.1"))
	env.set("REQUEST_SCHEME", scheme)
	if scheme == "https" {
		env.set("HTTPS", "on")
	}
	env.set("REMOTE_ADDR", addr)
	env.set("REMOTE_PORT", port)
	env.set("SERVER_PORT", serverPort)
	env.set("SERVER_NAME", serverName)
	// Left out, uWSGI's Python plugin would still add it; said empty, it is the same for every plugin.
	env.set("SCRIPT_NAME", "")
	if r.Host != "" {
		env.set("HTTP_HOST", r.Host)
	}
	env.setHeaders(r.Header)
	env.setOwn(t.Vars, replacer(r))
	return env.vars
}

// environ keeps variables in order, each name once: uWSGI's plugins disagree on which of two counts.
type environ struct {
	vars  []variable
	index map[string]int
}

func (e *environ) set(name, value string) {
	if i, ok := e.index[name]; ok {
		e.vars[i].value = value
		return
	}
	e.index[name] = len(e.vars)
	e.vars = append(e.vars, variable{name, value})
}

// setHeaders adds the headers in the order of their names, so that equal requests make equal packets.
func (e *environ) setHeaders(h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		values := h[name]
		key, ok := headerVariable(name)
		if !ok || len(values) == 0 {
			continue
		}
		separator := ", "
		if key == "HTTP_COOKIE" {
			separator = "; " // RFC 9113 §8.2.3; a comma would become part of a cookie's value
		}
		value := strings.Join(values, separator)
		if key == "HTTP_USER_AGENT" && value == "" {
			continue // reverse_proxy's sign that the client sent none
		}
		// The same name in two spellings, as reverse_proxy writes Sec-WebSocket-Key, is one variable.
		if i, ok := e.index[key]; ok {
			value = e.vars[i].value + separator + value
		}
		e.set(key, value)
	}
}

func (e *environ) setOwn(own map[string]string, repl *caddy.Replacer) {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		e.set(name, repl.ReplaceAll(own[name], ""))
	}
}

// headerVariable returns the variable that carries a header, and false for a header that must not reach the
// application.
func headerVariable(name string) (string, bool) {
	key := make([]byte, 0, len("HTTP_")+len(name))
	key = append(key, "HTTP_"...)
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z':
			key = append(key, c-'a'+'A')
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			key = append(key, c)
		case c == '-':
			key = append(key, '_')
		default:
			return "", false
		}
	}
	switch string(key) {
	case "HTTP_",
		"HTTP_HOST",                                // Request.Host is the one that was routed on
		"HTTP_PROXY",                               // httpoxy: HTTP libraries read it as their proxy's address
		"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", // sent without HTTP_
		"HTTP_CONNECTION", "HTTP_KEEP_ALIVE", "HTTP_PROXY_CONNECTION", "HTTP_TE", "HTTP_TRAILER",
		"HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE": // of another connection than the application's
		return "", false
	}
	return string(key), true
}

// clientAddress returns the client's IP address and port, as nginx's $remote_addr and $remote_port tell them.
func clientAddress(r *http.Request) (addr, port string) {
	host, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host, port = r.RemoteAddr, ""
	}
	if port == "0" {
		port = ""
	}
	peer := plainIP(host)
	// A fill carries variables of the visitor who caused it, and must not carry the address.
	if framing.From(r.Context()) == nil {
		claimed, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
		if client := plainIP(claimed); client != "" && client != peer {
			return client, ""
		}
	}
	switch {
	case peer != "":
		return peer, port
	case host == "":
		return "127.0.0.1", "" // nobody's request: a health check
	case host[0] == '@' || host[0] == '/':
		return "unix:", ""
	}
	return "", ""
}

// plainIP returns an address as applications parse it: no zone, no IPv4 in IPv6. It is empty for anything else.
func plainIP(s string) string {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// requestScheme returns "https" or "http". Of a list, the first entry counts: the client's own connection.
func requestScheme(r *http.Request) string {
	if forwarded := r.Header.Get("X-Forwarded-Proto"); forwarded != "" {
		first, _, _ := strings.Cut(forwarded, ",")
		if strings.EqualFold(strings.TrimSpace(first), "https") {
			return "https"
		}
		return "http"
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// hostAndPort splits a Host header; IPv6 keeps its brackets (RFC 3875 §4.1.14).
func hostAndPort(host, scheme string) (name, port string) {
	name, port = host, "80"
	if scheme == "https" {
		port = "443"
	}
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name = host[:i]
		if i+1 < len(host) {
			port = host[i+1:]
		}
	}
	if name == "" {
		name = "localhost" // PEP 3333 allows no empty one
	}
	return name, port
}

// contentLength is empty where nginx has none to send: no body, and the client did not speak of one.
func contentLength(r *http.Request, length int64) string {
	if length == 0 && r.Header.Get("Content-Length") == "" {
		return ""
	}
	return strconv.FormatInt(length, 10)
}

// originalURI returns the request target as the client sent it, reduced to path and query.
func originalURI(r *http.Request) string {
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	switch {
	case ok && strings.HasPrefix(original.RequestURI, "/"):
		return original.RequestURI
	case ok && original.URL != nil:
		return original.URL.RequestURI()
	}
	return r.URL.RequestURI()
}

func replacer(r *http.Request) *caddy.Replacer {
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		return repl
	}
	return caddy.NewReplacer()
}
