package variant_test

import (
	"encoding/binary"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/variant"
)

const (
	limit = 16
	soon  = time.Minute
)

func id(n int) (b [32]byte) {
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	return b
}

// TestLimit: HARDENING S48, as many variants as the limit, of one page.
func TestLimit(t *testing.T) {
	table := variant.New()
	for i := range 10_000 {
		full := table.Full(id(1), id(i), limit, 0)
		if added := table.Add(id(1), id(i), limit, 0, soon); added != (i < limit) || full == added {
			t.Fatalf("variant %d: added %v, full %v", i, added, full)
		}
	}
	if table.Full(id(1), id(3), limit, 0) || !table.Add(id(1), id(3), limit, 0, soon) {
		t.Error("a variant that is counted has no room")
	}
	if table.Full(id(2), id(99), limit, 0) || !table.Add(id(2), id(99), limit, 0, soon) {
		t.Error("another page has no room")
	}
	if n := table.Len(); n != limit+1 {
		t.Errorf("%d variants are counted", n)
	}
}

// TestTimeEndsIt: a variant counts for its time, which goes on when it is stored anew.
func TestTimeEndsIt(t *testing.T) {
	table := variant.New()
	for i := range limit {
		table.Add(id(1), id(i), limit, 0, soon)
	}
	table.Add(id(1), id(0), limit, soon/2, 2*soon)
	if table.Full(id(1), id(99), limit, soon-1) != true || table.Full(id(1), id(99), limit, soon) {
		t.Error("the others do not count for a minute")
	}
	for i := range limit - 1 {
		if !table.Add(id(1), id(100+i), limit, soon, 2*soon) {
			t.Fatalf("no room for %d more", i+1)
		}
	}
	if table.Add(id(1), id(200), limit, soon, 2*soon) {
		t.Error("the one that was stored anew does not count")
	}
}

// TestBounded: HARDENING R28, a flood of pages with a variant each.
func TestBounded(t *testing.T) {
	table := variant.New()
	before := heap()
	const more = 1000
	for i := range variant.MaxVariants + more {
		if !table.Add(id(i), id(i), limit, 0, soon) {
			t.Fatalf("no room for page %d", i)
		}
	}
	if n := table.Len(); n != variant.MaxVariants {
		t.Errorf("%d variants are counted", n)
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("it takes %d bytes", grown)
	}
	for i := range limit {
		table.Add(id(more-1), id(-i), limit, 0, soon)
	}
	if !table.Full(id(more-1), id(1), limit, 0) {
		t.Error("a page that was forgotten is not counted anew")
	}
	runtime.KeepAlive(table)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestConcurrentUse(t *testing.T) {
	table := variant.New()
	var wg sync.WaitGroup
	var mu sync.Mutex
	added := 0
	for worker := range 8 {
		wg.Go(func() {
			for i := range 100 {
				if table.Add(id(1), id(worker*100+i), limit, 0, soon) {
					mu.Lock()
					added++
					mu.Unlock()
				}
				table.Full(id(1), id(i), limit, 0)
			}
		})
	}
	wg.Wait()
	if added != limit {
		t.Errorf("%d variants were added", added)
	}
}
