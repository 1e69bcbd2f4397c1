package engine

import (
	"context"
	"net/http"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
)

// exchange is the state of one request. Each field says which phase sets it.
type exchange struct {
	e   *Engine
	ctx context.Context //nolint:containedctx // an exchange lives as long as its request
	w   http.ResponseWriter
	q   *policy.Request
	o   Origin

	in      policy.Intake      // receive; lookup and join name its variant
	primary cachekey.Key       // receive: the resource's key, whatever the variant
	key     cachekey.Key       // lookup and join: the variant's
	names   []string           // lookup and join: the request fields the origin varies by
	reason  cachestatus.Reason // the phase before bypass or refuse: why
	entry   *entry.Entry       // lookup: what is stored; nil: nothing of use
	judged  policy.Judged      // lookup, stale: entry at that moment
	miss    cachestatus.Reason // lookup: why the origin is asked
	now     time.Time          // lookup, stale: when the stored response was judged

	// setCookie is the cookie that kept an answer from being stored; join sets it.
	setCookie string

	fill     *collapse.Fill   // join
	reader   *collapse.Reader // join; closed on leaving
	role     collapse.Role    // join
	grace    bool             // join: the fill failed, and the stored response may stand in
	whole    []byte           // join: the fill's body, for who asked for a part of it
	attempts int              // join: failed fills this visitor has waited for
	since    time.Time        // join: when he began to wait

	wrote  bool               // a header was written
	status cachestatus.Status // the last phase before done
	err    error              // the last phase before done
}

// step does the work of p and names the next phase.
func (x *exchange) step(p Phase) Phase {
	switch p {
	case Receive:
		return x.receive()
	case Bypass:
		return x.bypass()
	case Lookup:
		return x.lookup()
	case Hit:
		return x.hit()
	case Stale:
		return x.stale()
	case Refuse:
		return x.refuse()
	case Join:
		return x.join()
	case Read:
		return x.read()
	case Fail:
		return x.fail()
	case Done:
	}
	return Done
}

// astray ends an exchange that made a move it must not make, or too many: a bug
// of ours, which costs the visitor nothing as long as nothing was written.
func (x *exchange) astray() Phase {
	x.leave()
	x.reason = cachestatus.ReasonInternal
	if !x.wrote {
		x.bypass()
	}
	return Done
}

// leave gives up the visitor's place in a fill.
func (x *exchange) leave() {
	if x.reader != nil {
		x.reader.Close()
		x.reader = nil
	}
}
