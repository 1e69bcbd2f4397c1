package integration

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/page-cache/page-cache/integration/edge"
)

// a message is a request of HTTP/2 and 3 as no client writes it: fields, name by value,
// and content. TARGET stands for its page.
type message struct {
	name    string
	fields  []string
	content string
	refused bool // it must not reach the origin, over either
}

// pseudo returns the fields that every request begins with, these values in place of
// their own; "-" leaves one out.
func pseudo(values map[string]string, more ...string) []string {
	var fields []string
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "TARGET"}} {
		value, ok := values[f[0]]
		if !ok {
			value = f[1]
		}
		if value != "-" {
			fields = append(fields, f[0], value)
		}
	}
	return append(fields, more...)
}

// messages are requests that HTTP/2 and 3 forbid, and some that they only make possible.
func messages() []message {
	with := func(name, value string) []string { return pseudo(map[string]string{name: value}) }
	all := []message{
		{"no method", with(":method", "-"), "", true},
		{"no scheme", with(":scheme", "-"), "", false}, // HTTP/3 has https for it
		{"no path", with(":path", "-"), "", true},
		{"no authority", with(":authority", "-"), "", true},
		{"an empty path", with(":path", ""), "", true},
		{"a path without a slash", with(":path", "products/category/x"), "", true},
		{"a blank in the path", with(":path", "TARGET /smuggled"), "", true},
		{"a request in the path", with(":path", "TARGET HTTP/1.1\r\nHost: evil.test\r\n\r\nGET /smuggled"), "", true},
		{"NUL in the path", with(":path", "TARGET\x00"), "", true},
		{"a tab in the path", with(":path", "TARGET\tx"), "", true},
		{"a fragment", with(":path", "TARGET#evil"), "", false},
		{"an absolute path", with(":path", "https://evil.testTARGET"), "", true},
		{"a path of another host", with(":path", "//evil.testTARGET"), "", false},
		{"an asterisk", with(":path", "*"), "", false}, // no page's path
		{"a blank in the method", with(":method", "GET /smuggled HTTP/1.1"), "", true},
		{"a line in the method", with(":method", "GET\r\nX-A: b"), "", true},
		{"no letter in the method", with(":method", ""), "", true},
		{"a small method", with(":method", "get"), "", false},
		{"an odd scheme", with(":scheme", "gopher"), "", false},
		{"another scheme", with(":scheme", "http"), "", false},
		{"a line in the scheme", with(":scheme", "https\r\nX-A: b"), "", true},
		{"a user in the authority", with(":authority", "evil@shop.test"), "", true},
		{"a path in the authority", with(":authority", "shop.test/evil"), "", true},
		{"a blank in the authority", with(":authority", "shop.test evil"), "", true},
		{"a line in the authority", with(":authority", "shop.test\r\nX-A: evil"), "", true},
		{"dots for an authority", with(":authority", "..."), "", true},
		{"two methods", pseudo(nil, ":method", "POST"), "", true},
		{"two paths", pseudo(nil, ":path", "/smuggled"), "", true},
		{"two authorities", pseudo(nil, ":authority", "evil.test"), "", true},
		{"two schemes", pseudo(nil, ":scheme", "http"), "", true},
		{"a pseudo field behind another", append([]string{"x-odd", "1"}, pseudo(nil)...), "", true},
		{"an unknown pseudo field", pseudo(nil, ":evil", "1"), "", true},
		{"a status", pseudo(nil, ":status", "200"), "", true},
		{"a protocol", pseudo(nil, ":protocol", "websocket"), "", true},
		{"a host beside the authority", pseudo(nil, "host", "evil.test"), "", false},
		{"two hosts", pseudo(map[string]string{":authority": "-"}, "host", "shop.test", "host", "evil.test"), "", false},
		{"transfer-encoding", pseudo(nil, "transfer-encoding", "chunked"), "0\r\n\r\n" + smuggled, true},
		{"transfer-encoding and a length", pseudo(nil, "transfer-encoding", "chunked", "content-length", "5"), "0\r\n\r\n", true},
		{"connection", pseudo(nil, "connection", "close"), "", true},
		{"connection, with a name", pseudo(nil, "connection", "x-forwarded-host", "x-forwarded-host", "evil"), "", true},
		{"keep-alive", pseudo(nil, "keep-alive", "timeout=5"), "", true},
		{"proxy-connection", pseudo(nil, "proxy-connection", "keep-alive"), "", true},
		{"upgrade", pseudo(nil, "upgrade", "h2c"), "", true},
		{"te: gzip", pseudo(nil, "te", "gzip"), "", true},
		{"te: trailers", pseudo(nil, "te", "trailers"), "", false},
		{"a length and no content", pseudo(nil, "content-length", "5"), "", false}, // HTTP/2 counts the content; a fill has no length
		{"more content than its length", pseudo(nil, "content-length", "3"), smuggled, false},
		{"less content than its length", pseudo(nil, "content-length", "500"), smuggled, false},
		{"two lengths", pseudo(nil, "content-length", "3", "content-length", "5"), "evil", false},
		{"a negative length", pseudo(nil, "content-length", "-1"), "evil", false},
		{"content without a length", pseudo(nil), smuggled, false},
		{"large letters", pseudo(nil, "X-Odd", "evil"), "", true},
		{"a blank in a name", pseudo(nil, "x odd", "evil"), "", true},
		{"a colon in a name", pseudo(nil, "x-odd:", "evil"), "", true},
		{"a line in a name", pseudo(nil, "x-odd\r\nx-forwarded-host", "evil"), "", true},
		{"no name", pseudo(nil, "", "evil"), "", true},
		{"a line in a value", pseudo(nil, "x-odd", "a\r\nX-Forwarded-Host: evil"), "", true},
		{"a line feed in a value", pseudo(nil, "x-odd", "a\nX-Forwarded-Host: evil"), "", true},
		{"NUL in a value", pseudo(nil, "x-odd", "a\x00evil"), "", true},
		{"a session in crumbs", pseudo(nil, "cookie", "_ga=1", "cookie", "sessionid=evil"), "", false},
		{"a forwarded host", pseudo(nil, "x-forwarded-host", "evil.test", "x_forwarded_host", "evil.test"), "", false},
	}
	many := pseudo(nil)
	for i := range 16_000 {
		many = append(many, fmt.Sprintf("x-evil-%d", i), "1")
	}
	return append(all, message{"16,000 fields", many, "", true})
}

