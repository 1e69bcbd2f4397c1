package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// chromium is a running browser, steered by visit.mjs. Its methods may be called
// from several goroutines.
type chromium struct {
	version string

	cmd   *exec.Cmd
	input io.WriteCloser
	log   string
	done  chan struct{} // Closed when it will answer no more.

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
}

// order and reply are the lines that go in and out.
type order struct {
	step

	ID     int    `json:"id"`
	Who    string `json:"who"`
	Coding string `json:"coding,omitempty"`
}

type reply struct {
	ID    int             `json:"id"`
	Seen  json.RawMessage `json:"seen"`
	Error string          `json:"error"`
}

// startChromium returns when the browser is there. Its files are below state.
func startChromium(ctx context.Context, script, state, base string) (*chromium, error) {
	c := &chromium{
		cmd:     exec.CommandContext(ctx, "node", "--no-warnings", script, base),
		log:     filepath.Join(state, "chromium.log"),
		done:    make(chan struct{}),
		waiting: map[int]chan reply{0: make(chan reply, 1)},
	}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	// Its profile and its settings stay out of the home folder.
	c.cmd.Env = append(os.Environ(), "TMPDIR="+state, "HOME="+state, "XDG_CONFIG_HOME="+state, "XDG_CACHE_HOME="+state)
	c.cmd.Stderr = log
	// A group of its own: Ctrl-C reaches this program alone. Node takes its browser
	// with it, whichever way it ends.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = launch.StopTimeout
	if c.input, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the browser needs Node 20 or later: %w", err)
	}
	go c.listen(output)
	var hello struct {
		Version string `json:"version"`
	}
	if err := c.await(ctx, 0, &hello); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.version = hello.Version
	return c, nil
}

// listen hands each reply to who waits for it.
func (c *chromium) listen(output io.Reader) {
	defer close(c.done)
	for lines := json.NewDecoder(output); ; {
		var r reply
		if lines.Decode(&r) != nil {
			return
		}
		c.mu.Lock()
		if waiting := c.waiting[r.ID]; waiting != nil {
			waiting <- r
		}
		c.mu.Unlock()
	}
}

// tell gives an order and reads what came of it into result.
func (c *chromium) tell(ctx context.Context, o order, result any) error {
	c.mu.Lock()
	c.last++
	o.ID = c.last
	c.waiting[o.ID] = make(chan reply, 1)
	err := json.NewEncoder(c.input).Encode(o)
	c.mu.Unlock()
	if err != nil {
		return c.explain(err)
	}
	return c.await(ctx, o.ID, result)
}

func (c *chromium) await(ctx context.Context, id int, result any) error {
	c.mu.Lock()
	waiting := c.waiting[id]
	c.mu.Unlock()
	var r reply
	select {
	case r = <-waiting:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.done:
		return c.explain(errors.New("the browser has ended"))
	}
	if r.Error != "" {
		return errors.New(r.Error)
	}
	return json.Unmarshal(r.Seen, result)
}

// explain adds to an error the last of what the script and the browser wrote.
func (c *chromium) explain(err error) error {
	text, readErr := os.ReadFile(c.log)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	return fmt.Errorf("%w\n%s", err, launch.Tail(text))
}

// stop ends the browser.
func (c *chromium) stop() error {
	_ = c.input.Close() // It has ended if this fails, and Wait tells how.
	timer := time.AfterFunc(launch.StopTimeout, func() { _ = c.cmd.Cancel() })
	defer timer.Stop()
	<-c.done
	if err := c.cmd.Wait(); err != nil {
		return c.explain(fmt.Errorf("visit.mjs: %w", err))
	}
	return nil
}

// window is one of the browser's, which belongs to one visitor.
type window struct {
	of  *chromium
	who string
}

func (w window) take(ctx context.Context, s step) (seen, error) {
	var result seen
	err := w.of.tell(ctx, order{step: s, Who: w.who}, &result)
	return result, err
}

func (w window) fetch(ctx context.Context, path, coding string) (fetched, error) {
	var result fetched
	o := order{step: step{Act: "fetch", Path: path}, Who: w.who, Coding: coding}
	err := w.of.tell(ctx, o, &result)
	return result, err
}
