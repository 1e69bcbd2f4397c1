package launch

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Repository returns the folder of the product's go.mod, from wherever below it
// this runs.
func Repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "xcaddy.txt")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no xcaddy.txt here or above: call it inside the repository")
		}
		dir = parent
	}
}

// Caddy is the binary to use: $CADDY, or bin/caddy of the repository.
func Caddy(root string) string {
	if binary := os.Getenv("CADDY"); binary != "" {
		return binary
	}
	return filepath.Join(root, "bin", "caddy")
}

// FreePorts returns ports of the loopback interface that nobody listens on
// right now, all different.
func FreePorts(ctx context.Context, n int) (ports []string, err error) {
	var config net.ListenConfig
	for range n {
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return nil, errors.New("no TCP port")
		}
		ports = append(ports, strconv.Itoa(address.Port))
	}
	return ports, nil
}
