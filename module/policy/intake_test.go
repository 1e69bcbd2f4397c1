package policy_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestIntakeMethod: SPEC, GET and HEAD use the cache, and a HEAD never fills it by
// itself: what it fills is the page.
//
// RFC 9111: 3-1, 4-2.
func TestIntakeMethod(t *testing.T) {
	for method, want := range map[string]policy.Admission{
		http.MethodGet: policy.AdmitLookup, http.MethodHead: policy.AdmitLookup,
		http.MethodPost: policy.AdmitBypass, http.MethodPut: policy.AdmitBypass, http.MethodPatch: policy.AdmitBypass,
		http.MethodDelete: policy.AdmitBypass, http.MethodOptions: policy.AdmitBypass, http.MethodTrace: policy.AdmitBypass,
		http.MethodConnect: policy.AdmitBypass, "QUERY": policy.AdmitBypass, "PROPFIND": policy.AdmitBypass,
		"get": policy.AdmitBypass, "": policy.AdmitBypass, "PURGE": policy.AdmitRefuse,
	} {
		q := get()
		q.Method = method
		in := policy.DecideIntake(q, policy.Compile(config.Rule{}))
		if in.Admission != want {
			t.Errorf("%s: got %d, want %d", method, in.Admission, want)
		}
		wantReason := [...]cachestatus.Reason{
			policy.AdmitLookup: cachestatus.ReasonNone, policy.AdmitBypass: cachestatus.ReasonMethod, policy.AdmitRefuse: cachestatus.ReasonPurge,
		}[want]
		if in.Reason != wantReason {
			t.Errorf("%s: got %s, want %s", method, in.Reason, wantReason)
		}
	}
}

// TestIntakeHead: a HEAD is answered from the page that a GET stored.
func TestIntakeHead(t *testing.T) {
	r := policy.Compile(config.Rule{})
	head := get()
	head.Method = http.MethodHead
	a, b := policy.DecideIntake(get(), r), policy.DecideIntake(head, r)
	if a.Inputs.Key() != b.Inputs.Key() {
		t.Error("GET and HEAD have different keys")
	}
}

// TestIntakeMessage: what in the message rules the cache out.
//
// RFC 9111: 3-6.
func TestIntakeMessage(t *testing.T) {
	tests := map[string]struct {
		q    *policy.Request
		want cachestatus.Reason
	}{
		"RFC 9110 §7.8 upgrade":                 {get("Upgrade", "websocket", "Connection", "Upgrade"), cachestatus.ReasonUpgrade},
		"RFC 9110 §7.8 upgrade alone":           {get("Upgrade", "h2c"), cachestatus.ReasonUpgrade},
		"RFC 9110 §7.8 upgrade, empty":          {get("Upgrade", ""), cachestatus.ReasonUpgrade},
		"RFC 9110 §7.6.1 close":                 {get("Connection", "close"), cachestatus.ReasonNone},
		"RFC 9110 §7.6.1 keep-alive":            {get("Connection", "Keep-Alive"), cachestatus.ReasonNone},
		"RFC 9110 §7.6.1 te":                    {get("Connection", "TE, close", "Te", "trailers"), cachestatus.ReasonNone},
		"RFC 9110 §7.6.1 empty":                 {get("Connection", ""), cachestatus.ReasonNone},
		"RFC 9110 §7.6.1 upgrade named":         {get("Connection", "upgrade"), cachestatus.ReasonConnection},
		"RFC 9110 §7.6.1 cookie named":          {get("Connection", "close, Cookie"), cachestatus.ReasonConnection},
		"RFC 9110 §7.6.1 in a second line":      {get("Connection", "close", "Connection", "X-Forwarded-Host"), cachestatus.ReasonConnection},
		"RFC 9110 §7.6.1 own field":             {get("Connection", "X-Anything"), cachestatus.ReasonConnection},
		"SSE event-stream":                      {get("Accept", "text/event-stream"), cachestatus.ReasonEventStream},
		"SSE event-stream among others":         {get("Accept", "text/html, Text/Event-Stream;q=0.1"), cachestatus.ReasonEventStream},
		"SSE event-stream in a second line":     {get("Accept", "*/*", "Accept", "text/event-stream"), cachestatus.ReasonEventStream},
		"SPEC rule 3 Authorization":             {get("Authorization", "Basic Zm9vOmJhcg=="), cachestatus.ReasonAuthorization},
		"SPEC rule 3 Authorization, empty":      {get("Authorization", ""), cachestatus.ReasonAuthorization},
		"SPEC rule 3 Proxy-Authorization":       {get("Proxy-Authorization", "Basic x"), cachestatus.ReasonAuthorization},
		"SPEC rule 3 cookie":                    {get("Cookie", "cart=3"), cachestatus.ReasonCookie},
		"RFC 9111 §5.2.1 no-cache is advice":    {get("Cache-Control", "no-cache, no-store, max-age=0", "Pragma", "no-cache"), cachestatus.ReasonNone},
		"RFC 9110 §13 conditions do not matter": {get("If-None-Match", `"x"`, "If-Modified-Since", date(0)), cachestatus.ReasonNone},
		"RFC 9110 §10.1.1 Expect":               {get("Expect", "100-continue"), cachestatus.ReasonNone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := policy.DecideIntake(tt.q, policy.Compile(config.Rule{}))
			if tt.want == cachestatus.ReasonNone {
				checkLookup(t, in)
				return
			}
			checkBypass(t, in, tt.want)
		})
	}
}

