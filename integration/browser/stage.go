package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/page-cache/page-cache/integration/launch"
)

// products are enough for pages that look like a shop's, and are soon made.
const products = "300"

// ttlPattern finds the lifetimes in the shop's Caddyfile, and visitTTL takes their
// place: a page that expires during the visit would be a miss for no reason.
var ttlPattern = regexp.MustCompile(`\b15s\b`)

const visitTTL = "30m"

// stage is where it all happens: one shop, the edge in front of it, and a way around
// the edge.
type stage struct {
	launch.Stage

	edge, origin string // Where they are.
}

func (s *stage) own(file string) string {
	return filepath.Join(s.Root, "integration", "browser", file)
}

// open starts the shop and both ways to it.
func (s *stage) open(ctx context.Context) error {
	if err := s.StartShop(ctx, []string{"--products", products}); err != nil {
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

// edgeConfig is the shop's own Caddyfile, with longer lifetimes.
func (s *stage) edgeConfig() (string, error) {
	text, err := os.ReadFile(s.Shop("Caddyfile"))
	if err != nil {
		return "", err
	}
	if !ttlPattern.Match(text) {
		return "", fmt.Errorf("the shop's Caddyfile has no ttl of %s", ttlPattern)
	}
	path := filepath.Join(s.State, "Caddyfile")
	return path, os.WriteFile(path, ttlPattern.ReplaceAll(text, []byte(visitTTL)), 0o600)
}

func (s *stage) startCaddy(ctx context.Context, name, config string, ports []string) error {
	cmd := exec.Command(launch.Caddy(s.Root), "run", "--config", config, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(),
		"EDGE_PORT="+ports[0],
		"ORIGIN_PORT="+ports[1],
		"EDGE_ADMIN=off",
		"STOREFRONT_STATE="+s.State,
		"SHOP_SOCKET="+s.Socket(),
		// Caddy's own files stay out of the home folder.
		"XDG_CONFIG_HOME="+s.State,
		"XDG_DATA_HOME="+s.State,
	)
	port := map[string]string{"edge": ports[0], "origin": ports[1]}[name]
	return s.Start(ctx, name, cmd, launch.Accepts("tcp", "127.0.0.1:"+port))
}
