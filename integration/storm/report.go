package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"

	"github.com/page-cache/page-cache/integration/launch"
)

//go:embed report.md.tmpl
var reportText string

// The files that a run leaves in the repository.
const (
	reportFile = "README.md"
	chartFile  = "storm.svg"
)

// keep writes table and chart beside this program.
func (s *stage) keep(ctx context.Context, o options, results []result) error {
	svg, err := chart(ctx, s.Root, results)
	if err != nil {
		return err
	}
	report, err := s.report(ctx, o, results)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(s.own(chartFile), svg, 0o644),
		os.WriteFile(s.own(reportFile), report, 0o644),
	)
}

// report fills in report.md.tmpl.
func (s *stage) report(ctx context.Context, o options, results []result) ([]byte, error) {
	text, err := template.New("report.md.tmpl").Parse(reportText)
	if err != nil {
		return nil, err
	}
	var table, report bytes.Buffer
	if err := printTable(&table, results); err != nil {
		return nil, err
	}
	binary, err := launch.UWSGI()
	if err != nil {
		return nil, err
	}
	err = text.Execute(&report, map[string]any{
		"Command":    fmt.Sprintf("`go run ./integration/storm -ttl %s -rounds %d`", o.ttl, o.rounds),
		"Cores":      runtime.NumCPU(),
		"Nginx":      version(ctx, nginx(s.Root), "-v"),
		"UWSGI":      version(ctx, binary, "--version"),
		"Load":       s.load,
		"Visitors":   visitors,
		"TTL":        o.ttl,
		"Rounds":     o.rounds,
		"Table":      table.String(),
		"Chart":      chartFile,
		"Noticeable": fmt.Sprintf("%d ms", noticeable.Milliseconds()),
	})
	return report.Bytes(), err
}

// version is what a program says about itself, on whichever output.
func version(ctx context.Context, binary, flag string) string {
	wrote, err := exec.CommandContext(ctx, binary, flag).CombinedOutput()
	if err != nil {
		return filepath.Base(binary)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(wrote), "nginx version: "))
}
