package collapse

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
)

var errOrigin = errors.New("the origin hung up")

func TestOneLeadsAllOthersFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(10, 1<<20)
		g := NewGroup(limits, new(Places))
		want := page(5000)
		var leaders, whole atomic.Int32
		for range 100 {
			go func() {
				f, r, role := g.Join(key(1), 1<<20)
				defer r.Close()
				if role == RoleLeader {
					leaders.Add(1)
					go func() {
						defer f.Leave()
						time.Sleep(time.Second)
						f.Settle(OutcomeShared, Answer{Status: 200, Fresh: time.Minute}, nil)
						mustWrite(t, f.Body, want)
						f.End(nil)
					}()
				}
				<-f.Decided()
				if f.Outcome() != OutcomeShared || f.Answer().Status != 200 || f.Err() != nil {
					t.Errorf("got outcome %d, answer %v, error %v", f.Outcome(), f.Answer(), f.Err())
				}
				if got, err := drain(t.Context(), r); errors.Is(err, io.EOF) && bytes.Equal(got, want) {
					whole.Add(1)
				}
			}()
		}
		synctest.Wait()
		if leaders.Load() != 1 || limits.Fills() != 1 {
			t.Errorf("got %d leaders and %d fills, want one", leaders.Load(), limits.Fills())
		}
		time.Sleep(2 * time.Second)
		if whole.Load() != 100 {
			t.Errorf("%d of 100 read the whole body", whole.Load())
		}
		wantLimits(t, limits, 0, 0)
	})
}

// Whatever becomes of a fill, all who wait are told at once, and the first word
// stands.
func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		outcome Outcome
		err     error
		joins   Role // of the next one to come
	}{
		{"shared", OutcomeShared, nil, RoleFollower},
		{"private", OutcomePrivate, nil, RoleLeader},
		{"held", OutcomeHeld, nil, RoleLeader},
		{"failed", OutcomeFailed, errOrigin, RoleLeader},
		{"repeat", OutcomeRepeat, nil, RoleLeader},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := NewLimits(2, 1<<20)
				g := NewGroup(limits, new(Places))
				f, leader := mustJoin(t, g, key(1), 1<<20, RoleLeader)
				_, follower := mustJoin(t, g, key(1), 1<<20, RoleFollower)
				if f.Outcome() != OutcomePending {
					t.Errorf("got outcome %d before the header", f.Outcome())
				}
				start := time.Now()
				time.AfterFunc(time.Second, func() {
					if !f.Settle(tt.outcome, Answer{Reason: cachestatus.ReasonPrivate}, tt.err) {
						t.Error("the first word did not count")
					}
					if f.Settle(OutcomeShared, Answer{Status: 200}, nil) {
						t.Error("the second word counted")
					}
				})
				<-f.Decided()
				if waited := time.Since(start); waited != time.Second {
					t.Errorf("told after %v", waited)
				}
				if f.Outcome() != tt.outcome || f.Answer().Reason != cachestatus.ReasonPrivate || !errors.Is(f.Err(), tt.err) {
					t.Errorf("got %d, %v, %v", f.Outcome(), f.Answer(), f.Err())
				}
				next, r := mustJoin(t, g, key(1), 1<<20, tt.joins)
				r.Close()
				leader.Close()
				follower.Close()
				f.End(nil)
				f.Leave()
				if tt.joins == RoleLeader {
					next.End(nil)
					next.Leave()
				}
				wantLimits(t, limits, 0, 0)
			})
		})
	}
}

func TestEndWithoutOutcomeIsAFailure(t *testing.T) {
	g := NewGroup(NewLimits(1, 1<<20), new(Places))
	f, r := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	defer r.Close()
	f.End(errOrigin)
	f.End(nil) // the first counts
	<-f.Decided()
	<-f.Done()
	if f.Outcome() != OutcomeFailed || !errors.Is(f.Err(), errOrigin) || f.Answer().Reason != cachestatus.ReasonFillFailed {
		t.Errorf("got %d, %v, %v", f.Outcome(), f.Err(), f.Answer())
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, ErrTruncated) || !errors.Is(err, errOrigin) {
		t.Errorf("the reader got %v, want a cut off body with its reason", err)
	}
}

func TestTrailerComesBeforeTheEnd(t *testing.T) {
	g := NewGroup(NewLimits(1, 1<<20), new(Places))
	f, r := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	defer r.Close()
	f.Settle(OutcomePrivate, Answer{Status: 200}, nil)
	f.SetTrailer(http.Header{"X-Sum": {"1"}})
	f.End(nil)
	if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) || f.Trailer().Get("X-Sum") != "1" {
		t.Errorf("got %v and trailer %v", err, f.Trailer())
	}
}

func TestMaxFills(t *testing.T) {
	limits := NewLimits(2, 1<<20)
	g, other := NewGroup(limits, new(Places)), NewGroup(limits, new(Places))
	a, ra := mustJoin(t, g, key(1), 1<<20, RoleLeader)
	b, rb := mustJoin(t, other, key(2), 1<<20, RoleLeader)
	if f, r, role := g.Join(key(3), 1<<20); f != nil || r != nil || role != RoleNone {
		t.Errorf("got role %d over the limit, want none and nothing with it", role)
	}
	_, rc := mustJoin(t, g, key(1), 1<<20, RoleFollower) // following is no fill
	wantLimits(t, limits, 2, 0)
	for _, r := range []*Reader{ra, rb, rc} {
		r.Close()
	}
	a.End(nil)
	if _, _, role := g.Join(key(3), 1<<20); role != RoleNone {
		t.Errorf("got role %d before the leader's goroutine has left", role)
	}
	a.Leave()
	c, rc := mustJoin(t, g, key(3), 1<<20, RoleLeader)
	rc.Close()
	for _, f := range []*Fill{b, c} {
		f.End(nil)
		f.Leave()
	}
	wantLimits(t, limits, 0, 0)
}

