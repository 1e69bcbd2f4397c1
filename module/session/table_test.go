package session_test

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/session"
)

func key(n int) (k [32]byte) {
	binary.LittleEndian.PutUint64(k[:], uint64(n))
	return k
}

func cookie(n int) []string { return []string{"sessionid=" + strconv.Itoa(n)} }

func TestName(t *testing.T) {
	table := session.New(1 << 20)
	a := table.Name([]string{"sessionid=secret"})
	if strings.Contains(a, "secret") {
		t.Errorf("%s tells the cookie", a)
	}
	if again := table.Name([]string{"sessionid=secret"}); again != a {
		t.Errorf("another name for the same session: %s, %s", a, again)
	}
	for _, other := range [][]string{
		{"sessionid=secre"}, {"sessionid=secret", "cart=1"}, {"cart=1", "sessionid=secret"}, {"sessionid=secretcart=1"}, {"SESSIONID=secret"},
	} {
		if table.Name(other) == a {
			t.Errorf("%q has the name of another session", other)
		}
	}
	if b := session.New(1 << 20).Name([]string{"sessionid=secret"}); b == a {
		t.Error("two tables have one key")
	}
}

// TestForget: any of a session's cookies ends it, and no other.
func TestForget(t *testing.T) {
	table := session.New(1 << 20)
	both := []string{"sessionid=1", "cart=2"}
	names := map[string][]string{table.Name(both): both, table.Name(cookie(1)): cookie(1), table.Name(cookie(2)): cookie(2)}
	table.Forget([]string{"_ga=1", "cart=2", "x"})
	for name, cookies := range names {
		same := table.Name(cookies) == name
		if want := len(cookies) == 1; same != want {
			t.Errorf("%q: the same name: %v, want %v", cookies, same, want)
		}
	}
	if _, ok := table.Keep("", key(1), 1); ok {
		t.Error("a page is kept for nobody")
	}
}

// TestForgottenWhileFilled: what was asked for before is not kept.
func TestForgottenWhileFilled(t *testing.T) {
	table := session.New(1 << 20)
	before := table.Name(cookie(1))
	table.Forget(cookie(1))
	if _, ok := table.Keep(before, key(1), 1); ok {
		t.Error("kept under a name that is gone")
	}
	table.Name(cookie(1))
	if _, ok := table.Keep(before, key(1), 1); ok {
		t.Error("kept under a name that is gone, though the session is known again")
	}
	if sessions, bytes := table.Len(); sessions != 1 || bytes != 0 {
		t.Errorf("%d sessions, %d bytes", sessions, bytes)
	}
}

func TestPagesOfOneSession(t *testing.T) {
	table := session.New(1 << 20)
	name := table.Name(cookie(1))
	for i := range session.MaxPages + 3 {
		gone, ok := table.Keep(name, key(i), 10)
		if !ok {
			t.Fatalf("page %d is not kept", i)
		}
		if want := i - session.MaxPages; want >= 0 && !slices.Equal(gone, [][32]byte{key(want)}) {
			t.Errorf("page %d: %x makes room, want %x", i, gone, key(want))
		} else if want < 0 && gone != nil {
			t.Errorf("page %d: %x makes room", i, gone)
		}
	}
	if gone, ok := table.Keep(name, key(session.MaxPages+2), 30); !ok || gone != nil {
		t.Errorf("a page that is stored anew: %v, %x", ok, gone)
	}
	if _, bytes := table.Len(); bytes != session.MaxPages*10+20 {
		t.Errorf("%d bytes", bytes)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	table := session.New(1 << 40)
	first, second := table.Name(cookie(0)), table.Name(cookie(1))
	for i := range session.MaxSessions {
		table.Name(cookie(i + 2))
		table.Name(cookie(1)) // seen again and again
	}
	if sessions, _ := table.Len(); sessions != session.MaxSessions {
		t.Errorf("%d sessions", sessions)
	}
	if table.Name(cookie(1)) != second {
		t.Error("a session in use was forgotten")
	}
	if table.Name(cookie(0)) == first {
		t.Error("an old session has its old name")
	}
}

func TestTooLarge(t *testing.T) {
	table := session.New(100)
	if _, ok := table.Keep(table.Name(cookie(1)), key(1), 101); ok {
		t.Error("a page is kept that is more than all may have")
	}
}

// TestBytesAreBounded: whatever is kept, all pages fit; what makes room is named; and
// a session's own page goes last.
func TestBytesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 1000
		table := session.New(limit)
		stored := map[[32]byte]int64{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			n := rapid.IntRange(0, 9).Draw(t, "session")
			name := table.Name(cookie(n))
			k, size := key(n*100+rapid.IntRange(0, 40).Draw(t, "page")), rapid.Int64Range(1, 600).Draw(t, "size")
			gone, ok := table.Keep(name, k, size)
			if !ok {
				t.Fatalf("%d bytes are not kept", size)
			}
			stored[k] = size
			for _, g := range gone {
				if g == k {
					t.Fatal("a page makes room for itself")
				}
				delete(stored, g)
			}
			total := int64(0)
			for _, s := range stored {
				total += s
			}
			if _, bytes := table.Len(); bytes != total || total > limit {
				t.Fatalf("%d bytes are counted, %d stored", bytes, total)
			}
			if table.Name(cookie(n)) != name {
				t.Fatal("keeping a page has ended its session")
			}
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	table := session.New(5000)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 500 {
				c := cookie((i + worker) % 20)
				name := table.Name(c)
				table.Keep(name, key(i), 100)
				if i%7 == 0 {
					table.Forget(c)
				}
			}
		})
	}
	wg.Wait()
	if sessions, bytes := table.Len(); sessions > 20 || bytes > 5000 || bytes < 0 {
		t.Errorf("%d sessions, %d bytes", sessions, bytes)
	}
}

func BenchmarkName(b *testing.B) {
	table := session.New(1 << 20)
	c := cookie(1)
	b.ReportAllocs()
	for b.Loop() {
		table.Name(c)
	}
}
