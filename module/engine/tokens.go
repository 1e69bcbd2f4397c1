package engine

import (
	"bytes"
	"net/http"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/coding"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/csrf"
	"github.com/page-cache/page-cache/module/policy"
)

// await keeps the head of an answer back whose tokens are not found yet: shared is what
// it becomes if they are, and own what its leader gets if not. A body that proves too
// large to be kept whole is its leader's at once, who may read it as it comes.
func (j *job) await(shared, own *collapse.Answer) {
	j.pending, j.own = shared, own
	go func() {
		select {
		case <-j.f.Streamed():
			j.disown(cachestatus.ReasonTooLarge)
		case <-j.f.Decided():
		}
	}()
}

// disown gives an answer to its leader alone, as the origin sent it.
func (j *job) disown(reason cachestatus.Reason) {
	own := *j.own
	own.Reason = reason
	j.f.Settle(collapse.OutcomePrivate, own, nil)
}

// search returns the body of an answer that may be stored as it is kept, with nobody's
// tokens in it; or why it is not stored.
func (j *job) search() (body []byte, reason cachestatus.Reason) {
	if j.header == nil {
		return nil, j.storage.Reason
	}
	body, whole := j.f.Body.Whole()
	switch {
	case !whole:
		return nil, cachestatus.ReasonTooLarge
	case j.confirmed:
		j.holes, j.token = j.base.Holes, j.base.Token
		return body, cachestatus.ReasonNone
	}
	j.holes, reason = policy.DecideTokens(j.header, body, &j.storage.Tokens)
	if reason != cachestatus.ReasonNone {
		return nil, reason
	}
	j.token = j.storage.Tokens.Text()
	if len(j.holes) > 0 {
		body = policy.Blank(body, j.holes)
	}
	return body, cachestatus.ReasonNone
}

// reveal settles an answer that was kept back. reason is why it was not stored, which
// does not keep it from being shared once its tokens are found.
func (j *job) reveal(reason cachestatus.Reason) {
	switch {
	case j.pending == nil:
	case j.token == "": // the body is not whole, or holds what was not found
		j.disown(reason)
	default:
		j.pending.Holes = j.holes
		j.f.Settle(collapse.OutcomeShared, *j.pending, nil)
	}
}

// fillIn puts this visitor's token into the holes of a page, and gives him the secret
// that it proves if he has none.
func (x *exchange) fillIn(p *page) {
	if p.token == "" {
		return
	}
	visitor := x.e.Rule.Token(x.q, p.token, x.e.Random)
	if len(p.holes) > 0 {
		var token [csrf.TokenSize]byte
		visitor.Secret.Mask(x.e.Random, token[:])
		p.put(token[:])
		policy.Personal(p.header, csrf.Tag(x.e.TagKey, visitor.Secret))
	} else {
		policy.PrivateFields(p.header)
	}
	p.minted = visitor.Minted
}

// put puts a token into all holes.
func (p *page) put(token []byte) {
	if p.copy != nil {
		p.copy.Fill(token)
		return
	}
	if !p.owned {
		p.body = bytes.Clone(p.body)
	}
	for _, at := range p.holes {
		copy(p.body[at:], token)
	}
}

// spares reports whether the visitor must not be given this answer, because it would
// make the forms useless that he has open.
func (x *exchange) spares(answer *collapse.Answer) bool {
	return answer.SetsToken && x.e.Rule.HasToken(x.q.Header["Cookie"])
}

// page is a response whose body is there as a whole, on its way to one visitor.
type page struct {
	status int
	header http.Header
	body   []byte
	copy   *coding.Form // the body in a coding, which nobody else has; nil: body is sent
	owned  bool         // nobody else has body
	holes  []int        // see entry.Entry
	token  string
	minted string // a line of Set-Cookie for this visitor
}
