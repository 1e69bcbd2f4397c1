package cachekey_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/page-cache/page-cache/module/cachekey"
)

// hostile is what parts of a key are made of here: every separator that a key
// might have, bytes that its lengths and counts consist of, and text to be cut.
var hostile = []string{
	"", "|", "-", "\x00", "\x1f", "\x01", "\x02", "\x03", "\x80", "\x80\x01", "\xff", "a", "b", "ab", "aab", "/", "?", "a=b", "shop.test", "GET", "https",
	"page-cache/2", "\x01a", "\x01\x00", "\x00\x01a", "é",
}

// texts are made of up to three of them, beforehand: a million pairs take long
// enough.
var texts = func() []string {
	all := []string{""}
	for _, a := range hostile {
		for _, b := range hostile {
			all = append(all, a+b, a+b+a, b+"a"+a)
		}
	}
	return all
}()

func hostileText(r *rand.Rand) string { return texts[r.IntN(len(texts))] }

func hostileInputs(r *rand.Rand) *cachekey.Inputs {
	fields := func() []cachekey.Field {
		var all []cachekey.Field
		for range r.IntN(3) {
			f := cachekey.Field{Name: hostileText(r)}
			for range r.IntN(3) {
				f.Values = append(f.Values, hostileText(r))
			}
			all = append(all, f)
		}
		return all
	}
	return &cachekey.Inputs{
		Site: hostileText(r), Route: hostileText(r), Scheme: hostileText(r), Host: hostileText(r),
		Original: hostileText(r), Current: hostileText(r), Part: hostileText(r), Headers: fields(), Vars: fields(), Values: fields(), Variant: fields(),
	}
}

// parts returns where the texts of in stand, in the order of a key.
func parts(in *cachekey.Inputs) []*string {
	all := []*string{&in.Site, &in.Route, &in.Scheme, &in.Host, &in.Original, &in.Current, &in.Part}
	for _, list := range [][]cachekey.Field{in.Headers, in.Vars, in.Values, in.Variant} {
		for i := range list {
			all = append(all, &list[i].Name)
			for j := range list[i].Values {
				all = append(all, &list[i].Values[j])
			}
		}
	}
	return all
}

// inject returns inputs that hold the same texts as in, moved over the borders
// that a key without lengths would lose: between neighbours, between a list and
// the next, between a name and its values.
func inject(r *rand.Rand, in *cachekey.Inputs) *cachekey.Inputs {
	out := *in
	for _, list := range []*[]cachekey.Field{&out.Headers, &out.Vars, &out.Values, &out.Variant} {
		copied := make([]cachekey.Field, len(*list))
		for i, f := range *list {
			copied[i] = cachekey.Field{Name: f.Name, Values: append([]string(nil), f.Values...)}
		}
		*list = copied
	}
	switch r.IntN(5) {
	case 0: // the border between two neighbours moves
		all := parts(&out)
		i := r.IntN(len(all) - 1)
		both := *all[i] + *all[i+1]
		cut := r.IntN(len(both) + 1)
		*all[i], *all[i+1] = both[:cut], both[cut:]
	case 1: // one takes another's separator
		all := parts(&out)
		i := r.IntN(len(all))
		*all[i] += hostile[r.IntN(len(hostile))]
	case 2: // a field changes its list, for the next or any other
		lists := []*[]cachekey.Field{&out.Headers, &out.Vars, &out.Values, &out.Variant}
		from, to := r.IntN(len(lists)), r.IntN(len(lists))
		if n := len(*lists[from]); n > 0 && from != to {
			*lists[to] = append([]cachekey.Field{(*lists[from])[n-1]}, *lists[to]...)
			*lists[from] = (*lists[from])[:n-1]
		}
	case 3: // a value becomes a field, and a field a value
		if n := len(out.Values); n > 0 && len(out.Values[n-1].Values) > 0 {
			last := &out.Values[n-1]
			name := last.Values[len(last.Values)-1]
			last.Values = last.Values[:len(last.Values)-1]
			out.Values = append(out.Values, cachekey.Field{Name: name})
		}
	case 4: // two parts change places
		all := parts(&out)
		i, j := r.IntN(len(all)), r.IntN(len(all))
		*all[i], *all[j] = *all[j], *all[i]
	}
	return &out
}

// same reports whether two inputs are one; a list without members is none.
func same(a, b *cachekey.Inputs) bool {
	if a.Site != b.Site || a.Route != b.Route || a.Scheme != b.Scheme || a.Host != b.Host || a.Original != b.Original || a.Current != b.Current || a.Part != b.Part {
		return false
	}
	equal := func(x, y []cachekey.Field) bool {
		return slices.EqualFunc(x, y, func(f, g cachekey.Field) bool { return f.Name == g.Name && slices.Equal(f.Values, g.Values) })
	}
	return equal(a.Headers, b.Headers) && equal(a.Vars, b.Vars) && equal(a.Values, b.Values) && equal(a.Variant, b.Variant)
}

// TestS45_KeyInjection: whatever separators a part of the key holds, a million
// pairs of inputs have the same key only if they are the same.
//
// RFC 9111: 4-1, 4-3, 4.1-1.
func TestS45_KeyInjection(t *testing.T) {
	t.Parallel()
	pairs := 250_000
	if testing.Short() {
		pairs = 2_500
	}
	for _, quarter := range []string{"first", "second", "third", "fourth"} {
		t.Run(quarter, func(t *testing.T) {
			t.Parallel()
			wantNoCollision(t, pairs)
		})
	}
}

func wantNoCollision(t *testing.T, pairs int) {
	t.Helper()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 45))
	different := 0
	for range pairs {
		a := hostileInputs(r)
		b := inject(r, a)
		if r.IntN(4) == 0 {
			b = hostileInputs(r)
		}
		equal := same(a, b)
		if !equal {
			different++
		}
		x, y := a.Key(), b.Key()
		if (x.Text == y.Text) != equal || (x.Digest == y.Digest) != equal {
			t.Fatalf("seed %d: equal %t, same text %t, same digest %t\n%+v\n%+v", seed, equal, x.Text == y.Text, x.Digest == y.Digest, a, b)
		}
	}
	if different < pairs/2 || different == pairs {
		t.Errorf("%d of %d pairs are different; the test shows little", different, pairs)
	}
}
