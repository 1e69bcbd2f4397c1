package policy

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/page-cache/page-cache/module/cachecontrol"
	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
)

// Admission is what may be done with a request.
type Admission int

// The admissions DecideIntake can reach.
const (
	// AdmitLookup lets the request use the cache.
	AdmitLookup Admission = iota
	// AdmitBypass forwards it untouched; nothing is looked up or stored.
	AdmitBypass
	// AdmitRefuse answers it with an error of the edge's own.
	AdmitRefuse
)

// Intake is the verdict on a request.
type Intake struct {
	Admission Admission
	Reason    cachestatus.Reason // why not AdmitLookup

	// Inputs identify the response; set for AdmitLookup.
	Inputs cachekey.Inputs
	// Forward are headers that the operator says change nothing: a fill carries
	// the leader's, and they are not keyed.
	Forward http.Header
	// Session are the cookies, as the client sent them, whose values have pages of
	// their own; nil: the pages are everybody's. A fill carries them. The engine names
	// the session in Inputs.
	Session []string
	// Cookie names the cookie that keeps the request from the cache, with
	// ReasonCookie.
	Cookie string
	// OnlyIfCached: the client wants a stored response or 504 (RFC 9111 §5.2.1.7).
	OnlyIfCached bool
	// Range: the client asked for a part.
	Range bool
	// Part is the Range to ask for the part by, and to key it by, if the whole is
	// not stored; empty: the whole is asked for.
	Part string
	// Demand is what the request's own Cache-Control asks of a stored response, if
	// the line respects it.
	Demand Demand
}

// Demand is what a request wants of a stored response (RFC 9111 §5.2.1). The zero
// Demand takes any that may be used.
type Demand struct {
	NoStore  bool // forward it, and store nothing
	NoCache  bool // a stored response only when the origin has confirmed it
	MaxAge   cachecontrol.Seconds
	MinFresh cachecontrol.Seconds
	MaxStale cachecontrol.Seconds
	AnyStale bool
}

// DecideIntake judges a presented request.
func DecideIntake(q *Request, r *Rule) Intake {
	if q.Method == "PURGE" {
		return Intake{Admission: AdmitRefuse, Reason: cachestatus.ReasonPurge}
	}
	cookies := r.cookies(q.Header["Cookie"])
	for _, judge := range [...]func(*Request, *Rule) cachestatus.Reason{messageReason, pathReason, cookies.identityReason} {
		if reason := judge(q, r); reason != cachestatus.ReasonNone {
			return Intake{Admission: AdmitBypass, Reason: reason, Cookie: cookies.Personal}
		}
	}
	in := Intake{
		Inputs: cachekey.Inputs{
			Site:     q.Site,
			Route:    q.Route,
			Scheme:   q.Scheme,
			Host:     q.Host,
			Original: r.filterQuery(q.Original),
			Current:  r.filterQuery(q.Current),
			Headers:  r.keyedHeaders(q),
			Cookies:  cookies.Vary,
			Vars:     q.Vars,
			Values:   q.Values,
		},
		Session:      cookies.Session,
		OnlyIfCached: cachecontrol.ParseRequest(q.Header).OnlyIfCached,
		Range:        len(q.Header["Range"]) > 0,
	}
	in.Forward = r.forwarded(q.Header, in.Inputs.Headers)
	if in.Range && r.passesRanges() {
		in.Part = part(q)
	}
	if r.conf.RespectRequestCacheControl {
		in.Demand = demand(q.Header)
	}
	return in
}

// part returns the Range of a request for one part, without a condition; else
// nothing.
func part(q *Request) string {
	lines := q.Header["Range"]
	if q.Method != http.MethodGet || len(lines) != 1 || len(q.Header["If-Range"]) > 0 {
		return ""
	}
	line := strings.TrimSpace(lines[0])
	unit, _, _ := strings.Cut(line, "=")
	if !strings.EqualFold(unit, "bytes") || strings.Contains(line, ",") {
		return ""
	}
	return line
}

// demand reads the request's Cache-Control, or Pragma where there is none (§5.4).
func demand(h http.Header) Demand {
	cc := cachecontrol.ParseRequest(h)
	d := Demand{
		NoStore: cc.NoStore, NoCache: cc.NoCache,
		MaxAge: cc.MaxAge, MinFresh: cc.MinFresh, MaxStale: cc.MaxStale, AnyStale: cc.MaxStaleAny,
	}
	if len(h["Cache-Control"]) == 0 {
		d.NoCache = pragmaNoCache(h["Pragma"])
	}
	return d
}

