package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/page-cache/page-cache/module/collapse"
)

// command is a word that a scenario's line may begin with.
type command struct {
	name, usage, help string
	run               func(s *scenario, args []string)
}

// commands returns the whole language. Words with blanks stand in single quotes;
// a word that begins with # begins a comment.
func commands() []command {
	return []command{
		{"rule", "[OPTION] [OPTION=VALUE] [OPTION=NAME,…]…", "the page_cache line, in the words of its JSON; before the first visitor", (*scenario).setRule},
		{"limits", "fills=N bytes=N", "the bounds of all fills (100 and 1 MiB); before the first visitor", (*scenario).setLimits},
		{"origin", "STATUS ['NAME: VALUE'…] [body=TEXT|size=N] [length=N] [latency=D] [piece=N] [pace=D] [framing=self|unproven|close] [after=N] [interim=STATUS]… [conditional] [stall|deaf|abort|panic|goexit|refused|nothing]", "what the origin answers from now on", (*scenario).setOrigin},
		{"then", "as origin", "what it answers to the request after that one, and from then on", (*scenario).addOrigin},
		{"client", "[NAME:] METHOD TARGET ['NAME: VALUE'…] [pace=D]", "a visitor asks and is waited for", (*scenario).client},
		{"crowd", "N [NAME:] METHOD TARGET …", "N visitors ask at once and are waited for", (*scenario).crowd},
		{"begin", "[N] [NAME:] METHOD TARGET …", "visitors ask and are not waited for", (*scenario).begin},
		{"wait", "[NAME]", "until they are answered", (*scenario).wait},
		{"leave", "NAME", "they close their connections", (*scenario).leave},
		{"expect", "[Nx] [NAME:] STATUS|cut STATUS|abort|refused|panic|goexit [BODY|-|page(N)] ['CACHE-STATUS']", "what those who were last waited for got: all of them, or N", (*scenario).expect},
		{"header", "NAME VALUE|-", "a header field that the last ones got, or none of that name", (*scenario).header},
		{"interims", "['STATUS LINK']…", "the informational answers that the last ones got", (*scenario).interims},
		{"phases", "PHASE…", "the way that the last client took", (*scenario).phases},
		{"took", "D", "how long the last visitors, or close, needed", (*scenario).checkTook},
		{"sleep", "D", "time passes", (*scenario).sleep},
		{"settle", "", "until nothing moves but by time", (*scenario).settle},
		{"fills", "N", "how many fills the origin was sent so far", func(s *scenario, a []string) { s.count(a, s.origin.fills) }},
		{"forwards", "N", "how many visitors' own requests it was sent so far", func(s *scenario, a []string) { s.count(a, s.origin.forwards) }},
		{"stored", "N", "how many responses the store holds", func(s *scenario, a []string) { s.count(a, s.store.len) }},
		{"inflight", "N", "how many fills are under way", func(s *scenario, a []string) { s.count(a, func() int { return int(s.limits.Fills()) }) }},
		{"counter", "NAME N", "hit miss stale bypass error (visitors); filled discarded fill-failed refresh-skipped get-failed set-failed", (*scenario).counter},
		{"fail", "get|set|corrupt", "from now on the store fails to, or all it holds is damaged", func(s *scenario, a []string) { s.store.fail(a[0]) }},
		{"mend", "store|origin", "it works again; what hung there goes on", (*scenario).mend},
		{"freeze", "D|off", "the last good pages are served and nothing is stored, for so long", (*scenario).setFreeze},
		{"chance", "N", "from now on what is drawn at random is N of a hundred (0)", func(s *scenario, a []string) { s.chance.Store(int64(s.number(a[0]))) }},
		{"close", "D", "the configuration is replaced, with that much grace", (*scenario).closeEngine},
	}
}

// option splits NAME=VALUE.
func option(word string) (name, value string) {
	name, value, _ = strings.Cut(word, "=")
	return name, value
}

func (s *scenario) setRule(args []string) {
	options := map[string]any{}
	for _, a := range args {
		switch name, value, given := strings.Cut(a, "="); name {
		case "override", "trust_framing", "any_status", "respect_request_cache_control", "store_post":
			if given {
				s.fatalf("%s takes no value", name)
			}
			options[name] = true
		case "csrf":
			options[name] = map[string]string{"framework": value}
		case "max_body", "min_bytes", "max_fills", "max_variants":
			options[name] = s.number(value)
		case "forward", "vary", "session", "private_session", "ignore_cookies", "vary_cookies", "strip_set_cookie", "vary_language", "keep_fields":
			options[name] = strings.Split(value, ",")
		default:
			options[name] = value
		}
	}
	text, err := json.Marshal(options)
	if err != nil {
		s.fatalf("%v", err)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.rule); err != nil {
		s.fatalf("%v", err)
	}
}

