package cachecontrol

import (
	"net/http"
	"strings"
	"time"
)

// maxSeconds is what a larger number is read as (RFC 9111 §1.2.2).
const maxSeconds = 1 << 31

// fieldName is the only field that ParseResponse and ParseRequest read.
const fieldName = "Cache-Control"

// ParseResponse reads all Cache-Control lines of a response. It fails on nothing: unknown directives and what breaks
// the grammar are passed over (RFC 9111 §5.2), and every directive that can be recognized restricts as if it stood
// alone. Names are compared without regard to case; arguments are taken as tokens and as quoted strings alike.
// public and immutable permit more, so they count only without an argument.
func ParseResponse(h http.Header) Response {
	var resp Response
	for _, line := range h[fieldName] {
		for line != "" {
			var d directive
			d, line = next(line)
			resp.add(d)
		}
	}
	resp.settle()
	return resp
}

// ParseRequest reads all Cache-Control lines of a request, as leniently as ParseResponse.
func ParseRequest(h http.Header) Request {
	var req Request
	for _, line := range h[fieldName] {
		for line != "" {
			var d directive
			d, line = next(line)
			req.add(d)
		}
	}
	if req.MaxStale.Set {
		req.MaxStaleAny = false
	}
	return req
}

// directive is one member of the list, its name in lower case and its argument without quotes and escapes.
type directive struct {
	name     string
	argument string
	given    bool // there was a "=", whatever follows it
	valid    bool // the argument is a token or a quoted string
}

func (resp *Response) add(d directive) {
	switch d.name {
	case "no-store":
		resp.NoStore = true
	case "no-cache":
		qualify(d, &resp.NoCache, &resp.NoCacheFields)
	case "private":
		qualify(d, &resp.Private, &resp.PrivateFields)
	case "public":
		resp.Public = resp.Public || !d.given
	case "must-revalidate":
		resp.MustRevalidate = true
	case "proxy-revalidate":
		resp.ProxyRevalidate = true
	case "must-understand":
		resp.MustUnderstand = resp.MustUnderstand || !d.given
	case "no-transform":
		resp.NoTransform = true
	case "immutable":
		resp.Immutable = resp.Immutable || !d.given
	case "max-age":
		resp.MaxAge.lower(d)
	case "s-maxage":
		resp.SMaxAge.lower(d)
	case "stale-while-revalidate":
		resp.StaleWhileRevalidate.lower(d)
	case "stale-if-error":
		resp.StaleIfError.lower(d)
	}
}

// settle resolves what contradicts itself whatever the order was.
func (resp *Response) settle() {
	if resp.Private {
		resp.Public = false
	}
}

func (req *Request) add(d directive) {
	switch d.name {
	case "no-cache":
		req.NoCache = true
	case "no-store":
		req.NoStore = true
	case "only-if-cached":
		req.OnlyIfCached = true
	case "no-transform":
		req.NoTransform = true
	case "max-age":
		req.MaxAge.lower(d)
	case "max-stale":
		if !d.given {
			req.MaxStaleAny = true
			return
		}
		req.MaxStale.lower(d)
	case "min-fresh":
		if value, ok := d.seconds(); ok {
			req.MinFresh = Seconds{Value: max(req.MinFresh.Value, value), Set: true}
		}
	}
}

// lower takes the argument if it is the first or smaller than the one before. One that cannot be read is 0 (RFC 9111
// §4.2.1).
func (s *Seconds) lower(d directive) {
	value, _ := d.seconds()
	if !s.Set || value < s.Value {
		*s = Seconds{Value: value, Set: true}
	}
}

// seconds reads the argument as delta-seconds (RFC 9111 §1.2.2): digits and nothing else, of any number. It returns 0
// and false for anything else.
func (d directive) seconds() (time.Duration, bool) {
	if !d.valid || d.argument == "" {
		return 0, false
	}
	n := int64(0)
	for _, c := range []byte(d.argument) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), maxSeconds)
	}
	return time.Duration(n) * time.Second, true
}

// qualify reads no-cache and private (RFC 9111 §5.2.2.4, §5.2.2.7). Only an argument that is a list of field names
// and nothing else weakens the directive to those fields.
func qualify(d directive, whole *bool, fields *[]string) {
	names := fieldNames(d)
	if len(names) == 0 {
		*whole = true
		return
	}
	*fields = append(*fields, names...)
}

func fieldNames(d directive) []string {
	if !d.valid {
		return nil
	}
	var names []string
	for name := range strings.SplitSeq(d.argument, ",") {
		name = strings.Trim(name, " \t")
		if name == "" {
			continue
		}
		if !isToken(name) {
			return nil
		}
		names = append(names, http.CanonicalHeaderKey(name))
	}
	return names
}
