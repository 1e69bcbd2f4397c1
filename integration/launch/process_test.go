package launch

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// start runs a shell script that has said "ready" when start returns.
func start(t *testing.T, script string) *Process {
	t.Helper()
	p, err := StartLogged("it", exec.Command("/bin/sh", "-c", script), filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	ready := func(context.Context) bool { return strings.Contains(p.Wrote(), "ready") }
	if err := p.Until(t.Context(), ready); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStop(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		script   string
		patience time.Duration
		want     string // Part of the error; empty: none.
	}{
		{"ends when asked", "echo ready; exec sleep 600", time.Minute, ""},
		{"does not listen", "trap '' TERM; echo ready; while :; do sleep 600; done", time.Millisecond, "did not stop in time and was killed"},
		{"leaves a child", "sleep 600 & trap 'exit 0' TERM; echo ready; wait", time.Minute, "left processes running"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := start(t, test.script).Stop(test.patience)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestEndedByItself(t *testing.T) {
	t.Parallel()
	p, err := Start("it", exec.Command("/bin/sh", "-c", "exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if err := p.Stop(time.Minute); err == nil || !strings.Contains(err.Error(), "ended by itself: exit status 3") {
		t.Errorf("stopping it: %v", err)
	}
	never := func(context.Context) bool { return false }
	if err := p.Until(t.Context(), never); err == nil || !strings.Contains(err.Error(), "ended before it answered") {
		t.Errorf("waiting for it: %v", err)
	}
}

func TestRepository(t *testing.T) {
	t.Parallel()
	root, err := Repository()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "integration", "launch")); err != nil {
		t.Error(err)
	}
}

func TestFreePorts(t *testing.T) {
	t.Parallel()
	ports, err := FreePorts(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(ports) != 3 || ports[0] == ports[1] || ports[1] == ports[2] || ports[0] == ports[2] {
		t.Errorf("got %v, want three", ports)
	}
}
