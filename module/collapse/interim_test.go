package collapse

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// statuses returns those of informational answers.
func statuses(all []Interim) []int {
	var out []int
	for _, i := range all {
		out = append(out, i.Status)
	}
	return out
}

// Informational answers come to the leader in their order, as they come.
func TestInterims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r := mustJoin(t, NewGroup(NewLimits(1, 1<<20), new(Places)), key(1), 1<<20, RoleLeader)
		defer r.Close()
		if got := f.Interims(); len(got) != 0 {
			t.Errorf("got %v before there were any", got)
		}
		var got []int
		waits := 0
		left := make(chan struct{})
		go func() {
			defer close(left)
			for {
				select {
				case <-f.Informed():
					waits++
					got = append(got, statuses(f.Interims())...)
				case <-f.Decided():
					got = append(got, statuses(f.Interims())...)
					return
				}
			}
		}()
		for status := 100; status < 103; status++ {
			time.Sleep(time.Second)
			f.Inform(Interim{Status: status, Header: http.Header{"Link": {"</a>"}}})
			synctest.Wait()
			if len(got) != status-99 || got[len(got)-1] != status {
				t.Errorf("got %v after %d", got, status)
			}
		}
		if waits != 3 {
			t.Errorf("told %d times", waits)
		}
		f.Inform(Interim{Status: 103})
		f.Inform(Interim{Status: 104})
		f.Settle(OutcomePrivate, Answer{Status: 200}, nil)
		<-left
		if len(got) != 5 || got[3] != 103 || got[4] != 104 {
			t.Errorf("got %v, want those before the header, too", got)
		}
		f.End(nil)
		f.Leave()
	})
}

// Those that nobody takes are bounded: the first stay.
func TestInterimsAreBounded(t *testing.T) {
	f, r := mustJoin(t, NewGroup(NewLimits(1, 1<<20), new(Places)), key(1), 1<<20, RoleLeader)
	defer r.Close()
	for status := range 100 {
		f.Inform(Interim{Status: status})
	}
	got := statuses(f.Interims())
	if len(got) != maxInterims || got[0] != 0 || got[maxInterims-1] != maxInterims-1 {
		t.Errorf("got %v", got)
	}
	<-f.Informed() // there is one token, however many there were
	select {
	case <-f.Informed():
		t.Error("told twice")
	default:
	}
	f.Inform(Interim{Status: 103}) // there is room again
	<-f.Informed()
	if got := statuses(f.Interims()); len(got) != 1 || got[0] != 103 {
		t.Errorf("got %v", got)
	}
	f.End(nil)
	f.Leave()
}

// After the header there are none, whatever became of the fill.
func TestInterimsEndWithTheHeader(t *testing.T) {
	for _, o := range []Outcome{OutcomeShared, OutcomePrivate, OutcomeHeld, OutcomeFailed, OutcomeRepeat} {
		f, r := mustJoin(t, NewGroup(NewLimits(1, 1<<20), new(Places)), key(1), 1<<20, RoleLeader)
		f.Inform(Interim{Status: 103})
		f.Settle(o, Answer{Status: 200}, nil)
		f.Inform(Interim{Status: 104})
		if got := statuses(f.Interims()); len(got) != 1 || got[0] != 103 {
			t.Errorf("outcome %d: got %v", o, got)
		}
		f.End(nil)
		f.Inform(Interim{Status: 105})
		if got := f.Interims(); len(got) != 0 {
			t.Errorf("outcome %d: got %v after the end", o, got)
		}
		r.Close()
		f.Leave()
	}
}
