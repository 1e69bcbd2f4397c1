package uwsgi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile" // the Caddyfile adapter
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/requestbody"
	_ "github.com/caddyserver/caddy/v2/modules/filestorage" // keeps Caddy out of the home directory
)

// site is one site of the test's Caddyfile: a host name and what it does. A name that begins with "trusting" is a site
// to which the proxy client alone can speak.
type site struct{ name, block string }

// serve runs Caddy with the sites. It returns a client that reaches them as a stranger, and one whom Caddy trusts as a
// proxy. There is one Caddy in a process, so these tests are not parallel.
func serve(t *testing.T, sites ...site) (stranger, proxy *http.Client) {
	t.Helper()
	dir := t.TempDir()
	strangers, proxies := filepath.Join(dir, "strangers.sock"), filepath.Join(dir, "proxies.sock")
	var file strings.Builder
	fmt.Fprintf(&file, "{\n admin off\n persist_config off\n auto_https off\n storage file_system %s\n log default {\n  output discard\n }\n", dir)
	fmt.Fprintf(&file, " servers unix/%s {\n  trusted_proxies_unix\n }\n}\n", proxies)
	for _, s := range sites {
		socket := strangers
		if strings.HasPrefix(s.name, "trusting") {
			socket = proxies
		}
		fmt.Fprintf(&file, "http://%s.test {\n bind unix/%s\n %s\n}\n", s.name, socket, s.block)
	}
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(file.String()), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, file.String())
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return clientOf(t, strangers), clientOf(t, proxies)
}

func clientOf(t *testing.T, socket string) *http.Client {
	t.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// call is a request to a site.
type call struct {
	method, url string
	body        io.Reader
	headers     []string // names and values by turns
}

// send sends a request and returns the status, the body and the error at the body's end.
func send(t *testing.T, client *http.Client, c call) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.method, c.url, c.body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(c.headers); i += 2 {
		r.Header.Set(c.headers[i], c.headers[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(t, res)
	return res.StatusCode, got, err
}

func upstream(app address, options string) string {
	return fmt.Sprintf("reverse_proxy %s {\n transport uwsgi\n %s\n}", app.dial(), options)
}

func TestProxyPassesTheRequestOn(t *testing.T) {
	apps := uwsgiApps(t)
	stranger, proxy := serve(t,
		site{"tcp", upstream(apps["tcp"], "")},
		site{"unix", upstream(apps["unix"], "")},
		site{"trusting", upstream(apps["unix"], "")},
		site{"prefix", "handle_path /shop/* {\n " + upstream(apps["unix"], "") + "\n}"},
		site{"own", fmt.Sprintf("root * /srv/shop\nreverse_proxy %s {\n transport uwsgi {\n  var SCRIPT_NAME /shop\n  var X_METHOD {method}\n }\n}", apps["unix"].dial())},
	)
	forwarded := []string{"X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.9", "X_Forwarded_For", "203.0.113.9"}
	tests := []struct {
		name   string
		client *http.Client
		url    string
		want   map[string]string
	}{
		{"a stranger over TCP", stranger, "http://tcp.test/env?a=b", map[string]string{
			"PATH_INFO": "/env", "QUERY_STRING": "a=b", "REQUEST_URI": "/env?a=b", "SERVER_NAME": "tcp.test", "HTTP_HOST": "tcp.test",
			"REMOTE_ADDR": "unix:", "REQUEST_SCHEME": "http", "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_FOR": "", "HTTP_X_FORWARDED_PROTO": "",
		}},
		{"a stranger", stranger, "http://unix.test/env", map[string]string{"REMOTE_ADDR": "unix:", "HTTPS": ""}},
		{"a trusted proxy", proxy, "http://trusting.test/env", map[string]string{
			"REMOTE_ADDR": "203.0.113.9", "REMOTE_PORT": "", "HTTPS": "on", "wsgi.url_scheme": "https", "SERVER_PORT": "443",
		}},
		{"strip_prefix", stranger, "http://prefix.test/shop/env?a=b", map[string]string{
			"PATH_INFO": "/env", "QUERY_STRING": "a=b", "REQUEST_URI": "/shop/env?a=b", "SCRIPT_NAME": "",
		}},
		{"variables of the operator", stranger, "http://own.test/env", map[string]string{
			"SCRIPT_NAME": "/shop", "X_METHOD": "GET", "DOCUMENT_ROOT": "/srv/shop",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body, err := send(t, tt.client, call{method: "GET", url: tt.url, headers: forwarded})
			var got map[string]string
			if jsonErr := json.Unmarshal([]byte(body), &got); jsonErr != nil || err != nil || status != http.StatusOK {
				t.Fatalf("got %d %q, %v", status, body, err)
			}
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s: got %q, want %q", name, got[name], want)
				}
			}
		})
	}
}

func TestProxyPassesBodiesOn(t *testing.T) {
	apps := uwsgiApps(t)
	body, digest := uploadOf(5 << 20)
	stranger, _ := serve(t,
		site{"tcp", upstream(apps["tcp"], "")},
		site{"unix", upstream(apps["unix"], "")},
		site{"limited", "request_body {\n max_size 1KB\n}\n" + upstream(apps["unix"], "")},
	)
	tests := []struct {
		name, url string
		body      io.Reader
		status    int
		want      string
	}{
		{"with a length, TCP", "http://tcp.test/digest", bytes.NewReader(body), 200, digest},
		{"with a length", "http://unix.test/digest", bytes.NewReader(body), 200, digest},
		{"chunked", "http://unix.test/digest", chunked(body)(), 200, digest},
		{"over buffer_limit", "http://unix.test/digest", chunked(make([]byte, 11<<20))(), 413, "413 Request Entity Too Large\n"},
		{"over request_body's limit", "http://limited.test/digest", chunked(body[:2000])(), 413, "413 Request Entity Too Large\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, got, err := send(t, stranger, call{method: "POST", url: tt.url, body: tt.body})
			if status != tt.status || got != tt.want || err != nil {
				t.Errorf("got %d %.80q, %v; want %d %q", status, got, err, tt.status, tt.want)
			}
		})
	}
}

