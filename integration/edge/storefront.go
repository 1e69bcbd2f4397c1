package edge

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// storefront is where the shop is, seen from the tests' folder.
const storefront = "../examples/storefront"

// Storefront is the shop of examples/storefront behind a real uWSGI: the same products
// in each test.
type Storefront struct {
	Socket string // where uWSGI listens

	tb      testing.TB
	dir     string
	state   string
	workers int
	master  int // uWSGI's process
	stop    func()
}

// NewStorefront prepares the shop in a folder of its own, and runs it with so many
// workers until the test ends.
func NewStorefront(tb testing.TB, workers int) *Storefront {
	tb.Helper()
	dir, err := filepath.Abs(storefront)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Storefront{tb: tb, dir: dir, state: tb.TempDir(), workers: workers}
	s.Socket = filepath.Join(s.state, "shop.sock")
	prepare := exec.Command("/usr/bin/python3", filepath.Join(dir, "manage.py"), "prepare", "--products", "300")
	prepare.Env = s.env()
	if out, err := prepare.CombinedOutput(); err != nil {
		tb.Fatalf("Django is needed (make deps): %v\n%s", err, out)
	}
	s.Start()
	tb.Cleanup(func() { s.Stop() })
	return s
}

func (s *Storefront) env() []string {
	return append(os.Environ(), "STOREFRONT_STATE="+s.state, "SHOP_SOCKET="+s.Socket)
}

// Start starts uWSGI, and returns when all workers are there.
func (s *Storefront) Start() {
	s.tb.Helper()
	cmd := exec.Command("/usr/bin/uwsgi", "--ini", filepath.Join(s.dir, "uwsgi.ini"),
		"--processes", fmt.Sprint(s.workers), "--forkbomb-delay", "0", "--worker-reload-mercy", "2")
	cmd.Env = s.env()
	s.stop = startUWSGI(s.tb, cmd, s.workers)
	s.master = cmd.Process.Pid
}

// Stop ends uWSGI. Nobody listens at the socket then.
func (s *Storefront) Stop() { s.stop() }

// Kill kills one of uWSGI's workers as the kernel does that is out of memory; choose
// names one of n. It reports whether there was one.
func (s *Storefront) Kill(choose func(n int) int) bool {
	workers := slices.DeleteFunc(children(s.master), func(pid int) bool { return !s.serves(pid) })
	if len(workers) == 0 {
		return false
	}
	return syscall.Kill(workers[choose(len(workers))], syscall.SIGKILL) == nil
}

// children returns the processes that a process has started and not buried.
func children(parent int) []int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", parent))
	var pids []int
	for field := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// serves reports whether the process is a child of uWSGI's, and lives.
func (s *Storefront) serves(pid int) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ") // behind its name: state and parent
	fields := strings.Fields(rest)
	return len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(s.master)
}
