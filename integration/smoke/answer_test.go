package main

import (
	"net/http"
	"testing"
)

func TestReadCacheStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		want  cacheStatus
		fails bool
	}{
		{name: "none"},
		{
			name:  "hit",
			lines: []string{"page-cache;hit;ttl=12;detail=fresh"},
			want:  cacheStatus{present: true, hit: true, ttl: 12, detail: "fresh"},
		},
		{
			name:  "parameters in another order, detail as a string",
			lines: []string{`page-cache; detail="not-found"; ttl=15; stored; fwd=uri-miss; fwd-status=200`},
			want:  cacheStatus{present: true, stored: true, forward: "uri-miss", ttl: 15, detail: "not-found"},
		},
		{
			name:  "behind another cache, on two lines",
			lines: []string{"inner; hit", "page-cache; fwd=bypass; detail=cookie"},
			want:  cacheStatus{present: true, forward: "bypass", detail: "cookie"},
		},
		{
			name:  "hit said to be untrue",
			lines: []string{"page-cache;hit=?0;fwd=miss"},
			want:  cacheStatus{present: true, forward: "miss"},
		},
		{name: "hit and forwarded", lines: []string{"page-cache;hit;fwd=stale"}, fails: true},
		{name: "twice", lines: []string{"page-cache;hit, page-cache;hit"}, fails: true},
		{name: "broken", lines: []string{"page-cache;;hit"}, fails: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := readCacheStatus(http.Header{"Cache-Status": test.lines})
			if (err != nil) != test.fails {
				t.Fatalf("error %v, want one: %v", err, test.fails)
			}
			if !test.fails && got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
