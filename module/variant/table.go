// Package variant counts the variants that pages have at a time, so that what a client
// chooses (a header that an answer varies by, a cookie that selects) cannot fill the
// store with copies of one page.
//
// It decides nothing about what a variant is. A Table is safe for concurrent use.
package variant

import (
	"container/list"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// MaxVariants is how many variants a Table counts in all, which takes some 30 MiB when
// each is of another page, and less when pages have several. When there are more, the
// page that had one stored longest ago is forgotten; its count begins anew.
const MaxVariants = 1 << 17

// Table counts variants by page. Sums that are the same by chance count as one.
type Table struct {
	seed maphash.Seed

	mu    sync.Mutex // protects what follows
	pages map[uint64]*list.Element
	order *list.List // of pages: whose count changed last comes first
	total int
}

type page struct {
	id    uint64
	known []known
}

// known is a variant, which counts until then.
type known struct {
	sum   uint64
	until time.Duration
}

// New returns an empty Table.
func New() *Table {
	return &Table{seed: maphash.MakeSeed(), pages: map[uint64]*list.Element{}, order: list.New()}
}

// Full reports whether a page has as many variants as limit at the time now, of which
// this one is none.
func (t *Table) Full(of, variant [32]byte, limit int, now time.Duration) bool {
	id, sum := t.sum(of), t.sum(variant)
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.pages[id]
	if at == nil {
		return false
	}
	n := 0
	for _, k := range pageAt(at).known {
		if k.sum == sum {
			return false
		}
		if k.until > now {
			n++
		}
	}
	return n >= limit
}

// Add counts a variant of a page until then, and reports whether there was room for it
// under limit at the time now: one that is known has its room.
func (t *Table) Add(of, variant [32]byte, limit int, now, until time.Duration) bool {
	id, sum := t.sum(of), t.sum(variant)
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.pages[id]
	if at == nil {
		at = t.order.PushFront(&page{id: id})
		t.pages[id] = at
	}
	t.order.MoveToFront(at)
	p := pageAt(at)
	if i := slices.IndexFunc(p.known, func(k known) bool { return k.sum == sum }); i >= 0 {
		p.known[i].until = max(p.known[i].until, until)
		return true
	}
	before := len(p.known)
	p.known = slices.DeleteFunc(p.known, func(k known) bool { return k.until <= now })
	room := len(p.known) < limit
	if room {
		p.known = append(p.known, known{sum, until})
	}
	t.total += len(p.known) - before
	for t.total > MaxVariants {
		t.forgetLocked(t.order.Back())
	}
	return room
}

// Len returns how many variants are counted, those whose time is over included.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

func (t *Table) forgetLocked(at *list.Element) {
	p := pageAt(at)
	t.total -= len(p.known)
	delete(t.pages, p.id)
	t.order.Remove(at)
}

func (t *Table) sum(b [32]byte) uint64 { return maphash.Bytes(t.seed, b[:]) }

func pageAt(at *list.Element) *page {
	p, _ := at.Value.(*page) // nothing else is in it
	return p
}
