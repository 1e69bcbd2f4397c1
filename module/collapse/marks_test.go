package collapse_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/collapse"
)

func markKey(n int) (key [32]byte) {
	binary.LittleEndian.PutUint64(key[:], uint64(n))
	return key
}

// A mark ends by time alone, and a later one counts.
func TestMarksEnd(t *testing.T) {
	m := collapse.NewMarks()
	m.Set(markKey(1), 10*time.Second)
	for _, now := range []time.Duration{0, 10*time.Second - 1, 10 * time.Second, time.Hour} {
		if got := m.Has(markKey(1), now); got != (now < 10*time.Second) {
			t.Errorf("at %v: got %t", now, got)
		}
	}
	if m.Has(markKey(2), 0) {
		t.Error("a key that nobody marked")
	}
	m.Set(markKey(1), 20*time.Second)
	if !m.Has(markKey(1), 15*time.Second) || m.Len() != 1 {
		t.Errorf("marked anew: %t, %d remembered", m.Has(markKey(1), 15*time.Second), m.Len())
	}
}

// What is marked anew is not forgotten before what is over, however long ago it came.
func TestMarksSpareTheLiving(t *testing.T) {
	m := collapse.NewMarks()
	for n := range collapse.MaxMarks {
		m.Set(markKey(n), time.Second)
	}
	m.Set(markKey(0), time.Hour)
	m.Clear(markKey(3))
	m.Set(markKey(-1), time.Hour)
	if m.Has(markKey(3), 0) || !m.Has(markKey(0), time.Minute) || !m.Has(markKey(-1), time.Minute) || m.Len() != collapse.MaxMarks {
		t.Errorf("the one that is over: %t, marked anew: %t, the new one: %t; %d", m.Has(markKey(3), 0), m.Has(markKey(0), time.Minute), m.Has(markKey(-1), time.Minute), m.Len())
	}
	for n := range 3 * collapse.MaxMarks { // as many more have come, and the ring has gone round
		m.Set(markKey(-2-n), time.Second)
		m.Set(markKey(0), time.Hour)
	}
	if !m.Has(markKey(0), time.Minute) || m.Len() != collapse.MaxMarks {
		t.Errorf("the one that was marked anew each time is forgotten; %d are remembered", m.Len())
	}
}

// A flood of keys forgets the oldest, and no more than it must.
func TestMarksAreBounded(t *testing.T) {
	m := collapse.NewMarks()
	const more = 1000
	for n := range collapse.MaxMarks + more {
		m.Set(markKey(n), time.Hour)
	}
	if m.Len() != collapse.MaxMarks {
		t.Errorf("%d are remembered", m.Len())
	}
	for n, want := range map[int]bool{0: false, more - 1: false, more: true, collapse.MaxMarks + more - 1: true} {
		if got := m.Has(markKey(n), 0); got != want {
			t.Errorf("key %d: got %t", n, got)
		}
	}
}
