package policy

import (
	"net/http"
	"strings"
)

// isCredential reports whether a request header of this canonical name looks
// like what tells one visitor from another, so that a request which has it must
// not share a page. Authorization is judged apart, for its own reason.
func isCredential(name string) bool {
	switch name {
	case "X-Api-Key", "Api-Key", "Remote-User", "X-Remote-User", "X-Webauth-User", "X-Authenticated-User",
		"X-User", "X-User-Id", "X-Email", "Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Ssl-Client-Cert",
		"X-Forwarded-Client-Cert", "X-Arr-Clientcert",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Forwarded-Groups",
		"X-Ms-Client-Principal", "X-Ms-Client-Principal-Id", "X-Ms-Client-Principal-Name":
		return true
	}
	for _, prefix := range [...]string{
		"Cf-Access-", "X-Auth-", "X-Amzn-Oidc-", "X-Goog-Authenticated-User-", "X-Goog-Iap-", "Tailscale-User-", "Remote-", "X-Ssl-Client-",
		"X-Amzn-Mtls-Clientcert",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasSuffix(name, "-Token") || strings.HasSuffix(name, "-Api-Key") ||
		strings.HasSuffix(name, "-Signature") || name == "Token" || name == "Signature"
}

// namesPerson reports whether a header of this canonical name may tell who asks,
// by a part of it. It errs towards yes, and is for forward *, which would carry
// such a header otherwise; where a header has to be named, isCredential suffices.
func namesPerson(name string) bool {
	if name == "User-Agent" || strings.HasPrefix(name, "Sec-") {
		return false
	}
	name = strings.ToLower(name)
	for _, part := range [...]string{
		"session", "auth", "jwt", "user", "login", "account", "identity", "token", "csrf", "xsrf", "secret", "password",
		"credential", "signature", "access-key", "api-key", "client-cert", "clientcert", "client-verify", "client-id",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// isRepresentation reports whether a request header of this canonical name asks
// for another representation of the page: a fragment for a script, say. It is
// keyed and carried when present.
func isRepresentation(name string) bool {
	switch name {
	case "X-Requested-With", "Turbo-Frame", "Rsc", "Origin":
		return true
	}
	return strings.HasPrefix(name, "Hx-") || strings.HasPrefix(name, "Next-") ||
		strings.HasPrefix(name, "X-Inertia")
}

// isOwned reports whether a fill must not carry a visitor's header of this
// canonical name even when the operator forwards everything: it concerns one
// connection, one visitor's copy or condition, or is the edge's own to set.
func isOwned(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
		"Expect", "Content-Length", "Host", "Range", "Accept-Encoding",
		"Cookie", "Cookie2", "Authorization", "Proxy-Authorization",
		"Cache-Control", "Pragma", "Date", "Age", "Via", "Warning", "Early-Data",
		"Cache-Status", "Cdn-Cache-Control", "Surrogate-Control", "Surrogate-Capability", "Cdn-Loop",
		"Forwarded", "X-Real-Ip", "True-Client-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip",
		"X-Host", "X-Original-Url", "X-Original-Host", "X-Rewrite-Url", "X-Http-Host-Override",
		"X-Http-Method", "X-Http-Method-Override", "X-Method-Override":
		return true
	}
	return strings.HasPrefix(name, "If-") || strings.HasPrefix(name, "X-Forwarded-")
}

// accept returns the canonical form in which a fill sends Accept, and which is
// keyed: one for each of page, JSON, image and everything else. The first of the
// most wanted media ranges decides; one with a weight of 0 is not wanted at all.
func accept(fields []string) string {
	best, bestQ := "*/*", 0
	for _, f := range fields {
		for member := range strings.SplitSeq(f, ",") {
			media, params, _ := strings.Cut(member, ";")
			if q := quality(params); q > bestQ && strings.TrimSpace(media) != "" {
				best, bestQ = strings.ToLower(strings.TrimSpace(media)), q
			}
		}
	}
	switch {
	case best == "text/html", best == "application/xhtml+xml":
		return "text/html,application/xhtml+xml,*/*;q=0.8"
	case best == "application/json", strings.HasSuffix(best, "+json"):
		return "application/json"
	case strings.HasPrefix(best, "image/"):
		return "image/*"
	}
	return "*/*"
}

// quality reads the weight of RFC 9110 §12.4.2 in thousandths, to three digits;
// what is not a weight counts as 1000, as a missing one does.
func quality(params string) int {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		whole, frac, _ := strings.Cut(value, ".")
		if whole != "0" || strings.Trim(frac, "0123456789") != "" {
			return 1000
		}
		q := 0
		for i := range 3 {
			q *= 10
			if i < len(frac) {
				q += int(frac[i] - '0')
			}
		}
		return q
	}
	return 1000
}

func wantsEventStream(fields []string) bool {
	for _, f := range fields {
		if strings.Contains(strings.ToLower(f), "text/event-stream") {
			return true
		}
	}
	return false
}

// unusualConnection reports whether Connection names more than the usual:
// a header that it names is not for the next hop, and a cache that strips it
// could be made to hide what it should have judged.
func unusualConnection(h http.Header) bool {
	for _, f := range h["Connection"] {
		for option := range strings.SplitSeq(f, ",") {
			switch strings.ToLower(strings.TrimSpace(option)) {
			case "", "keep-alive", "close", "te":
			default:
				return true
			}
		}
	}
	return false
}