func (s *scenario) setLimits(args []string) {
	fills, bytes := 100, 1<<20
	for _, a := range args {
		switch name, value := option(a); name {
		case "fills":
			fills = s.number(value)
		case "bytes":
			bytes = s.number(value)
		default:
			s.fatalf("unknown option %q", a)
		}
	}
	s.limits = collapse.NewLimits(fills, int64(bytes))
}

func (s *scenario) setOrigin(args []string) { s.origin.set(s.plan(args)) }

func (s *scenario) addOrigin(args []string) { s.origin.add(s.plan(args)) }

func (s *scenario) client(args []string) {
	s.mu.Lock()
	s.trace = nil
	s.mu.Unlock()
	s.ask(1, args).wait()
	s.took = s.last.took()
}

func (s *scenario) crowd(args []string) {
	s.ask(s.number(args[0]), args[1:]).wait()
	s.took = s.last.took()
}

func (s *scenario) begin(args []string) {
	n := 1
	if got, err := strconv.Atoi(args[0]); err == nil {
		n, args = got, args[1:]
	}
	s.ask(n, args)
	synctest.Wait() // all are as far as they get
}

func (s *scenario) wait(args []string) {
	if len(args) > 0 {
		s.last = s.group(args[0])
	}
	s.last.wait()
	synctest.Wait() // others may end at the same moment
	s.took = s.last.took()
}

func (s *scenario) leave(args []string) {
	s.last = s.group(args[0])
	for _, v := range s.last.visitors {
		v.cancel()
	}
	synctest.Wait()
}

func (s *scenario) group(name string) *group {
	g, ok := s.groups[name]
	if !ok {
		s.fatalf("nobody is called %q", name)
	}
	return g
}

func (s *scenario) expect(args []string) {
	count := 0
	if n, ok := strings.CutSuffix(args[0], "x"); ok {
		count, args = s.number(n), args[1:]
	}
	if name, ok := strings.CutSuffix(args[0], ":"); ok {
		s.last, args = s.group(name), args[1:]
	}
	if count == 0 {
		count = len(s.last.visitors)
	}
	got, other := 0, ""
	for _, v := range s.last.visitors {
		select {
		case <-v.answered:
		default:
			s.errorf("a visitor still waits for his answer")
			return
		}
		if v.is(args) {
			got++
		} else {
			other = v.String()
		}
	}
	if got != count {
		s.errorf("%d of %d got %q, want %d; another got %s", got, len(s.last.visitors), args, count, other)
	}
}

func (s *scenario) header(args []string) {
	for _, v := range s.last.visitors {
		got, want := strings.Join(v.fields()[args[0]], ", "), args[1]
		if want == "-" {
			want = ""
		}
		if got != want {
			s.errorf("got %s: %q, want %q", args[0], got, want)
			return
		}
	}
}

func (s *scenario) interims(want []string) {
	for _, v := range s.last.visitors {
		if !slices.Equal(v.w.interims, want) {
			s.errorf("got %q, want %q", v.w.interims, want)
		}
	}
}

func (s *scenario) phases(want []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var got []string
	for _, p := range s.trace {
		got = append(got, p.String())
	}
	if !slices.Equal(append(got, "done"), want) {
		s.errorf("the way was %v done, want %v", got, want)
	}
}

func (s *scenario) checkTook(args []string) {
	if want := s.duration(args[0]); s.took != want {
		s.errorf("took %v, want %v", s.took, want)
	}
}

func (s *scenario) sleep(args []string) {
	time.Sleep(s.duration(args[0]))
	synctest.Wait()
}

func (s *scenario) settle([]string) { synctest.Wait() }

// count compares with what got returns when nothing moves any more: visitors have
// their answer before the books are closed.
func (s *scenario) count(args []string, got func() int) {
	synctest.Wait()
	if got, want := got(), s.number(args[0]); got != want {
		s.errorf("got %d, want %d", got, want)
	}
}

func (s *scenario) counter(args []string) {
	synctest.Wait()
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	if got, want := s.notes.counts[args[0]], s.number(args[1]); got != want {
		s.errorf("got %d, want %d; all: %v", got, want, s.notes.counts)
	}
}

func (s *scenario) mend(args []string) {
	if args[0] == "origin" {
		s.origin.mend()
	} else {
		s.store.fail("")
	}
	synctest.Wait()
}

func (s *scenario) setFreeze(args []string) {
	if args[0] == "off" {
		s.freeze.Off(time.Now())
	} else {
		s.freeze.On(time.Now(), s.duration(args[0]))
	}
}

func (s *scenario) closeEngine(args []string) {
	start := time.Now()
	s.start().Close(s.duration(args[0]))
	s.took = time.Since(start)
	synctest.Wait()
}

func (s *scenario) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.fatalf("%v", err)
	}
	return d
}

func (s *scenario) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.fatalf("%v", err)
	}
	return n
}

// page returns a body of n bytes in which no two places look alike.
func page(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "<p>%d</p>", i)
	}
	return b.String()[:n]
}
