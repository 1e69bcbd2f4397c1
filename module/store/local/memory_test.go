package local

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/page-cache/page-cache/module/store"
)

// flood sets n values of the given length under keys that are all different.
func flood(tb testing.TB, s *Store, n, length int) {
	tb.Helper()
	value := make([]byte, length)
	for i := range n {
		var d store.Digest
		binary.LittleEndian.PutUint64(d[:], uint64(i))
		if err := s.Set(d, value); err != nil {
			tb.Fatal(err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What stays reachable is bounded whatever is sent: twice the cap for values of one byte, which no response is.
func TestMemoryIsBounded(t *testing.T) {
	tests := []struct {
		length int
		most   float64 // of Capacity
	}{
		{1, 2.0},
		{200, 1.25},
		{4 << 10, 1.05},
		{MinSize/2 - entryOverhead, 1.55},
	}
	for _, test := range tests {
		before := heap()
		s := open(t, MinSize)
		flood(t, s, 3*MinSize/(test.length+50), test.length)
		used := float64(heap()-before) / float64(s.Capacity())
		t.Logf("values of %d bytes: %.3f of the capacity", test.length, used)
		if used > test.most {
			t.Errorf("values of %d bytes: %.3f of the capacity are reachable, want %.2f at most", test.length, used, test.most)
		}
		runtime.KeepAlive(s)
		_ = s.Close()
	}
}

// The table does not shrink when large values take the place of many small ones, and the write buffer comes on top.
func TestMemoryIsBoundedAtItsWorst(t *testing.T) {
	before := heap()
	s := open(t, MinSize)
	for range 2 {
		flood(t, s, MinSize/20, 1)
		flood(t, s, 2, s.MaxEntry())
	}
	used := float64(heap()-before) / float64(s.Capacity())
	t.Logf("%.3f of the capacity", used)
	if used > 2.3 {
		t.Errorf("%.3f of the capacity are reachable, want 2.3 at most", used)
	}
	runtime.KeepAlive(s)
}

// BenchmarkFlood reports what two million different keys leave behind. One round is enough: go test -bench Flood
// -benchtime 1x; each size in a process of its own for the figures of the system.
func BenchmarkFlood(b *testing.B) {
	for _, length := range []int{1, 200, 4 << 10} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			for b.Loop() {
				s := open(b, 64*mebibyte)
				flood(b, s, 2_000_000, length)
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.Sys)/mebibyte, "sysMiB")
				b.ReportMetric(float64(heap())/mebibyte, "heapMiB")
				b.ReportMetric(float64(s.Len()), "values")
				runtime.KeepAlive(s)
				_ = s.Close()
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, length := range []int{1 << 10, 50 << 10} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			s := open(b, 64*mebibyte)
			flood(b, s, 1, length)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Get(store.Digest{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkSet(b *testing.B) {
	s := open(b, 64*mebibyte)
	value := make([]byte, 50<<10)
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		var d store.Digest
		binary.LittleEndian.PutUint64(d[:], i)
		i++
		if err := s.Set(d, value); err != nil {
			b.Fatal(err)
		}
	}
}
