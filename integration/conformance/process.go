package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// stopTimeout is what a process gets to end by itself.
const stopTimeout = 5 * time.Second

// process is a server that this program started.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // Closed at its end.
}

// start starts a command that writes into the file log.
func start(name string, cmd *exec.Cmd, log string) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = file, file
	// A group of its own: Ctrl-C reaches this program alone, which then stops
	// its servers in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		// How it ended is in ProcessState.
		_ = cmd.Wait()
	}()
	return p, nil
}

// stop ends the process, with force if need be.
func (p *process) stop() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended by itself: %v", p.name, p.cmd.ProcessState)
	default:
	}
	// An error means that it has just ended, which done reports.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	return fmt.Errorf("%s did not stop in time and was killed", p.name)
}

// wrote returns the end of the process's log.
func (p *process) wrote() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(tail(text))
}
