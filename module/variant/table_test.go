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

func add(t *variant.Table, of, v [32]byte, now, until time.Duration) bool {
	_, ok := t.Add(of, v, limit, now, until)
	return ok
}

// TestLimit: HARDENING S48, as many variants as the limit, of one page.
func TestLimit(t *testing.T) {
	table := variant.New()
	for i := range 10_000 {
		full := table.Full(id(1), id(i), limit, 0)
		if added := add(table, id(1), id(i), 0, soon); added != (i < limit) || full == added {
			t.Fatalf("variant %d: added %v, full %v", i, added, full)
		}
	}
	if table.Full(id(1), id(3), limit, 0) || !add(table, id(1), id(3), 0, soon) {
		t.Error("a variant that is counted has no room")
	}
	if table.Full(id(2), id(99), limit, 0) || !add(table, id(2), id(99), 0, soon) {
		t.Error("another page has no room")
	}
	if n := table.Len(); n != 2*limit+1 { // as many wait
		t.Errorf("%d variants are counted", n)
	}
}

// TestWanted: what a stranger made up and asked for once makes room for what is wanted
// again, and not for what is asked for once; what is served often keeps its place.
func TestWanted(t *testing.T) {
	table := variant.New()
	add(table, id(1), id(500), 0, soon)
	for i := range limit - 1 {
		add(table, id(1), id(i+1), 0, soon)
	}
	table.Seen(id(1), id(500), 16)
	for i := range 3 * limit {
		if !table.Full(id(1), id(1000+i), limit, 0) {
			t.Fatalf("there is room for what is asked for once, after %d", i)
		}
	}
	taken := map[[32]byte]bool{}
	for i := range limit - 1 {
		v := id(100 + i)
		asked := 1
		for table.Full(id(1), v, limit, 0) {
			asked++
		}
		gone, ok := table.Add(id(1), v, limit, 0, soon)
		if !ok || asked != 2 || gone == id(500) || gone == ([32]byte{}) || taken[gone] {
			t.Fatalf("variant %d: asked %d times, taken in: %v, in place of %v", i, asked, ok, gone)
		}
		taken[gone] = true
	}
	if table.Full(id(1), id(500), limit, 0) {
		t.Error("what is served often has lost its place")
	}
	if gone, ok := table.Add(id(2), id(1), limit, 0, soon); !ok || gone != ([32]byte{}) {
		t.Error("where there is room somebody has to go")
	}
	table.Seen(id(3), id(1), 1) // nothing of it is known
}

// TestLenIsWhatIsThere: the sum of all is right, whatever comes.
func TestLenIsWhatIsThere(t *testing.T) {
	table := variant.New()
	for i := range 3 * variant.MaxVariants {
		page, v := id(i%5000), id(i%97)
		now := time.Duration(i) * time.Millisecond
		if !table.Full(page, v, 4, now) {
			table.Add(page, v, 4, now, now+soon)
		}
		if n := table.Len(); n > variant.MaxVariants || n < 0 {
			t.Fatalf("%d after %d", n, i)
		}
	}
	if n := table.Len(); n > 5000*8 {
		t.Errorf("%d are known of 5000 pages with 4 places each", n)
	}
}

// TestTimeEndsIt: a variant counts for its time, which goes on when it is stored anew.
func TestTimeEndsIt(t *testing.T) {
	table := variant.New()
	for i := range limit {
		add(table, id(1), id(i), 0, soon)
	}
	add(table, id(1), id(0), soon/2, 2*soon)
	if table.Full(id(1), id(99), limit, soon-1) != true || table.Full(id(1), id(99), limit, soon) {
		t.Error("the others do not count for a minute")
	}
	for i := range limit - 1 {
		if !add(table, id(1), id(100+i), soon, 2*soon) {
			t.Fatalf("no room for %d more", i+1)
		}
	}
	if add(table, id(1), id(200), soon, 2*soon) {
		t.Error("the one that was stored anew does not count")
	}
}

// TestBounded: HARDENING R28, a flood of pages with a variant each.
func TestBounded(t *testing.T) {
	table := variant.New()
	before := heap()
	const more = 1000
	for i := range variant.MaxVariants + more {
		if !add(table, id(i), id(i), 0, soon) {
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
		add(table, id(more-1), id(-i), 0, soon)
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
	has := map[[32]byte]int{}
	for worker := range 8 {
		wg.Go(func() {
			for i := range 100 {
				v := id(1 + worker*100 + i)
				mu.Lock() // what is told of places must be in order to be added up
				if gone, ok := table.Add(id(1), v, limit, 0, soon); ok {
					has[v]++
					has[gone]--
				}
				mu.Unlock()
				table.Full(id(1), id(1+i), limit, 0)
				table.Seen(id(1), id(1+i), 1)
			}
		})
	}
	wg.Wait()
	delete(has, [32]byte{})
	places := 0
	for v, n := range has {
		if n > 0 {
			places++
		}
		if n < 0 || n > 0 && table.Full(id(1), v, limit, 0) {
			t.Errorf("%x has %d places", v[:4], n)
		}
	}
	if places != limit || table.Len() > 2*limit {
		t.Errorf("%d have places, %d are known", places, table.Len())
	}
}
