package engine_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/engine"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/variant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// moves collects what all scenarios together have walked.
type moves struct {
	mu   sync.Mutex // protects seen
	seen map[[2]engine.Phase]bool
}

func (m *moves) note(from, to engine.Phase) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[[2]engine.Phase{from, to}] = true
}

// TestScenarios runs testdata/scenario. Each file tells one behaviour over time,
// on a clock of its own; README.md beside them says what their lines mean.
// Every move that the engine may make must be made by one of them.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "scenario", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	all, ran := &moves{seen: map[[2]engine.Phase]bool{}}, 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			ran++
			synctest.Test(t, func(t *testing.T) { newScenario(t, file, all).run() })
		})
	}
	if ran < len(files) {
		return // some were left out by -run
	}
	for from := engine.Receive; from <= engine.Done; from++ {
		for _, to := range engine.Next(from) {
			if !all.seen[[2]engine.Phase{from, to}] {
				t.Errorf("no scenario moves from %v to %v", from, to)
			}
		}
	}
}

// scenario is one file at work, in a synctest bubble.
type scenario struct {
	t     *testing.T
	file  string
	line  int
	moves *moves

	rule   config.Rule
	limits *collapse.Limits
	store  *memory
	origin *origin
	notes  *notes
	freeze *freeze.Switch
	chance atomic.Int64   // of a hundred
	engine *engine.Engine // nil before the first visitor

	groups map[string]*group
	last   *group
	took   time.Duration // by the last command that takes its time

	mu    sync.Mutex // protects trace
	trace []engine.Phase
}

func newScenario(t *testing.T, file string, all *moves) *scenario {
	t.Helper()
	return &scenario{
		t: t, file: file, moves: all,
		limits: collapse.NewLimits(100, 1<<20),
		store:  &memory{},
		origin: newOrigin(t),
		freeze: new(freeze.Switch),
		notes:  &notes{counts: map[string]int{}},
		groups: map[string]*group{},
	}
}

// run plays the file, and sees to it that nothing is left over.
func (s *scenario) run() {
	in, err := os.Open(s.file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer in.Close()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		s.line++
		if words := s.words(lines.Text()); len(words) > 0 {
			s.do(words)
		}
	}
	s.origin.mend()
	for _, g := range s.groups {
		g.wait()
	}
	synctest.Wait()
	if s.limits.Fills() != 0 || s.limits.Bytes() != 0 {
		s.errorf("%d fills and %d bytes of bodies were not given back", s.limits.Fills(), s.limits.Bytes())
	}
	// Whatever still runs now, the bubble calls a deadlock.
}

func (s *scenario) do(words []string) {
	for _, c := range commands() {
		if c.name == words[0] {
			c.run(s, words[1:])
			return
		}
	}
	s.fatalf("unknown command %q", words[0])
}

// words splits a line at blanks that are not within single quotes, and cuts off
// a comment.
func (s *scenario) words(line string) []string {
	var words []string
	word, quoted, started := "", false, false
	for _, c := range line + " " {
		switch {
		case c == '\'':
			quoted, started = !quoted, true
		case c == '#' && !quoted && !started:
			return words
		case (c == ' ' || c == '\t') && !quoted:
			if started {
				words = append(words, word)
			}
			word, started = "", false
		default:
			word, started = word+string(c), true
		}
	}
	if quoted {
		s.fatalf("a quote is not closed")
	}
	return words
}

// start makes the engine, with what was said of it before.
func (s *scenario) start() *engine.Engine {
	if s.engine != nil {
		return s.engine
	}
	if err := s.rule.Validate(); err != nil {
		s.fatalf("rule: %v", err)
	}
	upstream := new(engine.Upstream)
	if s.rule.MaxFills > 0 {
		upstream.Places.Bound(s.rule.MaxFills)
	}
	s.engine = engine.New(engine.Config{
		Rule: policy.Compile(s.rule), Store: s.store, Limits: s.limits, Upstream: upstream, Freeze: s.freeze, Chance: func() float64 { return float64(s.chance.Load()) / 100 },
		Marks: collapse.NewMarks(), Failed: collapse.NewMarks(), Recorder: s.notes, Ledger: purge.New(), Sessions: session.New(1 << 20), Variants: variant.New(), Random: random, TagKey: []byte{1},
		Now: time.Now, Start: time.Now(),
		Trace: func(from, to engine.Phase) {
			if !slices.Contains(engine.Next(from), to) {
				s.errorf("the engine moved from %v to %v, which is not listed", from, to)
			}
			s.moves.note(from, to)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.trace = append(s.trace, from)
		},
	})
	return s.engine
}

func (s *scenario) errorf(format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

func (s *scenario) fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

var update = flag.Bool("update", false, "write the list of commands anew")

// TestCommandList holds the list that explains the scenarios to the commands.
func TestCommandList(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The commands of a scenario\n\nOne a line. Words with blanks stand in single quotes; a word that begins with # begins a\n" +
		"comment; D is a duration (15s, 100ms). Time is a scenario's own and passes at once.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "- `%s`: %s\n", strings.TrimSpace(c.name+" "+c.usage), c.help)
	}
	file := filepath.Join("testdata", "scenario", "README.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != b.String() {
		t.Errorf("%s is stale: go test ./module/engine -run TestCommandList -args -update; %v", file, err)
	}
}
