package freeze_test

import (
	"sync"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/freeze"
)

func TestSwitch(t *testing.T) {
	s := new(freeze.Switch)
	const minute = time.Minute
	start := time.Now()
	at := func(d time.Duration) time.Time { return start.Add(d) }
	steps := []struct {
		name string
		got  func() freeze.State
		want freeze.State
	}{
		{"off from the start", func() freeze.State { return s.State(at(minute)) }, freeze.State{}},
		{"on", func() freeze.State { return s.On(at(minute), minute) }, freeze.State{On: true, Left: minute, Turns: 1}},
		{"a moment before its end", func() freeze.State { return s.State(at(2*minute - 1)) }, freeze.State{On: true, Left: 1, Turns: 1}},
		{"ends by itself", func() freeze.State { return s.State(at(2 * minute)) }, freeze.State{Turns: 1}},
		{"on again", func() freeze.State { return s.On(at(3*minute), minute) }, freeze.State{On: true, Left: minute, Turns: 2}},
		{"for longer", func() freeze.State { return s.On(at(3*minute), 2*minute) }, freeze.State{On: true, Left: 2 * minute, Turns: 3}},
		{"off", func() freeze.State { return s.Off(at(4 * minute)) }, freeze.State{Turns: 3}},
		{"off again", func() freeze.State { return s.Off(at(4 * minute)) }, freeze.State{Turns: 3}},
		{"stays off", func() freeze.State { return s.State(at(5 * minute)) }, freeze.State{Turns: 3}},
	}
	for _, step := range steps {
		if got := step.got(); got != step.want {
			t.Errorf("%s: got %+v, want %+v", step.name, got, step.want)
		}
	}
}

func TestSwitchFromManySides(t *testing.T) {
	s, now := new(freeze.Switch), time.Now()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			s.On(now, time.Hour)
			s.State(now)
			s.Off(now)
		})
	}
	wg.Wait()
	if got := s.State(now); got.On || got.Turns != 50 {
		t.Errorf("got %+v", got)
	}
}
