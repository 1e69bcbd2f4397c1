// Package variant counts the variants that pages have at a time, so that what a client
// chooses (a header that an answer varies by, a cookie that selects) cannot fill the
// store with copies of one page.
//
// When a page has as many as it may, one that is asked for more often than the least
// wanted of them takes its place: variants that a stranger has made up do not keep out
// those that visitors want, and one visit does not push out any.
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

// MaxVariants is how many variants a Table knows in all, those that wait for a place
// included, which takes some 20 MiB when each is of another page, and less when pages
// have several. When there are more, the page that had one stored longest ago is
// forgotten; its count begins anew.
const MaxVariants = 1 << 16

// Table counts variants by page. Pages whose sums are the same by chance count as one.
type Table struct {
	seed maphash.Seed

	mu    sync.Mutex // protects what follows
	pages map[uint64]*list.Element
	order *list.List // of pages: whose count changed last comes first
	total int
}

type page struct {
	id    uint64
	known []known // what has a place
	waits []known // what was refused one, the newest last; as many as places at most
}

// known is a variant. One that has a place has it until then.
type known struct {
	key   [32]byte
	until time.Duration
	worth uint32 // how often it was asked for, about, and lately
}

// New returns an empty Table.
func New() *Table {
	return &Table{seed: maphash.MakeSeed(), pages: map[uint64]*list.Element{}, order: list.New()}
}

// Full reports whether a page has as many variants as limit at the time now, of which
// this one is none, and all of them are wanted as much as it is. Each call counts as one
// visitor who wants this one.
func (t *Table) Full(of, variant [32]byte, limit int, now time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.find(of)
	if p == nil || find(p.known, variant) >= 0 || count(p.known, now) < limit {
		return false
	}
	i := find(p.waits, variant)
	if i < 0 {
		if len(p.waits) >= limit { // the least wanted of those that wait goes; of several the oldest
			p.waits = slices.Delete(p.waits, least(p.waits), least(p.waits)+1)
			t.total--
		}
		p.waits = append(p.waits, known{key: variant})
		i = len(p.waits) - 1
		t.grow()
	}
	p.waits[i].worth++
	return p.waits[i].worth <= p.known[least(p.known)].worth
}

// Add gives a variant of a page a place until then, and reports whether there was one
// under limit at the time now: one that has a place keeps it. gone is the variant that
// has lost its place to it, if any; it is zero otherwise.
func (t *Table) Add(of, variant [32]byte, limit int, now, until time.Duration) (gone [32]byte, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.find(of)
	if p == nil {
		id := t.sum(of)
		p = &page{id: id}
		t.pages[id] = t.order.PushFront(p)
	}
	t.order.MoveToFront(t.pages[p.id])
	if i := find(p.known, variant); i >= 0 {
		p.known[i].until = max(p.known[i].until, until)
		p.known[i].worth = p.known[i].worth/2 + 1 // what was wanted once counts less each time
		return gone, true
	}
	before := len(p.known) + len(p.waits)
	p.known = slices.DeleteFunc(p.known, func(k known) bool { return k.until <= now })
	worth := uint32(1)
	if i := find(p.waits, variant); i >= 0 {
		worth = p.waits[i].worth
	}
	if len(p.known) >= limit {
		i := least(p.known)
		if worth <= p.known[i].worth {
			t.total += len(p.known) + len(p.waits) - before
			return gone, false
		}
		gone = p.known[i].key
		p.known = slices.Delete(p.known, i, i+1)
	}
	p.known = append(p.known, known{variant, until, worth})
	p.waits = slices.DeleteFunc(p.waits, func(k known) bool { return k.key == variant })
	t.total += len(p.known) + len(p.waits) - before - 1
	t.grow()
	return gone, true
}

// Seen counts so many visitors who were served this variant.
func (t *Table) Seen(of, variant [32]byte, visitors uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.find(of)
	if p == nil {
		return
	}
	if i := find(p.known, variant); i >= 0 && p.known[i].worth < 1<<30 {
		p.known[i].worth += visitors
	}
}

// Len returns how many variants are known, those whose time is over included.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

// grow counts one more, and forgets pages until there is room for it. t.mu is held.
func (t *Table) grow() {
	t.total++
	for t.total > MaxVariants {
		at := t.order.Back()
		p := pageAt(at)
		t.total -= len(p.known) + len(p.waits)
		delete(t.pages, p.id)
		t.order.Remove(at)
	}
}

func (t *Table) find(of [32]byte) *page {
	if at := t.pages[t.sum(of)]; at != nil {
		return pageAt(at)
	}
	return nil
}

func (t *Table) sum(b [32]byte) uint64 { return maphash.Bytes(t.seed, b[:]) }

func find(all []known, key [32]byte) int {
	return slices.IndexFunc(all, func(k known) bool { return k.key == key })
}

func count(all []known, now time.Duration) (n int) {
	for _, k := range all {
		if k.until > now {
			n++
		}
	}
	return n
}

// least returns the place of the one that is wanted least, the first of several.
func least(all []known) int {
	at := 0
	for i := range all {
		if all[i].worth < all[at].worth {
			at = i
		}
	}
	return at
}

func pageAt(at *list.Element) *page {
	p, _ := at.Value.(*page) // nothing else is in it
	return p
}
