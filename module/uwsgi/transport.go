package uwsgi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/page-cache/page-cache/module/framing"
)

// Transport talks to an application behind uWSGI. It is made by Caddy from its configuration; provisioned, it is
// safe for concurrent use.
type Transport struct {
	// How long to wait for a connection, the wait for room in uWSGI's listen queue included. Default: `3s`. With other
	// upstreams to try, shorter is better.
	DialTimeout caddy.Duration `json:"dial_timeout,omitempty"`

	// How long the application may take nothing of the request before it is given up. Default: `60s`, as nginx's
	// uwsgi_send_timeout.
	WriteTimeout caddy.Duration `json:"write_timeout,omitempty"`

	// How long the application may take from the request's last byte to the whole head of its answer. Default:
	// `60s`, as nginx's uwsgi_read_timeout. Keep it above uWSGI's harakiri, or a slow page is given up here while its
	// worker goes on.
	HeaderTimeout caddy.Duration `json:"header_timeout,omitempty"`

	// How long the application may pause within the body of its answer. Default: `60s`, as nginx's
	// uwsgi_read_timeout. Raise it for server-sent events that are silent for longer.
	ReadTimeout caddy.Duration `json:"read_timeout,omitempty"`

	// How many bytes of a request body without Content-Length (chunked, or HTTP/2 without a length) are held in
	// memory; a larger one is answered with 413. Default: 10485760 (10 MiB). The protocol announces the length before the body,
	// so such a body is read whole before the application is asked. A body with a length is streamed whatever its size.
	BufferLimit int64 `json:"buffer_limit,omitempty"`

	// The largest block of variables, which is the request's head as uWSGI counts it, in bytes; a larger one is
	// answered with 431. Default and maximum: 65535. Set it to uWSGI's buffer-size (4096 unless configured): uWSGI
	// closes the connection on a larger block, which looks like a crash and counts against the upstream's health.
	MaxBlock int `json:"max_block,omitempty"`

	// Variables to send besides nginx's uwsgi_params, or instead of those of the same name. Names are of
	// letters, digits and underscores. Values may hold placeholders; one that is not known becomes empty.
	Vars map[string]string `json:"vars,omitempty"`

	logger *zap.Logger
}

const (
	defaultDialTimeout = 3 * time.Second
	defaultTimeout     = 60 * time.Second
	defaultBufferLimit = 10 << 20
)

// CaddyModule returns the Caddy module information.
func (Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.uwsgi",
		New: func() caddy.Module { return new(Transport) },
	}
}

// Provision fills in the defaults. Caddy calls it once, before Validate and before any request.
func (t *Transport) Provision(ctx caddy.Context) error {
	t.logger = ctx.Logger()
	for _, field := range []*caddy.Duration{&t.WriteTimeout, &t.HeaderTimeout, &t.ReadTimeout} {
		if *field == 0 {
			*field = caddy.Duration(defaultTimeout)
		}
	}
	if t.DialTimeout == 0 {
		t.DialTimeout = caddy.Duration(defaultDialTimeout)
	}
	if t.BufferLimit == 0 {
		t.BufferLimit = defaultBufferLimit
	}
	if t.MaxBlock == 0 {
		t.MaxBlock = blockLimit
	}
	return nil
}

