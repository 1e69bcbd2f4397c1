package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestVary: SPEC rule 1, what the answer varies by is named, whether the fill
// carried it or not, but for what every fill of the key has in common; and what it
// varied by before stays named (RFC 9111 §4.1).
//
// RFC 9111: 4.1-2.
func TestVary(t *testing.T) {
	forwarding := func(names ...string) config.Rule { return config.Rule{Forward: names} }
	tests := map[string]struct {
		rule  config.Rule
		q     *policy.Request
		known []string // what the fill's variant was named by
		vary  []string
		want  []string
	}{
		"none":                               {vary: nil},
		"empty":                              {vary: []string{"", " , "}},
		"the edge's own":                     {vary: []string{"Accept-Encoding, Host, Range, If-None-Match, Cookie, Authorization, Te, X-Forwarded-For"}},
		"Accept has a class":                 {vary: []string{"accept"}},
		"representation is keyed":            {vary: []string{"HX-Request, X-Requested-With, Origin"}},
		"a credential never comes":           {vary: []string{"X-Api-Key, X-Auth-Token"}},
		"dropped":                            {vary: []string{"user-agent"}, want: []string{"User-Agent"}},
		"dropped, twice":                     {vary: []string{"X-A, x-a", "X-A"}, want: []string{"X-A"}},
		"two lines":                          {vary: []string{"X-A", "X-B, Accept-Encoding"}, want: []string{"X-A", "X-B"}},
		"sorted":                             {vary: []string{"X-B, User-Agent, X-A"}, want: []string{"User-Agent", "X-A", "X-B"}},
		"known before":                       {vary: []string{"X-A"}, known: []string{"X-A"}, want: []string{"X-A"}},
		"known in part":                      {vary: []string{"X-A, X-B"}, known: []string{"X-B"}, want: []string{"X-A", "X-B"}},
		"known, and no Vary at all":          {known: []string{"X-A"}, want: []string{"X-A"}},
		"known, and another Vary":            {vary: []string{"X-A"}, known: []string{"X-B"}, want: []string{"X-A", "X-B"}},
		"in vary":                            {rule: config.Rule{Vary: []string{"x-a"}}, vary: []string{"X-A"}},
		"in vary, absent":                    {rule: config.Rule{Vary: []string{"x-a"}}, q: get(), vary: []string{"X-A"}},
		"carried, not keyed":                 {rule: forwarding("X-A"), q: get("X-A", "1"), vary: []string{"X-A"}, want: []string{"X-A"}},
		"carried, not keyed, twice":          {rule: forwarding("X-A"), q: get("X-A", "1"), vary: []string{strings.Repeat("X-A, ", 20)}, want: []string{"X-A"}},
		"could be carried":                   {rule: forwarding("X-A"), q: get(), vary: []string{"X-A"}, want: []string{"X-A"}},
		"carried and known":                  {rule: forwarding("X-A"), q: get("X-A", "1"), known: []string{"X-A"}, vary: []string{"X-A"}, want: []string{"X-A"}},
		"forward *, carried":                 {rule: forwarding("*"), q: get("X-A", "1"), vary: []string{"X-A"}, want: []string{"X-A"}},
		"forward *, could be carried":        {rule: forwarding("*"), q: get(), vary: []string{"X-A"}, want: []string{"X-A"}},
		"forward *, Accept":                  {rule: forwarding("*"), q: get("Accept", "x/y"), vary: []string{"Accept"}, want: []string{"Accept"}},
		"forward *, Accept, absent":          {rule: forwarding("*"), q: get(), vary: []string{"Accept"}, want: []string{"Accept"}},
		"forward *, representation":          {rule: forwarding("*"), q: get("Origin", "x"), vary: []string{"Origin"}},
		"forwarded Accept":                   {rule: forwarding("Accept"), q: get("Accept", "x/y"), vary: []string{"Accept"}, want: []string{"Accept"}},
		"forwarded representation":           {rule: forwarding("Origin"), q: get("Origin", "x"), vary: []string{"Origin"}, want: []string{"Origin"}},
		"forwarded representation, absent":   {rule: forwarding("Origin"), q: get(), vary: []string{"Origin"}, want: []string{"Origin"}},
		"forwarded credential":               {rule: forwarding("X-Api-Key"), q: get("X-Api-Key", "x"), vary: []string{"X-Api-Key"}, want: []string{"X-Api-Key"}},
		"codings are the edge's":             {q: get("Accept-Encoding", "gzip"), vary: []string{"Accept-Encoding"}},
		"codings are passed":                 {rule: config.Rule{Codings: config.CodingsPass}, q: get("Accept-Encoding", "gzip"), vary: []string{"Accept-Encoding"}, want: []string{"Accept-Encoding"}},
		"codings are passed, absent":         {rule: config.Rule{Codings: config.CodingsPass}, vary: []string{"Accept-Encoding"}, want: []string{"Accept-Encoding"}},
		"the longest name":                   {vary: []string{strings.Repeat("A", 64)}, want: []string{"A" + strings.Repeat("a", 63)}},
		"as many as a resource has":          {vary: []string{list(8)}, want: strings.Split(list(8), ", ")},
		"full, nothing new":                  {known: strings.Split(list(8), ", "), vary: []string{list(8)}, want: strings.Split(list(8), ", ")},
		"more than full, nothing new":        {known: strings.Split(list(9), ", "), vary: []string{list(9)}, want: strings.Split(list(9), ", ")},
		"more than full, and no Vary at all": {known: strings.Split(list(9), ", "), want: strings.Split(list(9), ", ")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, _ := varied(tt.rule, tt.q, tt.known, tt.vary)
			if s.Disposal != policy.DisposeStore || s.Reason != cachestatus.ReasonNone || !slices.Equal(s.Vary, tt.want) {
				t.Errorf("got %s, %q, want %q", describe(s), s.Vary, tt.want)
			}
		})
	}
}

