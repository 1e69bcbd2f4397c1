package policy_test

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestVariantKeys: RFC 9111 §4.1, which visitors share a variant: those whose
// fields are the same after what RFC 9110 §5.3 and §5.6.1 lets be normalized.
//
// RFC 9111: 4-3, 4.1-1.
func TestVariantKeys(t *testing.T) {
	lines := func(l ...string) []string { return l }
	for name, tt := range map[string]struct {
		field string
		a, b  []string
		same  bool
	}{
		"absent and absent":           {"X-A", nil, nil, true},
		"absent and empty":            {"X-A", nil, lines(""), false},
		"absent and none":             {"X-A", nil, lines(), true},
		"empty and blank":             {"X-A", lines(""), lines(" "), true},
		"one and another":             {"X-A", lines("a"), lines("b"), false},
		"another case":                {"X-A", lines("a"), lines("A"), false},
		"another order":               {"X-A", lines("a, b"), lines("b, a"), false},
		"another number":              {"X-A", lines("a"), lines("a, a"), false},
		"two lines and one":           {"X-A", lines("a", "b"), lines("a,b"), true},
		"blanks around members":       {"X-A", lines("a ,\tb"), lines("a, b"), true},
		"blanks within members":       {"X-A", lines("a b"), lines("a  b"), false},
		"an empty member":             {"X-A", lines("a,,b"), lines("a, b"), false},
		"a comma in quotes":           {"X-A", lines(`"a,b"`), lines(`"a, b"`), false},
		"User-Agent, no list":         {"User-Agent", lines("a (b,c)"), lines("a (b, c)"), false},
		"Referer, no list":            {"Referer", lines("http://a/?b,c"), lines("http://a/?b, c"), false},
		"From, two lines":             {"From", lines("a", "b"), lines("a, b"), false},
		"languages, case":             {"Accept-Language", lines("de-AT"), lines("DE-at"), true},
		"languages, weights":          {"Accept-Language", lines("de;q=0.80 , en;q=1.0"), lines("de;q=0.8,en"), true},
		"languages, order":            {"Accept-Language", lines("de, en"), lines("en, de"), false},
		"languages, other weights":    {"Accept-Language", lines("de, en;q=0.8"), lines("de, en;q=0.7"), false},
		"languages, absent and empty": {"Accept-Language", nil, lines(""), false},
	} {
		r := policy.Compile(config.Rule{})
		key := func(values []string) cachekey.Key {
			in := policy.DecideIntake(get(), r)
			in.Select(r.Variant([]string{tt.field}, http.Header{tt.field: values}))
			return in.Inputs.Key()
		}
		if same := key(tt.a) == key(tt.b); same != tt.same {
			t.Errorf("%s: one key: %v", name, same)
		}
		// The line's own vary reads fields in the same way.
		r = policy.Compile(config.Rule{Vary: []string{tt.field}})
		listed := func(values []string) cachekey.Key {
			q := get()
			if len(values) > 0 {
				q.Header[tt.field] = values
			}
			in := policy.DecideIntake(q, r)
			return in.Inputs.Key()
		}
		if same := listed(tt.a) == listed(tt.b); same != tt.same {
			t.Errorf("%s, in vary: one key: %v", name, same)
		}
	}
}

