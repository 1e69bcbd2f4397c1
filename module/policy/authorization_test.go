package policy_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func rfc9111(r config.Rule) config.Rule {
	r.Authorization = config.AuthorizationRFC9111
	return r
}

// TestAuthorizationIntake: RFC 9111 §3.5, a request with Authorization uses the
// cache where the line says so, its fill carries it, and it is not keyed.
func TestAuthorizationIntake(t *testing.T) {
	r := policy.Compile(rfc9111(config.Rule{}))
	with, without := policy.DecideIntake(get("Authorization", "Basic x"), r), policy.DecideIntake(get(), r)
	checkLookup(t, with)
	if !reflect.DeepEqual(with.Forward, fields("Authorization", "Basic x")) || len(without.Forward) > 0 {
		t.Errorf("carries %v, and without it %v", with.Forward, without.Forward)
	}
	if with.Inputs.Key() != without.Inputs.Key() {
		t.Error("it is keyed")
	}
	checkBypass(t, policy.DecideIntake(get("Authorization", "Basic x"), policy.Compile(config.Rule{})), cachestatus.ReasonAuthorization)
	for _, pairs := range [][]string{
		{"Proxy-Authorization", "Basic x"}, {"Authorization", "Basic x", "Proxy-Authorization", "Basic x"},
	} {
		checkBypass(t, policy.DecideIntake(get(pairs...), r), cachestatus.ReasonAuthorization)
	}
	checkBypass(t, policy.DecideIntake(get("Authorization", "Basic x", "X-Api-Key", "x"), r), cachestatus.ReasonCredential)
	checkBypass(t, policy.DecideIntake(get("Authorization", "Basic x", "Cookie", "sid=1"), r), cachestatus.ReasonCookie)
	known := get("Authorization", "Basic x")
	known.User = true
	checkBypass(t, policy.DecideIntake(known, r), cachestatus.ReasonUser)
}

// TestAuthorization: RFC 9111 §3.5, what lets the answer to a request with
// Authorization be stored and shared.
//
// RFC 9111: 3-6, 3.5-1.
func TestAuthorization(t *testing.T) {
	tests := map[string]struct {
		pairs  []string
		shared bool
	}{
		"nothing":                                {nil, false},
		"max-age":                                {[]string{"Cache-Control", "max-age=60"}, false},
		"Expires":                                {[]string{"Expires", date(time.Minute)}, false},
		"public":                                 {[]string{"Cache-Control", "public"}, true},
		"public, max-age":                        {[]string{"Cache-Control", "max-age=60, Public"}, true},
		"public with an argument":                {[]string{"Cache-Control", "public=1, max-age=60"}, false},
		"must-revalidate":                        {[]string{"Cache-Control", "max-age=60, must-revalidate"}, true},
		"proxy-revalidate":                       {[]string{"Cache-Control", "max-age=60, proxy-revalidate"}, false},
		"s-maxage":                               {[]string{"Cache-Control", "s-maxage=60"}, true},
		"immutable":                              {[]string{"Cache-Control", "max-age=60, immutable"}, false},
		"no-cache, ETag":                         {[]string{"Cache-Control", "no-cache", "ETag", `"x"`}, false},
		"in quotes":                              {[]string{"Cache-Control", `x="public", max-age=60`}, false},
		"RFC 9213 public":                        {[]string{"CDN-Cache-Control", "public, max-age=60"}, true},
		"RFC 9213 in the place of public":        {[]string{"CDN-Cache-Control", "max-age=60", "Cache-Control", "public"}, false},
		"§4.1 Vary: Authorization":               {[]string{"Cache-Control", "public", "Vary", "Authorization"}, false},
		"§4.1 Vary: authorization, among":        {[]string{"Cache-Control", "public", "Vary", "X-A, authorization"}, false},
		"§4.1 Vary: something else":              {[]string{"Cache-Control", "public", "Vary", "X-A"}, true},
		"Surrogate-Control is no leave to do it": {[]string{"Surrogate-Control", "public, s-maxage=60"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, c := range []config.Rule{rfc9111(ttl(15 * time.Second)), rfc9111(override(ttl(15 * time.Second)))} {
				r := policy.Compile(c)
				in := policy.DecideIntake(get("Authorization", "Basic x"), r)
				if s := policy.DecideStorage(answer(200, tt.pairs...), r, &in); tt.shared {
					checkStored(t, s, 15*time.Second)
				} else {
					checkRelayed(t, s, cachestatus.ReasonAuthorization)
				}
			}
		})
	}
	// private and no-store are said first, and an error stays one.
	r := policy.Compile(rfc9111(ttl(15 * time.Second)))
	in := policy.DecideIntake(get("Authorization", "Basic x"), r)
	checkRelayed(t, policy.DecideStorage(answer(200, "Cache-Control", "private, s-maxage=60"), r, &in), cachestatus.ReasonPrivate)
	checkRelayed(t, policy.DecideStorage(answer(200, "Cache-Control", "no-store, public"), r, &in), cachestatus.ReasonNoStore)
	checkFailed(t, policy.DecideStorage(answer(500, "Cache-Control", "public, max-age=60"), r, &in))
}

// TestAuthorizationOfOthers: an answer to a request without Authorization is for
// all; unless it varies by it, which tells that others get another one.
//
// RFC 9111: 4-3.
func TestAuthorizationOfOthers(t *testing.T) {
	c := rfc9111(ttl(15 * time.Second))
	checkStored(t, judge(c, answer(200, "Cache-Control", "max-age=60")), 15*time.Second)
	checkRelayed(t, judge(c, answer(200, "Cache-Control", "public", "Vary", "Authorization")), cachestatus.ReasonAuthorization)
	// Without the option, no fill has it.
	checkStored(t, judge(ttl(15*time.Second), answer(200, "Vary", "Authorization")), 15*time.Second)
}

// TestAuthorizationStale: RFC 9111 §3.5, what lets it be stored is obeyed.
//
// RFC 9111: 3.5-1.
func TestAuthorizationStale(t *testing.T) {
	c := windows(rfc9111(ttl(15*time.Second)), time.Hour, time.Hour)
	r := policy.Compile(c)
	in := policy.DecideIntake(get("Authorization", "Basic x"), r)
	for _, cc := range []string{"max-age=15, must-revalidate", "s-maxage=15"} {
		a := answer(200, "Cache-Control", cc)
		e := storedAs(a, c, policy.DecideStorage(a, r, &in))
		if j := reuse(e, c, 14*time.Second); j.Reuse != policy.ReuseNow {
			t.Errorf("%s: %+v", cc, j)
		}
		if j := reuse(e, c, 15*time.Second); j.Reuse != policy.ReuseValidated || j.IfError {
			t.Errorf("%s: %+v", cc, j)
		}
	}
}
