package entry_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/entry"
)

// A body that is kept apart comes back as it was, and no other passes for it.
func TestApart(t *testing.T) {
	e := small()
	head, body := e.Split()
	if e.Apart.Size != 0 || len(e.Body) == 0 || head.Body != nil || !bytes.Equal(body, e.Body) || head.Size() != e.Size() {
		t.Fatalf("split into %+v and %q", head, body)
	}
	got, err := entry.Decode(head.Encode())
	if err != nil || got.Body != nil || got.Size() != int64(len(body)) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, wrong := range [][]byte{nil, body[1:], append([]byte("x"), body[1:]...)} {
		if err := got.Join(wrong); !errors.Is(err, entry.ErrCorrupt) || got.Body != nil {
			t.Errorf("joined with %q: %v", wrong, err)
		}
	}
	if err := got.Join(body); err != nil || !bytes.Equal(got.Body, body) {
		t.Errorf("got %q, %v", got.Body, err)
	}
	again, _ := got.Split()
	if !bytes.Equal(again.Encode(), head.Encode()) || !bytes.Equal(got.Encode(), head.Encode()) {
		t.Error("a body that was joined is no longer the one that is apart")
	}
	other := small()
	other.Key, other.Header, other.StoredAt = "another", nil, 0
	if same, _ := other.Split(); same.Apart != head.Apart {
		t.Error("one body has two sums")
	}
	other.Body = append(other.Body, ' ')
	if longer, _ := other.Split(); longer.Apart.Sum == head.Apart.Sum {
		t.Error("two bodies have one sum")
	}
}

// split draws entries some of which keep their body apart.
func split() *rapid.Generator[*entry.Entry] {
	return rapid.Custom(func(t *rapid.T) *entry.Entry {
		e := entries().Draw(t, "entry")
		if len(e.Body) > 0 && rapid.Bool().Draw(t, "apart") {
			e, _ = e.Split()
		}
		return e
	})
}
