package integration

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// bob is a user with the password "open sesame", at bcrypt's least cost.
const bob = "bob $2a$04$QLVbCgIXBo/wO1sJwUIfreN6EQPJ0s58KygdFaOI2ZTloobuOSNGO"

// asBob is bob's Authorization.
const asBob = "Authorization: Basic Ym9iOm9wZW4gc2VzYW1l"

// TestS80_CredentialHeadersBypass: a request header that looks like a credential
// keeps the request out of the cache, cold and warm.
func TestS80_CredentialHeadersBypass(t *testing.T) {
	o := edge.NewOrigin(t, answering("Cache-Control: public, max-age=60"))
	e := shop(t, o)
	for _, line := range []string{
		"X-Api-Key: secret-A", "x-api-key: secret-A", "X-Auth-Token: secret-A", "Remote-User: secret-A", "X-Remote-User: secret-A",
		"X-CSRF-Token: secret-A", "Private-Token: secret-A", "CF-Access-Jwt-Assertion: secret-A",
		"CF-Access-Authenticated-User-Email: secret-A", "X-Forwarded-User: secret-A", "X-SSL-Client-Cert: secret-A",
		"X-Amzn-Oidc-Identity: secret-A", "X-Api-Key:",
	} {
		target := newPage()
		wantBypass(t, e, o, "credential", target, line)
		page := wantCached(t, e, o, target)
		wantClean(t, page, "secret-A")
		wantBypass(t, e, o, "credential", target, line)
		wantHit(t, e, o, page, target)
	}
}

// TestS80_BasicAuthUserBypasses: whom Caddy has authenticated gets the origin's
// answer, also when the credentials themselves were taken off the request.
func TestS80_BasicAuthUserBypasses(t *testing.T) {
	for reason, strip := range map[string]string{"authorization": "", "user": "request_header -Authorization"} {
		o := edge.NewOrigin(t, answering("Cache-Control: public, max-age=60"))
		e := edge.Start(t, `EDGE {
	@members header X-Members 1
	basic_auth @members {
		`+bob+`
	}
	`+strip+`
	page_cache 15s
	reverse_proxy `+o.Addr+` {
		header_up X-Seen-User {http.auth.user.id}
	}
}`)
		target := newPage()
		if a := wantBypass(t, e, o, reason, target, "X-Members: 1", asBob); echoed(a, "X-Seen-User") != "bob" {
			t.Errorf("the origin saw the user %q, want bob; the test shows nothing", echoed(a, "X-Seen-User"))
		}
		page := wantCached(t, e, o, target)
		wantClean(t, page, "bob")
		wantBypass(t, e, o, reason, target, "X-Members: 1", asBob)
		wantHit(t, e, o, page, target)
		if a := e.Get(target, "X-Members: 1"); a.Status != http.StatusUnauthorized {
			t.Errorf("without credentials: status %d, want 401", a.Status)
		}
	}
}

// TestS80_ForwardAuthUserBypasses: a user whom forward_auth names by a header is
// a user.
func TestS80_ForwardAuthUserBypasses(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	guard := edge.NewOrigin(t, answering("Remote-User: alice"))
	e := edge.Start(t, `EDGE {
	@members header X-Members 1
	forward_auth @members `+guard.Addr+` {
		uri /check
		copy_headers Remote-User
	}
	page_cache 15s
	reverse_proxy `+o.Addr+`
}`)
	target := newPage()
	if a := wantBypass(t, e, o, "credential", target, "X-Members: 1"); echoed(a, "Remote-User") != "alice" {
		t.Errorf("the origin saw the user %q, want alice; the test shows nothing", echoed(a, "Remote-User"))
	}
	page := wantCached(t, e, o, target)
	wantClean(t, page, "alice")
	before := guard.Hits()
	wantBypass(t, e, o, "credential", target, "X-Members: 1")
	if guard.Hits() != before+1 {
		t.Error("forward_auth did not run on a warm page")
	}
}

// TestS80_ClientCertificateBypasses: who shows a TLS certificate gets the origin's
// answer. Also a client certificate counts beside Authorization (S11).
func TestS80_ClientCertificateBypasses(t *testing.T) {
	o := edge.NewOrigin(t, answering("Cache-Control: public, s-maxage=60"))
	_, certFile, keyFile := edge.NewCertificate(t, "shop.test")
	own, _, _ := edge.NewCertificate(t, "alice")
	e := edge.Start(t, `https://shop.test:PORT {
	tls `+certFile+` `+keyFile+` {
		client_auth {
			mode request
		}
	}
	page_cache 15s
	reverse_proxy `+o.Addr+` {
		header_up X-Seen-Subject {tls_client_subject}
	}
}`)
	get := func(target string, cert *tls.Certificate) *edge.Answer {
		return edge.RawTLS(t, e.Addr, "shop.test", edge.Request("GET", target), cert)
	}
	target := newPage()
	cold := get(target, &own)
	cold.Want(t, "fwd=bypass", "detail=client-certificate")
	if echoed(cold, "X-Seen-Subject") != "CN=alice" {
		t.Errorf("the origin saw the subject %q; the test shows nothing", echoed(cold, "X-Seen-Subject"))
	}
	first, second := get(target, nil), get(target, nil)
	first.Want(t, "fwd=uri-miss", "stored")
	second.Want(t, "hit")
	wantClean(t, second, "alice")
	wantHits(t, o, 2)
	get(target, &own).Want(t, "fwd=bypass", "detail=client-certificate")
	wantHits(t, o, 3)
	if a := get(target, nil); !a.Is(t, "hit") || a.Body != first.Body {
		t.Errorf("Cache-Status %q, want the stored page", a.Header["Cache-Status"])
	}
}
