package coding

import (
	"fmt"
	"testing"
)

func BenchmarkPrepare(b *testing.B) {
	body, holes := shopPage(60_000, 25)
	body = filled(body, holes, token("VisitorsOwnToken", tokenSize))
	for _, c := range codings {
		for _, at := range [][]int{nil, holes} {
			b.Run(fmt.Sprintf("%s/%dholes", c, len(at)), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.ReportMetric(float64(len(mustPrepare(b, c, body, at).Data)), "size")
				}
			})
		}
	}
}

func BenchmarkFill(b *testing.B) {
	body, holes := shopPage(60_000, 25)
	tok := token("t", tokenSize)
	for _, c := range codings {
		f := mustPrepare(b, c, body, holes)
		b.Run(c.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Fill(tok)
			}
		})
		b.Run(c.String()+"/append", func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, len(f.Data))
			for b.Loop() {
				buf, _ = f.AppendFilled(buf[:0], tok)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	body, holes := shopPage(60_000, 25)
	for _, c := range codings {
		stored := mustPrepare(b, c, body, holes).Encode()
		b.Run(c.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(stored); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
