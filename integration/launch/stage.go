package launch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// StopTimeout is what a server gets to end by itself.
const StopTimeout = 15 * time.Second

// Stage is where servers play together: the storefront behind uWSGI, and what stands in
// front of it. Use it from one goroutine.
type Stage struct {
	Root  string // the repository
	State string // a folder for what the servers write

	running []*Process // in the order in which they were started
}

// Socket is where the storefront's uWSGI listens.
func (s *Stage) Socket() string { return filepath.Join(s.State, "shop.sock") }

// Shop returns the path of one of the storefront's files.
func (s *Stage) Shop(file string) string {
	return filepath.Join(s.Root, "examples", "storefront", file)
}

// Log returns where the server of this name writes to.
func (s *Stage) Log(name string) string { return filepath.Join(s.State, name+".log") }

// Start starts a server and waits until it is ready. The error holds the end of what it
// wrote.
func (s *Stage) Start(ctx context.Context, name string, cmd *exec.Cmd, ready func(context.Context) bool) error {
	p, err := StartLogged(name, cmd, s.Log(name))
	if err != nil {
		return err
	}
	s.running = append(s.running, p)
	if err := p.Until(ctx, ready); err != nil {
		return fmt.Errorf("%w\n%s", err, p.Wrote())
	}
	return nil
}

// Stop ends all servers, the last one first.
func (s *Stage) Stop() error {
	var errs []error
	for _, p := range slices.Backward(s.running) {
		errs = append(errs, p.Stop(StopTimeout))
	}
	return errors.Join(errs...)
}

// StartShop fills the storefront as its run script does, with these arguments besides,
// and starts it behind uWSGI, as uwsgi, with these ini files besides its own.
func (s *Stage) StartShop(ctx context.Context, prepare []string, inis ...string) error {
	env := append(os.Environ(), "STOREFRONT_STATE="+s.State, "SHOP_SOCKET="+s.Socket())
	// Debian's own Python, which has Django.
	fill := exec.CommandContext(ctx, "/usr/bin/python3", append([]string{s.Shop("manage.py"), "prepare"}, prepare...)...)
	fill.Env = env
	if wrote, err := fill.CombinedOutput(); err != nil {
		return fmt.Errorf("the shop could not be prepared: %w\n%s", err, Tail(wrote))
	}
	binary, err := UWSGI()
	if err != nil {
		return err
	}
	args := []string{"--ini", s.Shop("uwsgi.ini")}
	for _, ini := range inis {
		args = append(args, "--ini", ini)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = env
	return s.Start(ctx, "uwsgi", cmd, Accepts("unix", s.Socket()))
}

// UWSGI returns the program: Debian's, or $UWSGI, as for the shop's run script.
func UWSGI() (string, error) {
	for _, path := range []string{os.Getenv("UWSGI"), "/usr/bin/uwsgi-core", "/usr/bin/uwsgi"} {
		if found, err := exec.LookPath(path); path != "" && err == nil {
			return found, nil
		}
	}
	return "", errors.New("uWSGI is missing: make deps")
}

// Accepts tells whether somebody listens.
func Accepts(network, address string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
}
