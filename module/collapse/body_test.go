package collapse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// begin returns a shared fill of which the caller is the leader.
func begin(t *testing.T, limits *Limits, limit int64) (*Group, *Fill, *Reader) {
	t.Helper()
	g := NewGroup(limits, new(Places))
	f, r := mustJoin(t, g, key(1), limit, RoleLeader)
	f.Settle(OutcomeShared, Answer{Status: 200}, nil)
	return g, f, r
}

// finish ends the fill, and all it held must be given back.
func finish(t *testing.T, limits *Limits, f *Fill, readers ...*Reader) {
	t.Helper()
	for _, r := range readers {
		r.Close()
		r.Close()
	}
	f.End(nil)
	f.Leave()
	wantLimits(t, limits, 0, 0)
}

// A body of ten pieces, one each second, for one who reads along, one who dozes
// and one who comes at the last moment.
func TestEachReaderAtItsOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(1, 1<<20)
		g, f, eager := begin(t, limits, 1<<20)
		_, dozer := mustJoin(t, g, key(1), 1<<20, RoleFollower)
		want := page(10_000)
		go func() {
			for piece := range 10 {
				time.Sleep(time.Second)
				mustWrite(t, f.Body, want[piece*1000:(piece+1)*1000])
			}
			f.End(nil)
		}()
		start := time.Now()
		read := func(name string, r *Reader, pause time.Duration, has *atomic.Int64) {
			defer r.Close()
			var got []byte
			piece, err := r.Next(t.Context())
			for ; err == nil; piece, err = r.Next(t.Context()) {
				got = append(got, piece...)
				has.Store(int64(len(got)))
				time.Sleep(pause)
			}
			if !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
				t.Errorf("%s read %d bytes and then %v", name, len(got), err)
			}
			if ended := time.Since(start); pause == 0 && ended != 10*time.Second {
				t.Errorf("%s was at the end after %v", name, ended)
			}
		}
		var eagerHas, dozerHas, lateHas atomic.Int64
		go read("the eager one", eager, 0, &eagerHas)
		go read("the dozer", dozer, time.Hour, &dozerHas)
		time.Sleep(9*time.Second + 1)
		_, late := mustJoin(t, g, key(1), 1<<20, RoleFollower)
		go read("the late one", late, 0, &lateHas)
		synctest.Wait()
		if eagerHas.Load() != 9000 || dozerHas.Load() != 1000 || lateHas.Load() != 9000 {
			t.Errorf("after 9 s they have %d, %d and %d bytes", eagerHas.Load(), dozerHas.Load(), lateHas.Load())
		}
		wantLimits(t, limits, 1, 9000)
		time.Sleep(100 * time.Hour)
		finish(t, limits, f, late)
	})
}

// Past its limit a body is streamed: what is in memory stays within the window
// and what the writer may add to it, however long the body is.
func TestStreamKeepsAWindow(t *testing.T) {
	for _, tt := range []struct {
		name  string
		limit int64
		room  int64 // of all fills together
		piece int
	}{
		{"in small pieces", 256 << 10, 1 << 20, 1000},
		{"in pieces larger than the window", 256 << 10, 1 << 20, 3*window + 7},
		{"in one piece", 256 << 10, 1 << 20, 1 << 20},
		{"because all fills together have no room", 1 << 20, 100 << 10, 4096},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := NewLimits(1, tt.room)
				_, f, r := begin(t, limits, tt.limit)
				want := page(1 << 20)
				go func() {
					for p := want; len(p) > 0; p = p[min(len(p), tt.piece):] {
						mustWrite(t, f.Body, p[:min(len(p), tt.piece)])
					}
					if _, whole := f.Body.Whole(); whole {
						t.Error("a streamed body counts as whole")
					}
					f.End(nil)
				}()
				var got []byte
				for {
					time.Sleep(time.Second)
					synctest.Wait()
					if limits.Bytes() > min(tt.limit, tt.room) {
						t.Fatalf("%d bytes charged", limits.Bytes())
					}
					// What was kept when the limit was met is let go as it is read.
					if n, early := held(f.Body), int(min(tt.limit, tt.room))-len(got); n > max(early, window)+maxChunk {
						t.Fatalf("%d bytes held after %d were read", n, len(got))
					}
					piece, err := r.Next(t.Context())
					if err != nil {
						break
					}
					got = append(got, piece...)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("read %d bytes, which are not the body", len(got))
				}
				finish(t, limits, f, r)
			})
		})
	}
}

func TestStreamWithoutReadersStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(1, 1<<20)
		g, f, r := begin(t, limits, 1000)
		_, second := mustJoin(t, g, key(1), 1000, RoleFollower)
		failed := make(chan error)
		go func() {
			_, err := f.Body.Write(page(1 << 20))
			failed <- err
		}()
		r.Close()
		synctest.Wait()
		select {
		case err := <-failed:
			t.Errorf("ended with %v while one still reads", err)
		default:
		}
		second.Close()
		if err := <-failed; !errors.Is(err, ErrNoReaders) {
			t.Errorf("got %v, want %v", err, ErrNoReaders)
		}
		finish(t, limits, f)
	})
}

// What may still be stored is read to its end for the store's sake.
func TestKeptBodyNeedsNoReaders(t *testing.T) {
	limits := NewLimits(1, 1<<20)
	_, f, r := begin(t, limits, 1<<20)
	r.Close()
	mustWrite(t, f.Body, page(1000))
	if body, whole := f.Body.Whole(); !whole || !bytes.Equal(body, page(1000)) {
		t.Errorf("got %d bytes, whole: %t", len(body), whole)
	}
	wantLimits(t, limits, 1, 1000)
	finish(t, limits, f)
}

func TestLaggardIsDroppedForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(1, 1<<20)
		g, f, a := begin(t, limits, 1000)
		_, b := mustJoin(t, g, key(1), 1000, RoleFollower)
		_, laggard := mustJoin(t, g, key(1), 1000, RoleFollower)
		want := page(1 << 20)
		start := time.Now()
		go func() {
			mustWrite(t, f.Body, want)
			f.End(nil)
		}()
		for _, r := range []*Reader{a, b} {
			go func() {
				if got, err := drain(t.Context(), r); !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
					t.Errorf("read %d bytes and then %v", len(got), err)
				}
			}()
		}
		<-f.Done()
		if waited := time.Since(start); waited != patience {
			t.Errorf("the others waited %v for the laggard, want %v", waited, patience)
		}
		if _, err := laggard.Next(t.Context()); !errors.Is(err, ErrLagging) {
			t.Errorf("the laggard got %v, want %v", err, ErrLagging)
		}
		if laggard.Waiting() {
			t.Error("the laggard waits for more")
		}
		synctest.Wait()
		finish(t, limits, f, a, b, laggard)
	})
}

// A visitor with a slow line gets the page as slowly as he takes it, if that
// costs others no more than a moment.
func TestSlowReadersAreNotDropped(t *testing.T) {
	const moment = patience - time.Millisecond
	for _, tt := range []struct {
		name  string
		first []time.Duration // when each reader takes its first piece; then one every hour
	}{
		{"alone", []time.Duration{0}},
		{"two equally slow", []time.Duration{time.Hour, time.Hour}},
		{"one a moment after the other", []time.Duration{time.Hour, time.Hour + moment}},
		{"three in turn", []time.Duration{time.Hour, time.Hour + moment/2, time.Hour + moment}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := NewLimits(1, 1<<20)
				g, f, first := begin(t, limits, 1000)
				readers := []*Reader{first}
				for len(readers) < len(tt.first) {
					_, r := mustJoin(t, g, key(1), 1000, RoleFollower)
					readers = append(readers, r)
				}
				want := page(20 * window)
				go func() {
					mustWrite(t, f.Body, want)
					f.End(nil)
				}()
				for i, r := range readers {
					go func() {
						time.Sleep(tt.first[i])
						var got []byte
						piece, err := r.Next(t.Context())
						for ; err == nil; piece, err = r.Next(t.Context()) {
							got = append(got, piece...)
							time.Sleep(time.Hour)
						}
						if !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
							t.Errorf("reader %d got %d bytes and then %v", i, len(got), err)
						}
					}()
				}
				time.Sleep(100 * time.Hour)
				finish(t, limits, f, readers...)
			})
		})
	}
}

func TestCutOffBody(t *testing.T) {
	limits := NewLimits(1, 1<<20)
	_, f, r := begin(t, limits, 1<<20)
	mustWrite(t, f.Body, []byte("half a page"))
	f.End(errOrigin)
	if got, err := drain(t.Context(), r); string(got) != "half a page" || !errors.Is(err, ErrTruncated) || !errors.Is(err, errOrigin) {
		t.Errorf("got %q and %v", got, err)
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, ErrTruncated) {
		t.Errorf("and then %v", err)
	}
	finish(t, limits, f, r)
}

func TestEndUnderAWaitingWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(1, 1<<20)
		_, f, r := begin(t, limits, 1000)
		go func() {
			if n, err := f.Body.Write(page(1 << 20)); n > 2*window || !errors.Is(err, ErrEnded) {
				t.Errorf("wrote %d bytes and got %v, want %v", n, err, ErrEnded)
			}
		}()
		synctest.Wait()
		f.End(errOrigin)
		synctest.Wait()
		finish(t, limits, f, r)
	})
}

func TestNextHeedsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := NewLimits(1, 1<<20)
		_, f, r := begin(t, limits, 1<<20)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errOrigin) })
		if !r.Waiting() {
			t.Error("a reader with nothing to read does not wait")
		}
		if _, err := r.Next(ctx); !errors.Is(err, errOrigin) {
			t.Errorf("got %v", err)
		}
		mustWrite(t, f.Body, []byte("page")) // and the place is not lost
		if r.Waiting() {
			t.Error("a reader with something to read waits")
		}
		if piece, err := r.Next(t.Context()); string(piece) != "page" || err != nil {
			t.Errorf("got %q, %v", piece, err)
		}
		finish(t, limits, f, r)
	})
}

// What the writer does with its buffer afterwards, and what a reader appends to
// its piece, change nothing for anybody.
func TestPiecesAreNotShared(t *testing.T) {
	limits := NewLimits(1, 1<<20)
	_, f, r := begin(t, limits, 1<<20)
	buf := []byte("one ")
	mustWrite(t, f.Body, buf)
	piece, _ := r.Next(t.Context())
	copy(buf, "two ")
	mustWrite(t, f.Body, buf)
	_ = append(piece, "evil"...)
	if next, _ := r.Next(t.Context()); string(piece) != "one " || string(next) != "two " {
		t.Errorf("got %q and %q", piece, next)
	}
	finish(t, limits, f, r)
}

func TestGrow(t *testing.T) {
	for _, tt := range []struct {
		name       string
		n, charged int64
	}{
		{"to what comes", 5000, 5000},
		{"to more than is kept", 20_000, 0},
		{"to more than all fills may keep", 9000, 0},
		{"to nothing", 0, 0},
		{"to less than nothing", -1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limits := NewLimits(1, 8000)
			_, f, r := begin(t, limits, 10_000)
			f.Body.Declare(tt.n)
			f.Body.Declare(100) // the first that fits counts
			if tt.charged == 0 {
				tt.charged = 100
			}
			wantLimits(t, limits, 1, tt.charged)
			mustWrite(t, f.Body, page(5000))
			wantLimits(t, limits, 1, 5000)
			finish(t, limits, f, r)
		})
	}
}

// The watch may end a fill while its header is still being worked on.
func TestGrowAfterTheEndTakesNothing(t *testing.T) {
	limits := NewLimits(1, 1<<20)
	_, f, r := begin(t, limits, 1<<20)
	r.Close()
	f.End(errOrigin)
	f.Body.Declare(5000)
	finish(t, limits, f)
}

// TestLastPieceWaitsAMoment: a handler that goes on when it has written everything
// does not keep its page for long, and a body that turns out longer wakes who waits.
func TestLastPieceWaitsAMoment(t *testing.T) {
	for name, rest := range map[string]string{"hangs": "", "longer": strings.Repeat("x", 100)} {
		synctest.Test(t, func(t *testing.T) {
			f, r, _ := NewGroup(NewLimits(1, 1<<20), new(Places)).Join([32]byte{1}, 10)
			f.Settle(OutcomeShared, Answer{Status: 200}, nil)
			f.Body.Declare(5)
			start := time.Now()
			go func() {
				if _, err := f.Body.Write([]byte("hello")); err != nil {
					t.Error(err)
				}
				if _, err := f.Body.Write([]byte(rest)); err != nil {
					t.Error(err)
				}
			}()
			piece, err := r.Next(t.Context())
			if string(piece) != "hello" || err != nil || time.Since(start) > holdBack {
				t.Errorf("%s: %q, %v after %v", name, piece, err, time.Since(start))
			}
			synctest.Wait()
			f.End(nil)
			r.Close()
			f.Leave()
		})
	}
}

// TestLastPieceWaitsForTheEnd: of a body of declared length nobody has the last
// piece before the end, when it is stored; one that is streamed is not held back.
func TestLastPieceWaitsForTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		let  func(*Fill)
		want string // readable before the end
	}{
		"kept":     {func(*Fill) {}, "one "},
		"streamed": {func(f *Fill) { f.Outgrow() }, "one two"},
	} {
		f, r, _ := NewGroup(NewLimits(1, 1<<20), new(Places)).Join([32]byte{1}, 100)
		f.Settle(OutcomeShared, Answer{Status: 200}, nil)
		f.Body.Declare(7)
		for _, piece := range []string{"one ", "two"} {
			if _, err := f.Body.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		tt.let(f)
		got := ""
		for !r.Waiting() {
			piece, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got += string(piece)
		}
		if got != tt.want {
			t.Errorf("%s: %q before the end, want %q", name, got, tt.want)
		}
		f.End(nil)
		for {
			piece, err := r.Next(t.Context())
			if err != nil {
				break
			}
			got += string(piece)
		}
		if got != "one two" {
			t.Errorf("%s: %q in all", name, got)
		}
		r.Close()
		f.Leave()
	}
}
