package edge

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// UWSGI runs a WSGI file behind a real uWSGI with this many workers until the
// test ends, and returns the path of its unix socket.
func UWSGI(tb testing.TB, file string, workers int) string {
	tb.Helper()
	socket := filepath.Join(tb.TempDir(), "app.sock")
	cmd := exec.Command("/usr/bin/uwsgi", "--plugin", "python3", "--need-app", "--die-on-term", "--master",
		"--processes", fmt.Sprint(workers), "--forkbomb-delay", "0", "--worker-reload-mercy", "2", "--socket", socket, "--wsgi-file", file)
	stop := startUWSGI(tb, cmd, workers)
	tb.Cleanup(stop)
	return socket
}

// startUWSGI starts cmd and returns when so many workers are there. stop ends it, and
// may be called more than once.
func startUWSGI(tb testing.TB, cmd *exec.Cmd, workers int) (stop func()) {
	tb.Helper()
	log, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("uWSGI is needed (make deps): %v", err)
	}
	ready, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		ready <- awaitWorkers(bufio.NewScanner(log), workers)
		_, _ = io.Copy(io.Discard, log)
	}()
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-drained
		_ = cmd.Wait()
	})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	trouble := "it has no worker yet"
	select {
	case trouble = <-ready:
	case <-timer.C:
	}
	if trouble != "" {
		stop()
		tb.Fatalf("uWSGI did not start:\n%s", trouble)
	}
	return stop
}

// awaitWorkers reads the log until the last worker is there; if that does not
// happen it returns what it read.
func awaitWorkers(lines *bufio.Scanner, workers int) string {
	var seen strings.Builder
	last := fmt.Sprintf("spawned uWSGI worker %d ", workers)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), last) {
			return ""
		}
		fmt.Fprintln(&seen, lines.Text())
	}
	return seen.String()
}
