package integration

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// smuggled is the request that an attacker hides in another one's content.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n"

// a framing is a request that two servers may take for different ones. TARGET stands for
// its page.
type framing struct {
	name, request string
	refused       bool // there is no other way to read it than as no request
}

// ended writes a request with these header lines and what stands behind its head.
func ended(method string, lines ...string) func(body string) string {
	return func(body string) string {
		return method + " TARGET HTTP/1.1\r\nHost: shop.test\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + body
	}
}

// chunk is what is smuggled, as the one chunk of a body.
var chunk = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled)

// lengths are ways to write a length that is none.
func lengths() []framing {
	var all []framing
	n := len(smuggled)
	for name, value := range map[string]string{
		"plus": fmt.Sprintf("+%d", n), "minus": fmt.Sprintf("-%d", n), "hexadecimal": fmt.Sprintf("0x%x", n), "fraction": fmt.Sprintf("%d.0", n), "exponent": "1e2",
		"2^64": "18446744073709551616", "2^64 and more": fmt.Sprintf("%d", 18446744073709551615-uint64(5)) + "9", "2^63": "9223372036854775808", "blank within": "4 2",
		"comma": fmt.Sprintf("%d,", n), "list": fmt.Sprintf("%d, %d", n, n+1), "list of others": fmt.Sprintf("0, %d", n), "underscore": "4_2", "letter": fmt.Sprintf("%dx", n), "quotes": fmt.Sprintf("%q", fmt.Sprint(n)),
		"minus one": "-1", "vertical tab": fmt.Sprintf("\x0b%d", n), "form feed": fmt.Sprintf("%d\x0c", n), "NUL": fmt.Sprintf("%d\x00", n), "full width": "\uff14\uff12", "none": "", "tab within": "4\t2", "semicolon": fmt.Sprintf("%d;", n), "octal": "0o52",
	} {
		all = append(all, framing{"Content-Length: " + name, ended("POST", "Content-Length: "+value)(smuggled), true})
	}
	two := func(a, b int) string {
		return ended("POST", fmt.Sprintf("Content-Length: %d", a), fmt.Sprintf("Content-Length: %d", b))(smuggled)
	}
	return append(all,
		framing{"two lengths, the first 0", two(0, n), true}, framing{"two lengths, the last 0", two(n, 0), true}, framing{"the same length twice", two(n, n), false},
		framing{"a length of many zeros", ended("POST", "Content-Length: "+fmt.Sprintf("%0200d", n))(smuggled), false},
		framing{"a blank before the colon", ended("POST", fmt.Sprintf("Content-Length : %d", n))(smuggled), true},
		framing{"a tab before the colon", ended("POST", fmt.Sprintf("Content-Length\t: %d", n))(smuggled), true},
		framing{"a folded length", ended("POST", fmt.Sprintf("Content-Length:\r\n %d", n))(smuggled), false},
		framing{"the length of a GET", ended("GET", fmt.Sprintf("Content-Length: %d", n))(smuggled), false},
		framing{"the length of a HEAD", ended("HEAD", fmt.Sprintf("Content-Length: %d", n))(smuggled), false},
		framing{"the length of an OPTIONS", ended("OPTIONS", fmt.Sprintf("Content-Length: %d", n))(smuggled), false},
		framing{"a length behind a bare CR", ended("POST", fmt.Sprintf("X-A: b\rContent-Length: %d", n))(""), true},
		framing{"an empty line first", "\r\n" + ended("POST", fmt.Sprintf("Content-Length: %d", n))(smuggled), false},
	)
}

