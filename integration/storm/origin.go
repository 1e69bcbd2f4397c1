package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// logMark begins the lines of uWSGI's log that uwsgi.ini asks for.
const logMark = "storm "

// made is one request as uWSGI logged it: the origin made the page.
type made struct {
	start time.Time
	took  time.Duration
}

func (m made) end() time.Time { return m.start.Add(m.took) }

// expiry is what one end of a page's lifetime cost: the origin requests until
// the page was new again, by their start. There is at least one.
type expiry []made

// start is when the origin was first asked.
func (e expiry) start() time.Time { return e[0].start }

// end is when the last of the requests was over.
func (e expiry) end() time.Time {
	return slices.MaxFunc(e, func(a, b made) int { return a.end().Compare(b.end()) }).end()
}

// took is the origin's own time for the page, without the wait for a worker.
func (e expiry) took() time.Duration { return e[0].took }

// readOrigin returns what uWSGI's log says about one target, by start.
func readOrigin(log, target string) ([]made, error) {
	text, err := os.ReadFile(log)
	if err != nil {
		return nil, err
	}
	// The last line may be half written.
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	var all []made
	for line := range strings.Lines(string(text)) {
		// Other lines of uWSGI, and Django's errors, stand between ours.
		rest, ok := strings.CutPrefix(line, logMark)
		if !ok {
			continue
		}
		m, asked, err := parseLine(rest)
		if err != nil {
			return nil, err
		}
		if asked == target {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b made) int { return a.start.Compare(b.start) })
	return all, nil
}

// parseLine reads one line of log-format, without its mark.
func parseLine(line string) (m made, target string, err error) {
	var start, took int64
	var status int
	if _, err := fmt.Sscanf(line, "%d %d %d %s", &start, &took, &status, &target); err != nil {
		return made{}, "", fmt.Errorf("uWSGI's log: %q: %w", line, err)
	}
	if status != 200 {
		return made{}, "", fmt.Errorf("the shop answered with %d: %s", status, target)
	}
	return made{start: time.UnixMicro(start), took: time.Duration(took) * time.Microsecond}, target, nil
}

// grace is how much earlier than a lifetime after the last page the next one may
// be asked for: an edge counts from when it asked, which is before the origin
// starts.
const grace = 100 * time.Millisecond

// expiries tells the requests of one expiry from those of the next: what starts
// before the page of the request before it can be stale belongs to the same. The
// first request of all filled the cold cache, and belongs to none.
func expiries(all []made, ttl time.Duration) []expiry {
	var found []expiry
	for i, m := range all {
		if i == 0 || m.start.Sub(all[i-1].start) >= ttl-grace {
			found = append(found, nil)
		}
		found[len(found)-1] = append(found[len(found)-1], m)
	}
	return found[min(1, len(found)):]
}

// target is the page of one contender in one round: a page of its own, which
// nobody has asked for before. The shop ignores the parameters.
func target(edge string, round int) string {
	query := url.Values{"edge": {edge}, "round": {fmt.Sprint(round)}}
	return category + "?" + query.Encode()
}
