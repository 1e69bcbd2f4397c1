// Package launch is what the programs of this folder have in common: they find
// the repository and free ports, start real servers, wait until those answer,
// and leave none running.
package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	startTimeout = 30 * time.Second
	pollInterval = 50 * time.Millisecond
	tailLength   = 2000
)

// Process is a server that a program started. Its methods may be called from
// several goroutines, but for Stop, which is called once.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  string        // Empty: the caller reads what it writes.
	done chan struct{} // Closed at its end.
}

// Start starts a command, whose output goes where the command says. The name is
// for messages.
func Start(name string, cmd *exec.Cmd) (*Process, error) {
	// A group of its own: Ctrl-C reaches the program alone, which then stops its
	// servers in order; and what outlives a server can be found.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	p := &Process{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		// How it ended is in ProcessState.
		_ = cmd.Wait()
	}()
	return p, nil
}

// StartLogged starts a command that writes into the file log.
func StartLogged(name string, cmd *exec.Cmd, log string) (*Process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = file, file
	p, err := Start(name, cmd)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	p.log = log
	return p, nil
}

// Name is what messages call it.
func (p *Process) Name() string { return p.name }

// Done is closed when the process has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Until returns when check holds; with an error if that takes too long or the
// process ends before.
func (p *Process) Until(ctx context.Context, check func(context.Context) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("%s did not answer within %s", p.name, startTimeout))
	defer cancel()
	ticks := time.NewTicker(pollInterval)
	defer ticks.Stop()
	for !check(ctx) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it answered: %v", p.name, p.cmd.ProcessState)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
	}
	return nil
}

// Stop ends the process, and makes sure of it and of its children after the
// given time. That it had ended by itself is an error.
func (p *Process) Stop(patience time.Duration) error {
	select {
	case <-p.done:
		return errors.Join(fmt.Errorf("%s ended by itself: %v", p.name, p.cmd.ProcessState), p.sweep())
	default:
	}
	// An error means that it has just ended, which done reports.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		return p.sweep()
	case <-timer.C:
	}
	_ = p.sweep()
	<-p.done
	return fmt.Errorf("%s did not stop in time and was killed", p.name)
}

// sweep kills whatever is left of the group; no such process is the good case.
func (p *Process) sweep() error {
	if syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) == nil {
		return fmt.Errorf("%s left processes running; they were killed", p.name)
	}
	return nil
}

// Wrote returns the end of the process's log.
func (p *Process) Wrote() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(Tail(text))
}

// Tail returns as much of a text's end as a message has room for.
func Tail(text []byte) []byte {
	return text[max(0, len(text)-tailLength):]
}
