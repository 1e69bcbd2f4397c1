package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// cacheName is the cache's member in Cache-Status (RFC 9211 §2).
const cacheName = "page-cache"

// answer is a whole response and how long it took.
type answer struct {
	status int
	header http.Header
	body   string
	took   time.Duration
	cache  cacheStatus
}

// cacheStatus is what the cache says about an answer; the zero value means
// that it says nothing.
type cacheStatus struct {
	present bool
	hit     bool
	stored  bool
	forward string
	detail  string
	ttl     int64
}

// String names the answer as the table shows it.
func (c cacheStatus) String() string {
	if !c.present {
		return "no Cache-Status"
	}
	words := []string{}
	if c.hit {
		words = append(words, "hit")
	}
	if c.forward != "" {
		words = append(words, "fwd="+c.forward)
	}
	if c.stored {
		words = append(words, "stored")
	}
	if c.hit || c.stored {
		words = append(words, fmt.Sprintf("ttl=%d", c.ttl))
	}
	if c.detail != "" {
		words = append(words, "detail="+c.detail)
	}
	return strings.Join(words, ";")
}

// readCacheStatus parses the header; other caches' members are left out.
func readCacheStatus(header http.Header) (cacheStatus, error) {
	members, err := httpsfv.UnmarshalList(header.Values("Cache-Status"))
	if err != nil {
		return cacheStatus{}, fmt.Errorf("unreadable Cache-Status %q: %w", header.Values("Cache-Status"), err)
	}
	status := cacheStatus{}
	for _, member := range members {
		item, ok := member.(httpsfv.Item)
		if !ok || text(item.Value) != cacheName {
			continue
		}
		if status.present {
			return cacheStatus{}, errors.New("Cache-Status names page-cache twice")
		}
		status = fromParams(item.Params)
	}
	if status.hit && status.forward != "" {
		// RFC 9211 §2.1: a hit was not forwarded.
		return cacheStatus{}, fmt.Errorf("Cache-Status says hit and forwarded: %s", status)
	}
	return status, nil
}

func fromParams(params *httpsfv.Params) cacheStatus {
	status := cacheStatus{present: true}
	get := func(name string) any {
		value, _ := params.Get(name)
		return value
	}
	status.hit, _ = get("hit").(bool)
	status.stored, _ = get("stored").(bool)
	status.ttl, _ = get("ttl").(int64)
	status.forward = text(get("fwd"))
	status.detail = text(get("detail"))
	return status
}

// text returns a token or a string: RFC 9211 allows both for names and details.
func text(value any) string {
	switch v := value.(type) {
	case httpsfv.Token:
		return string(v)
	case string:
		return v
	}
	return ""
}