func TestProxyRetries(t *testing.T) {
	app := uwsgiApps(t)["unix"]
	body, digest := uploadOf(100 << 10)
	dead := func() address { return deadAddress(t) }
	bad := func() address { return answering(t, "garbage\r\n\r\n") }
	tests := []struct {
		name, method, path string
		first              func() address
		body               func() io.Reader
		status             int
		want               string
	}{
		{"GET after a dead upstream", "GET", "/chunked", dead, nil, 200, "hello"},
		{"POST after a dead upstream", "POST", "/digest", dead, streamed(body), 200, digest},
		{"chunked POST after a dead upstream", "POST", "/digest", dead, chunked(body), 200, digest},
		{"GET after a bad answer", "GET", "/chunked", bad, nil, 200, "hello"},
		{"chunked POST after a bad answer", "POST", "/digest", bad, chunked(body), 200, digest},
		{"a streamed POST cannot be repeated", "POST", "/digest", bad, streamed(body), 502, "502 Bad Gateway\n"},
	}
	var sites []site
	for i, tt := range tests {
		// The first upstream counts as down at once, so that the one retry takes the second.
		sites = append(sites, site{fmt.Sprint("site", i), fmt.Sprintf("reverse_proxy %s %s {\n lb_policy first\n lb_retries 1\n"+
			" lb_retry_match {\n  method GET POST\n }\n fail_duration 10m\n transport uwsgi\n}", tt.first().dial(), app.dial())})
	}
	stranger, _ := serve(t, sites...)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var body io.Reader
			if tt.body != nil {
				body = tt.body()
			}
			status, got, err := send(t, stranger, call{method: tt.method, url: fmt.Sprintf("http://site%d.test%s", i, tt.path), body: body})
			if status != tt.status || got != tt.want || err != nil {
				t.Errorf("got %d %.80q, %v; want %d %q", status, got, err, tt.status, tt.want)
			}
		})
	}
}

// streamed is a body with its length, chunked one without.
func streamed(b []byte) func() io.Reader { return func() io.Reader { return bytes.NewReader(b) } }

func chunked(b []byte) func() io.Reader {
	return func() io.Reader { return io.MultiReader(bytes.NewReader(b)) }
}

func TestProxyPassiveHealth(t *testing.T) {
	app := uwsgiApps(t)["unix"]
	const watched = "lb_policy first\n fail_duration 10m\n max_fails 1\n"
	stranger, _ := serve(t,
		site{"bad", upstream(answering(t, "garbage\r\n\r\n"), watched)},
		site{"good", fmt.Sprintf("reverse_proxy %s {\n %s\n transport uwsgi {\n  max_block 4096\n }\n}", app.dial(), watched)},
		site{"two", fmt.Sprintf("reverse_proxy %s %s {\n %s\n transport uwsgi\n}", deadAddress(t).dial(), app.dial(), watched)},
	)
	steps := []struct {
		name, url string
		headers   []string
		status    int
	}{
		{"a bad answer counts", "http://bad.test/", nil, 502},
		{"and the upstream is down", "http://bad.test/", nil, 503},
		{"a client's large head is its own fault", "http://good.test/chunked", []string{"Cookie", strings.Repeat("x", 5000)}, 431},
		{"a line feed in the path as well", "http://good.test/%0a", nil, 400},
		{"and the upstream is up", "http://good.test/chunked", nil, 200},
		{"a dead upstream counts", "http://two.test/chunked", nil, 502},
		{"and is passed over", "http://two.test/chunked", nil, 200},
	}
	for _, step := range steps {
		if status, _, err := send(t, stranger, call{method: "GET", url: step.url, headers: step.headers}); status != step.status || err != nil {
			t.Errorf("%s: got %d, %v; want %d", step.name, status, err, step.status)
		}
	}
}

