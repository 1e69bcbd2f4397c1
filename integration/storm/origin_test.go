package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// epoch is when the tests' stories begin.
var epoch = time.UnixMicro(1_795_544_744_000_000)

// after is an origin request that starts so many milliseconds after epoch.
func after(start, took int) made {
	return made{epoch.Add(time.Duration(start) * time.Millisecond), time.Duration(took) * time.Millisecond}
}

func TestReadOrigin(t *testing.T) {
	t.Parallel()
	page := target("swr", 2)
	log := filepath.Join(t.TempDir(), "uwsgi.log")
	text := "spawned uWSGI worker 1 (pid: 1, cores: 1)\n" +
		"storm 1795544744250000 140000 200 " + page + "\n" +
		"storm 1795544744100000 300000 200 " + page + "\n" +
		"storm 1795544744000000 1000 200 " + target("swr", 20) + "\n" +
		"storm 17955447440" // Half written.
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := readOrigin(log, page)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0] != after(100, 300) || all[1] != after(250, 140) {
		t.Errorf("got %v, want two by their start", all)
	}
}

func TestParseLine(t *testing.T) {
	t.Parallel()
	m, asked, err := parseLine("1795544744250000 140000 200 /a/?b=c\n")
	if err != nil || m != after(250, 140) || asked != "/a/?b=c" {
		t.Errorf("got %v, %q, %v", m, asked, err)
	}
	for _, line := range []string{"", "1 2 200\n", "1 2 500 /a/\n"} {
		if _, _, err := parseLine(line); err == nil {
			t.Errorf("%q: no error", line)
		}
	}
}

func TestExpiries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		all  []made
		want []int // Requests for each expiry.
	}{
		{"nothing yet", nil, nil},
		{"the cold cache alone", []made{after(0, 140)}, nil},
		{"one each", []made{after(0, 140), after(5150, 140), after(10300, 140)}, []int{1, 1}},
		{"counted from when the edge asked", []made{after(0, 140), after(4999, 140), after(9998, 140)}, []int{1, 1}},
		{"two at once", []made{after(0, 140), after(5150, 140), after(5151, 150)}, []int{2}},
		{"a second one long before the page is stale", []made{after(0, 140), after(5150, 140), after(8000, 140)}, []int{2}},
		{
			"a queue that takes longer than a lifetime",
			[]made{after(0, 2000), after(7000, 2000), after(9000, 2000), after(11000, 2000), after(13000, 2000), after(20000, 140)},
			[]int{4, 1},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found := expiries(test.all, 5*time.Second)
			if got := (turn{expiries: found}).origin(); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestExpiryEnd: the request that starts last is not always the one that ends
// last.
func TestExpiryEnd(t *testing.T) {
	t.Parallel()
	e := expiry{after(0, 300), after(10, 140)}
	if !e.end().Equal(epoch.Add(300 * time.Millisecond)) {
		t.Errorf("it ends at %s", e.end().Sub(epoch))
	}
}
