package engine

import (
	"errors"
	"slices"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/policy"
	"github.com/page-cache/page-cache/module/store"
)

// lookup reads the store and judges what is there.
func (x *exchange) lookup() Phase {
	x.askFor("")
	if x.find(); !x.servable() && x.in.Part != "" {
		x.askFor(x.in.Part)
		x.find()
	}
	readable := x.servable() && policy.AcceptsCoding(x.q.Header, x.entry.Header)
	switch {
	case readable && !x.in.Demand.NoStore && x.judged.Reuse == policy.ReuseWhileRevalidate:
		return Stale
	case readable && !x.in.Demand.NoStore:
		return Hit
	case x.in.OnlyIfCached:
		x.reason = cachestatus.ReasonOnlyIfCached
		return Refuse
	case x.in.Demand.NoStore:
		x.reason = cachestatus.ReasonRequest
		return Bypass
	case x.servable():
		x.reason = cachestatus.ReasonContentEncoding
		return Bypass
	case x.e.Marks.Has(x.key.Digest, x.e.sinceStart(x.e.Now())):
		x.reason = cachestatus.ReasonHitForMiss
		return Bypass
	case x.entry == nil && x.tooMany():
		x.reason = cachestatus.ReasonVariantLimit
		return Bypass
	}
	return Join
}

// tooMany reports whether the page has as many variants already as it may have, and
// this is another one. A session's pages are bounded by themselves.
func (x *exchange) tooMany() bool {
	in := &x.in.Inputs
	return in.Session == "" && in.Varies() &&
		x.e.Variants.Full(in.Page().Digest, x.key.Digest, x.e.Rule.VariantLimit(), x.e.sinceStart(x.e.Now()))
}

// askFor names the part that is looked up and asked for; with "" the whole.
func (x *exchange) askFor(part string) {
	if x.in.Inputs.Part == part {
		return
	}
	x.in.Inputs.Part = part
	x.primary = resourceKey(x.in.Inputs)
}

// resourceKey returns the key under which a resource's own entry or marker stands.
func resourceKey(in cachekey.Inputs) cachekey.Key {
	in.Variant = nil
	return in.Key()
}

// servable reports whether what was found may answer without a question to the
// origin before.
func (x *exchange) servable() bool {
	return x.entry != nil && (x.judged.Reuse == policy.ReuseNow || x.judged.Reuse == policy.ReuseWhileRevalidate)
}

// find sets entry and judged to what is stored for the request, or miss to why the
// origin has to be asked, and key to what it is or will be stored under. Under a
// resource's own key stands its response, or a marker with the names of the
// request fields that select a variant, which has a key of its own. Trouble with
// the store is a miss.
func (x *exchange) find() {
	x.entry, x.judged, x.miss = nil, policy.Judged{}, cachestatus.ReasonNotFound
	found := x.get(&x.primary)
	var marker *entry.Entry
	if found != nil && found.Marker() {
		marker, found = found, nil
		x.names = union(x.names, marker.Names())
		x.miss = cachestatus.ReasonVariant
	}
	if len(x.names) == 0 {
		x.key = x.primary
	} else {
		x.choose(x.e.Rule.Variant(x.names, x.q.Header))
		found = x.get(&x.key)
	}
	switch {
	case found != nil:
		x.judge(found)
	case marker != nil:
		x.findByLanguage(marker)
	}
}

// choose names the variant that is asked for.
func (x *exchange) choose(variant []cachekey.Field) {
	x.in.Select(variant)
	x.key = x.in.Inputs.Key()
}

// findByLanguage takes a variant in a language that the visitor wants most,
// whatever the request looked like that it was made for.
func (x *exchange) findByLanguage(marker *entry.Entry) {
	own, languages := x.in.Inputs.Variant, marker.Languages()
	for _, language := range x.e.Rule.WantedLanguages(x.q.Header) {
		accept, ok := languages[language]
		if !ok {
			continue
		}
		x.choose([]cachekey.Field{{Name: "Accept-Language", Values: []string{accept}}})
		if found := x.get(&x.key); found != nil {
			if x.judge(found); x.servable() {
				return
			}
		}
	}
	x.choose(own)
	x.entry, x.judged, x.miss = nil, policy.Judged{}, cachestatus.ReasonVariant
}

// judge judges what was found by the clock and the rule.
func (x *exchange) judge(found *entry.Entry) {
	x.now = x.e.Now()
	x.judged = x.reuse(found)
	x.entry, x.miss = found, x.judged.Reason
	if x.judged.Reuse == policy.ReuseNever {
		x.entry = nil
	}
}

// get returns what is stored under key, nil if it is nothing of ours.
func (x *exchange) get(key *cachekey.Key) *entry.Entry {
	found, err := x.e.get(key)
	switch {
	case err == nil:
		return found
	case errors.Is(err, store.ErrNotFound):
		return nil
	}
	x.miss = cachestatus.ReasonStore
	if errors.Is(err, entry.ErrCorrupt) || errors.Is(err, entry.ErrVersion) {
		x.miss = cachestatus.ReasonCorrupt
	}
	return nil
}

// union returns the names of both lists, sorted, each once.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
