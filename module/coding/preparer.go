package coding

import "sync"

// Preparer does work in the background, within bounds: so much at once, so much
// that waits, and nothing twice. It has no goroutine while it has nothing to do.
type Preparer struct {
	workers  int
	queue    int
	panicked func(value any)

	wg sync.WaitGroup // the workers

	mu      sync.Mutex // protects what follows
	running int        // workers
	waiting []job      // in the order in which they came
	known   map[[32]byte]struct{}
	closed  bool
}

type job struct {
	id   [32]byte
	work func()
}

// NewPreparer returns one that does up to workers things at once, at least one,
// while up to queue others wait. panicked is called with the value of each panic
// of a work, by the goroutine that did it; it must not panic.
func NewPreparer(workers, queue int, panicked func(value any)) *Preparer {
	return &Preparer{workers: max(workers, 1), queue: queue, panicked: panicked, known: map[[32]byte]struct{}{}}
}

// Try has work done in the background, in the order of calls. It returns false,
// and does not keep work, if work of the same id waits or is under way, if too much
// waits, or after Close. It never waits itself. The id is free again when work has
// returned.
func (p *Preparer) Try(id [32]byte, work func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, known := p.known[id]
	idle := p.running < p.workers
	if p.closed || known || !idle && len(p.waiting) >= p.queue {
		return false
	}
	p.known[id] = struct{}{}
	if !idle {
		p.waiting = append(p.waiting, job{id, work})
		return true
	}
	p.running++
	p.wg.Go(func() { p.run(job{id, work}) })
	return true
}

// Close drops what waits and returns when what is under way is done. It may be
// called more than once, but not by work.
func (p *Preparer) Close() {
	p.mu.Lock()
	p.closed = true
	for _, j := range p.waiting {
		delete(p.known, j.id)
	}
	p.waiting = nil
	p.mu.Unlock()
	p.wg.Wait()
}

// run is a worker: it does a job, and what waits, until nothing does.
func (p *Preparer) run(j job) {
	for more := true; more; {
		p.do(j.work)
		j, more = p.next(j.id)
	}
}

// do does one work and lives on.
func (p *Preparer) do(work func()) {
	defer func() {
		if value := recover(); value != nil {
			p.panicked(value)
		}
	}()
	work()
}

// next says that the work of an id is done, and returns what the worker does next;
// more is false if he has nothing to do and ends.
func (p *Preparer) next(done [32]byte) (j job, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, done)
	if len(p.waiting) == 0 {
		p.running--
		return job{}, false
	}
	j = p.waiting[0]
	p.waiting[0] = job{} // its work is not kept by what it stood in
	p.waiting = p.waiting[1:]
	return j, true
}
