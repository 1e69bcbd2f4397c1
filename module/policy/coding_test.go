package policy_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

func passing(r config.Rule) config.Rule {
	r.Codings = config.CodingsPass
	return r
}

// TestCodings: with codings pass, an encoded answer is stored as it is, and a fill
// carries the visitor's Accept-Encoding, keyed once the answer varies by it.
func TestCodings(t *testing.T) {
	line := ttl(15 * time.Second)
	for _, coding := range []string{"gzip", "br", "x-own", "gzip, br", "Identity, zstd"} {
		checkRelayed(t, judge(line, answer(200, "Content-Encoding", coding)), cachestatus.ReasonContentEncoding)
		checkStored(t, judge(passing(line), answer(200, "Content-Encoding", coding)), 15*time.Second)
	}
	q := get("Accept-Encoding", "gzip, br")
	if in := policy.DecideIntake(q, policy.Compile(config.Rule{})); len(in.Forward) > 0 {
		t.Errorf("carries %v", in.Forward)
	}
	r := policy.Compile(passing(config.Rule{}))
	in := policy.DecideIntake(q, r)
	if !reflect.DeepEqual(in.Forward, fields("Accept-Encoding", "gzip, br")) || slices.Contains(keyedNames(in), "Accept-Encoding") {
		t.Errorf("carries %v, keyed is %v", in.Forward, keyedNames(in))
	}
	if none := policy.DecideIntake(get(), r); none.Inputs.Key() != in.Inputs.Key() {
		t.Error("it is keyed before an answer varies by it")
	}
}

// TestAcceptsCoding: RFC 9110 §12.5.3, who can read a body with these codings.
func TestAcceptsCoding(t *testing.T) {
	lines := func(l ...string) []string { return l }
	tests := map[string]struct {
		accept, codings []string
		want            bool
	}{
		"plain":                      {lines("gzip"), nil, true},
		"plain, nothing accepted":    {lines(""), nil, true},
		"plain, by its name":         {lines("gzip"), lines("Identity"), true},
		"no field":                   {nil, lines("gzip"), true},
		"empty":                      {lines(""), lines("gzip"), false},
		"named":                      {lines("gzip"), lines("gzip"), true},
		"named, any case":            {lines("GZip"), lines("gzIP"), true},
		"another":                    {lines("br"), lines("gzip"), false},
		"among others":               {lines("br, gzip;q=0.1"), lines("gzip"), true},
		"in a second line":           {lines("br", "gzip"), lines("gzip"), true},
		"weight of 0":                {lines("gzip;q=0"), lines("gzip"), false},
		"weight of 0.000":            {lines("gzip; q=0.000"), lines("gzip"), false},
		"weight of 0.001":            {lines("gzip;q=0.001"), lines("gzip"), true},
		"any":                        {lines("*"), lines("gzip"), true},
		"any but it":                 {lines("*, gzip;q=0"), lines("gzip"), false},
		"it but no other":            {lines("*;q=0, gzip"), lines("gzip"), true},
		"no other":                   {lines("gzip, *;q=0"), lines("br"), false},
		"x-gzip is gzip":             {lines("gzip"), lines("x-gzip"), true},
		"gzip is x-gzip":             {lines("x-gzip"), lines("gzip"), true},
		"two":                        {lines("gzip, br"), lines("gzip, br"), true},
		"two, one of them not":       {lines("gzip"), lines("gzip, br"), false},
		"two, in two lines, one not": {lines("gzip"), lines("gzip", "br"), false},
		"not registered":             {lines("gzip"), lines("x-own"), true},
		"registered and not":         {lines("br"), lines("x-own, gzip"), false},
		"identity alone":             {lines("identity"), lines("gzip"), false},
		"a name that begins so":      {lines("gzip2"), lines("gzip"), false},
		"a weight that is none":      {lines("gzip;q=x"), lines("gzip"), true},
		"empty members":              {lines(" ,, gzip"), lines(" , gzip"), true},
		"every registered one, unasked": {
			lines("identity"), lines("br, compress, x-compress, dcb, dcz, deflate, gzip, x-gzip, zstd"), false,
		},
	}
	for name, tt := range tests {
		request := http.Header{}
		if tt.accept != nil {
			request["Accept-Encoding"] = tt.accept
		}
		if got := policy.AcceptsCoding(request, http.Header{"Content-Encoding": tt.codings}); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	for coding := range strings.SplitSeq("br compress x-compress dcb dcz deflate gzip x-gzip zstd", " ") {
		if policy.AcceptsCoding(fields("Accept-Encoding", "other"), fields("Content-Encoding", coding)) {
			t.Errorf("%s goes to who cannot read it", coding)
		}
	}
}

// FuzzCoding: whoever names all codings of a body accepts it, whoever takes none
// accepts a plain one only, and how the members are cut into lines means nothing.
func FuzzCoding(f *testing.F) {
	f.Add("gzip, br;q=0.5", "gzip", "br")
	f.Add("*;q=0, x-gzip", "X-GZIP", "identity")
	f.Add("", " , ", "x-own")
	f.Add("identity;q=0", "zstd", "dcb,DCZ")
	f.Add("gzip;q=0, *", "gzip;q=1", "deflate")
	f.Add("\x00;q=\xff", "\xff", "compress ")
	f.Fuzz(func(t *testing.T, accept, first, second string) {
		h := http.Header{"Content-Encoding": {first, second}}
		joined := http.Header{"Content-Encoding": {first + "," + second}}
		codings := policy.CodingsOf(h)
		if !slices.Equal(codings, policy.CodingsOf(joined)) {
			t.Errorf("%q, and in one line %q", codings, policy.CodingsOf(joined))
		}
		if slices.Contains(codings, "identity") || slices.Contains(codings, "") {
			t.Errorf("%q are no codings", codings)
		}
		request := http.Header{"Accept-Encoding": {accept}}
		takes := policy.AcceptsCoding(request, h)
		if one := policy.AcceptsCoding(request, joined); one != takes {
			t.Errorf("%v, and in one line %v", takes, one)
		}
		if len(codings) == 0 && !takes {
			t.Error("a plain body is refused")
		}
		if !policy.AcceptsCoding(http.Header{}, h) || !policy.AcceptsCoding(http.Header{"Accept-Encoding": {"*"}}, h) {
			t.Error("refused by who takes all")
		}
		if !strings.Contains(strings.Join(codings, ""), ";") &&
			!policy.AcceptsCoding(http.Header{"Accept-Encoding": codings}, h) {
			t.Errorf("%q are refused by who names them", codings)
		}
		none := http.Header{"Accept-Encoding": {"*;q=0"}}
		if takes := policy.AcceptsCoding(none, h); takes && slices.Contains(codings, "gzip") {
			t.Errorf("%q are taken by who takes none", codings)
		}
	})
}
