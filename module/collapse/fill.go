package collapse

import (
	"net/http"
	"sync"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
)

// Outcome is what is known of a fill's answer when its header is: who may have
// it. It is settled once.
type Outcome int

// The outcomes of a fill.
const (
	// OutcomePending: no header yet.
	OutcomePending Outcome = iota
	// OutcomeShared: leader and followers read the same answer.
	OutcomeShared
	// OutcomePrivate: the answer is the leader's; followers go by themselves.
	OutcomePrivate
	// OutcomeHeld: the same, but the body is kept whole, to be stored.
	OutcomeHeld
	// OutcomeFailed: there is no answer, or an error that is the leader's; one of
	// the followers leads again.
	OutcomeFailed
	// OutcomeRepeat: no answer to be used; everybody looks the page up anew.
	OutcomeRepeat
)

// Answer is the head of a fill's answer and what its readers need to know of it.
type Answer struct {
	Status int
	Header http.Header // shared by all readers; never changed
	Reason cachestatus.Reason
	Cookie string // the cookie that was the reason

	// Holes are where the body is filled in for each reader, who then has to wait for
	// the whole; Token is what is known of the cookie that goes with it. SetsToken: the
	// answer gives its reader another secret than he may have.
	Holes     []int
	Token     string
	SetsToken bool

	Fresh time.Duration // freshness at arrival; for OutcomeShared
	Age   time.Duration // age at arrival; for OutcomeShared and OutcomeHeld
	At    time.Time     // when the header came

	// FwdStatus is what the origin answered: a 304 where Status is the stored
	// response's.
	FwdStatus int
	// Names are the request fields that the answer varies by, and Variant the key
	// of the one it is. Without Names it is for every reader of the fill.
	Names   []string
	Variant [32]byte
}

// Interim is an informational answer (RFC 9110 §15.2).
type Interim struct {
	Status int
	Header http.Header
}

// maxInterims bounds the informational answers that wait for the leader.
const maxInterims = 16

// Fill is one forward whose answer may be stored. Its leader's request started
// it, but it belongs to nobody: whoever leaves changes nothing for the others.
type Fill struct {
	Body *Body

	group *Group
	key   [32]byte // protected by group.mu
	left  sync.Once
	// background: no visitor waits for it, so it keeps its place until it ends even
	// if its answer is for nobody: one refresh at a time. Set before the outcome.
	background bool
	entered    bool          // it has a place at the origin; set before the fill is sent
	decided    chan struct{} // closed when outcome is settled
	done       chan struct{} // closed when the fill has ended
	informed   chan struct{} // holds a token while there are interims

	mu       sync.Mutex // protects what follows until decided is closed; read-only then
	outcome  Outcome
	answer   Answer
	err      error
	interims []Interim   // protected by mu for ever
	trailer  http.Header // set before the end
}

// Decided is closed as soon as Outcome, Answer and Err may be asked.
func (f *Fill) Decided() <-chan struct{} { return f.decided }

// Done is closed when the fill has ended and is out of its Group.
func (f *Fill) Done() <-chan struct{} { return f.done }

// Outcome returns who may have the answer; OutcomePending before Decided.
func (f *Fill) Outcome() Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.outcome
}

// Answer returns the answer's head. Call it after Decided.
func (f *Fill) Answer() *Answer { return &f.answer }

// Err returns why there is no answer, for OutcomeFailed; nil if there is one all
// the same (an error page of the origin), which is the leader's. Call it after
// Decided.
func (f *Fill) Err() error { return f.err }

// Background says that the fill is a refresh for which no visitor waits, and reports
// whether one more of them is allowed; Leave makes room for the next. Call it once,
// before the fill is sent.
func (f *Fill) Background() bool {
	f.background = f.group.limits.beginRefresh()
	return f.background
}

// Streamed is closed when the body is given up being kept whole.
func (f *Fill) Streamed() <-chan struct{} { return f.Body.streamed }

// Inform adds an informational answer for the leader. One that comes after the
// header, or when too many wait, is let go.
func (f *Fill) Inform(i Interim) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.outcome != OutcomePending || len(f.interims) == maxInterims {
		return
	}
	f.interims = append(f.interims, i)
	select {
	case f.informed <- struct{}{}:
	default:
	}
}

// Informed can be received from when Interims returns some.
func (f *Fill) Informed() <-chan struct{} { return f.informed }

// Interims takes the informational answers that have come so far.
func (f *Fill) Interims() []Interim {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.interims
	f.interims = nil
	return all
}

// Whole returns the body of a fill that has ended well and was kept whole; it must
// not be changed. Call it after Done.
func (f *Fill) Whole() ([]byte, bool) {
	if err := f.Body.failure(); err != nil {
		return nil, false
	}
	return f.Body.Whole()
}

