package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
)

const sample = `{"panels":[
	{"name":"edge one","waits":[{"at":0.01,"took":0.01},{"at":0.05,"took":3},{"at":0.15,"took":1},{"at":1,"took":150}],
	 "asked":[{"from":1,"to":1.15,"requests":1}]},
	{"name":"edge two","waits":[{"at":2,"took":5000},{"at":3,"took":1}],"asked":[{"from":2,"to":7,"requests":44}]}]}`

func TestRun(t *testing.T) {
	t.Parallel()
	var svg bytes.Buffer
	if err := run(strings.NewReader(sample), &svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"edge one", "edge two", "1 origin ", "44 origin ", "requests ", "100 ms", "seconds"} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("the drawing does not say %q", want)
		}
	}
	wellFormed(t, &svg)
}

func wellFormed(t *testing.T, svg io.Reader) {
	t.Helper()
	decoder := xml.NewDecoder(svg)
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "{}"} {
		if err := run(strings.NewReader(in), io.Discard); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

// TestHits: waits are no part of the band, and what is too fast for the scale
// stands at its end.
func TestHits(t *testing.T) {
	t.Parallel()
	p := panel{Waits: []wait{{0.01, 0.01}, {0.05, 3}, {0.15, 1}, {0.16, 500}}}
	want := map[int]band{0: {fastest, 3}, 1: {1, 1}}
	if got := p.hits(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
