// Package session names the sessions that have pages of their own, and bounds those
// pages: how many of one session, and how many bytes of all. A session's name does not
// tell the cookie's value, and it changes when the session's pages are to be out of
// reach, at the same cost however many there are.
//
// It decides nothing about what ends a session. A Table is safe for concurrent use.
package session

import (
	"container/list"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// What a Table holds at most. It takes some 20 MiB when it is full.
const (
	// MaxSessions is how many sessions are known. When there are more, the one that was
	// not seen for longest is forgotten, with its pages.
	MaxSessions = 1 << 14
	// MaxPages is how many pages one session has. When there are more, the oldest goes.
	MaxPages = 32
)

// digest is what a page is stored under.
type digest = [32]byte

// sum stands for a cookie, or for several that make a session together.
type sum [16]byte

// Table is what is known of sessions. It holds sums of cookies under a key that is
// drawn anew for each Table, never their values.
type Table struct {
	key   [32]byte
	bytes int64 // the most that all pages take

	mu       sync.Mutex // protects what follows
	last     uint64     // the newest number of a session
	sessions map[sum]*record
	cookies  map[sum]map[*record]struct{} // which sessions a cookie is a part of
	order    *list.List                   // of records: who was seen last comes first
	size     int64
}

// record is a session.
type record struct {
	id     sum
	parts  []sum
	number uint64
	pages  []page
	at     *list.Element // in order
}

type page struct {
	key  digest
	size int64
}

// New returns an empty Table, whose sessions have pages of this many bytes in all.
func New(bytes int64) *Table {
	t := &Table{bytes: bytes, sessions: map[sum]*record{}, cookies: map[sum]map[*record]struct{}{}, order: list.New()}
	_, _ = rand.Read(t.key[:]) // it never fails
	return t
}

func (t *Table) sum(parts ...string) (s sum) {
	h := hmac.New(sha256.New, t.key[:])
	for _, part := range parts {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	copy(s[:], h.Sum(nil))
	return s
}

// Name returns the name of the session that has these cookies, as name=value, one at
// least, in the order in which they were sent. It is the same until Forget, or until
// the session has been forgotten in favour of others.
func (t *Table) Name(cookies []string) string {
	id := t.sum(cookies...)
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.sessions[id]
	if r == nil {
		r = t.addLocked(id, cookies)
	}
	t.order.MoveToFront(r.at)
	return hex.EncodeToString(id[:]) + "." + strconv.FormatUint(r.number, 10)
}

// Forget puts all pages of sessions that have any of these cookies out of reach, and
// all that fills begun before will store. It is called with every cookie of a request,
// whether it is a session's or not.
func (t *Table) Forget(cookies []string) {
	if t.empty() {
		return
	}
	for _, cookie := range cookies {
		part := t.sum(cookie)
		t.mu.Lock()
		for r := range t.cookies[part] {
			t.removeLocked(r)
		}
		t.mu.Unlock()
	}
}

func (t *Table) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.sessions) == 0
}

// Keep notes that a page of size bytes is about to be stored under key for the session
// of this name, and returns the keys of those that have to make room for it. ok is
// false when the session goes by another name by now, or the page is more than all
// sessions may have: then it must not be stored.
func (t *Table) Keep(name string, key digest, size int64) (gone [][32]byte, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.namedLocked(name)
	if r == nil || size > t.bytes {
		return nil, false
	}
	for i := range r.pages {
		if r.pages[i].key == key {
			t.takeLocked(r, i)
			break
		}
	}
	if len(r.pages) == MaxPages {
		gone = append(gone, t.takeLocked(r, 0))
	}
	r.pages = append(r.pages, page{key, size})
	t.size += size
	return t.shrinkLocked(r, gone), true
}

// shrinkLocked forgets those that were not seen for longest, but for the one that has
// just been served, until all pages fit. t.mu is held.
func (t *Table) shrinkLocked(served *record, gone [][32]byte) [][32]byte {
	for t.size > t.bytes {
		at := t.order.Back()
		if at == served.at && at.Prev() != nil {
			at = at.Prev()
		}
		oldest := recordAt(at)
		if oldest == served { // its own pages are too many
			gone = append(gone, t.takeLocked(oldest, 0))
			continue
		}
		for _, p := range oldest.pages {
			gone = append(gone, p.key)
		}
		t.removeLocked(oldest)
	}
	return gone
}

// takeLocked takes the page at i out of the session, and returns its key. t.mu is held.
func (t *Table) takeLocked(r *record, i int) digest {
	p := r.pages[i]
	t.size -= p.size
	r.pages = slices.Delete(r.pages, i, i+1)
	return p.key
}

// Len returns how many sessions are known, and how many bytes their pages take.
func (t *Table) Len() (sessions int, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.sessions), t.size
}

func (t *Table) namedLocked(name string) *record {
	text, number, _ := strings.Cut(name, ".")
	var id sum
	if n, err := hex.Decode(id[:], []byte(text)); err != nil || n != len(id) {
		return nil
	}
	r := t.sessions[id]
	if r == nil || strconv.FormatUint(r.number, 10) != number {
		return nil
	}
	return r
}

func (t *Table) addLocked(id sum, cookies []string) *record {
	if len(t.sessions) == MaxSessions {
		t.removeLocked(recordAt(t.order.Back()))
	}
	t.last++
	r := &record{id: id, number: t.last}
	for _, cookie := range cookies {
		part := t.sum(cookie)
		if t.cookies[part] == nil {
			t.cookies[part] = map[*record]struct{}{}
		}
		t.cookies[part][r] = struct{}{}
		r.parts = append(r.parts, part)
	}
	t.sessions[id] = r
	r.at = t.order.PushFront(r)
	return r
}

func (t *Table) removeLocked(r *record) {
	delete(t.sessions, r.id)
	t.order.Remove(r.at)
	for _, part := range r.parts {
		delete(t.cookies[part], r)
		if len(t.cookies[part]) == 0 {
			delete(t.cookies, part)
		}
	}
	for _, p := range r.pages {
		t.size -= p.size
	}
}

func recordAt(at *list.Element) *record {
	r, _ := at.Value.(*record) // nothing else is in it
	return r
}