// TestIntakeServer: what only the server knows of a request.
func TestIntakeServer(t *testing.T) {
	r := policy.Compile(config.Rule{Forward: []string{"*"}})
	for _, tt := range []struct {
		want   cachestatus.Reason
		change func(*policy.Request)
	}{
		{cachestatus.ReasonRequestBody, func(q *policy.Request) { q.HasBody = true }},
		{cachestatus.ReasonClientCertificate, func(q *policy.Request) { q.ClientCert = true }},
		{cachestatus.ReasonUser, func(q *policy.Request) { q.User = true }},
		{cachestatus.ReasonOperator, func(q *policy.Request) { q.Operator = true }},
		{cachestatus.ReasonNamedRoute, func(q *policy.Request) { q.OpenEnded = true }},
	} {
		q := get()
		tt.change(q)
		checkBypass(t, policy.DecideIntake(q, r), tt.want)
	}
}

// TestIntakeInputs: SPEC rule 6, what is in the key.
func TestIntakeInputs(t *testing.T) {
	q := get()
	q.Original, q.Current = "/de/shoes?a=1", "/index.php?a=1"
	q.Vars = []cachekey.Field{{Name: "lang", Values: []string{"string", `"de"`}}}
	q.Values = []cachekey.Field{{Name: "{http.request.header.X-Country}", Values: []string{"DE"}}}
	in := policy.DecideIntake(q, policy.Compile(config.Rule{}))
	want := cachekey.Inputs{
		Site: "site", Route: "route", Scheme: "https", Host: "shop.example",
		Original: "/de/shoes?a=1", Current: "/index.php?a=1",
		Headers: []cachekey.Field{{Name: "Accept", Values: []string{"*/*"}}},
		Vars:    q.Vars, Values: q.Values,
	}
	if !reflect.DeepEqual(in.Inputs, want) {
		t.Errorf("got %+v, want %+v", in.Inputs, want)
	}
}

// TestIntakeWishes: what the client wants of the answer.
func TestIntakeWishes(t *testing.T) {
	r := policy.Compile(config.Rule{})
	tests := map[string]struct {
		q                    *policy.Request
		onlyIfCached, ranged bool
	}{
		"nothing":                              {get(), false, false},
		"RFC 9111 §5.2.1.7 only-if-cached":     {get("Cache-Control", "max-age=1, Only-If-Cached"), true, false},
		"RFC 9111 §5.2.1.7 in a second line":   {get("Cache-Control", "max-age=1", "Cache-Control", "only-if-cached"), true, false},
		"RFC 9111 §5.2.1.7 inside a quotation": {get("Cache-Control", `x="only-if-cached"`), false, false},
		"RFC 9110 §14.2 range":                 {get("Range", "bytes=0-99"), false, true},
		"RFC 9110 §14.2 another unit":          {get("Range", "lines=1"), false, true},
	}
	for name, tt := range tests {
		in := policy.DecideIntake(tt.q, r)
		checkLookup(t, in)
		if in.OnlyIfCached != tt.onlyIfCached || in.Range != tt.ranged {
			t.Errorf("%s: got %v, %v", name, in.OnlyIfCached, in.Range)
		}
		if _, ok := keyed(in, "Range"); ok {
			t.Errorf("%s: Range is keyed", name)
		}
	}
}