// overH2 writes the message in frames of HTTP/2 on a connection of its own, and returns
// the content of its answer, if there was one.
func (m *message) overH2(addr, target string) (string, error) {
	config := tlsConfig()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(m.fields); i += 2 {
		encoder.WriteField(hpack.HeaderField{Name: m.fields[i], Value: strings.ReplaceAll(m.fields[i+1], "TARGET", target)})
	}
	f := http2.NewFramer(conn, conn)
	f.AllowIllegalWrites = true
	io.WriteString(conn, http2.ClientPreface)
	f.WriteSettings()
	// The edge may hang up in the middle of it: what counts is what it says.
	first := block.Next(16 << 10)
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: first, EndStream: m.content == "", EndHeaders: block.Len() == 0})
	for block.Len() > 0 {
		piece := block.Next(16 << 10)
		f.WriteContinuation(1, block.Len() == 0, piece)
	}
	if m.content != "" {
		f.WriteData(1, true, []byte(m.content))
	}
	var content strings.Builder
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return content.String(), nil // it has hung up
		}
		switch frame := frame.(type) {
		case *http2.DataFrame:
			content.Write(frame.Data())
			if frame.StreamEnded() {
				return content.String(), nil
			}
		case *http2.HeadersFrame:
			if frame.StreamEnded() {
				return content.String(), nil
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return content.String(), nil
		}
	}
}