// Rename puts the fill under another key in its Group: what it fills has turned out
// to be one variant of several. A fill that is there already keeps its place, and
// then this one is found by nobody any more.
func (f *Fill) Rename(key [32]byte) {
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	if f.key == key || f.group.m[f.key] != f {
		return
	}
	delete(f.group.m, f.key)
	if _, taken := f.group.m[key]; !taken {
		f.key = key
		f.group.m[key] = f
	}
}

// SetTrailer sets the fields that follow the body. Call it before End.
func (f *Fill) SetTrailer(h http.Header) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trailer = h
}

// Trailer returns the fields that follow the body, nil if there are none. Call it
// after Done.
func (f *Fill) Trailer() http.Header {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trailer
}

// Settle decides the outcome. Only the first call counts; it reports whether
// this was it. What is not shared is streamed.
func (f *Fill) Settle(o Outcome, a Answer, err error) bool {
	f.mu.Lock()
	if f.outcome != OutcomePending {
		f.mu.Unlock()
		return false
	}
	f.outcome, f.answer, f.err = o, a, err
	f.mu.Unlock()
	if o != OutcomeShared {
		if o != OutcomeHeld || !f.background {
			f.group.forget(f)
		}
		if o != OutcomeHeld {
			f.Body.Stream()
		}
	}
	if o == OutcomePrivate || o == OutcomeFailed && a.Status != 0 {
		f.Leave() // from here on it is one visitor's own, and he may read slowly
	}
	close(f.decided)
	return true
}

// End ends the fill: its body is whole if err is nil. Only the first call
// counts. A fill without an outcome fails with err.
func (f *Fill) End(err error) {
	f.Settle(OutcomeFailed, Answer{Reason: cachestatus.ReasonFillFailed}, err)
	f.group.forget(f)
	f.Body.end(err)
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.done:
	default:
		close(f.done)
	}
}

// Leave gives the fill's place among those under way back, and that at the origin. The leader's
// goroutine calls it once, when it has left the origin's handler: an origin that
// does not heed a cancelled context keeps its place until then, which is what
// bounds the goroutines.
//
// A fill whose answer is streamed to those who read it has left by itself: it
// lasts as long as they take, like a request without a cache. Only the first call
// counts.
func (f *Fill) Leave() {
	f.left.Do(func() {
		f.group.limits.end()
		if f.background {
			f.group.limits.endRefresh()
		}
		if f.entered {
			<-f.group.places.taken
		}
	})
}

// Outgrow gives up storing the answer, which has taken too long or too much: those
// who read it go on, nobody joins them, and it is streamed.
func (f *Fill) Outgrow() {
	f.group.forget(f)
	f.Body.Stream()
	f.Leave()
}

// OnDesertion has then called when the last reader of a streamed answer has left
// before its end; then must not wait. Call it before the first write.
func (f *Fill) OnDesertion(then func()) {
	f.Body.mu.Lock()
	defer f.Body.mu.Unlock()
	f.Body.deserted = then
}

// Role is a visitor's part in a fill.
type Role int

// The roles that Join gives.
const (
	// RoleLeader starts the fill and must see to it that End and Leave are called.
	RoleLeader Role = iota
	// RoleFollower waits for it.
	RoleFollower
	// RoleNone: as many fills as allowed are under way.
	RoleNone
)

// Group holds the fills under way of one line, by key.
type Group struct {
	limits *Limits
	places *Places

	mu sync.Mutex // protects m
	m  map[[32]byte]*Fill
}

// NewGroup returns a Group whose fills count against limits, and at the origin against
// places.
func NewGroup(limits *Limits, places *Places) *Group {
	return &Group{limits: limits, places: places, m: map[[32]byte]*Fill{}}
}

// Join makes the caller a reader of the fill of key, which it starts if there is
// none that can be read from its start. bodyLimit is the most that is kept of a
// body, in bytes. The caller closes the Reader. With RoleNone there is neither.
func (g *Group) Join(key [32]byte, bodyLimit int64) (*Fill, *Reader, Role) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, ok := g.m[key]; ok {
		if r := f.Body.attach(); r != nil {
			return f, r, RoleFollower
		}
	}
	if !g.limits.begin() {
		return nil, nil, RoleNone
	}
	f := &Fill{
		Body: newBody(g.limits, bodyLimit), group: g, key: key,
		decided: make(chan struct{}), done: make(chan struct{}), informed: make(chan struct{}, 1),
	}
	f.Body.outgrown = f.Leave
	g.m[key] = f
	return f, f.Body.attach(), RoleLeader
}

// forget takes f out of the group, unless another fill has its place.
func (g *Group) forget(f *Fill) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.m[f.key] == f {
		delete(g.m, f.key)
	}
}
