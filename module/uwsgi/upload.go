package uwsgi

import (
	"errors"
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// upload is a request on its way to the application.
type upload struct {
	done chan error // the one word on how it went
}

// startUpload sends the packet and the body. A body goes beside the reading of the response: an application may
// answer before it has read all, or write so much that both sides would wait for each other.
func startUpload(l *link, r *http.Request, packet []byte, body outbound) upload {
	u := upload{make(chan error, 1)}
	if body.reader == nil {
		_, err := l.Write(packet)
		u.finish(l, r, err)
		return u
	}
	if r.ContentLength > 0 {
		caddyhttp.SetVar(r.Context(), earlierAttemptVar, earlierAttempt{body: r.Body})
	}
	go func() {
		_, err := l.Write(packet)
		if err == nil {
			err = body.send(l)
		}
		u.finish(l, r, err)
	}()
	return u
}

// finish leaves the link open where an answer may still be read: an application that refuses an upload answers and
// closes, and all that the sender sees is a broken pipe. It closes it on a body that broke off, so that the
// application never takes a part for the whole, and on an application that takes nothing any more.
func (u upload) finish(l *link, r *http.Request, err error) {
	netErr, isNet := errors.AsType[net.Error](err)
	_, isBody := errors.AsType[bodyError](err)
	if isBody || isNet && netErr.Timeout() {
		_ = l.Close()
	} else {
		l.requestSent()
	}
	closeBody(r) // before the word is out: the next attempt has the same body
	u.done <- err
}

// wait returns how the upload went once its link is closed. It waits for a client that is slow to send, because a
// retry that began meanwhile would read the same body; not for one that has left.
func (u upload) wait(r *http.Request) error {
	select {
	case err := <-u.done:
		return err
	case <-r.Context().Done():
		return nil
	}
}
