package purge_test

import (
	"fmt"
	"testing"

	"github.com/page-cache/page-cache/module/purge"
)

func TestInvalidate(t *testing.T) {
	l := purge.New()
	if l.Generation("a") != 0 {
		t.Fatal("a new ledger has lines")
	}
	seen := map[uint64]bool{0: true}
	for range 3 {
		l.Invalidate("a")
		g := l.Generation("a")
		if seen[g] {
			t.Errorf("generation %d was there before", g)
		}
		seen[g] = true
	}
	if l.Generation("b") != 0 {
		t.Error("another URI was invalidated")
	}
}

// TestForgottenLinesReviveNothing: with more lines than are kept, no URI ever gets
// a generation that it had before it was invalidated.
func TestForgottenLinesReviveNothing(t *testing.T) {
	l := purge.New()
	l.Invalidate("first")
	after := l.Generation("first")
	for i := range 3 * purge.MaxLines {
		uri := fmt.Sprint(i)
		before := l.Generation(uri)
		l.Invalidate(uri)
		if g := l.Generation(uri); g <= before {
			t.Fatalf("URI %d: generation %d after %d", i, g, before)
		}
		if g := l.Generation("first"); g < after {
			t.Fatalf("after %d lines the first URI has generation %d again", i, g)
		} else {
			after = g
		}
	}
}

func BenchmarkGeneration(b *testing.B) {
	l := purge.New()
	for i := range purge.MaxLines {
		l.Invalidate(fmt.Sprint(i))
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Generation("http shop.test /products/category/shoes-1/")
		}
	})
}