// TestIntakeKeyed: SPEC rule 1, which headers select a response.
func TestIntakeKeyed(t *testing.T) {
	vary := func(names ...string) config.Rule { return config.Rule{Vary: names} }
	tests := map[string]struct {
		rule config.Rule
		q    *policy.Request
		want []string
	}{
		"nothing but the class of Accept": {config.Rule{}, get("User-Agent", "x", "Accept-Language", "de", "Dnt", "1"), []string{"Accept"}},
		"representation headers": {
			config.Rule{},
			get("X-Requested-With", "XMLHttpRequest", "Hx-Request", "true", "Hx-Target", "x", "Turbo-Frame", "f", "Rsc", "1",
				"Next-Url", "/", "Next-Router-State-Tree", "x", "X-Inertia", "true", "X-Inertia-Version", "1", "Origin", "https://a.example"),
			[]string{
				"Accept", "Hx-Request", "Hx-Target", "Next-Router-State-Tree", "Next-Url", "Origin", "Rsc", "Turbo-Frame",
				"X-Inertia", "X-Inertia-Version", "X-Requested-With",
			},
		},
		"representation, empty":         {config.Rule{}, get("Hx-Request", ""), []string{"Accept", "Hx-Request"}},
		"vary, present":                 {vary("accept-language"), get("Accept-Language", "de"), []string{"Accept", "Accept-Language"}},
		"vary, absent":                  {vary("accept-language"), get(), []string{"Accept"}},
		"vary, a credential":            {vary("X-Api-Key"), get("X-Api-Key", "k"), []string{"Accept", "X-Api-Key"}},
		"vary Accept as the client has": {vary("Accept"), get("Accept", "x/y"), []string{"Accept"}},
		"vary Accept, absent":           {vary("Accept"), get(), []string{}},
		"forwarded representation":      {config.Rule{Forward: []string{"origin"}}, get("Origin", "https://a.example"), []string{"Accept"}},
		"forward * keys representation": {config.Rule{Forward: []string{"*"}}, get("Origin", "https://a.example"), []string{"Origin"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := policy.DecideIntake(tt.q, policy.Compile(tt.rule))
			checkLookup(t, in)
			if got := keyedNames(in); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			for name := range in.Forward {
				if _, twice := keyed(in, name); twice {
					t.Errorf("%s is keyed and called harmless", name)
				}
			}
		})
	}
}

// TestIntakeAbsentAndEmpty: RFC 9111 §4.1 keeps a header that is missing apart
// from one that is empty. Two lines mean what one with a comma does (RFC 9110
// §5.3), and blanks around members mean nothing.
//
// RFC 9111: 4-3.
func TestIntakeAbsentAndEmpty(t *testing.T) {
	r := policy.Compile(config.Rule{Vary: []string{"X-Country"}})
	seen := map[cachekey.Key]string{}
	for name, q := range map[string]*policy.Request{
		"absent": get(), "empty": get("X-Country", ""), "two empty": get("X-Country", "", "X-Country", ""),
		"de": get("X-Country", "de"), "DE": get("X-Country", "DE"),
		"de,at": get("X-Country", "de,at"), "at and de": get("X-Country", "at", "X-Country", "de"), "quoted": get("X-Country", `"de,at"`),
	} {
		in := policy.DecideIntake(q, r)
		key := in.Inputs.Key()
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s have one key", name, other)
		}
		seen[key] = name
	}
	for name, q := range map[string]*policy.Request{
		"empty": get("X-Country", " "), "two empty": get("X-Country", ","), "de,at": get("X-Country", "de", "X-Country", " at"),
	} {
		in := policy.DecideIntake(q, r)
		if got := seen[in.Inputs.Key()]; got != name {
			t.Errorf("%q has the key of %q, want that of %q", q.Header["X-Country"], got, name)
		}
	}
}