// TestVaryLimit: more than a resource's variants may be named by, or no names of
// headers.
func TestVaryLimit(t *testing.T) {
	for name, tt := range map[string]struct{ known, vary []string }{
		"nine":            {nil, []string{list(9)}},
		"eight and one":   {strings.Split(list(8), ", "), []string{"X-One-More"}},
		"nine and one":    {strings.Split(list(9), ", "), []string{"X-One-More"}},
		"one and eight":   {[]string{"X-One-More"}, []string{list(8)}},
		"long":            {nil, []string{strings.Repeat("a", 65)}},
		"no name":         {nil, []string{"X A"}},
		"quoted":          {nil, []string{`"X-A"`}},
		"control":         {nil, []string{"X-\x01"}},
		"behind a proper": {nil, []string{"X-A", "a:b"}},
	} {
		s, _ := varied(config.Rule{}, nil, tt.known, tt.vary)
		if s.Disposal != policy.DisposeRelay || s.Reason != cachestatus.ReasonVaryLimit {
			t.Errorf("%s: got %s, %q", name, describe(s), s.Vary)
		}
	}
	if policy.MaxNames != 8 {
		t.Error("these tests are for eight")
	}
}

// TestVaryWhateverTheDisposal: an answer that is not stored varies all the same; it
// is not for a visitor who has what the fill did not carry.
func TestVaryWhateverTheDisposal(t *testing.T) {
	for name, a := range map[string]*policy.Response{
		"private":     answer(200, "Cache-Control", "private", "Vary", "X-A"),
		"no-store":    answer(200, "Cache-Control", "no-store", "Vary", "X-A"),
		"no-cache":    answer(200, "Cache-Control", "no-cache", "Vary", "X-A", "Etag", `"x"`),
		"stale":       answer(200, "Cache-Control", "max-age=0", "Vary", "X-A"),
		"a status":    answer(403, "Vary", "X-A"),
		"an error":    answer(500, "Vary", "X-A"),
		"a cookie":    answer(200, "Set-Cookie", "a=1", "Vary", "X-A"),
		"it is coded": answer(200, "Content-Encoding", "br", "Vary", "X-A"),
	} {
		if s := judge(ttl(seconds(15)), a); s.Disposal == policy.DisposeStore || !slices.Equal(s.Vary, []string{"X-A"}) {
			t.Errorf("%s: %s, varies by %q", name, describe(s), s.Vary)
		}
	}
}

// TestVaryEnds: a fill of the variant that an answer has named gives an answer of
// that variant, which the next visitor like this one then finds.
//
// RFC 9111: 4-3, 4.1-1.
func TestVaryEnds(t *testing.T) {
	for _, forward := range [][]string{nil, {"*"}, {"X-A", "Accept", "Origin"}} {
		c := config.Rule{Forward: forward}
		q := get("X-A", "1", "Accept", "x/y", "Origin", "o", "User-Agent", "ua")
		vary := []string{"X-A, Accept, Origin, User-Agent, X-Absent, Cookie, Accept-Encoding"}
		first, _ := varied(c, q, nil, vary)
		again, in := varied(c, q, first.Vary, vary)
		r := policy.Compile(c)
		if again.Disposal != policy.DisposeStore || !slices.Equal(again.Vary, first.Vary) {
			t.Errorf("forward %v: got %s, %q after %q", forward, describe(again), again.Vary, first.Vary)
		}
		sent := in
		sent.Select(r.Sent(again.Vary, &in))
		if sent.Inputs.Key() != in.Inputs.Key() {
			t.Errorf("forward %v: the answer is %v, asked for was %v", forward, sent.Inputs.Variant, in.Inputs.Variant)
		}
	}
}

// varied judges an answer with these Vary lines to a fill whose variant was named
// by known, and returns what the fill was made from, too.
func varied(c config.Rule, q *policy.Request, known, vary []string) (policy.Storage, policy.Intake) {
	if q == nil {
		q = get()
	}
	a := answer(200, "Cache-Control", "max-age=60")
	a.Header["Vary"] = vary
	r := policy.Compile(c)
	in := policy.DecideIntake(q, r)
	in.Select(r.Variant(known, q.Header))
	return policy.DecideStorage(a, r, &in), in
}

// list names n headers.
func list(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("X-%d", i))
	}
	return strings.Join(names, ", ")
}
