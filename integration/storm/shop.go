package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/page-cache/page-cache/integration/launch"
)

// category is the page that some hundred small queries make slow.
const category = "/products/category/apparel-1/"

// stage is where it all happens: one shop, and the edges in front of it.
type stage struct {
	launch.Stage

	ttl  time.Duration
	load string // What else the machine had to do when it began.
}

func (s *stage) originLog() string { return s.Log("uwsgi") }

func (s *stage) own(file string) string {
	return filepath.Join(s.Root, "integration", "storm", file)
}

// startShop starts the shop with a log that tells what it was asked.
func (s *stage) startShop(ctx context.Context) error {
	return s.StartShop(ctx, nil, s.own("uwsgi.ini"))
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
