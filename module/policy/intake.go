package policy

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

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
	// OnlyIfCached: the client wants a stored response or 504 (RFC 9111 §5.2.1.7).
	OnlyIfCached bool
	// Range: the client asked for a part.
	Range bool
}

// DecideIntake judges a presented request. learned are the canonical names of
// request headers that this line's origin has been seen to vary by.
func DecideIntake(q *Request, r *Rule, learned []string) Intake {
	if q.Method == "PURGE" {
		return Intake{Admission: AdmitRefuse, Reason: cachestatus.ReasonPurge}
	}
	for _, judge := range [...]func(*Request, *Rule) cachestatus.Reason{messageReason, pathReason, identityReason} {
		if reason := judge(q, r); reason != cachestatus.ReasonNone {
			return Intake{Admission: AdmitBypass, Reason: reason}
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
			Headers:  r.keyedHeaders(q, learned),
			Vars:     q.Vars,
			Values:   q.Values,
		},
		OnlyIfCached: cachecontrol.ParseRequest(q.Header).OnlyIfCached,
		Range:        len(q.Header["Range"]) > 0,
	}
	in.Forward = r.forwarded(q.Header, in.Inputs.Headers)
	return in
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
func identityReason(q *Request, r *Rule) cachestatus.Reason {
	switch {
	case len(q.Header["Authorization"]) > 0, len(q.Header["Proxy-Authorization"]) > 0:
		return cachestatus.ReasonAuthorization
	case q.ClientCert:
		return cachestatus.ReasonClientCertificate
	case q.User:
		return cachestatus.ReasonUser
	case r.personalCookies(q.Header["Cookie"]):
		return cachestatus.ReasonCookie
	}
	for name := range q.Header {
		if (isCredential(name) || r.forwardAll && namesPerson(name)) && !r.vary[name] && !r.forward[name] {
			return cachestatus.ReasonCredential
		}
	}
	return cachestatus.ReasonNone
}

// keyedHeaders returns the request headers that select the response and that its
// fill carries, sorted by name. An absent header is absent from the list, so
// absent and empty stay apart (RFC 9111 §4.1).
func (r *Rule) keyedHeaders(q *Request, learned []string) []cachekey.Field {
	fields := make([]cachekey.Field, 0, 4)
	for name, values := range q.Header {
		keyed := r.vary[name] || slices.Contains(learned, name) ||
			isRepresentation(name) && !r.forward[name] ||
			q.TrustedProxy && (name == "X-Forwarded-Proto" || name == "X-Forwarded-Host")
		if keyed {
			fields = append(fields, cachekey.Field{Name: name, Values: slices.Clone(values)})
		}
	}
	for _, name := range learned {
		if len(q.Header[name]) == 0 {
			// Absent is a variant of its own, and a page that was made before the
			// line knew the name must not be taken for it.
			fields = append(fields, cachekey.Field{Name: name})
		}
	}
	if r.acceptByClass(learned) {
		fields = append(fields, cachekey.Field{Name: "Accept", Values: []string{accept(q.Header["Accept"])}})
	}
	slices.SortFunc(fields, func(a, b cachekey.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

// acceptByClass reports whether Accept is keyed and sent in its canonical form:
// always, unless it is keyed or carried as the client sent it.
func (r *Rule) acceptByClass(learned []string) bool {
	return !r.vary["Accept"] && !r.forward["Accept"] && !r.forwardAll && !slices.Contains(learned, "Accept")
}

// forwarded returns the headers that change nothing by the operator's word.
func (r *Rule) forwarded(h http.Header, keyed []cachekey.Field) http.Header {
	if len(r.forward) == 0 { // "*" is in it too
		return nil
	}
	out := http.Header{}
	for name, values := range h {
		if r.forward[name] || r.forwardAll && !isOwned(name) && !isCredential(name) {
			out[name] = slices.Clone(values)
		}
	}
	maps.DeleteFunc(out, func(name string, _ []string) bool {
		return slices.ContainsFunc(keyed, func(f cachekey.Field) bool { return f.Name == name })
	})
	return out
}
