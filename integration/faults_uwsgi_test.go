package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/page-cache/page-cache/integration/edge"
)

// deadly are the kinds of pages of testdata/deadly.py on which a worker is killed.
var deadly = []string{"length", "close", "chunks"}

// Workers of a real uWSGI are killed half way through a page, under load. No half
// page is stored, none ends as if it were whole where the header lets a client
// tell, and a body that only the closing connection ends is never stored at all.
func TestFaultR07_WorkerKilledInMidPage(t *testing.T) {
	const parallel, workers = 8, 16 // uWSGI needs a second to replace one
	e := edge.Start(t, "EDGE {\n\tpage_cache /products/category/* 1h\n\treverse_proxy unix/"+
		edge.UWSGI(t, "testdata/deadly.py", workers)+" {\n\t\ttransport uwsgi\n\t}\n}\n")
	e.Get("/products/category/whole-first").Want(t, "fwd=uri-miss", "stored")
	before := atRest(t)
	kills := times(18, 200)
	var killed, whole, failed atomic.Int32
	inParallel(kills*8, parallel, func(i int) {
		if i%8 != 0 {
			if a := e.Get(fmt.Sprintf("/products/category/whole-%d", i)); a.Status == 200 && wholeDeadly(a) {
				whole.Add(1)
			} else {
				failed.Add(1)
			}
			return
		}
		killed.Add(1)
		wantNoHalfPage(t, e, fmt.Sprintf("/products/category/%s-%d", deadly[i/8%len(deadly)], i))
	})
	if got := failed.Load(); got > killed.Load()+parallel {
		t.Errorf("%d other requests failed at %d kills", got, killed.Load())
	}
	before.settles(t)
	// Every whole page with a length is stored, as a head and a body, and nothing else.
	if got, want := entries(t), 2*(1+int(whole.Load())); got != want {
		t.Errorf("%d values are stored, want %d", got, want)
	}
	for range 2 { // whole, and not provably so
		a := e.Get("/products/category/open-1")
		if a.Status != 200 || !wholeDeadly(a) || a.Is(t, "stored") || a.Is(t, "hit") {
			t.Errorf("got %d, %d bytes, %q, %v", a.Status, len(a.Body), a.Header["Cache-Status"], a.Err)
		}
	}
	e.Get("/products/category/whole-first").Want(t, "hit")
}

// wantNoHalfPage asks for a page that kills its worker, twice.
func wantNoHalfPage(t *testing.T, e *edge.Edge, target string) {
	t.Helper()
	for range 2 {
		a := e.Get(target)
		if a.Header.Get("Cache-Status") != "" && a.Is(t, "hit") {
			t.Errorf("%s: half a page was stored", target)
		}
		if a.Status != 200 || a.Err != nil {
			continue // visibly broken
		}
		if strings.Contains(target, "/close-") {
			// Nothing can tell this end from a good one: it goes to the one who
			// asked, and to nobody else.
			if a.Header.Get("Content-Length") != "" || a.Is(t, "stored") || a.Is(t, "collapsed") {
				t.Errorf("%s: %v", target, a.Header)
			}
			continue
		}
		t.Errorf("%s: a clean end after %d bytes, %v", target, len(a.Body), a.Header)
	}
}

func wholeDeadly(a *edge.Answer) bool {
	sum := sha256.Sum256([]byte(a.Body))
	return a.Err == nil && hex.EncodeToString(sum[:]) == a.Header.Get("X-Page-Sum")
}
