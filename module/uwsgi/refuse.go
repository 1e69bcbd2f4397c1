package uwsgi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/page-cache/page-cache/module/framing"
)

// refusalStatus returns the status for a request that is at fault by itself.
func refusalStatus(err error) int {
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	handler, isHandler := errors.AsType[caddyhttp.HandlerError](err)
	switch {
	case errors.Is(err, errBlockTooLarge):
		return http.StatusRequestHeaderFieldsTooLarge
	case errors.Is(err, errBodyTooLarge), tooLarge:
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errBodySpent):
		return http.StatusBadGateway
	case isHandler && handler.StatusCode >= 400:
		return handler.StatusCode
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}

// refuse answers r without the application. It is a response and not an error, because reverse_proxy counts every error
// of a transport against the upstream's health, and repeats the request.
func refuse(r *http.Request, status int) *http.Response {
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	body := text + "\n"
	res := &http.Response{
		Status: text, StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Content-Type":   {"text/plain; charset=utf-8"},
			"Content-Length": {strconv.Itoa(len(body))},
			"Cache-Control":  {"no-store"},
		},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}
	if r.Method == http.MethodHead {
		res.Body = http.NoBody
	}
	framing.From(r.Context()).Note(framing.SelfDelimited)
	return res
}