// TestCanonicalValues: the one form in which a field is keyed and carried.
func TestCanonicalValues(t *testing.T) {
	lines := func(l ...string) []string { return l }
	plain, chosen := config.Rule{}, config.Rule{VaryLanguage: []string{"*"}}
	for name, tt := range map[string]struct {
		rule     config.Rule
		field    string
		in, want []string
	}{
		"absent":                      {plain, "X-A", nil, nil},
		"no lines":                    {plain, "X-A", lines(), nil},
		"empty":                       {plain, "X-A", lines(""), lines("")},
		"one":                         {plain, "X-A", lines(" a "), lines("a")},
		"a list":                      {plain, "X-A", lines("a,b ,\tc"), lines("a, b, c")},
		"lines":                       {plain, "X-A", lines("a", "b,c"), lines("a, b, c")},
		"empty members stay":          {plain, "X-A", lines(",a,", ""), lines(", a, , ")},
		"quoted comma":                {plain, "X-A", lines(`"a,b" , c`), lines(`"a,b", c`)},
		"quoted blanks":               {plain, "X-A", lines(`" a ,b "`), lines(`" a ,b "`)},
		"quoted quote":                {plain, "X-A", lines(`"a\",b",c`), lines(`"a\",b", c`)},
		"a parameter":                 {plain, "X-A", lines(`a;b="c,d";e,f`), lines(`a;b="c,d";e, f`)},
		"never closed":                {plain, "X-A", lines(`"a,b`), lines(`"a, b`)},
		"closed in another line":      {plain, "X-A", lines(`"a,b`, `c,d"`), lines(`"a,b, c,d"`)},
		"Accept, keyed as it is":      {plain, "Accept", lines("text/html,*/*;q=0.8"), lines("text/html, */*;q=0.8")},
		"Accept-Encoding":             {plain, "Accept-Encoding", lines("gzip,br"), lines("gzip, br")},
		"User-Agent":                  {plain, "User-Agent", lines("a/1 (b; c,d)  e"), lines("a/1 (b; c,d)  e")},
		"Referer":                     {plain, "Referer", lines("http://a/b,c"), lines("http://a/b,c")},
		"Origin":                      {plain, "Origin", lines("http://a ,b"), lines("http://a ,b")},
		"From":                        {plain, "From", lines("a,b@c"), lines("a,b@c")},
		"Date":                        {plain, "Date", lines("Wed,02 Jan"), lines("Wed,02 Jan")},
		"Host":                        {plain, "Host", lines("a ,b"), lines("a ,b")},
		"no list, two lines":          {plain, "User-Agent", lines("a", "b"), lines("a", "b")},
		"languages":                   {plain, "Accept-Language", lines("DE-at;q=0.50,EN ; Q=1.000", "*;q=0"), lines("de-at;q=0.5, en, *;q=0")},
		"languages, in their order":   {plain, "Accept-Language", lines("en,de"), lines("en, de")},
		"languages, empty":            {plain, "Accept-Language", lines(" , "), lines("")},
		"vary_language *, order":      {chosen, "Accept-Language", lines("en, de;q=0.9, at"), lines("at, en, de;q=0.9")},
		"vary_language *, twice":      {chosen, "Accept-Language", lines("en, de, EN"), lines("de, en")},
		"vary_language *, of another": {chosen, "X-A", lines("b,a"), lines("b, a")},
	} {
		t.Run(name, func(t *testing.T) {
			got := policy.Compile(tt.rule).Variant([]string{tt.field}, http.Header{tt.field: tt.in})
			want := []cachekey.Field{{Name: tt.field, Values: tt.want}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if len(got[0].Values) > 0 && len(tt.in) > 0 {
				before := tt.in[0]
				if got[0].Values[0] = "changed"; tt.in[0] != before {
					t.Error("the variant shares memory with the request")
				}
			}
		})
	}
}

// TestSent: the variant that an answer is, which is what its fill carried of the
// fields that it varies by; not what the visitor has.
//
// RFC 9111: 4-3, 4.1-1.
func TestSent(t *testing.T) {
	q := get("X-A", "1,2", "X-B", "3", "User-Agent", "ua", "Accept-Encoding", "gzip,br")
	field := func(name string, values ...string) cachekey.Field { return cachekey.Field{Name: name, Values: values} }
	for name, tt := range map[string]struct {
		rule         config.Rule
		known, names []string
		want         []cachekey.Field
	}{
		"nothing":                 {config.Rule{}, nil, nil, []cachekey.Field{}},
		"it was dropped":          {config.Rule{}, nil, []string{"X-A"}, []cachekey.Field{field("X-A")}},
		"it was carried":          {config.Rule{Forward: []string{"X-A"}}, nil, []string{"X-A"}, []cachekey.Field{field("X-A", "1, 2")}},
		"it was asked for":        {config.Rule{}, []string{"X-A"}, []string{"X-A"}, []cachekey.Field{field("X-A", "1, 2")}},
		"one of two":              {config.Rule{}, []string{"X-B"}, []string{"X-A", "X-B"}, []cachekey.Field{field("X-A"), field("X-B", "3")}},
		"carried and asked for":   {config.Rule{Forward: []string{"*"}}, []string{"X-B"}, []string{"X-A", "X-B"}, []cachekey.Field{field("X-A", "1, 2"), field("X-B", "3")}},
		"the visitor has none":    {config.Rule{Forward: []string{"X-C"}}, []string{"X-D"}, []string{"X-C", "X-D"}, []cachekey.Field{field("X-C"), field("X-D")}},
		"codings are passed":      {config.Rule{Codings: config.CodingsPass}, nil, []string{"Accept-Encoding"}, []cachekey.Field{field("Accept-Encoding", "gzip, br")}},
		"codings are not":         {config.Rule{}, nil, []string{"Accept-Encoding"}, []cachekey.Field{field("Accept-Encoding")}},
		"asked for, named by one": {config.Rule{}, []string{"X-A", "X-B"}, []string{"X-B"}, []cachekey.Field{field("X-B", "3")}},
	} {
		r := policy.Compile(tt.rule)
		in := policy.DecideIntake(q, r)
		in.Select(r.Variant(tt.known, q.Header))
		if got := r.Sent(tt.names, &in); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestSelect: a variant's fields are keyed and carried as they stand in it, and no
// more as the visitor sent them; a fill that was made before keeps what it has.
func TestSelect(t *testing.T) {
	r := policy.Compile(config.Rule{Forward: []string{"X-A", "X-B"}})
	in := policy.DecideIntake(get("X-A", "1", "X-B", "2"), r)
	before := in
	in.Select([]cachekey.Field{{Name: "X-A", Values: []string{"9"}}})
	if want := fields("X-B", "2"); !reflect.DeepEqual(in.Forward, want) {
		t.Errorf("carries %v, want %v", in.Forward, want)
	}
	if want := fields("X-A", "1", "X-B", "2"); !reflect.DeepEqual(before.Forward, want) || before.Inputs.Variant != nil {
		t.Errorf("what was made before carries %v, want %v", before.Forward, want)
	}
	if in.Inputs.Key() == before.Inputs.Key() {
		t.Error("the variant is not keyed")
	}
	in.Select([]cachekey.Field{{Name: "X-A"}})
	if in.Inputs.Key() == before.Inputs.Key() {
		t.Error("an absent field is not keyed")
	}
	none := policy.Intake{}
	none.Select(nil)
	if none.Inputs.Key() != (&cachekey.Inputs{}).Key() || len(none.Forward) > 0 {
		t.Errorf("no variant: %+v", none)
	}
}
