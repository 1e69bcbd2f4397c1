package cachestatus

import (
	"fmt"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// Field is the header field of RFC 9211.
const Field = "Cache-Status"

// Name identifies this cache in Cache-Status (RFC 9211 §2).
const Name = "page-cache"

// Fwd is why a request went to the origin (RFC 9211 §2.2).
type Fwd string

// The values of Fwd in use.
const (
	FwdNone     Fwd = ""
	FwdBypass   Fwd = "bypass"
	FwdMethod   Fwd = "method"
	FwdURIMiss  Fwd = "uri-miss"
	FwdVaryMiss Fwd = "vary-miss"
	FwdStale    Fwd = "stale"
	FwdRequest  Fwd = "request"
)

// Status is one member of Cache-Status. The zero Status is "page-cache" alone.
type Status struct {
	Hit       bool          // answered from the store (§2.1)
	Fwd       Fwd           // why the request was forwarded (§2.2)
	FwdStatus int           // the origin's status (§2.3); 0: none
	Stored    bool          // the answer may be stored and is whole so far (§2.5)
	Collapsed bool          // answered by a fill that another request started (§2.6)
	HasTTL    bool          // TTL is known
	TTL       time.Duration // freshness left, negative when stale; sent in whole seconds (§2.4)
	Key       string        // the key as a reader may know it again (§2.7); only where it may be shown
	Detail    Reason        // §2.8
	Cookie    string        // the cookie that was the reason; only where it may be shown
}

// String returns the member as it stands in the field.
func (s Status) String() string {
	item := httpsfv.NewItem(httpsfv.Token(Name))
	if s.Hit {
		item.Params.Add("hit", true)
	}
	if s.Fwd != FwdNone {
		item.Params.Add("fwd", httpsfv.Token(s.Fwd))
	}
	if s.FwdStatus > 0 {
		item.Params.Add("fwd-status", s.FwdStatus)
	}
	if s.Stored {
		item.Params.Add("stored", true)
	}
	if s.Collapsed {
		item.Params.Add("collapsed", true)
	}
	if s.HasTTL {
		item.Params.Add("ttl", s.Seconds())
	}
	if s.Key != "" {
		item.Params.Add("key", visible(s.Key))
	}
	if s.Detail != ReasonNone {
		item.Params.Add("detail", httpsfv.Token(s.Detail.String()))
	}
	if s.Cookie != "" {
		item.Params.Add("cookie", visible(s.Cookie))
	}
	text, err := httpsfv.Marshal(item)
	if err != nil { // only values out of range could fail; the name alone is still true
		return Name
	}
	return text
}

// Seconds returns TTL in whole seconds, rounded down: what is stale by less than
// one is stale.
func (s Status) Seconds() int64 {
	n := int64(s.TTL / time.Second)
	if s.TTL < 0 && s.TTL%time.Second != 0 {
		n--
	}
	return n
}

// visible percent-encodes what a String of structured fields cannot hold (RFC 9651
// §3.3.3).
func visible(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Word returns the outcome in one upper-case word for logs: HIT, MISS, STALE,
// BYPASS or ERROR.
func (s Status) Word() string {
	switch {
	case s.Hit:
		return "HIT"
	case s.Fwd == FwdURIMiss, s.Fwd == FwdVaryMiss:
		return "MISS"
	case s.Fwd == FwdStale:
		return "STALE"
	case s.Fwd == FwdBypass, s.Fwd == FwdMethod, s.Fwd == FwdRequest:
		return "BYPASS"
	}
	return "ERROR"
}
