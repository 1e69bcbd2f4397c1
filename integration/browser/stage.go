package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// stopTimeout is what a server gets to end by itself.
const stopTimeout = 15 * time.Second

// products are enough for pages that look like a shop's, and are soon made.
const products = "300"

// ttlPattern finds the lifetimes in the shop's Caddyfile, and visitTTL takes their
// place: a page that expires during the visit would be a miss for no reason.
var ttlPattern = regexp.MustCompile(`\b15s\b`)

const visitTTL = "30m"

// stage is where it all happens: one shop, the edge in front of it, and a way around
// the edge.
type stage struct {
	root, state  string
	edge, origin string            // Where they are.
	running      []*launch.Process // In the order in which they were started.
}

func (s *stage) socket() string { return filepath.Join(s.state, "shop.sock") }

func (s *stage) shop(file string) string {
	return filepath.Join(s.root, "examples", "storefront", file)
}

func (s *stage) own(file string) string {
	return filepath.Join(s.root, "integration", "browser", file)
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

// open starts the shop and both ways to it.
func (s *stage) open(ctx context.Context) error {
	if err := s.startShop(ctx); err != nil {
		return err
	}
	ports, err := launch.FreePorts(ctx, 2)
	if err != nil {
		return err
	}
	s.edge, s.origin = "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	config, err := s.edgeConfig()
	if err != nil {
		return err
	}
	if err := s.startCaddy(ctx, "edge", config, ports); err != nil {
		return err
	}
	return s.startCaddy(ctx, "origin", s.own("Caddyfile"), ports)
}

// startShop fills the shop as its run script does, and starts it behind uWSGI.
func (s *stage) startShop(ctx context.Context) error {
	env := append(os.Environ(), "STOREFRONT_STATE="+s.state, "SHOP_SOCKET="+s.socket())
	// Debian's own Python, which has Django.
	prepare := exec.CommandContext(ctx, "/usr/bin/python3", s.shop("manage.py"), "prepare", "--products", products)
	prepare.Env = env
	if wrote, err := prepare.CombinedOutput(); err != nil {
		return fmt.Errorf("the shop could not be prepared: %w\n%s", err, launch.Tail(wrote))
	}
	binary, err := uwsgi()
	if err != nil {
		return err
	}
	cmd := exec.Command(binary, "--ini", s.shop("uwsgi.ini"))
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

// edgeConfig is the shop's own Caddyfile, with longer lifetimes.
func (s *stage) edgeConfig() (string, error) {
	text, err := os.ReadFile(s.shop("Caddyfile"))
	if err != nil {
		return "", err
	}
	if !ttlPattern.Match(text) {
		return "", fmt.Errorf("the shop's Caddyfile has no ttl of %s", ttlPattern)
	}
	path := filepath.Join(s.state, "Caddyfile")
	return path, os.WriteFile(path, ttlPattern.ReplaceAll(text, []byte(visitTTL)), 0o600)
}

func (s *stage) startCaddy(ctx context.Context, name, config string, ports []string) error {
	cmd := exec.Command(launch.Caddy(s.root), "run", "--config", config, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(),
		"EDGE_PORT="+ports[0],
		"ORIGIN_PORT="+ports[1],
		"EDGE_ADMIN=off",
		"STOREFRONT_STATE="+s.state,
		"SHOP_SOCKET="+s.socket(),
		// Caddy's own files stay out of the home folder.
		"XDG_CONFIG_HOME="+s.state,
		"XDG_DATA_HOME="+s.state,
	)
	port := map[string]string{"edge": ports[0], "origin": ports[1]}[name]
	return s.start(ctx, name, cmd, accepts("tcp", "127.0.0.1:"+port))
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
