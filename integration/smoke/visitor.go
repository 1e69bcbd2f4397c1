package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	// csrfPattern finds the token of a Django form.
	csrfPattern = regexp.MustCompile(`name="csrfmiddlewaretoken" value="(\w+)"`)
	// tokenPattern finds each token of a page: all that differs between two visitors
	// who see the same.
	tokenPattern = regexp.MustCompile(`(name="csrf(?:middlewaretoken" value|-token" content)=")\w{64}"`)
)

func withoutTokens(body string) string { return tokenPattern.ReplaceAllString(body, `$1"`) }

// visitor is a browser: it follows redirects, and keeps cookies unless it is a
// stranger.
type visitor struct {
	base     string
	language string // what the browser asks for; empty: nothing
	client   *http.Client
}

// newStranger returns a visitor who never sends a cookie.
func newStranger(base string) *visitor {
	transport := &http.Transport{
		// Bodies are compared as the cache keeps them.
		DisableCompression: true,
	}
	return &visitor{base: base, client: &http.Client{Transport: transport, Timeout: time.Minute}}
}

// newVisitor returns a visitor with an empty cookie jar.
func newVisitor(base string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := newStranger(base)
	v.client.Jar = jar
	return v, nil
}

// get fetches a path; any status is an answer.
func (v *visitor) get(ctx context.Context, path string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	return v.do(req)
}

// page fetches a path that must be there.
func (v *visitor) page(ctx context.Context, path string) (answer, error) {
	a, err := v.get(ctx, path)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("%s: status %d", path, a.status)
	}
	return a, err
}

// submit opens the page of a form, then sends it with the page's token.
func (v *visitor) submit(ctx context.Context, page, action string, fields url.Values) (answer, error) {
	form, err := v.page(ctx, page)
	if err != nil {
		return answer{}, err
	}
	token := csrfPattern.FindStringSubmatch(form.body)
	if token == nil {
		return answer{}, fmt.Errorf("%s: no form with a token", page)
	}
	fields.Set("csrfmiddlewaretoken", token[1])
	a, err := v.post(ctx, action, fields)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("POST %s: status %d", action, a.status)
	}
	return a, err
}

// post sends a form as it is; any status is an answer.
func (v *visitor) post(ctx context.Context, action string, fields url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+action, strings.NewReader(fields.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req)
}

func (v *visitor) do(req *http.Request) (a answer, err error) {
	if v.language != "" {
		req.Header.Set("Accept-Language", v.language)
	}
	elapsed := stopwatch()
	resp, err := v.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", req.URL.Path, err)
	}
	status, err := readCacheStatus(resp.Header)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", req.URL.Path, err)
	}
	return answer{
		status: resp.StatusCode,
		header: resp.Header,
		body:   string(body),
		took:   elapsed(),
		cache:  status,
	}, nil
}

// stopwatch returns a function that tells the time since.
func stopwatch() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
