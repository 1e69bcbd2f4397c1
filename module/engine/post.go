package engine

import (
	"net/http"
	"slices"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/freeze"
	"github.com/page-cache/page-cache/module/policy"
)

// posted is the answer to a POST that may turn out to be what a GET would get.
type posted struct {
	http.ResponseWriter

	x      *exchange
	in     policy.Intake // of that GET
	before http.Header   // what outer handlers had set for this visitor
	seen   uint64        // the URI's generation when the request was sent
	frozen freeze.State  // then
	answer policy.Response
	body   []byte // what has come of it, one byte more than the limit at most
}

// watchPost returns a writer that notes the answer to a POST, if the line stores
// such ones; else the visitor's own.
func (x *exchange) watchPost() (w http.ResponseWriter, p *posted) {
	in, ok := policy.PostAsGet(x.q, x.e.Rule)
	if !ok {
		return x.w, nil
	}
	p = &posted{
		ResponseWriter: x.w, x: x, in: in, before: x.w.Header().Clone(),
		seen: x.e.Ledger.Generation(policy.URI(&in.Inputs)),
	}
	p.answer.RequestTime = x.e.Now()
	p.frozen = x.e.Freeze.State(p.answer.RequestTime)
	return p, p
}

// head takes the header of the answer, without what outer handlers have set for
// this visitor. The request has put the URI's generation from before to now; if
// another one came between, the answer may be of the time before that.
func (p *posted) head(status int, h http.Header, before, now uint64) {
	if before != p.seen {
		return
	}
	p.in.Inputs.Generation = now
	own := h.Clone()
	for name, values := range p.before {
		if name != "Server" && len(own[name]) >= len(values) && slices.Equal(own[name][:len(values)], values) {
			own[name] = own[name][len(values):]
		}
		if len(own[name]) == 0 {
			delete(own, name)
		}
	}
	p.answer.Status, p.answer.Header, p.answer.ResponseTime = status, own, p.x.e.Now()
}

// Write implements http.ResponseWriter.
func (p *posted) Write(b []byte) (int, error) {
	n, err := p.ResponseWriter.Write(b)
	if room := p.x.e.Rule.BodyLimit() + 1 - int64(len(p.body)); room > 0 {
		p.body = append(p.body, b[:min(int64(n), room)]...)
	}
	return n, err
}

// Unwrap lets http.ResponseController through.
func (p *posted) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// keep stores the answer if it is the representation that a GET would get, and is
// whole. The unsafe request itself has put everything stored before out of reach.
func (p *posted) keep() {
	e := p.x.e
	length, declared := policy.ContentLength(p.answer.Header)
	if p.answer.Header == nil || !declared || length != int64(len(p.body)) || !policy.AnswersGet(p.x.q, &p.answer) {
		return
	}
	s := policy.DecideStorage(&p.answer, e.Rule, &p.in)
	if !e.mayStore(p.frozen) || s.Disposal != policy.DisposeStore || !s.Terms.Explicit || s.Tokens.Set {
		return
	}
	if _, reason := policy.DecideTokens(p.answer.Header, p.body, &s.Tokens); reason != cachestatus.ReasonNone {
		return
	}
	primary := p.in.Inputs.Key()
	if len(s.Vary) > 0 {
		e.keep(&primary, entry.NewMarker(primary.Text, s.Vary, nil))
		p.in.Inputs.Variant = e.Rule.Variant(s.Vary, p.x.q.Header)
	}
	key := p.in.Inputs.Key()
	e.keep(&key, &entry.Entry{
		Key: key.Text, Status: p.answer.Status, Body: p.body, Terms: s.Terms,
		Header:   e.Rule.StorableFields(p.answer.Header, append(s.Drop, cachestatus.Field), p.answer.ResponseTime),
		StoredAt: e.sinceStart(p.answer.ResponseTime),
	})
}
