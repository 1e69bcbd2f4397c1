package main

import (
	"encoding/json"
	"testing"
)

// TestDrawing: the names and units are those that the chart program reads.
func TestDrawing(t *testing.T) {
	t.Parallel()
	s := sampleTurn()
	s.requests = s.requests[:1]
	got, err := json.Marshal(drawingOf([]result{{contender: contender{name: "edge"}, turns: []turn{s, {}}}}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"panels":[{"name":"edge","waits":[{"at":1,"took":1}],` +
		`"asked":[{"from":5,"to":5.14,"requests":1},{"from":10,"to":10.3,"requests":2}]}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