func TestProxyActiveHealth(t *testing.T) {
	checks := make(chan map[string]string, 1)
	sick := fakeApp(t, func(conn net.Conn, vars map[string]string) {
		if vars["PATH_INFO"] != "/health" {
			_, _ = io.WriteString(conn, helloAnswer)
			return
		}
		select {
		case checks <- vars:
		default:
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno")
	})
	stranger, _ := serve(t,
		site{"sick", upstream(sick, "health_uri /health?deep=1\n health_interval 10ms\n health_headers {\n Host shop.test\n }\n")},
		site{"well", upstream(uwsgiApps(t)["tcp"], "health_uri /env\n health_interval 10ms\n")},
	)
	vars := <-checks
	for name, want := range map[string]string{
		"QUERY_STRING": "deep=1", "REQUEST_METHOD": "GET", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "shop.test", "SERVER_NAME": "shop.test",
		"REQUEST_URI": "/health?deep=1",
	} {
		if vars[name] != want {
			t.Errorf("health check, %s: got %q, want %q", name, vars[name], want)
		}
	}
	for {
		status, _, err := send(t, stranger, call{method: "GET", url: "http://sick.test/"})
		if err != nil || status != http.StatusOK && status != http.StatusServiceUnavailable {
			t.Fatalf("got %d, %v", status, err)
		}
		if status == http.StatusServiceUnavailable {
			break // the check has failed, and reverse_proxy knows
		}
	}
	if status, _, err := send(t, stranger, call{method: "GET", url: "http://well.test/env"}); status != http.StatusOK || err != nil {
		t.Errorf("a well upstream: got %d, %v", status, err)
	}
}

func TestProxyStatusOfFailures(t *testing.T) {
	release := make(chan struct{})
	silent := fakeApp(t, func(net.Conn, map[string]string) { <-release })
	defer close(release)
	stranger, _ := serve(t,
		site{"silent", fmt.Sprintf("reverse_proxy %s {\n transport uwsgi {\n  header_timeout 50ms\n }\n}", silent.dial())},
		site{"none", upstream(answering(t, ""), "")},
		site{"dead", upstream(deadAddress(t), "")},
	)
	for name, want := range map[string]int{"silent": 504, "none": 502, "dead": 502} {
		if status, _, err := send(t, stranger, call{method: "GET", url: "http://" + name + ".test/"}); status != want || err != nil {
			t.Errorf("%s: got %d, %v; want %d", name, status, err, want)
		}
	}
}

func TestProxyPassesEarlyHintsOn(t *testing.T) {
	app := answering(t, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"+helloAnswer)
	stranger, _ := serve(t, site{"hints", upstream(app, "")})
	var hint string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			hint = fmt.Sprint(code, " ", header.Get("Link"))
			return nil
		},
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://hints.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := stranger.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := read(t, res); body != "hello" || hint != "103 </a.css>" || err != nil {
		t.Errorf("got hint %q, body %q, %v", hint, body, err)
	}
}

func TestProxyClientLeavesAndWorkerDies(t *testing.T) {
	app := uwsgiApps(t)["unix"]
	stranger, _ := serve(t, site{"app", upstream(app, "")})
	noLeak(t)
	pipe := filepath.Join(t.TempDir(), "left")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://app.test/endless", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Pipe", pipe)
	res, err := stranger.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadFull(res.Body, make([]byte, 100<<10))
	cancel()
	_ = res.Body.Close()
	if said, err := os.ReadFile(pipe); string(said) != "left\n" || err != nil {
		t.Errorf("got %q, %v; want the application to notice", said, err)
	}
	if _, body, err := send(t, stranger, call{method: "GET", url: "http://app.test/die?length=1"}); err == nil {
		t.Errorf("got %q, which ends cleanly", body)
	}
	stranger.CloseIdleConnections()
}
