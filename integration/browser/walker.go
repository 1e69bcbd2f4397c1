package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// What Chromium sends with the request for a page. Some of it selects a variant.
const (
	acceptPage     = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
	acceptLanguage = "en-US,en;q=0.9"
)

// walker visits by plain HTTP. His methods are for one goroutine.
type walker struct {
	base   string
	client *http.Client
	passed []answer // Since the step began.
	page   document // Where he is, and
	path   string   // where that is.
}

func newWalker(base string) (*walker, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	w := &walker{base: base}
	w.client = &http.Client{Transport: w, Jar: jar, Timeout: time.Minute}
	return w, nil
}

// plain asks for nothing by itself: which coding is up to the request.
var plain = &http.Transport{DisableCompression: true}

// RoundTrip notes each answer, redirects too.
func (w *walker) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := plain.RoundTrip(req)
	if err == nil {
		w.passed = append(w.passed, answer{
			Method:      req.Method,
			Path:        req.URL.Path,
			Status:      resp.StatusCode,
			CacheStatus: strings.Join(resp.Header.Values("Cache-Status"), ", "),
		})
	}
	return resp, err
}

// take takes one step.
func (w *walker) take(ctx context.Context, s step) (seen, error) {
	w.passed = nil
	if s.Forget {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return seen{}, err
		}
		w.client.Jar = jar
	}
	req, err := w.request(ctx, s)
	if err != nil {
		return seen{}, err
	}
	resp, body, err := w.do(req)
	if err != nil {
		return seen{}, err
	}
	if w.page, err = parse(string(body)); err != nil {
		return seen{}, err
	}
	result := seen{Answers: w.passed, Shown: w.page.shown(), HTML: string(body), Cookies: w.cookies()}
	w.path = resp.Request.URL.Path
	result.Shown.Path = w.path
	if s.Act == "quick" {
		// The script takes the counter of the page that it gets, and nothing else.
		result.Shown.Messages = nil
	}
	return result, nil
}

func (w *walker) request(ctx context.Context, s step) (*http.Request, error) {
	if s.Act == "open" {
		return http.NewRequestWithContext(ctx, http.MethodGet, w.base+s.Path, http.NoBody)
	}
	if s.Act == "quick" {
		return w.quick(ctx)
	}
	values, err := w.page.form(s.Action)
	if err != nil {
		return nil, err
	}
	for name, value := range s.Fields {
		switch value {
		case "":
			values.Del(name)
		case firstChoice:
		default:
			values.Set(name, value)
		}
	}
	target := s.Action
	if target == "" {
		target = w.path
	}
	return w.post(ctx, target, values)
}

// quick sends a card's form as the shop's script does, with the page's token in a
// header.
func (w *walker) quick(ctx context.Context) (*http.Request, error) {
	values, err := w.page.form(addPath)
	if err != nil {
		return nil, err
	}
	values.Del(csrfField)
	req, err := w.post(ctx, addPath, values)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Csrftoken", w.page.token())
	return req, nil
}

func (w *walker) post(ctx context.Context, path string, values url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+path, strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// do returns the last answer, after redirects, and its whole body.
func (w *walker) do(req *http.Request) (resp *http.Response, body []byte, err error) {
	req.Header.Set("Accept", acceptPage)
	req.Header.Set("Accept-Language", acceptLanguage)
	if resp, err = w.client.Do(req); err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if body, err = io.ReadAll(resp.Body); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", req.URL.Path, err)
	}
	return resp, body, nil
}

func (w *walker) cookies() map[string]string {
	base, err := url.Parse(w.base)
	if err != nil {
		return nil
	}
	all := map[string]string{}
	for _, c := range w.client.Jar.Cookies(base) {
		all[c.Name] = c.Value
	}
	return all
}

// adopt gives the walker somebody's token; nothing else of his shapes a shared page.
func (w *walker) adopt(cookies map[string]string) error {
	base, err := url.Parse(w.base)
	if err != nil {
		return err
	}
	w.client.Jar.SetCookies(base, []*http.Cookie{{Name: csrfCookie, Value: cookies[csrfCookie]}})
	return nil
}

// fetch asks for a page in one coding.
func (w *walker) fetch(ctx context.Context, path, coding string) (fetched, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+path, http.NoBody)
	if err != nil {
		return fetched{}, err
	}
	req.Header.Set("Accept-Encoding", coding)
	resp, body, err := w.do(req)
	if err != nil {
		return fetched{}, err
	}
	f := fetched{
		Status:      resp.StatusCode,
		Coding:      resp.Header.Get("Content-Encoding"),
		CacheStatus: resp.Header.Get("Cache-Status"),
		Cookies:     w.cookies(),
	}
	f.Body, err = decode(body, f.Coding)
	return f, err
}
