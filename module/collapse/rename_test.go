package collapse

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// What turns out to be one variant is found under its own key, from its start, and
// under the resource's key no more.
func TestRename(t *testing.T) {
	limits := NewLimits(3, 1<<20)
	g := NewGroup(limits, new(Places))
	f, leader := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	_, early := mustJoin(t, g, key(1), 1<<20, RoleFollower)
	f.Rename(key(2))
	f.Settle(OutcomeShared, Answer{Status: 200, Names: []string{"X-A"}, Variant: key(2)}, nil)
	mustWrite(t, f.Body, page(500))
	found, late := mustJoin(t, g, key(2), 1<<20, RoleFollower)
	if found != f {
		t.Error("another fill has the new key")
	}
	other, first := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	mustWrite(t, f.Body, page(1000)[500:])
	f.End(nil)
	f.Leave()
	for _, r := range []*Reader{leader, early, late} {
		if got, err := drain(t.Context(), r); !errors.Is(err, io.EOF) || !bytes.Equal(got, page(1000)) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		r.Close()
	}
	next, second := mustJoin(t, g, key(2), 1<<20, RoleLeader) // its end has freed the new key
	_, follower := mustJoin(t, g, key(1), 1<<20, RoleFollower)
	follower.Close()
	for _, r := range []*Reader{first, second} {
		r.Close()
	}
	for _, f := range []*Fill{other, next} {
		f.End(nil)
		f.Leave()
	}
	wantLimits(t, limits, 0, 0)
}

// A key that is taken keeps its fill. The one that wanted it is found by nobody,
// and its end takes the key from nobody.
func TestRenameToATakenKey(t *testing.T) {
	limits := NewLimits(4, 1<<20)
	g := NewGroup(limits, new(Places))
	owner, r1 := mustJoin(t, g, key(2), 1<<20, RoleLeader)
	f, r2 := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	f.Rename(key(2))
	found, r3 := mustJoin(t, g, key(2), 1<<20, RoleFollower)
	if found != owner {
		t.Error("the key was taken from its fill")
	}
	again, r4 := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	f.Rename(key(3)) // it has no place to leave any more
	third, r5 := mustJoin(t, g, key(3), 1<<20, RoleLeader)
	f.Settle(OutcomeShared, Answer{Status: 200}, nil)
	mustWrite(t, f.Body, page(10))
	f.End(nil)
	f.Leave()
	if got, err := drain(t.Context(), r2); !errors.Is(err, io.EOF) || len(got) != 10 {
		t.Errorf("its own reader got %d bytes, %v", len(got), err)
	}
	for k, want := range map[byte]*Fill{1: again, 2: owner, 3: third} {
		if found, r := mustJoin(t, g, key(k), 1<<20, RoleFollower); found != want {
			t.Errorf("key %d has another fill", k)
		} else {
			r.Close()
		}
	}
	for _, r := range []*Reader{r1, r2, r3, r4, r5} {
		r.Close()
	}
	for _, f := range []*Fill{owner, again, third} {
		f.End(nil)
		f.Leave()
	}
	wantLimits(t, limits, 0, 0)
}

// A fill that is out of its group stays out.
func TestRenameComesTooLate(t *testing.T) {
	for name, do := range map[string]func(*Fill){
		"private": func(f *Fill) { f.Settle(OutcomePrivate, Answer{Status: 200}, nil) },
		"held":    func(f *Fill) { f.Settle(OutcomeHeld, Answer{Status: 200}, nil) },
		"outgrown": func(f *Fill) {
			f.Settle(OutcomeShared, Answer{Status: 200}, nil)
			f.Outgrow()
		},
		"ended": func(f *Fill) { f.End(errOrigin) },
	} {
		g := NewGroup(NewLimits(2, 1<<20), new(Places))
		f, r := mustJoin(t, g, key(1), 1<<20, RoleLeader)
		do(f)
		f.Rename(key(2))
		for _, k := range []byte{1, 2} {
			next, own, role := g.Join(key(k), 1<<20)
			if role != RoleLeader {
				t.Fatalf("%s: key %d gives role %d", name, k, role)
			}
			own.Close()
			next.End(nil)
			next.Leave()
			if k == 1 {
				f.Leave()
			}
		}
		r.Close()
		f.End(nil)
	}
}

// Renamed to the key that it has, a fill keeps it.
func TestRenameToItsOwnKey(t *testing.T) {
	g := NewGroup(NewLimits(1, 1<<20), new(Places))
	f, r := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	f.Rename(key(1))
	found, follower := mustJoin(t, g, key(1), 1<<20, RoleFollower)
	if found != f {
		t.Error("another fill has its key")
	}
	r.Close()
	follower.Close()
	f.End(nil)
	f.Leave()
}

// Whatever is joined, renamed and ended in whatever order, a key gives the fill
// that has it, and each place is given back.
func TestRenameProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := NewLimits(100, 1<<20)
		g := NewGroup(limits, new(Places))
		model := map[byte]*Fill{}
		var all []*Fill
		at := func(f *Fill) (byte, bool) {
			for k, other := range model {
				if other == f {
					return k, true
				}
			}
			return 0, false
		}
		keys := rapid.ByteRange(1, 4)
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				k := keys.Draw(t, "key")
				f, r, role := g.Join(key(k), 1<<20)
				defer r.Close()
				if want, there := model[k]; there != (role == RoleFollower) || there && f != want {
					t.Fatalf("key %d gives role %d", k, role)
				}
				if role == RoleLeader {
					model[k] = f
					all = append(all, f)
				}
			},
			"rename": func(t *rapid.T) {
				if len(all) == 0 {
					t.Skip("no fill")
				}
				f, k := rapid.SampledFrom(all).Draw(t, "fill"), keys.Draw(t, "key")
				f.Rename(key(k))
				old, there := at(f)
				if !there || old == k {
					return
				}
				delete(model, old)
				if model[k] == nil {
					model[k] = f
				}
			},
			"end": func(t *rapid.T) {
				if len(all) == 0 {
					t.Skip("no fill")
				}
				f := rapid.SampledFrom(all).Draw(t, "fill")
				f.End(nil)
				f.Leave()
				if old, there := at(f); there {
					delete(model, old)
				}
			},
		})
		for _, f := range all {
			f.End(nil)
			f.Leave()
		}
		if limits.Fills() != 0 || len(g.m) != 0 {
			t.Fatalf("%d fills and %d keys are left", limits.Fills(), len(g.m))
		}
	})
}
