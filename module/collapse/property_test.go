package collapse

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// script is what one reader does.
type script struct {
	joins  time.Duration   // when it comes
	pauses []time.Duration // before each piece, over and over
	leaves int             // after so many pieces; 0: at the end
}

func drawReader(t *rapid.T) script {
	pause := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.SampledFrom([]int{0, 0, 1, 10, 1000, 7000}).Draw(t, "ms")) * time.Millisecond
	})
	return script{
		joins:  time.Duration(rapid.IntRange(0, 50).Draw(t, "joins")) * time.Millisecond,
		pauses: rapid.SliceOfN(pause, 1, 4).Draw(t, "pauses"),
		leaves: rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "leaves"),
	}
}

// play reads as scripted, and checks that what came is the body's beginning, and
// all of it at a clean end.
func (s script) play(t *rapid.T, g *Group, body []byte, limit int64) {
	time.Sleep(s.joins)
	f, r, role := g.Join(key(1), limit)
	if role == RoleNone {
		t.Error("no fill is allowed although one place is free for each reader")
		return
	}
	defer r.Close()
	if role == RoleLeader { // the body that was written is past
		f.End(errOrigin) // another may follow who comes at this moment: it is not that body
		f.Leave()
		return
	}
	var got []byte
	for n := 0; s.leaves == 0 || n < s.leaves; n++ {
		time.Sleep(s.pauses[n%len(s.pauses)])
		piece, err := r.Next(t.Context())
		got = append(got, piece...)
		if !bytes.HasPrefix(body, got) {
			t.Errorf("after %d bytes a reader has what is not the body's beginning", len(got))
			return
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			if len(got) != len(body) {
				t.Errorf("a clean end after %d of %d bytes", len(got), len(body))
			}
			return
		case errors.Is(err, ErrTruncated), errors.Is(err, ErrLagging):
			return
		default:
			t.Errorf("reading ended with %v", err)
			return
		}
	}
}

// However writes and reads fall together, each reader has an exact copy of the
// body's beginning, all of it if it is told so, and everything is given back.
func TestEveryReaderHasAnExactCopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 5000), rapid.IntRange(0, 3*window)), 0, 12).Draw(t, "pieces")
		limit := int64(rapid.SampledFrom([]int{0, 10_000, 1 << 20}).Draw(t, "limit"))
		room := int64(rapid.SampledFrom([]int{0, 50_000, 1 << 20}).Draw(t, "room"))
		readers := rapid.SliceOfN(rapid.Custom(drawReader), 0, 6).Draw(t, "readers")
		end := rapid.SampledFrom([]error{nil, errOrigin}).Draw(t, "end")
		total := 0
		for _, n := range sizes {
			total += n
		}
		body := page(total)
		rapid.SyncTest(t, func(t *rapid.T) {
			limits := NewLimits(1+len(readers), room)
			g := NewGroup(limits, new(Places))
			f, own, _ := g.Join(key(1), limit)
			f.Settle(OutcomeShared, Answer{Status: 200}, nil)
			var wg sync.WaitGroup
			wg.Go(func() {
				defer f.Leave()
				f.End(write(t, f.Body, body, sizes, end))
			})
			for _, s := range readers {
				wg.Go(func() { s.play(t, g, body, limit) })
			}
			own.Close()
			wg.Wait()
			synctest.Wait()
			if limits.Fills() != 0 || limits.Bytes() != 0 {
				t.Errorf("%d fills and %d bytes were not given back", limits.Fills(), limits.Bytes())
			}
		})
	})
}

// write writes body in pieces of these sizes, and returns how the fill ends: as
// planned, or with what a write returned.
func write(t *rapid.T, b *Body, body []byte, sizes []int, end error) error {
	buf := make([]byte, 0, 3*window)
	for _, n := range sizes {
		time.Sleep(7 * time.Millisecond)
		buf = append(buf[:0], body[:n]...)
		body = body[n:]
		if wrote, err := b.Write(buf); err != nil {
			if !errors.Is(err, ErrNoReaders) {
				t.Errorf("wrote %d of %d bytes: %v", wrote, n, err)
			}
			return err
		}
		clear(buf) // the writer may use it again
	}
	return end
}
