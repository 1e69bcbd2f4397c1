package collapse

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// page returns a body of n bytes in which no two places look alike.
func page(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8*7 ^ i>>16*13)
	}
	return p
}

func key(n byte) [32]byte { return [32]byte{n} }

// mustJoin joins and checks the part that is given.
func mustJoin(t *testing.T, g *Group, k [32]byte, limit int64, want Role) (*Fill, *Reader) {
	t.Helper()
	f, r, role := g.Join(k, limit)
	if role != want {
		t.Fatalf("got role %d, want %d", role, want)
	}
	return f, r
}

// drain reads to the end, and returns what came and how it ended.
func drain(ctx context.Context, r *Reader) ([]byte, error) {
	var all []byte
	for {
		piece, err := r.Next(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, piece...)
	}
}

// mustWrite writes p, which must be taken whole.
func mustWrite(t *testing.T, b *Body, p []byte) {
	t.Helper()
	if n, err := b.Write(p); n != len(p) || err != nil {
		t.Errorf("wrote %d of %d bytes: %v", n, len(p), err)
	}
}

// wantLimits checks what all fills together hold.
func wantLimits(t *testing.T, l *Limits, fills, bytes int64) {
	t.Helper()
	if l.Fills() != fills || l.Bytes() != bytes {
		t.Errorf("got %d fills and %d bytes under way, want %d and %d", l.Fills(), l.Bytes(), fills, bytes)
	}
}

// held returns how many bytes the body has in memory.
func held(b *Body) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(b.size - b.baseLocked())
}
