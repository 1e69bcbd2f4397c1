package uwsgi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// maxHead bounds a response's head in bytes, the informational responses before it included.
const maxHead = 64 << 10

var errBadResponse = errors.New("malformed response")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errBadResponse}, args...)...)
}

// readResponse reads the response to r up to its body, which stays to be read from br; informational responses go to
// the trace in r's context. net/http parses and frames; what it is lenient about is refused before it sees it,
// because what two readers understand in two ways must not be stored. An error is errBadResponse or br's own.
func readResponse(br *bufio.Reader, r *http.Request) (*http.Response, error) {
	budget := maxHead
	for {
		head, err := readHead(br, budget)
		if err != nil {
			return nil, err
		}
		budget -= len(head.bytes)
		if head.transferEncoding && (head.contentLength || head.http10) {
			return nil, malformed("Transfer-Encoding with Content-Length or in HTTP/1.0")
		}
		// The head ends where the reader before br ends, so nothing of br is buffered and lost here.
		res, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(head.bytes), br)), r)
		if err != nil {
			return nil, malformed("%w", err)
		}
		switch {
		case res.StatusCode == http.StatusSwitchingProtocols:
			return nil, malformed("101, while no Upgrade was sent")
		case res.StatusCode >= http.StatusOK:
			return res, nil
		}
		if err := passInformational(r, res); err != nil {
			return nil, err
		}
	}
}

// passInformational hands an informational response to reverse_proxy, which listens with a trace. Not 100: the
// server has answered the client's Expect by itself.
func passInformational(r *http.Request, res *http.Response) error {
	trace := httptrace.ContextClientTrace(r.Context())
	if res.StatusCode == http.StatusContinue || trace == nil || trace.Got1xxResponse == nil {
		return nil
	}
	return trace.Got1xxResponse(res.StatusCode, textproto.MIMEHeader(res.Header))
}

// head is a response's head as bytes, and what of it frames the body.
type head struct {
	bytes                           []byte
	http10                          bool
	transferEncoding, contentLength bool
}

// readHead reads up to and with the empty line.
func readHead(br *bufio.Reader, limit int) (head, error) {
	var h head
	for {
		line, err := readLine(br, limit-len(h.bytes))
		switch {
		case errors.Is(err, io.EOF) && len(h.bytes)+len(line) == 0:
			return head{}, fmt.Errorf("closed without an answer: %w", io.ErrUnexpectedEOF)
		case errors.Is(err, io.EOF):
			return head{}, fmt.Errorf("cut off: %w", io.ErrUnexpectedEOF)
		case err != nil:
			return head{}, err
		case len(h.bytes) == 0:
			err = h.statusLine(line)
		case len(line) > len("\r\n"):
			err = h.fieldLine(string(line[:len(line)-2]))
		}
		if err != nil {
			return head{}, err
		}
		h.bytes = append(h.bytes, line...)
		if len(line) == len("\r\n") {
			return h, nil
		}
	}
}

// readLine returns a line with its CRLF, and at the end of the input what there was of it. A bare line feed is
// refused: it is how a line break in an application's value becomes a header.
func readLine(br *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, malformed("head over %d bytes", maxHead)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return line, err
		}
		if !bytes.HasSuffix(line, []byte("\r\n")) {
			return nil, malformed("line without CRLF")
		}
		return line, nil
	}
}

// statusLine checks "HTTP/1.x NNN reason". uWSGI echoes SERVER_PROTOCOL, so an answer to a HTTP/2 client says HTTP/2.0;
// it is made HTTP/1.1, which it is.
func (h *head) statusLine(line []byte) error {
	version, rest, _ := strings.Cut(string(line[:len(line)-2]), " ")
	switch version {
	case "HTTP/1.0":
		h.http10 = true
	case "HTTP/1.1":
	case "HTTP/2.0", "HTTP/3.0":
		copy(line, "HTTP/1.1")
	default:
		return malformed("no status line: %.40q", line)
	}
	code, reason, _ := strings.Cut(rest, " ")
	if len(code) != 3 || code < "100" || code > "599" || strings.Trim(code, "0123456789") != "" {
		return malformed("status %.40q", code)
	}
	if !httpguts.ValidHeaderFieldValue(reason) {
		return malformed("control character in the status line")
	}
	return nil
}

// fieldLine checks "name: value". A line that begins with a blank continues the one before in old HTTP (obs-fold),
// and has no valid name here.
func (h *head) fieldLine(line string) error {
	name, value, colon := strings.Cut(line, ":")
	if !colon || !httpguts.ValidHeaderFieldName(name) {
		return malformed("header line %.40q", line)
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return malformed("control character in header %.40q", name)
	}
	h.transferEncoding = h.transferEncoding || strings.EqualFold(name, "Transfer-Encoding")
	h.contentLength = h.contentLength || strings.EqualFold(name, "Content-Length")
	return nil
}
