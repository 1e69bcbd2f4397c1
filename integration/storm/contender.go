package main

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/page-cache/page-cache/integration/launch"
)

//go:embed nginx.conf
var nginxConf string

// contender is one edge that visitors may be sent to.
type contender struct {
	id      string // In the query of its pages.
	name    string
	url     string
	promise promise
}

// startEdges starts Caddy and nginx, with two sites each.
func (s *stage) startEdges(ctx context.Context) ([]contender, error) {
	ports, err := launch.FreePorts(ctx, 4)
	if err != nil {
		return nil, err
	}
	if err := s.startCaddy(ctx, ports[0], ports[1]); err != nil {
		return nil, err
	}
	if err := s.startNginx(ctx, ports[2], ports[3]); err != nil {
		return nil, err
	}
	at := func(port string) string { return "http://127.0.0.1:" + port }
	return []contender{
		{"expiry", "page_cache", at(ports[0]), oneRequestAtMost},
		{"swr", "page_cache, stale_while_revalidate", at(ports[1]), nobodyWaits},
		{"lock", "nginx, lock", at(ports[2]), nil},
		{"updating", "nginx, lock, updating", at(ports[3]), nil},
	}, nil
}

func (s *stage) startCaddy(ctx context.Context, expiry, swr string) error {
	cmd := exec.Command(launch.Caddy(s.Root), "run", "--config", s.own("Caddyfile"), "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(),
		"EXPIRY_PORT="+expiry,
		"SWR_PORT="+swr,
		"STORM_TTL="+s.ttl.String(),
		"SHOP_SOCKET="+s.Socket(),
		// Caddy's own files stay out of the home folder.
		"XDG_CONFIG_HOME="+s.State,
		"XDG_DATA_HOME="+s.State,
	)
	return s.Start(ctx, "caddy", cmd, launch.Accepts("tcp", "127.0.0.1:"+swr))
}

func (s *stage) startNginx(ctx context.Context, lock, updating string) error {
	prefix := filepath.Join(s.State, "nginx")
	if err := os.Mkdir(prefix, 0o700); err != nil {
		return err
	}
	conf, err := s.nginxConf(lock, updating)
	if err != nil {
		return err
	}
	path := filepath.Join(prefix, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return err
	}
	return s.Start(ctx, "nginx", exec.Command(nginx(s.Root), "-p", prefix, "-e", "stderr", "-c", path),
		launch.Accepts("tcp", "127.0.0.1:"+updating))
}

func (s *stage) nginxConf(lock, updating string) (string, error) {
	me, err := user.Current()
	if err != nil {
		return "", err
	}
	text, err := template.New("nginx.conf").Parse(nginxConf)
	if err != nil {
		return "", err
	}
	var conf strings.Builder
	err = text.Execute(&conf, map[string]string{
		"User":         me.Username,
		"TTL":          s.ttl.String(),
		"LockPort":     lock,
		"UpdatingPort": updating,
		"Socket":       s.Socket(),
	})
	return conf.String(), err
}

// nginx is the binary to use: $NGINX, or the one that deps.sh left.
func nginx(root string) string {
	if binary := os.Getenv("NGINX"); binary != "" {
		return binary
	}
	return filepath.Join(root, "bin", "nginx")
}
