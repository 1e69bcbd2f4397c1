// Command chart draws what storm measured: standard input is storm's JSON,
// standard output an SVG. It is a module of its own, because xcaddy reads the
// product's go.mod, and whoever builds Caddy has no use for a plotting library.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// drawing is what is to be drawn: a panel for each contender, all on the same
// scales.
type drawing struct {
	Panels []panel `json:"panels"`
}

// panel is one contender's turn.
type panel struct {
	Name  string `json:"name"`
	Waits []wait `json:"waits"`
	Asked []span `json:"asked"`
}

// wait is one visitor's request; seconds since the turn began, and milliseconds.
type wait struct {
	At   float64 `json:"at"`
	Took float64 `json:"took"`
}

// span is a time in which the origin made the page, for so many requests.
type span struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Requests int     `json:"requests"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var d drawing
	if err := json.NewDecoder(in).Decode(&d); err != nil {
		return err
	}
	buffered := bufio.NewWriter(out)
	if err := render(buffered, d); err != nil {
		return err
	}
	return buffered.Flush()
}