// codings are ways to say, or not to say, that a body is chunked.
func codings() []framing {
	var all []framing
	for name, value := range map[string]string{
		"xchunked": "xchunked", "chunked, identity": "chunked, identity", "identity, chunked": "identity, chunked", "gzip, chunked": "gzip, chunked", "vertical tab": "\x0bchunked",
		"form feed": "chunked\x0c", "quotes": "\"chunked\"", "parameter": "chunked;q=1", "comma behind": "chunked,", "comma before": ",chunked", "twice": "chunked, chunked", "none": "", "identity": "identity",
		"a blank within": "chun ked", "NUL": "chunked\x00", "a letter more": "chunkedx", "a dot": "chunked.", "cow": "cow", "a line feed": "\nchunked",
	} {
		all = append(all, framing{"Transfer-Encoding: " + name, ended("POST", "Transfer-Encoding: "+value)(chunk), true})
	}
	with := func(lines ...string) func(string) string { return ended("POST", lines...) }
	n := len(chunk)
	return append(all,
		framing{"two codings", with("Transfer-Encoding: chunked", "Transfer-Encoding: identity")(chunk), true},
		framing{"two codings, chunked last", with("Transfer-Encoding: cow", "Transfer-Encoding: chunked")(chunk), true},
		framing{"chunked twice", with("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")(chunk), true},
		framing{"a blank before the colon", with("Transfer-Encoding : chunked")(chunk), true},
		framing{"a blank before the name", with(" Transfer-Encoding: chunked")(chunk), true},
		framing{"chunked in capitals", with("TRANSFER-ENCODING: CHUNKED")(chunk), false},
		framing{"an underscore", with("Transfer_Encoding: chunked", fmt.Sprintf("Content-Length: %d", n))(chunk), false},
		framing{"a folded coding", with("Transfer-Encoding:\r\n chunked")(chunk), false},
		framing{"TE.CL", with("Content-Length: 4", "Transfer-Encoding: chunked")(chunk), false},
		framing{"TE.CL, the length last", with("Transfer-Encoding: chunked", "Content-Length: 4")(chunk), false},
		framing{"TE.CL, an odd coding", with("Content-Length: 4", "Transfer-Encoding: xchunked")(chunk), true},
		framing{"TE and CL of the whole", with(fmt.Sprintf("Content-Length: %d", n), "Transfer-Encoding: chunked")(chunk), false},
		framing{"TE.CL of a GET", ended("GET", "Content-Length: 4", "Transfer-Encoding: chunked")(chunk), false},
		framing{"a coding behind a bare CR", with("X-A: b\rTransfer-Encoding: chunked")(""), true},
		framing{"HTTP/1.0", strings.Replace(with("Transfer-Encoding: chunked", "Connection: keep-alive")(chunk), "HTTP/1.1", "HTTP/1.0", 1), false},
		framing{"HTTP/1.0 and a length", strings.Replace(with("Transfer-Encoding: chunked", fmt.Sprintf("Content-Length: %d", n), "Connection: keep-alive")(chunk), "HTTP/1.1", "HTTP/1.0", 1), false},
		framing{"HTTP/2.0", strings.Replace(with("Transfer-Encoding: chunked")(chunk), "HTTP/1.1", "HTTP/2.0", 1), true},
	)
}

// chunks are ways to write chunks that are none, or have more in them than content.
func chunks() []framing {
	var all []framing
	n := len(smuggled)
	with := func(method string) func(string) string { return ended(method, "Transfer-Encoding: chunked") }
	for name, body := range map[string]string{
		"size overflows": fmt.Sprintf("1%016x\r\n%s\r\n0\r\n\r\n", n, smuggled), "size is negative": fmt.Sprintf("-%x\r\n%s\r\n0\r\n\r\n", n, smuggled), "size has a sign": fmt.Sprintf("+%x\r\n%s\r\n0\r\n\r\n", n, smuggled),
		"size has 0x": fmt.Sprintf("0x%x\r\n%s\r\n0\r\n\r\n", n, smuggled), "size is missing": "\r\n" + smuggled + "\r\n0\r\n\r\n", "size is a word": "cow\r\n" + smuggled + "\r\n0\r\n\r\n", "size has a blank first": fmt.Sprintf(" %x\r\n%s\r\n0\r\n\r\n", n, smuggled),
		"no line end behind": fmt.Sprintf("%x\r\n%s0\r\n\r\n", n, smuggled), "junk behind": fmt.Sprintf("%x\r\n%sXX0\r\n\r\n", n, smuggled), "too short": fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n-9, smuggled), "only a line feed behind": fmt.Sprintf("%x\r\n%s\n0\r\n\r\n", n, smuggled),
		"a bare CR in an extension": fmt.Sprintf("%x;a\rb\r\n%s\r\n0\r\n\r\n", n, smuggled), "a line feed after the size": fmt.Sprintf("%x\n%s\r\n0\r\n\r\n", n, smuggled), "a line feed in an extension": fmt.Sprintf("%x;a=\n%s\r\n0\r\n\r\n", n, smuggled), "an endless extension": fmt.Sprintf("%x;%s\r\n%s\r\n0\r\n\r\n", n, strings.Repeat("x", 70<<10), smuggled),
	} {
		all = append(all, framing{"a chunk: " + name, with("POST")(body), false})
	}
	for name, body := range map[string]string{
		"an extension": fmt.Sprintf("%x;a=b\r\n%s\r\n0;c\r\n\r\n", n, smuggled), "a quoted extension": fmt.Sprintf("%x;a=\"b;\"\r\n%s\r\n0\r\n\r\n", n, smuggled), "capitals and zeros": fmt.Sprintf("0000%X\r\n%s\r\n00\r\n\r\n", n, smuggled),
		"a trailer": fmt.Sprintf("%x\r\n%s\r\n0\r\nX-A: b\r\n\r\n", n, smuggled), "a length in the trailer": fmt.Sprintf("%x\r\n%s\r\n0\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", n, smuggled), "two": fmt.Sprintf("4\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", smuggled[:4], n-4, smuggled[4:]),
	} {
		all = append(all, framing{"chunks: " + name, with("POST")(body), false}, framing{"chunks of a GET: " + name, with("GET")(body), false})
	}
	return all
}

