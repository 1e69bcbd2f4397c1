package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// category is the page that some hundred small queries make slow.
const category = "/products/category/apparel-1/"

// stopTimeout is what a server gets to end by itself.
const stopTimeout = 15 * time.Second

// stage is where it all happens: one shop, and the edges in front of it.
type stage struct {
	root, state string
	ttl         time.Duration
	load        string            // What else the machine had to do when it began.
	running     []*launch.Process // In the order in which they were started.
}

func (s *stage) socket() string { return filepath.Join(s.state, "shop.sock") }

func (s *stage) originLog() string { return filepath.Join(s.state, "uwsgi.log") }

func (s *stage) own(file string) string {
	return filepath.Join(s.root, "integration", "storm", file)
}

// start starts a server and waits until it answers.
func (s *stage) start(ctx context.Context, name string, cmd *exec.Cmd, ready func(context.Context) bool) error {
	p, err := launch.StartLogged(name, cmd, filepath.Join(s.state, name+".log"))
	if err != nil {
		return err
	}
	s.running = append(s.running, p)
	if err := p.Until(ctx, ready); err != nil {
		return fmt.Errorf("%w\n%s", err, p.Wrote())
	}
	return nil
}

// stop ends everything, edges first.
func (s *stage) stop() error {
	var errs []error
	for _, p := range slices.Backward(s.running) {
		errs = append(errs, p.Stop(stopTimeout))
	}
	return errors.Join(errs...)
}

// startShop fills the shop as its run script does, and starts it behind uWSGI.
func (s *stage) startShop(ctx context.Context) error {
	shop := filepath.Join(s.root, "examples", "storefront")
	env := append(os.Environ(), "STOREFRONT_STATE="+s.state, "SHOP_SOCKET="+s.socket())
	// Debian's own Python, which has Django.
	prepare := exec.CommandContext(ctx, "/usr/bin/python3", filepath.Join(shop, "manage.py"), "prepare")
	prepare.Env = env
	if wrote, err := prepare.CombinedOutput(); err != nil {
		return fmt.Errorf("the shop could not be prepared: %w\n%s", err, launch.Tail(wrote))
	}
	binary, err := uwsgi()
	if err != nil {
		return err
	}
	cmd := exec.Command(binary, "--ini", filepath.Join(shop, "uwsgi.ini"), "--ini", s.own("uwsgi.ini"))
	cmd.Env = env
	return s.start(ctx, "uwsgi", cmd, accepts("unix", s.socket()))
}

// uwsgi is Debian's binary, or $UWSGI, as for the shop's run script.
func uwsgi() (string, error) {
	for _, path := range []string{os.Getenv("UWSGI"), "/usr/bin/uwsgi-core", "/usr/bin/uwsgi"} {
		if found, err := exec.LookPath(path); path != "" && err == nil {
			return found, nil
		}
	}
	return "", errors.New("uWSGI is missing: make deps")
}

// loadAverage is the machine's load of the last minute, or empty where there is no
// /proc.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// accepts tells whether somebody listens.
func accepts(network, address string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
}
