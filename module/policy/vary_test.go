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

// TestVary: SPEC rule 1, what the answer varies by and the fill did not carry is
// learned, and the fill repeated (RFC 9111 §4.1).
func TestVary(t *testing.T) {
	forwarding := func(names ...string) config.Rule { return config.Rule{Forward: names} }
	tests := map[string]struct {
		rule    config.Rule
		q       *policy.Request
		learned []string
		vary    []string
		want    []string
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
		"learned before":                     {vary: []string{"X-A"}, learned: []string{"X-A"}},
		"learned in part":                    {vary: []string{"X-A, X-B"}, learned: []string{"X-A"}, want: []string{"X-B"}},
		"in vary":                            {rule: config.Rule{Vary: []string{"x-a"}}, vary: []string{"X-A"}},
		"carried, not keyed":                 {rule: forwarding("X-A"), q: get("X-A", "1"), vary: []string{"X-A"}, want: []string{"X-A"}},
		"carried, not keyed, twice":          {rule: forwarding("X-A"), q: get("X-A", "1"), vary: []string{strings.Repeat("X-A, ", 20)}, want: []string{"X-A"}},
		"could be carried":                   {rule: forwarding("X-A"), q: get(), vary: []string{"X-A"}, want: []string{"X-A"}},
		"carried and learned":                {rule: forwarding("X-A"), q: get("X-A", "1"), learned: []string{"X-A"}, vary: []string{"X-A"}},
		"forward *, carried":                 {rule: forwarding("*"), q: get("X-A", "1"), vary: []string{"X-A"}, want: []string{"X-A"}},
		"forward *, could be carried":        {rule: forwarding("*"), q: get(), vary: []string{"X-A"}, want: []string{"X-A"}},
		"forward *, Accept":                  {rule: forwarding("*"), q: get("Accept", "x/y"), vary: []string{"Accept"}, want: []string{"Accept"}},
		"forward *, Accept, absent":          {rule: forwarding("*"), q: get(), vary: []string{"Accept"}, want: []string{"Accept"}},
		"forward *, representation":          {rule: forwarding("*"), q: get("Origin", "x"), vary: []string{"Origin"}},
		"forwarded Accept":                   {rule: forwarding("Accept"), q: get("Accept", "x/y"), vary: []string{"Accept"}, want: []string{"Accept"}},
		"forwarded representation":           {rule: forwarding("Origin"), q: get("Origin", "x"), vary: []string{"Origin"}, want: []string{"Origin"}},
		"forwarded representation, absent":   {rule: forwarding("Origin"), q: get(), vary: []string{"Origin"}, want: []string{"Origin"}},
		"forwarded credential":               {rule: forwarding("X-Api-Key"), q: get("X-Api-Key", "x"), vary: []string{"X-Api-Key"}, want: []string{"X-Api-Key"}},
		"the longest name":                   {vary: []string{strings.Repeat("A", 64)}, want: []string{"A" + strings.Repeat("a", 63)}},
		"as many as a line learns":           {vary: []string{list(8)}, want: strings.Split(list(8), ", ")},
		"full, nothing new":                  {learned: strings.Split(list(8), ", "), vary: []string{list(8)}},
		"more than full, nothing new":        {learned: strings.Split(list(9), ", "), vary: []string{list(9)}},
		"more than full, and no Vary at all": {learned: strings.Split(list(9), ", ")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := varied(tt.rule, tt.q, tt.learned, tt.vary)
			if s.Reason != cachestatus.ReasonNone || !slices.Equal(s.Learn, tt.want) {
				t.Errorf("got %s, %q, want %q", describe(s), s.Learn, tt.want)
			}
			want := policy.DisposeStore
			if len(tt.want) > 0 {
				want = policy.DisposeRepeat
			}
			if s.Disposal != want {
				t.Errorf("got %s", describe(s))
			}
		})
	}
}

// TestVaryLimit: more than a line remembers, or no names of headers.
func TestVaryLimit(t *testing.T) {
	for name, tt := range map[string]struct{ learned, vary []string }{
		"nine":            {nil, []string{list(9)}},
		"eight and one":   {strings.Split(list(8), ", "), []string{"X-One-More"}},
		"one and eight":   {[]string{"X-One-More"}, []string{list(8)}},
		"long":            {nil, []string{strings.Repeat("a", 65)}},
		"no name":         {nil, []string{"X A"}},
		"quoted":          {nil, []string{`"X-A"`}},
		"control":         {nil, []string{"X-\x01"}},
		"behind a proper": {nil, []string{"X-A", "a:b"}},
	} {
		s := varied(config.Rule{}, nil, tt.learned, tt.vary)
		if s.Disposal != policy.DisposeRelay || s.Reason != cachestatus.ReasonVaryLimit {
			t.Errorf("%s: got %s, %q", name, describe(s), s.Learn)
		}
	}
	if policy.MaxLearned != 8 {
		t.Error("these tests are for eight")
	}
}

// TestVaryEnds: a fill that is repeated with what was learned needs no repetition.
func TestVaryEnds(t *testing.T) {
	for _, forward := range [][]string{nil, {"*"}, {"X-A", "Accept", "Origin"}} {
		c := config.Rule{Forward: forward}
		q := get("X-A", "1", "Accept", "x/y", "Origin", "o", "User-Agent", "ua")
		vary := []string{"X-A, Accept, Origin, User-Agent, X-Absent, Cookie, Accept-Encoding"}
		first := varied(c, q, nil, vary)
		if again := varied(c, q, first.Learn, vary); again.Disposal != policy.DisposeStore {
			t.Errorf("forward %v: got %s after learning %v: %v", forward, describe(again), first.Learn, again.Learn)
		}
	}
}

func varied(c config.Rule, q *policy.Request, learned, vary []string) policy.Storage {
	if q == nil {
		q = get()
	}
	a := answer(200, "Cache-Control", "max-age=60")
	a.Header["Vary"] = vary
	r := policy.Compile(c)
	in := policy.DecideIntake(q, r, learned)
	return policy.DecideStorage(a, r, &in, learned)
}

// list names n headers.
func list(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("X-%d", i))
	}
	return strings.Join(names, ", ")
}