func pragmaNoCache(lines []string) bool {
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(member), "no-cache") {
				return true
			}
		}
	}
	return false
}

// messageReason finds what in the message itself rules the cache out.
func messageReason(q *Request, _ *Rule) cachestatus.Reason {
	switch {
	case q.Method != http.MethodGet && q.Method != http.MethodHead:
		return cachestatus.ReasonMethod
	case len(q.Header["Upgrade"]) > 0:
		return cachestatus.ReasonUpgrade
	case q.HasBody:
		return cachestatus.ReasonRequestBody
	case unusualConnection(q.Header):
		return cachestatus.ReasonConnection
	case wantsEventStream(q.Header["Accept"]):
		return cachestatus.ReasonEventStream
	}
	return cachestatus.ReasonNone
}

func pathReason(q *Request, _ *Rule) cachestatus.Reason {
	switch {
	case !canonicalTarget(q.Original), !canonicalTarget(q.Current):
		return cachestatus.ReasonPath
	case q.Operator:
		return cachestatus.ReasonOperator
	case q.OpenEnded:
		return cachestatus.ReasonNamedRoute
	}
	return cachestatus.ReasonNone
}

// identityReason finds what tells this visitor from another.
func (c *Cookies) identityReason(q *Request, r *Rule) cachestatus.Reason {
	switch {
	case len(q.Header["Authorization"]) > 0 && !r.sharesAuthorized(), len(q.Header["Proxy-Authorization"]) > 0:
		return cachestatus.ReasonAuthorization
	case q.ClientCert:
		return cachestatus.ReasonClientCertificate
	case q.User:
		return cachestatus.ReasonUser
	case c.Personal != "":
		return cachestatus.ReasonCookie
	}
	for name := range q.Header {
		if name == "Authorization" {
			continue // judged above
		}
		if (isCredential(name) || r.forwardAll && namesPerson(name)) && !r.vary[name] && !r.forward[name] {
			return cachestatus.ReasonCredential
		}
	}
	return cachestatus.ReasonNone
}

// keyedHeaders returns the request headers that select the response and that its
// fill carries, sorted by name. An absent header is absent from the list, so
// absent and empty stay apart (RFC 9111 §4.1).
func (r *Rule) keyedHeaders(q *Request) []cachekey.Field {
	fields := make([]cachekey.Field, 0, 4)
	for name, values := range q.Header {
		switch {
		case r.vary[name]:
			fields = append(fields, cachekey.Field{Name: name, Values: r.canonicalValues(name, values)})
		case isRepresentation(name) && !r.forward[name],
			q.TrustedProxy && (name == "X-Forwarded-Proto" || name == "X-Forwarded-Host"):
			fields = append(fields, cachekey.Field{Name: name, Values: slices.Clone(values)})
		}
	}
	// Accept is keyed and sent in its canonical form, unless it is keyed or carried
	// as the client sent it.
	if !r.vary["Accept"] && !r.forward["Accept"] && !r.forwardAll {
		fields = append(fields, cachekey.Field{Name: "Accept", Values: []string{accept(q.Header["Accept"])}})
	}
	slices.SortFunc(fields, func(a, b cachekey.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

// forwarded returns the headers that a fill carries without their being keyed:
// those that change nothing by the operator's word, and those whose answer is
// judged by what it says of them.
func (r *Rule) forwarded(h http.Header, keyed []cachekey.Field) http.Header {
	if len(r.forward) == 0 && !r.passesCodings() && !r.sharesAuthorized() {
		return nil
	}
	out := http.Header{}
	for name, values := range h {
		switch {
		case r.forward[name],
			r.forwardAll && !isOwned(name) && !isCredential(name),
			name == "Accept-Encoding" && r.passesCodings(),
			name == "Authorization" && r.sharesAuthorized():
			out[name] = slices.Clone(values)
		}
	}
	maps.DeleteFunc(out, func(name string, _ []string) bool {
		return slices.ContainsFunc(keyed, func(f cachekey.Field) bool { return f.Name == name })
	})
	return out
}
