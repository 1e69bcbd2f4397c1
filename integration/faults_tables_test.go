package integration

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/purge"
	"github.com/page-cache/page-cache/module/session"
	"github.com/page-cache/page-cache/module/variant"
)

// TestFaultR28_SideTablesAreBounded: a flood of pages that are not stored, of URLs
// that are invalidated, of variants and of sessions leaves each table within 32 MB;
// the newest of what it holds is still there.
func TestFaultR28_SideTablesAreBounded(t *testing.T) {
	n := times(150_000, 1_000_000)
	key := func(i int) [32]byte { return sha256.Sum256(strconv.AppendInt(nil, int64(i), 10)) }
	cookies := func(i int) []string { return []string{"sessionid=" + strconv.Itoa(i)} }
	marks, ledger, variants, sessions := collapse.NewMarks(), purge.New(), variant.New(), session.New(1<<30)
	name := ""
	for table, add := range map[string]func(i int){
		"marks":    func(i int) { marks.Set(key(i), time.Hour) },
		"ledger":   func(i int) { ledger.Invalidate(strconv.Itoa(i)) },
		"variants": func(i int) { variants.Add(key(i), key(i), 16, 0, time.Hour) },
		"sessions": func(i int) {
			name = sessions.Name(cookies(i))
			for page := range session.MaxPages {
				sessions.Keep(name, key(page), 1)
			}
		},
	} {
		runtime.GC()
		before := heapInUse()
		count := n
		if table == "sessions" {
			count = n / session.MaxPages
		}
		for i := range count {
			add(i)
		}
		runtime.GC()
		if grown := heapInUse() - before; grown > 32<<20 {
			t.Errorf("%s: %d bytes after %d", table, grown, count)
		}
	}
	if !marks.Has(key(n-1), 0) || ledger.Generation(strconv.Itoa(n-1)) != uint64(n) || variants.Full(key(n-1), key(0), 1, 0) == false {
		t.Error("a table has lost what it took last")
	}
	if sessions.Name(cookies(n/session.MaxPages-1)) != name {
		t.Error("the last session has another name")
	}
	runtime.KeepAlive(ledger)
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestFaultR29_VariantsByACrowd: many ask for thousands of variants of one page at
// once; each gets his own, and no more are stored than a page may have.
func TestFaultR29_VariantsByACrowd(t *testing.T) {
	o := edge.NewOrigin(t, answering("Vary: User-Agent"))
	e := shop(t, o)
	target := newPage()
	before := entries(t)
	inParallel(times(1000, 10_000), 64, func(i int) {
		agent := fmt.Sprintf("agent %d", i)
		if a := e.Get(target, "User-Agent: "+agent); a.Status != 200 || echoed(a, "User-Agent") != agent {
			t.Errorf("%s got %d and the page of %q", agent, a.Status, echoed(a, "User-Agent"))
		}
	})
	if grown := entries(t) - before; grown > 17 { // with the marker
		t.Errorf("the store holds %d more", grown)
	}
}