// Validate returns every setting that makes no sense, joined into one error. Caddy calls it once, after Provision.
func (t *Transport) Validate() error {
	var errs []error
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"dial_timeout", int64(t.DialTimeout)},
		{"write_timeout", int64(t.WriteTimeout)},
		{"header_timeout", int64(t.HeaderTimeout)},
		{"read_timeout", int64(t.ReadTimeout)},
		{"buffer_limit", t.BufferLimit},
		{"max_block", int64(t.MaxBlock)},
	} {
		if field.value < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative", field.name))
		}
	}
	if t.MaxBlock > blockLimit {
		errs = append(errs, fmt.Errorf("max_block is %d, at most %d are possible in the protocol", t.MaxBlock, blockLimit))
	}
	for name := range t.Vars {
		if err := checkName(name); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// RequiresContentLength tells reverse_proxy that a body of unknown length cannot be passed on piece by piece, so that
// it refuses a request which asks for that.
func (*Transport) RequiresContentLength() bool { return true }

// RoundTrip sends r to the application and returns its answer, whose body must be closed. The connection lasts until
// the body's end, its Close or the end of r's context, whichever is first. A request that is at fault by itself gets a
// response of this transport, see the package's documentation. Errors are a reverseproxy.DialError when the
// application has seen nothing of the request, a net.Error with Timeout after a timeout, and wrap the context's error
// when it has ended.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := t.outboundBody(r)
	var packet []byte
	if err == nil {
		packet, err = encodePacket(t.variables(r, body.length), t.MaxBlock)
	}
	if err != nil {
		closeBody(r)
		return t.refused(r, err)
	}
	conn, err := t.dial(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	l := newLink(r.Context(), conn, t)
	up := startUpload(l, r, packet, body)
	br := bufio.NewReader(l)
	res, err := readResponse(br, r)
	if err != nil {
		_ = l.Close()
		if sendErr := up.wait(r); sendErr != nil {
			return t.unsent(r, l, sendErr, err)
		}
		return nil, l.explain(fmt.Sprintf("reading the response to a block of %d bytes", len(packet)-packetHeader), err)
	}
	l.headRead()
	return finish(r.Context(), l, res), nil
}

// unsent tells why there was no answer to a request that did not go out whole: the client's body broke off, or the
// application took no more; unless an answer came early and was bad, which broke off the sending.
func (t *Transport) unsent(r *http.Request, l *link, sendErr, readErr error) (*http.Response, error) {
	if _, ok := errors.AsType[bodyError](sendErr); ok {
		return t.refused(r, sendErr)
	}
	if errors.Is(readErr, errBadResponse) || errors.Is(sendErr, net.ErrClosed) {
		return nil, l.explain("reading the response", readErr)
	}
	return nil, l.explain("sending the request", sendErr)
}

// refused answers a request that is at fault by itself, but not the one of a client that has left.
func (t *Transport) refused(r *http.Request, err error) (*http.Response, error) {
	if canceled := r.Context().Err(); canceled != nil {
		return nil, canceled
	}
	status := refusalStatus(err)
	if c := t.logger.Check(zapcore.InfoLevel, "request refused"); c != nil {
		c.Write(zap.Int("status", status), zap.String("remote_addr", r.RemoteAddr), zap.Error(err))
	}
	return refuse(r, status), nil
}

// finish gives res a body that holds the connection, and reports how that body will end.
func finish(ctx context.Context, l *link, res *http.Response) *http.Response {
	report := framing.From(ctx)
	switch {
	case res.Body == http.NoBody:
		_ = l.Close()
		report.Note(framing.SelfDelimited)
		return res
	case res.ContentLength < 0 && len(res.TransferEncoding) == 0:
		report.Note(framing.CloseDelimited)
	default:
		report.Note(framing.SelfDelimited)
	}
	res.Body = &responseBody{res.Body, l}
	return res
}

// responseBody is an answer's body. Its end closes the connection, and frees the worker, before Close does.
type responseBody struct {
	framed io.Reader
	link   *link
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.framed.Read(p)
	if err == io.EOF {
		_ = b.link.Close()
		return n, err
	}
	if err != nil {
		return n, b.link.explain("reading the response's body", err)
	}
	return n, nil
}

func (b *responseBody) Close() error { return b.link.Close() }

// dial connects to the upstream that reverse_proxy chose. A full listen queue of a unix socket refuses at once, while
// TCP waits: it is waited for here too, so that a crowd is served and not turned away.
func (t *Transport) dial(r *http.Request) (net.Conn, error) {
	network, address := "tcp", r.URL.Host
	if info, ok := reverseproxy.GetDialInfo(r.Context()); ok {
		network, address = info.Network, info.Address
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(t.DialTimeout))
	defer cancel()
	var dialer net.Dialer
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			return conn, nil
		}
		if errors.Is(err, syscall.EAGAIN) && pause(ctx, wait) {
			continue
		}
		// Also when it ended while the queue was full: that is no fault of the
		// application's.
		if canceled := r.Context().Err(); canceled != nil {
			return nil, fmt.Errorf("uwsgi: connecting to %s: %w", address, canceled)
		}
		return nil, reverseproxy.NewDialError(fmt.Errorf("uwsgi: connecting: %w", err))
	}
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// Interface guards.
var (
	_ caddy.Module                                = (*Transport)(nil)
	_ caddy.Provisioner                           = (*Transport)(nil)
	_ caddy.Validator                             = (*Transport)(nil)
	_ caddyfile.Unmarshaler                       = (*Transport)(nil)
	_ http.RoundTripper                           = (*Transport)(nil)
	_ reverseproxy.ContentLengthRequiredTransport = (*Transport)(nil)
)
