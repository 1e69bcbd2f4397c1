package integration

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/page-cache/page-cache/integration/edge"
)

// shopTTL is how long the pages of the real shop are fresh in these tests: short, so
// that most of the time is fills.
const shopTTL = time.Second

func storefrontSite(s *edge.Storefront, options ...string) string {
	return fmt.Sprintf("EDGE {\n\tpage_cache /products/* %v {\n\t\tcsrf django\n\t\t%s\n\t}\n\treverse_proxy unix/%s {\n\t\ttransport uwsgi\n\t}\n}\n",
		shopTTL, strings.Join(options, "\n\t\t"), s.Socket)
}

var (
	linkOfCategory = regexp.MustCompile(`href="(/products/category/[-\w]+/)"`)
	linkOfProduct  = regexp.MustCompile(`href="(/products/[-\w]+-\d+/)"`)
	// csrfToken is what differs between two answers for the same page of the shop.
	csrfToken = regexp.MustCompile(`(name="csrf(?:middlewaretoken" value|-token" content)=")\w{64}"`)
)

func withoutToken(body string) string { return csrfToken.ReplaceAllString(body, `$1"`) }

// knownPages are pages of the shop as they should be, each asked for once.
type knownPages struct {
	targets []string
	bodies  map[string]string
}

// learn asks for pages of categories and of products; all carry forms, and with them
// the tokens of one visitor.
func learn(t *testing.T, e *edge.Edge, categories, products int) *knownPages {
	t.Helper()
	k := &knownPages{bodies: map[string]string{}}
	home := e.Get("/").Body
	for _, top := range links(home, linkOfCategory) {
		if len(k.targets) == categories {
			break
		}
		var own []string // what the home page has no links to
		for _, target := range links(e.Get(top).Body, linkOfCategory) {
			if !strings.Contains(home, `"`+target+`"`) {
				own = append(own, target)
			}
		}
		k.ask(t, e, own, categories)
	}
	k.ask(t, e, links(home, linkOfProduct), categories+products)
	if len(k.targets) != categories+products {
		t.Fatalf("the shop has links to %d pages, which is too few", len(k.targets))
	}
	return k
}

func links(page string, kind *regexp.Regexp) []string {
	var targets []string
	for _, match := range kind.FindAllStringSubmatch(page, -1) {
		targets = append(targets, match[1])
	}
	return targets
}

// ask asks for pages until so many are known in all.
func (k *knownPages) ask(t *testing.T, e *edge.Edge, targets []string, most int) {
	t.Helper()
	for _, target := range targets {
		if len(k.targets) == most || k.bodies[target] != "" {
			continue
		}
		a := e.Get(target)
		if a.Status != http.StatusOK || a.Err != nil || !strings.Contains(a.Body, "</html>") {
			t.Fatalf("%s: status %d, %d bytes, %v", target, a.Status, len(a.Body), a.Err)
		}
		k.targets, k.bodies[target] = append(k.targets, target), withoutToken(a.Body)
	}
}

// good reports whether an answer is the page as it should be.
func (k *knownPages) good(target string, a *edge.Answer) bool {
	return a.Err == nil && a.Status == http.StatusOK && withoutToken(a.Body) == k.bodies[target]
}

// broken reports whether a client can tell that an answer is none.
func (k *knownPages) broken(a *edge.Answer) bool { return a.Err != nil || a.Status >= 500 }

// atRate has so many workers call do(0), do(1) and so on, so many times a second, until
// stop is closed. A turn for which all are busy is left out.
func atRate(perSecond, workers int, stop <-chan struct{}, do func(i int)) (wait func()) {
	turns := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range turns {
				do(i)
			}
		})
	}
	all.Go(func() {
		defer close(turns)
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			select {
			case turns <- i:
			default:
			}
		}
	})
	return all.Wait
}

