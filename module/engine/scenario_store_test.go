package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/store"
)

// memory is a store.Store that can be made to fail.
type memory struct {
	mu     sync.Mutex // protects what follows
	m      map[store.Digest][]byte
	broken map[string]bool
}

// fail breaks one of get and set, damages all that is stored, or mends all.
func (m *memory) fail(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch what {
	case "":
		m.broken = nil
	case "corrupt":
		for d := range m.m {
			m.m[d][len(m.m[d])-1] ^= 1
		}
	default:
		if m.broken == nil {
			m.broken = map[string]bool{}
		}
		m.broken[what] = true
	}
}

// len returns how many responses are stored, and markers; large bodies stand apart.
func (m *memory) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, value := range m.m {
		if !errors.Is(decodes(value), entry.ErrCorrupt) {
			n++
		}
	}
	return n
}

func decodes(value []byte) error {
	_, err := entry.Decode(value)
	return err
}

func (m *memory) Get(d store.Digest) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken["get"] {
		return nil, fmt.Errorf("%w: get", store.ErrFailed)
	}
	value, ok := m.m[d]
	if !ok {
		return nil, store.ErrNotFound
	}
	return slices.Clone(value), nil
}

func (m *memory) Set(d store.Digest, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken["set"] {
		return fmt.Errorf("%w: set", store.ErrFailed)
	}
	if m.m == nil {
		m.m = map[store.Digest][]byte{}
	}
	m.m[d] = slices.Clone(value)
	return nil
}

func (m *memory) Stays(d store.Digest) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.m[d]
	return ok && !m.broken["get"]
}

func (m *memory) Delete(d store.Digest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.m, d)
	return nil
}

func (m *memory) Close() error { return nil }

// notes is a Recorder that counts.
type notes struct {
	mu     sync.Mutex // protects counts
	counts map[string]int
}

func (n *notes) add(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counts[name]++
}

func (n *notes) Answered(s cachestatus.Status) { n.add(strings.ToLower(s.Word())) }

func (n *notes) Filled(reason cachestatus.Reason) {
	if reason == cachestatus.ReasonNone {
		n.add("filled")
		return
	}
	n.add("discarded")
	n.add("discarded." + reason.String())
}

func (n *notes) StoreFailed(op string, _ error) { n.add(op + "-failed") }

func (n *notes) RefreshSkipped() { n.add("refresh-skipped") }

func (n *notes) FillFailed(_ error, stack []byte) {
	n.add("fill-failed")
	if stack != nil {
		n.add("stack")
	}
}
