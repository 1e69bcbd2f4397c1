package uwsgi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

var (
	errBodyTooLarge = errors.New("uwsgi: a request body of unknown length is over buffer_limit")
	errBodyShort    = errors.New("uwsgi: the request body is shorter than its Content-Length")
	errBodySpent    = errors.New("uwsgi: the request body was sent to an upstream that failed, and cannot be sent again")
)

// bodyError is a failure to read the request body: the client's, never the upstream's.
type bodyError struct{ err error }

func (e bodyError) Error() string { return "uwsgi: reading the request body: " + e.err.Error() }
func (e bodyError) Unwrap() error { return e.err }

// outbound is a request body with the length that the packet announces.
type outbound struct {
	reader io.Reader // nil without a body
	length int64
}

// earlierAttempt is what a retry must know of a request's body. reverse_proxy hands the same body to every attempt,
// read or not, and a body that was read to its end looks like an empty one.
type earlierAttempt struct {
	body io.ReadCloser
	data []byte // all of it, when it was buffered
}

// The request's variables live as long as the request and are not shared with another; nothing else that survives an
// attempt is in a transport's reach.
const earlierAttemptVar = "uwsgi.earlier_attempt"

// outboundBody returns the body of r. A body of unknown length is read whole first, because the protocol has no way
// to say its length afterwards, and before a connection is made, because it would keep a worker waiting.
func (t *Transport) outboundBody(r *http.Request) (outbound, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return outbound{}, nil
	}
	earlier, _ := caddyhttp.GetVar(r.Context(), earlierAttemptVar).(earlierAttempt)
	again := reflect.ValueOf(r.Body).Comparable() && earlier.body == r.Body
	if r.ContentLength > 0 {
		if again {
			return outbound{}, errBodySpent
		}
		return outbound{r.Body, r.ContentLength}, nil
	}
	data := earlier.data
	if !again {
		var err error
		if data, err = readAll(r.Body, t.BufferLimit); err != nil {
			return outbound{}, err
		}
		caddyhttp.SetVar(r.Context(), earlierAttemptVar, earlierAttempt{r.Body, data})
	}
	if len(data) == 0 {
		return outbound{}, nil
	}
	return outbound{bytes.NewReader(data), int64(len(data))}, nil
}

func readAll(body io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, bodyError{err}
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w of %d bytes", errBodyTooLarge, limit)
	}
	return data, nil
}

// send sends exactly the announced number of bytes. It fails with a bodyError when the body ends before, and with the
// link's own error when the application takes no more.
func (o outbound) send(l *link) error {
	buf := make([]byte, min(o.length, 32<<10))
	for left := o.length; left > 0; {
		n, err := o.reader.Read(buf[:min(left, int64(len(buf)))])
		if n > 0 {
			if _, err := l.Write(buf[:n]); err != nil {
				return err
			}
			left -= int64(n)
		}
		if errors.Is(err, io.EOF) && left > 0 {
			return bodyError{errBodyShort}
		}
		if err != nil && left > 0 {
			return bodyError{err}
		}
	}
	return nil
}
