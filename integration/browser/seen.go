package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/dunglas/httpsfv"
)

// visitor is somebody with cookies of his own, in a browser or without one.
type visitor interface {
	// take takes one step, and returns what he then sees.
	take(ctx context.Context, s step) (seen, error)
	// fetch asks for a page in one coding, as a browser would, with his cookies.
	fetch(ctx context.Context, path, coding string) (fetched, error)
}

// seen is what came of a step.
type seen struct {
	Answers []answer          `json:"answers"` // Redirects and where they led, in order.
	Shown   shown             `json:"shown"`
	HTML    string            `json:"html"` // The last answer's, as it was sent.
	Cookies map[string]string `json:"cookies"`
	Kept    []string          `json:"kept"` // Pages that a browser took from its own cache.
}

// answer is one response.
type answer struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	Status      int    `json:"status"`
	CacheStatus string `json:"cache_status"`
}

// shown is what a person reads on the page.
type shown struct {
	Path     string   `json:"path"`
	Name     string   `json:"name"` // Empty: nobody is logged in.
	Cart     string   `json:"cart"` // The counter; empty: the page has none.
	Messages []string `json:"messages"`
	Text     string   `json:"text"`
}

// fetched is a page in one coding.
type fetched struct {
	Status      int               `json:"status"`
	Coding      string            `json:"coding"`
	CacheStatus string            `json:"cache_status"`
	Body        []byte            `json:"body"` // Decoded.
	Cookies     map[string]string `json:"cookies"`
}

// cacheName is the cache's member in Cache-Status (RFC 9211 §2).
const cacheName = "page-cache"

// brief is what page-cache's member of a Cache-Status says, in its order, but for the
// ttl, which differs from run to run, and fwd-status, which is the answer's own.
func brief(field string) (string, error) {
	members, err := httpsfv.UnmarshalList([]string{field})
	if err != nil {
		return "", fmt.Errorf("unreadable Cache-Status %q: %w", field, err)
	}
	words := []string{}
	for _, member := range members {
		item, ok := member.(httpsfv.Item)
		if !ok || fmt.Sprint(item.Value) != cacheName {
			continue
		}
		for _, name := range item.Params.Names() {
			value, _ := item.Params.Get(name)
			words = append(words, parameter(name, value)...)
		}
	}
	return strings.Join(words, ";"), nil
}

func parameter(name string, value any) []string {
	switch {
	case slices.Contains([]string{"ttl", "fwd-status"}, name):
		return nil
	case value == true:
		return []string{name}
	}
	return []string{fmt.Sprintf("%s=%v", name, value)}
}

// String is how the table shows an answer: what is not a hit of a page that is there
// says more.
func (a answer) String() string {
	status, err := brief(a.CacheStatus)
	if err != nil {
		status = a.CacheStatus
	}
	if status == "" {
		status = "no cache"
	}
	if a.Method == http.MethodGet && a.Status == http.StatusOK {
		return status
	}
	return fmt.Sprintf("%s %d %s", a.Method, a.Status, status)
}

// line is all answers of a step, as the table shows them and steps expect them.
func line(answers []answer) string {
	texts := make([]string, 0, len(answers))
	for _, a := range answers {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}
