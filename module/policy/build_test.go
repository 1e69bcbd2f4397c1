package policy_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

const target = "/products/category/shoes?page=2"

// arrival is when the answers of these tests come, in whole seconds as a Date is.
var arrival = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// seconds makes tables short.
func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func ttl(d time.Duration) config.Rule { return config.Rule{TTL: config.Duration(d)} }

func statusTTL(status int, d time.Duration) config.Rule {
	return config.Rule{StatusTTL: map[int]config.Duration{status: config.Duration(d)}}
}

func override(r config.Rule) config.Rule {
	r.Override = true
	return r
}

// duration makes what an option holds that may be left out.
func duration(d time.Duration) *config.Duration {
	own := config.Duration(d)
	return &own
}

func date(d time.Duration) string { return arrival.Add(d).Format(http.TimeFormat) }

// fields makes header fields of name, value, name, value …; a name given again
// adds a line.
func fields(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// get makes a request for target with these header fields.
func get(pairs ...string) *policy.Request {
	return &policy.Request{
		Method: http.MethodGet, Scheme: "https", Host: "shop.example",
		Original: target, Current: target, Header: fields(pairs...),
		Site: "site", Route: "route",
	}
}

// keyed returns what the key holds of one request header.
func keyed(in policy.Intake, name string) (values []string, ok bool) {
	for _, f := range in.Inputs.Headers {
		if f.Name == name {
			return f.Values, true
		}
	}
	return nil, false
}

func keyedNames(in policy.Intake) []string {
	names := []string{}
	for _, f := range in.Inputs.Headers {
		names = append(names, f.Name)
	}
	return names
}

// answer makes an answer that came at once.
func answer(status int, pairs ...string) *policy.Response {
	return &policy.Response{
		Status: status, Header: fields(pairs...), RequestTime: arrival, ResponseTime: arrival,
	}
}

// answers makes an answer with these fields that came at once.
func answers(status int, h http.Header) *policy.Response {
	a := answer(status)
	a.Header = h
	return a
}

// judge judges an answer to a plain request under c.
func judge(c config.Rule, a *policy.Response) policy.Storage {
	r := policy.Compile(c)
	in := policy.DecideIntake(get(), r)
	return policy.DecideStorage(a, r, &in)
}

func checkStored(t *testing.T, s policy.Storage, fresh time.Duration) {
	t.Helper()
	if s.Disposal != policy.DisposeStore || s.Reason != cachestatus.ReasonNone || s.Fresh != fresh {
		t.Errorf("got %s, want stored and fresh for %s", describe(s), fresh)
	}
}

func checkRelayed(t *testing.T, s policy.Storage, reason cachestatus.Reason) {
	t.Helper()
	if s.Disposal != policy.DisposeRelay || s.Reason != reason {
		t.Errorf("got %s, want relayed for %s", describe(s), reason)
	}
}

// checkKept: stored for what it is worth, and shared with nobody now.
func checkKept(t *testing.T, s policy.Storage, reason cachestatus.Reason) {
	t.Helper()
	if s.Disposal != policy.DisposeKeep || s.Reason != reason {
		t.Errorf("got %s, want kept for %s", describe(s), reason)
	}
}

func checkFailed(t *testing.T, s policy.Storage) {
	t.Helper()
	if s.Disposal != policy.DisposeFail || s.Reason != cachestatus.ReasonOriginError {
		t.Errorf("got %s, want failed", describe(s))
	}
}

func describe(s policy.Storage) string {
	return [...]string{"stored", "kept", "relayed", "failed"}[s.Disposal] +
		" (" + s.Reason.String() + ", fresh for " + s.Fresh.String() + ")"
}

func checkBypass(t *testing.T, in policy.Intake, reason cachestatus.Reason) {
	t.Helper()
	if in.Admission != policy.AdmitBypass || in.Reason != reason {
		t.Errorf("got admission %d for %s, want a bypass for %s", in.Admission, in.Reason, reason)
	}
	if key := (&cachekey.Inputs{}).Key(); in.Inputs.Key() != key {
		t.Error("a bypass has inputs of a key")
	}
}

func checkLookup(t *testing.T, in policy.Intake) {
	t.Helper()
	if in.Admission != policy.AdmitLookup || in.Reason != cachestatus.ReasonNone {
		t.Errorf("got admission %d for %s, want a lookup", in.Admission, in.Reason)
	}
}
