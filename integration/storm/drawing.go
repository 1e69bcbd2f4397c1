package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// drawing is what the chart program reads: one turn of each contender.
type drawing struct {
	Panels []panel `json:"panels"`
}

type panel struct {
	Name  string `json:"name"`
	Waits []wait `json:"waits"`
	Asked []span `json:"asked"`
}

// wait is one request: seconds since the turn began, and milliseconds.
type wait struct {
	At   float64 `json:"at"`
	Took float64 `json:"took"`
}

// span is a time in which the origin made the page.
type span struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Requests int     `json:"requests"`
}

// drawingOf shows the first turn of each.
func drawingOf(results []result) drawing {
	var d drawing
	for _, r := range results {
		t := r.turns[0]
		p := panel{Name: r.name}
		for _, q := range t.requests {
			p.Waits = append(p.Waits, wait{At: t.at(q.begin), Took: 1000 * q.wait.Seconds()})
		}
		for _, e := range t.expiries {
			p.Asked = append(p.Asked, span{From: t.at(e.start()), To: t.at(e.end()), Requests: len(e)})
		}
		d.Panels = append(d.Panels, p)
	}
	return d
}

// at is a time in the turn, in seconds.
func (t turn) at(moment time.Time) float64 { return moment.Sub(t.began).Seconds() }

// chart draws the SVG. The program that does is a module of its own.
func chart(ctx context.Context, root string, results []result) ([]byte, error) {
	data, err := json.Marshal(drawingOf(results))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "run", ".")
	cmd.Dir = filepath.Join(root, "integration", "storm", "chart")
	cmd.Stdin = bytes.NewReader(data)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	svg, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the chart was not drawn: %w\n%s", err, complaints.Bytes())
	}
	return svg, nil
}