// requestLines are first lines, and heads, that are none.
func requestLines() []framing {
	var all []framing
	for name, head := range map[string]string{
		"HTTP/0.9": "GET TARGET\r\n\r\n", "no version": "GET TARGET \r\nHost: shop.test\r\n\r\n", "HTTP/1.2x": "GET TARGET HTTP/1.2x\r\nHost: shop.test\r\n\r\n", "a version of two digits": "GET TARGET HTTP/1.10\r\nHost: shop.test\r\n\r\n", "HTTP/9.9": "GET TARGET HTTP/9.9\r\nHost: shop.test\r\n\r\n",
		"a small version": "GET TARGET http/1.1\r\nHost: shop.test\r\n\r\n", "no host": "GET TARGET HTTP/1.1\r\n\r\n", "two hosts": "GET TARGET HTTP/1.1\r\nHost: shop.test\r\nHost: evil.test\r\n\r\n", "a blank in the target": "GET TARGET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n", "no target": "GET HTTP/1.1\r\nHost: shop.test\r\n\r\n",
		"NUL in the target": "GET TARGET\x00/smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n", "a line without a colon": "GET TARGET HTTP/1.1\r\nHost: shop.test\r\nGET /smuggled HTTP/1.1\r\n\r\n", "junk first": "xyz\r\n\r\nGET TARGET HTTP/1.1\r\nHost: shop.test\r\n\r\n", "a folded first line": "GET TARGET HTTP/1.1\r\n Host: shop.test\r\n\r\n", "PRI": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		all = append(all, framing{"a head: " + name, head, true})
	}
	return append(all,
		framing{"bare line feeds", strings.ReplaceAll(ended("POST", fmt.Sprintf("Content-Length: %d", len(smuggled)))(""), "\r\n", "\n") + smuggled, false},
		framing{"a bare line feed in the middle", "GET TARGET HTTP/1.1\nHost: shop.test\r\nX-A: b\n\r\n", false},
		framing{"a tab in the first line", "GET\tTARGET\tHTTP/1.1\r\nHost: shop.test\r\n\r\n", true},
	)
}

// pipelined sends bytes over one connection and returns all answers that come back until
// the edge closes it.
func pipelined(t *testing.T, addr, method, bytes string) []*edge.Answer {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, bytes) // an edge that hangs up early need not take it all
	in := bufio.NewReader(conn)
	var answers []*edge.Answer
	for {
		response, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the edge still waits after %d answers to %.200q", len(answers), bytes)
			}
			return answers
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		answers = append(answers, &edge.Answer{Status: response.StatusCode, Header: response.Header, Body: string(body), Err: err})
		method = http.MethodGet
	}
}

// TestS59_AmbiguousFraming: a request whose end two servers may see in two places is
// refused, with the connection, or has one end; the request behind it gets its own
// answer, the origin never what hides in the content, and the store nothing of either.
func TestS59_AmbiguousFraming(t *testing.T) {
	all := append(append(append(lengths(), codings()...), chunks()...), requestLines()...)
	if len(all) < 60 {
		t.Errorf("%d cases, want 60 at least", len(all))
	}
	o := edge.NewOrigin(t, func(conn io.Writer, a edge.Asked) bool {
		if a.Method == http.MethodHead {
			edge.Reply(conn, "200 OK", "")
			return true
		}
		return edge.Echo(conn, a)
	})
	e := edge.Start(t, "EDGE {\n page_cache 15s\n reverse_proxy "+o.Addr+"\n}\n")
	if e.Get("/smuggled"); o.Hits("/smuggled") != 1 {
		t.Fatal("the origin does not see what is not smuggled; the test shows nothing")
	}
	passed := 0
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			target, next := newPage(), newPage()
			method, _, _ := strings.Cut(strings.TrimSpace(f.request), " ")
			answers := pipelined(t, e.Addr, method, strings.ReplaceAll(f.request, "TARGET", target)+edge.Request("GET", next))
			switch {
			case len(answers) == 0: // the edge has hung up
			case len(answers) == 1: // it must have closed the connection
				if a := answers[0]; a.Status < 400 && f.refused {
					t.Errorf("status %d, want a refusal", a.Status)
				}
			default:
				second := answers[1] // of the request behind it, or a refusal of what is left of its content
				clean := second.Status == http.StatusOK && echoed(second, "target") == next && second.Whole()
				if clean {
					passed++
				}
				if f.refused || len(answers) > 2 || !clean && second.Status != http.StatusBadRequest {
					t.Errorf("%d answers: %d, %d\n%s", len(answers), answers[0].Status, second.Status, second.Body)
				}
			}
			if n := o.Hits("/smuggled"); n != 1 {
				t.Fatalf("the origin was asked %d times for what the content holds", n-1)
			}
			for _, page := range []string{target, next} {
				a := e.Get(page)
				wantClean(t, a, "smuggled")
				if echoed(a, "target") != page || echoed(a, "method") != http.MethodGet || echoed(a, "body") != "" {
					t.Errorf("the page is\n%s", a.Body)
				}
				wantHit(t, e, o, a, page)
			}
		})
	}
	t.Logf("of %d cases %d had one end and an answer behind it", len(all), passed)
	if passed < 10 {
		t.Error("that is so few that the test shows nothing of what is not refused")
	}
}