// A handler that hangs keeps its place, which bounds the goroutines, but not its
// key: the page can be asked for again at once.
func TestStuckHandlerKeepsItsPlaceNotItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(2, 1<<20)
		g := NewGroup(limits, new(Places))
		f, r := mustJoin(t, g, key(1), 1<<20, RoleLeader)
		hung := make(chan struct{})
		go func() {
			defer f.Leave()
			<-hung
			if _, err := f.Body.Write([]byte("too late")); !errors.Is(err, ErrEnded) {
				t.Errorf("got %v, want %v", err, ErrEnded)
			}
			f.End(nil)
		}()
		f.End(errOrigin) // the watch
		r.Close()
		next, r := mustJoin(t, g, key(1), 1<<20, RoleLeader)
		wantLimits(t, limits, 2, 0)
		close(hung)
		synctest.Wait()
		wantLimits(t, limits, 1, 0)
		// The stuck fill's late end has not taken the key from its successor.
		_, follower := mustJoin(t, g, key(1), 1<<20, RoleFollower)
		follower.Close()
		r.Close()
		next.End(nil)
		next.Leave()
		wantLimits(t, limits, 0, 0)
	})
}

// A body whose start is gone can be followed no more: who comes then leads.
func TestNobodyJoinsInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(2, 1<<20)
		g := NewGroup(limits, new(Places))
		f, r := mustJoin(t, g, key(1), 10, RoleLeader)
		f.Settle(OutcomeShared, Answer{Status: 200}, nil)
		mustWrite(t, f.Body, page(window))
		if _, err := r.Next(t.Context()); err != nil {
			t.Error(err)
		}
		mustWrite(t, f.Body, []byte("more"))
		mustWrite(t, f.Body, []byte("and more"))
		next, late := mustJoin(t, g, key(1), 10, RoleLeader)
		late.Close()
		r.Close()
		for _, f := range []*Fill{f, next} {
			f.End(nil)
			f.Leave()
		}
		wantLimits(t, limits, 0, 0)
	})
}

// TestPrivateAnswersHoldNoPlace: an answer that one visitor reads, however slowly,
// is no fill any more; nor is one that outgrew what is kept.
func TestPrivateAnswersHoldNoPlace(t *testing.T) {
	for name, let := range map[string]func(*Fill){
		"private":    func(f *Fill) { f.Settle(OutcomePrivate, Answer{Status: 200}, nil) },
		"error page": func(f *Fill) { f.Settle(OutcomeFailed, Answer{Status: 500}, nil) },
		"too large": func(f *Fill) {
			f.Settle(OutcomeShared, Answer{Status: 200}, nil)
			if _, err := f.Body.Write(make([]byte, 11)); err != nil {
				t.Error(err)
			}
		},
		"too slow": func(f *Fill) {
			f.Settle(OutcomeShared, Answer{Status: 200}, nil)
			f.Outgrow()
		},
	} {
		limits := NewLimits(1, 1<<20)
		f, r, role := NewGroup(limits, new(Places)).Join([32]byte{1}, 10)
		if role != RoleLeader || limits.Fills() != 1 {
			t.Fatalf("%s: role %v, %d fills", name, role, limits.Fills())
		}
		let(f)
		if n := limits.Fills(); n != 0 {
			t.Errorf("%s: holds a place: %d fills", name, n)
		}
		r.Close()
		f.End(nil)
		f.Leave()
		if n := limits.Fills(); n != 0 {
			t.Errorf("%s: %d fills after the end", name, n)
		}
	}
}

// TestSlowReadersHoldNoRoom: a body that has ended gives its room back, whoever
// still reads it.
func TestSlowReadersHoldNoRoom(t *testing.T) {
	limits := NewLimits(1, 1<<20)
	f, r, _ := NewGroup(limits, new(Places)).Join([32]byte{1}, 1<<20)
	f.Settle(OutcomeShared, Answer{Status: 200}, nil)
	if _, err := f.Body.Write(make([]byte, 1<<19)); err != nil || limits.Bytes() != 1<<19 {
		t.Fatalf("%v, %d bytes", err, limits.Bytes())
	}
	f.End(nil)
	if n := limits.Bytes(); n != 0 {
		t.Errorf("%d bytes are held for a reader", n)
	}
	n := 0
	for {
		piece, err := r.Next(t.Context())
		if n += len(piece); err != nil {
			break
		}
	}
	if n != 1<<19 {
		t.Errorf("the reader got %d bytes", n)
	}
	r.Close()
}

// TestDesertionBeforeTheHeader: who leaves before his private answer begins leaves
// nobody to read it, and that is told as well.
func TestDesertionBeforeTheHeader(t *testing.T) {
	f, r, _ := NewGroup(NewLimits(1, 1<<20), new(Places)).Join([32]byte{1}, 10)
	told := 0
	f.OnDesertion(func() { told++ })
	r.Close()
	if told != 0 {
		t.Error("a fill that may be stored needs no readers")
	}
	f.Settle(OutcomePrivate, Answer{Status: 200}, nil)
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	f.End(nil)
}

// TestDesertion: when the last reader of a streamed answer leaves, it is told.
func TestDesertion(t *testing.T) {
	f, r, _ := NewGroup(NewLimits(1, 1<<20), new(Places)).Join([32]byte{1}, 10)
	told := 0
	f.OnDesertion(func() { told++ })
	f.Settle(OutcomePrivate, Answer{Status: 200}, nil)
	r.Close()
	r.Close()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	f.End(nil)
}
