package integration

import (
	"io"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

func TestFirstHit(t *testing.T) {
	o := edge.NewOrigin(t, nil)
	e := edge.Start(t, `
EDGE {
	page_cache /products/category/* 15s
	reverse_proxy `+o.Addr+`
}`)
	_ = io.EOF
	first := e.Get("/products/category/x")
	t.Log(first.Status, first.Header, first.Body)
	first.Want(t, "fwd=uri-miss", "fwd-status=200", "stored", "ttl=15", "detail=not-found")
	second := e.Get("/products/category/x")
	t.Log(second.Status, second.Header)
	second.Want(t, "hit", "detail=fresh")
	if second.Body != first.Body || !second.Whole() {
		t.Errorf("the hit's body is another")
	}
	other := e.Get("/about")
	if other.Header["Cache-Status"] != nil || o.Hits() != 2 {
		t.Errorf("%v, hits %d", other.Header, o.Hits())
	}
	e.Get("/products/category/x", "Cookie: sessionid=A").Want(t, "fwd=bypass", "detail=cookie")
	e.Do("HEAD", "/products/category/x").Want(t, "hit")
	e.Do("POST", "/products/category/x").Want(t, "fwd=method")
}