// Workers of the real shop are killed one after the other, in whatever they are at, under
// load. Each visitor gets a good page or can tell that it is none; nothing else is
// stored, and no page is stuck.
func TestFaultR07_AnyWorkerOfTheShopKilled(t *testing.T) {
	const parallel, workers, between = 16, 8, 25 // requests between two kills: uWSGI needs a second to replace one
	s := edge.NewStorefront(t, workers)
	e := edge.Start(t, storefrontSite(s))
	known := learn(t, e, 6, 2)
	before, client := atRest(t), protocols()["h1"]
	var answered, hits, failed atomic.Int64
	stop := make(chan struct{})
	start := time.Now()
	wait := atRate(100, parallel, stop, func(i int) {
		target := known.targets[i%len(known.targets)]
		switch a := visit(t.Context(), client, e, target); {
		case known.good(target, a):
			if a.Is(t, "hit") {
				hits.Add(1)
			}
		case known.broken(a):
			failed.Add(1)
		default:
			t.Errorf("%s: status %d and a clean end after %d bytes, %v", target, a.Status, len(a.Body), a.Header)
		}
		answered.Add(1)
	})
	kills := times(10, 200)
	for i := range kills {
		within(t, time.Minute, "visitors are answered", func() bool { return answered.Load() >= int64(i*between) })
		edge.Poll(t, "a worker is there to be killed", func() bool { return s.Kill(rand.IntN) })
	}
	close(stop)
	wait()
	t.Logf("%d kills: %d answers in %v, %d hits, %d visibly broken",
		kills, answered.Load(), time.Since(start).Round(time.Millisecond), hits.Load(), failed.Load())
	if n := failed.Load(); n > int64(kills+parallel) {
		t.Errorf("%d requests failed at %d kills", n, kills)
	}
	for _, target := range known.targets {
		edge.Poll(t, target+" is good again", func() bool {
			a := visit(t.Context(), client, e, target)
			if !known.good(target, a) && !known.broken(a) {
				t.Errorf("%s: then status %d and %d bytes, %v", target, a.Status, len(a.Body), a.Header)
			}
			return known.good(target, a)
		})
	}
	before.settles(t)
}

// The shop is stopped for a while: nobody who asks for a page that was stored notices.
// When it is back, all pages are fresh again within their ttl and a second.
func TestFaultR10_ShopStopped(t *testing.T) {
	const perSecond, parallel = 50, 8
	s := edge.NewStorefront(t, 2)
	e := edge.Start(t, storefrontSite(s, "stale_if_error 1h"))
	known := learn(t, e, 8, 0)
	before, client := atRest(t), protocols()["h1"]
	var asked, stale, last, lately atomic.Int64 // last: when one was stale; lately: how many in a row were not
	stop := make(chan struct{})
	wait := atRate(perSecond, parallel, stop, func(i int) {
		target := known.targets[i%len(known.targets)]
		a := visit(t.Context(), client, e, target)
		if !known.good(target, a) {
			t.Errorf("%s: status %d, %d bytes, %q, %v", target, a.Status, len(a.Body), a.Header["Cache-Status"], a.Err)
			return
		}
		asked.Add(1)
		if lately.Add(1); a.Is(t, "detail=stale-if-error") {
			stale.Add(1)
			last.Store(time.Now().UnixNano())
			lately.Store(0)
		}
	})
	down := time.Now()
	s.Stop()
	outage := int64(times(3, 60) * perSecond)
	within(t, 5*time.Minute, "the shop was down for long enough", func() bool { return asked.Load() >= outage || t.Failed() })
	t.Logf("down for %v: %d answers, %d of them stale", time.Since(down).Round(time.Millisecond), asked.Load(), stale.Load())
	if stale.Load() == 0 {
		t.Error("no page was stale: the shop was not down")
	}
	s.Start()
	up := time.Now()
	within(t, time.Minute, "all pages are fresh", func() bool { return lately.Load() >= int64(5*len(known.targets)) || t.Failed() })
	close(stop)
	wait()
	took := max(0, time.Unix(0, last.Load()).Sub(up))
	t.Logf("the last stale page was served %v after the shop was back", took)
	if limit := shopTTL + time.Duration(times(30, 1))*time.Second; took > limit {
		t.Errorf("that is more than %v", limit)
	}
	before.settles(t)
}
