package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/page-cache/page-cache/integration/launch"
)

// suite is the suite as npm installed it below dir, and our scripts in dir.
type suite struct {
	dir string
}

// folder is where the suite's own files are.
func (s suite) folder() string {
	return filepath.Join(s.dir, "node_modules", "http-cache-tests")
}

// installed returns an error that says what to do if something is missing.
func (s suite) installed() error {
	if _, err := exec.LookPath("node"); err != nil {
		return fmt.Errorf("the suite needs Node 20 or later: %w", err)
	}
	if _, err := os.Stat(filepath.Join(s.folder(), "cli.mjs")); err != nil {
		return fmt.Errorf("the suite is not installed; call npm ci in integration/conformance: %w", err)
	}
	return nil
}

// list returns every test, in the suite's order.
func (s suite) list(ctx context.Context) ([]test, error) {
	if err := s.installed(); err != nil {
		return nil, err
	}
	out, err := output(node(ctx, filepath.Join(s.dir, "list.mjs")))
	if err != nil {
		return nil, err
	}
	var tests []test
	if err := json.Unmarshal(out, &tests); err != nil {
		return nil, fmt.Errorf("unreadable list of tests: %w", err)
	}
	return tests, checkKinds(tests)
}

// run runs all tests with the suite's own runner.
func (s suite) run(ctx context.Context, base string) (map[string]outcome, error) {
	cmd := node(ctx, "cli.mjs")
	cmd.Dir = s.folder()
	// What npm would set. It runs all tests if the id is empty; left out, the
	// second variable would make it undefined.
	cmd.Env = append(os.Environ(), "npm_config_base="+base, "npm_config_id=", "npm_package_config_id=")
	out, err := output(cmd)
	if err != nil {
		return nil, err
	}
	return parseOutcomes(out)
}

// rerun runs the tests of these ids again, few at a time.
func (s suite) rerun(ctx context.Context, base string, ids []string) (map[string]outcome, error) {
	out, err := output(node(ctx, append([]string{filepath.Join(s.dir, "rerun.mjs"), base}, ids...)...))
	if err != nil {
		return nil, err
	}
	return parseOutcomes(out)
}

func node(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "node", append([]string{"--no-warnings"}, args...)...)
}

// output runs a script to its end. What stops the suite's runner it writes to
// stderr, and ends with 0 all the same.
func output(cmd *exec.Cmd) ([]byte, error) {
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err == nil && len(bytes.TrimSpace(out)) == 0 {
		err = errors.New("it printed nothing")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Args[2]), err, launch.Tail(complaints.Bytes()))
	}
	return out, nil
}
