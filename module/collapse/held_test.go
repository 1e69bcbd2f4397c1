package collapse

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
)

// A held answer is its leader's alone, and is kept whole all the same, however
// long it is and whoever reads it.
func TestHeldIsKeptWhole(t *testing.T) {
	for name, stays := range map[string]bool{"its leader reads it": true, "its leader has left": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := NewLimits(2, 1<<20)
				g := NewGroup(limits, new(Places))
				f, r := mustJoin(t, g, key(1), 1<<20, RoleLeader)
				want := page(3 * window) // more than a stream would be ahead of its readers
				f.Settle(OutcomeHeld, Answer{Status: 200}, nil)
				if !stays {
					r.Close()
				}
				next, late := mustJoin(t, g, key(1), 1<<20, RoleLeader)
				mustWrite(t, f.Body, want[:window])
				mustWrite(t, f.Body, want[window:])
				if limits.Fills() != 2 || limits.Bytes() != int64(len(want)) {
					t.Errorf("%d fills and %d bytes; it is no private answer", limits.Fills(), limits.Bytes())
				}
				f.End(nil)
				f.Leave()
				if got, ok := f.Whole(); !ok || !bytes.Equal(got, want) {
					t.Errorf("got %d bytes, whole %v, want %d", len(got), ok, len(want))
				}
				if stays {
					if got, err := drain(t.Context(), r); !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
						t.Errorf("the leader got %d bytes, %v", len(got), err)
					}
					r.Close()
				}
				late.Close()
				next.End(nil)
				next.Leave()
				wantLimits(t, limits, 0, 0)
			})
		})
	}
}

// A held answer that is too large to be kept is streamed, as any other.
func TestHeldOutgrows(t *testing.T) {
	limits := NewLimits(1, 1<<20)
	f, r := mustJoin(t, NewGroup(limits, new(Places)), key(1), 10, RoleLeader)
	f.Settle(OutcomeHeld, Answer{Status: 200}, nil)
	mustWrite(t, f.Body, page(11))
	wantLimits(t, limits, 0, 0)
	f.End(nil)
	f.Leave()
	if _, ok := f.Whole(); ok {
		t.Error("it is called whole")
	}
	if got, err := drain(t.Context(), r); !errors.Is(err, io.EOF) || len(got) != 11 {
		t.Errorf("the leader got %d bytes, %v", len(got), err)
	}
	r.Close()
	wantLimits(t, limits, 0, 0)
}

// A body is given out as a whole only after a good end of one that was kept.
func TestWholeOnlyAfterAGoodEnd(t *testing.T) {
	shared := func(f *Fill) { f.Settle(OutcomeShared, Answer{Status: 200}, nil) }
	for name, tt := range map[string]struct {
		do   func(f *Fill)
		end  error
		size int
		want bool
	}{
		"shared":            {shared, nil, 5000, true},
		"shared, empty":     {shared, nil, 0, true},
		"held":              {func(f *Fill) { f.Settle(OutcomeHeld, Answer{Status: 200}, nil) }, nil, 5000, true},
		"cut off":           {shared, errOrigin, 5000, false},
		"cut off at once":   {shared, errOrigin, 0, false},
		"held and cut off":  {func(f *Fill) { f.Settle(OutcomeHeld, Answer{Status: 200}, nil) }, errOrigin, 5000, false},
		"private":           {func(f *Fill) { f.Settle(OutcomePrivate, Answer{Status: 200}, nil) }, nil, 5000, false},
		"outgrown":          {func(f *Fill) { shared(f); f.Outgrow() }, nil, 5000, false},
		"no answer":         {func(f *Fill) { f.Settle(OutcomeFailed, Answer{}, errOrigin) }, errOrigin, 0, false},
		"it never had word": {func(*Fill) {}, errOrigin, 5000, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := NewLimits(1, 1<<20)
				f, r := mustJoin(t, NewGroup(limits, new(Places)), key(1), 1<<20, RoleLeader)
				want := page(tt.size)
				type whole struct {
					body []byte
					ok   bool
				}
				got := make(chan whole)
				go func() { // one who waits for a part of the page
					<-f.Done()
					body, ok := f.Whole()
					got <- whole{body, ok}
				}()
				tt.do(f)
				mustWrite(t, f.Body, want)
				synctest.Wait()
				f.End(tt.end)
				f.Leave()
				if w := <-got; w.ok != tt.want || w.ok && !bytes.Equal(w.body, want) {
					t.Errorf("got %d bytes, whole %v", len(w.body), w.ok)
				}
				r.Close()
				wantLimits(t, limits, 0, 0)
			})
		})
	}
}