// literal writes a text as QPACK does without a table and without Huffman's code: its
// length in a prefix of so many bits (RFC 9204 §4.5.6, RFC 7541 §5.1).
func literal(b []byte, flags byte, bits uint, text string) []byte {
	n, most := len(text), 1<<bits-1
	if n < most {
		b = append(b, flags|byte(n))
	} else {
		b = append(b, flags|byte(most))
		for n -= most; n >= 128; n >>= 7 {
			b = append(b, byte(n)|0x80)
		}
		b = append(b, byte(n))
	}
	return append(b, text...)
}

// frame writes a frame of HTTP/3 (RFC 9114 §7.1).
func frame(kind uint64, payload []byte) []byte {
	b := quicvarint.Append(nil, kind)
	return append(quicvarint.Append(b, uint64(len(payload))), payload...)
}

// overH3 is overH2 in frames of HTTP/3.
func (m *message) overH3(t *testing.T, addr, target string) (string, error) {
	t.Helper()
	config := tlsConfig()
	config.NextProtos = []string{http3.NextProtoH3}
	conn, err := quic.DialAddr(t.Context(), addr, config, nil)
	if err != nil {
		return "", err
	}
	defer conn.CloseWithError(0, "")
	control, err := conn.OpenUniStream()
	if err != nil {
		return "", err
	}
	control.Write(append([]byte{0}, frame(4, nil)...)) // a control stream, and no settings
	stream, err := conn.OpenStreamSync(t.Context())
	if err != nil {
		return "", err
	}
	if err := stream.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	block := []byte{0, 0}
	for i := 0; i < len(m.fields); i += 2 {
		block = literal(block, 0x20, 3, m.fields[i])
		block = literal(block, 0, 7, strings.ReplaceAll(m.fields[i+1], "TARGET", target))
	}
	stream.Write(frame(1, block))
	if m.content != "" {
		stream.Write(frame(0, []byte(m.content)))
	}
	stream.Close()
	answer, _ := io.ReadAll(stream) // an error is a refusal
	return string(answer), nil
}

// TestS62_MessagesNoClientWrites: what HTTP/2 and 3 forbid in a request is refused there;
// what they leave open leads to one page alone, its own; and the next visitor's is clean.
func TestS62_MessagesNoClientWrites(t *testing.T) {
	for version, send := range map[string]func(m *message, addr, target string) (string, error){
		"HTTP/2.0": (*message).overH2,
		"HTTP/3.0": func(m *message, addr, target string) (string, error) { return m.overH3(t, addr, target) },
	} {
		t.Run(version, func(t *testing.T) {
			o := edge.NewOrigin(t, nil)
			s := startSecured(t, o, "1h")
			usual := &message{fields: pseudo(nil)}
			if answer, err := send(usual, s.Addr, newPage()); err != nil || !strings.Contains(answer, "method=GET\n") || o.Hits() != 1 {
				t.Fatalf("a usual request gets %q, %v; the test shows nothing", answer, err)
			}
			visitor := s.http1()
			for _, m := range messages() {
				target, before := newPage(), o.Hits()
				answer, err := send(&m, s.Addr, target)
				if err != nil {
					t.Fatalf("%s: %v", m.name, err)
				}
				if n := o.Hits() - before; m.refused && n > 0 || n > 2 {
					t.Errorf("%s: %d requests at the origin; the answer is\n%s", m.name, n, answer)
				}
				for range 2 {
					clean := visitAt(t.Context(), visitor, "https://shop.test"+target)
					wantClean(t, clean, "evil", "smuggled")
					if echoed(clean, "target") != target || echoed(clean, "method") != "GET" || echoed(clean, "host") != "shop.test" || echoed(clean, "body") != "" {
						t.Errorf("after %s the page is\n%s", m.name, clean.Body)
					}
				}
			}
			if o.Hits("/smuggled") > 0 {
				t.Error("the origin was asked for what the content holds")
			}
		})
	}
}