// TestIntakeTrustedProxy: scheme and host of the outer side come from a trusted
// proxy, and are keyed; from anybody else they are nothing.
func TestIntakeTrustedProxy(t *testing.T) {
	r := policy.Compile(config.Rule{})
	q := get("X-Forwarded-Proto", "https", "X-Forwarded-Host", "outer.example", "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Port", "443")
	if got := keyedNames(policy.DecideIntake(q, r)); !slices.Equal(got, []string{"Accept"}) {
		t.Errorf("from anybody: %v", got)
	}
	q.TrustedProxy = true
	in := policy.DecideIntake(q, r)
	if got := keyedNames(in); !slices.Equal(got, []string{"Accept", "X-Forwarded-Host", "X-Forwarded-Proto"}) {
		t.Errorf("from a trusted proxy: %v", got)
	}
	if values, _ := keyed(in, "X-Forwarded-Host"); !slices.Equal(values, []string{"outer.example"}) {
		t.Errorf("X-Forwarded-Host: %v", values)
	}
}

// TestIntakeForward: what a fill carries by the operator's word.
func TestIntakeForward(t *testing.T) {
	q := get("X-A", "1", "X-B", "2", "User-Agent", "ua", "Accept", "a/b", "Accept-Encoding", "br", "Cookie", "_ga=1",
		"If-None-Match", `"x"`, "Range", "bytes=0-1", "X-Forwarded-For", "203.0.113.9", "Forwarded", "for=x", "Te", "trailers",
		"Connection", "te", "Cache-Control", "no-cache", "X-Real-Ip", "203.0.113.9", "X-Http-Method-Override", "POST", "X-Rewrite-Url", "/admin",
		"Via", "1.1 x", "Hx-Request", "true")
	tests := map[string]struct {
		forward []string
		want    []string
	}{
		"nothing":       {nil, nil},
		"named":         {[]string{"x-a", "X-Absent"}, []string{"X-A"}},
		"accept":        {[]string{"Accept"}, []string{"Accept"}},
		"star":          {[]string{"*"}, []string{"Accept", "User-Agent", "X-A", "X-B"}},
		"star and name": {[]string{"*", "X-Real-IP"}, []string{"Accept", "User-Agent", "X-A", "X-B", "X-Real-Ip"}},
	}
	for name, tt := range tests {
		in := policy.DecideIntake(q, policy.Compile(config.Rule{Forward: tt.forward}))
		checkLookup(t, in)
		var got []string
		for name := range in.Forward {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

// TestIntakeCopies: the verdict lives on when the request is gone.
func TestIntakeCopies(t *testing.T) {
	q := get("Hx-Request", "true", "X-A", "1")
	in := policy.DecideIntake(q, policy.Compile(config.Rule{Forward: []string{"X-A"}}))
	q.Header["Hx-Request"][0], q.Header["X-A"][0] = "changed", "changed"
	if values, _ := keyed(in, "Hx-Request"); values[0] != "true" || in.Forward["X-A"][0] != "1" {
		t.Error("the verdict shares memory with the request")
	}
}

// TestForwardAllLeavesOut: what no fill carries however much is forwarded, because
// it concerns one connection, one visitor, or is the edge's own to set.
func TestForwardAllLeavesOut(t *testing.T) {
	r := policy.Compile(config.Rule{Forward: []string{"*"}})
	for _, name := range []string{
		"Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "HTTP2-Settings", // RFC 9110 §7.6.1
		"Expect", "Content-Length", "Host", "Range", "Accept-Encoding",
		"Cache-Control", "Pragma", "Date", "Age", "Via", "Warning", "Early-Data",
		"Cache-Status", "CDN-Cache-Control", "Surrogate-Control", "Surrogate-Capability", "CDN-Loop",
		"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "If-Schedule-Tag-Match",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server",
		"X-Real-IP", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP",
		"X-Host", "X-Original-URL", "X-Original-Host", "X-Rewrite-URL", "X-HTTP-Host-Override",
		"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
	} {
		in := policy.DecideIntake(get(name, ""), r)
		checkLookup(t, in)
		if _, ok := keyed(in, http.CanonicalHeaderKey(name)); ok || len(in.Forward) > 0 {
			t.Errorf("%s is carried", name)
		}
	}
}
