package engine

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/collapse"
	"github.com/page-cache/page-cache/module/entry"
	"github.com/page-cache/page-cache/module/framing"
	"github.com/page-cache/page-cache/module/policy"
)

// judge decides what becomes of the answer whose header has come.
func (j *job) judge(status int, h http.Header) io.Writer {
	if context.Cause(j.ctx) != nil {
		return nil // what a handler writes to a cancelled request is no answer
	}
	if status == http.StatusNotModified && j.base != nil {
		j.confirm(h)
		return nil // a 304 has no body
	}
	length, declared := policy.ContentLength(h)
	answer := policy.Response{
		Status: status, Header: h, RequestTime: j.requestTime, ResponseTime: j.e.Now(),
		CloseDelimited: !declared && j.unprovable(),
	}
	j.took, j.headed = answer.ResponseTime.Sub(j.requestTime), true
	if !j.decide(&answer, status) { // from here on others look at the job as well
		return nil
	}
	j.watch.Stop()
	if j.header != nil {
		j.late = time.AfterFunc(j.e.timeouts.Fill, j.f.Outgrow)
		if declared {
			j.f.Body.Declare(length)
		}
	}
	j.listen()
	return bodyWriter{j}
}

// confirm goes on with the stored response, under the fields that a 304 with the
// fields h leaves it with, as if the origin had sent it now. One that is about
// something else is not used.
func (j *job) confirm(h http.Header) {
	if !policy.Confirms(j.base, h) {
		j.again = true
		j.watch.Reset(j.e.timeouts.Header)
		return
	}
	j.confirmed = true
	j.took, j.headed = j.e.Now().Sub(j.requestTime), true
	fields := policy.Freshen(j.base, h)
	if bodyAllowed(j.base.Status) {
		fields["Content-Length"] = []string{strconv.Itoa(len(j.base.Body))}
	}
	answer := policy.Response{
		Status: j.base.Status, Header: fields, RequestTime: j.requestTime, ResponseTime: j.e.Now(),
	}
	if j.decide(&answer, http.StatusNotModified) {
		j.f.Body.Declare(int64(len(j.base.Body)))
	}
}

// decide judges an answer and settles the fill by the verdict. fwdStatus is what
// the origin itself answered. It returns false when the fill was settled already.
func (j *job) decide(answer *policy.Response, fwdStatus int) bool {
	if j.in.Inputs.Part != "" && answer.Status != http.StatusPartialContent {
		j.in.Inputs.Part = "" // the origin has sent the whole
		j.primary, j.key = resourceKey(j.in.Inputs), j.in.Inputs.Key()
	}
	if j.e.Rule.NamesSession(answer.Header) {
		j.e.Sessions.Forget(j.in.Session)
	}
	s := j.weigh(answer)
	j.storage, j.status, j.arrived = s, answer.Status, answer.ResponseTime
	a := collapse.Answer{
		Status: answer.Status, FwdStatus: fwdStatus, Header: answer.Header.Clone(), Reason: s.Reason, At: answer.ResponseTime,
		Names: s.Vary, Cookie: s.Cookie, SetsToken: s.Tokens.Set,
	}
	if len(s.Vary) > 0 {
		j.in.Inputs.Variant = j.e.Rule.Sent(s.Vary, &j.in)
		j.key = j.in.Inputs.Key()
		a.Variant = j.key.Digest
	}
	if j.confirmed {
		a.Holes, a.Token = j.base.Holes, j.base.Token
	}
	outcome := collapse.OutcomePrivate
	switch s.Disposal {
	case policy.DisposeStore, policy.DisposeKeep:
		outcome = collapse.OutcomeShared
		if s.Disposal == policy.DisposeKeep {
			outcome = collapse.OutcomeHeld
		}
		if !j.offer(&a, answer) {
			return true
		}
	case policy.DisposeFail:
		j.fails(errStatus)
		outcome = collapse.OutcomeFailed
	case policy.DisposeRelay:
		j.supersede()
		j.remember(s.Reason)
		j.settles(s.Reason)
	}
	return j.f.Settle(outcome, a, nil)
}

// offer makes of a the head of an answer that may be stored. It returns false when that
// is not to be settled yet.
func (j *job) offer(a *collapse.Answer, answer *policy.Response) bool {
	s := &j.storage
	j.header = j.e.Rule.StorableFields(answer.Header, s.Drop, answer.ResponseTime)
	original := *a
	a.Header, a.Fresh, a.Age = withLength(j.header, answer.Header), s.Fresh, s.Terms.InitialAge
	if !j.e.mayStore(j.frozen) {
		a.Reason = cachestatus.ReasonFrozen
	}
	j.mark()
	if s.Tokens.Set && !j.confirmed {
		a.Token = s.Tokens.Text()
		j.await(a, &original)
		return false
	}
	return true
}

// weigh judges an answer by what it says, and by what only the fill knows of it.
func (j *job) weigh(answer *policy.Response) policy.Storage {
	s := policy.DecideStorage(answer, j.e.Rule, &j.in)
	if s.Disposal == policy.DisposeKeep && j.confirmed && len(j.base.Holes) > 0 {
		s.Disposal = policy.DisposeRelay // as an answer with tokens of its own
	}
	if j.noStatus {
		s.Disposal, s.Reason = policy.DisposeRelay, cachestatus.ReasonNoStatus
	}
	return s
}

// mark notes under the resource's own key what its answers vary by, and lets those
// who ask for this variant find the fill.
func (j *job) mark() {
	j.f.Rename(j.key.Digest)
	if len(j.storage.Vary) == 0 || !j.e.mayStore(j.frozen) {
		return
	}
	languages := map[string]string{}
	if j.e.Rule.ChoosesLanguage() {
		if old, err := j.e.head(&j.primary); err == nil && old.Marker() {
			languages = old.Languages()
		}
		language := j.e.Rule.Language(j.storage.Vary, j.header)
		if _, known := languages[language]; language != "" && (known || len(languages) < maxLanguages) {
			languages[language] = strings.Join(j.in.Inputs.Variant[0].Values, ", ")
		}
	}
	j.e.keep(&j.primary, entry.NewMarker(j.primary.Text, j.storage.Vary, languages))
}

// maxLanguages bounds the languages that a marker lists.
const maxLanguages = 16

// remember lets those who ask for the page in the next seconds go by themselves, when
// its answer was not stored for this reason.
func (j *job) remember(reason cachestatus.Reason) {
	if d := j.e.Rule.MarkFor(j.status, reason); d > 0 && j.e.mayStore(j.frozen) {
		j.e.Marks.Set(j.joined.Digest, j.e.sinceStart(j.e.Now())+d)
	}
}

// supersede takes out of the store what the page no longer is.
func (j *job) supersede() {
	if !j.had || !j.e.mayStore(j.frozen) || !policy.Supersedes(j.status) || len(j.in.Forward["Authorization"]) > 0 || j.overtaken(&j.joined) {
		return // what one visitor may not see, others may
	}
	j.e.remove(j.joined.Digest)
}

// overtaken reports whether what is stored under key came after this answer: several
// fills of one key may be under way if their answers are not shared.
func (j *job) overtaken(key *cachekey.Key) bool {
	found, err := j.e.head(key)
	return err == nil && !found.Marker() && found.StoredAt > j.e.sinceStart(j.requestTime)
}

// short reports a body that is not as long as it was declared.
func (j *job) short() error {
	n, ok := policy.ContentLength(j.w.Header())
	if ok && n != j.w.Size() && bodyAllowed(j.w.Status()) {
		return errShort
	}
	return nil
}

// store stores the answer with its body, and returns why it did not.
func (j *job) store(body []byte) cachestatus.Reason {
	if !j.e.mayStore(j.frozen) {
		return cachestatus.ReasonFrozen
	}
	if !j.confirmed && !j.proven() {
		return cachestatus.ReasonFraming
	}
	if j.f.Outcome() == collapse.OutcomeHeld && j.overtaken(&j.key) {
		return cachestatus.ReasonStale
	}
	if j.e.Rule.TooSmall(j.status, j.storage.Terms.Explicit, int64(len(body))) {
		return cachestatus.ReasonEmpty
	}
	e := entry.Entry{
		Key: j.key.Text, Status: j.status, Header: j.header, Body: body,
		Holes: j.holes, Token: j.token,
		StoredAt: j.e.sinceStart(j.arrived), Took: j.e.Now().Sub(j.requestTime), Usual: j.usually(), Terms: j.storage.Terms,
	}
	if e.Status == http.StatusOK && len(body) > 0 && len(e.Header["Etag"]) == 0 {
		// Readers of this fill share the header, and have it already.
		e.Header = e.Header.Clone()
		e.Header["Etag"], e.OwnTag = []string{policy.OwnTag(body)}, true
	}
	if reason := j.makeRoom(&e); reason != cachestatus.ReasonNone {
		return reason
	}
	return j.e.keep(&j.key, &e)
}

// variantGrace is how long a variant counts after it has gone stale: one that is asked
// for again and again keeps its place.
const variantGrace = time.Minute

// makeRoom makes room for a response among those of its session, or among the variants
// of its page, and returns why there is none.
func (j *job) makeRoom(e *entry.Entry) cachestatus.Reason {
	in := &j.in.Inputs
	if in.Session != "" {
		gone, ok := j.e.Sessions.Keep(in.Session, j.key.Digest, int64(e.EncodedSize()))
		for _, key := range gone {
			j.e.remove(key)
		}
		if !ok { // the session has changed something, or ended, meanwhile
			return cachestatus.ReasonStale
		}
		return cachestatus.ReasonNone
	}
	now := j.e.sinceStart(j.e.Now())
	if !in.Varies() {
		return cachestatus.ReasonNone
	}
	gone, ok := j.e.Variants.Add(in.Page().Digest, j.key.Digest, j.e.Rule.VariantLimit(), now, now+j.storage.Fresh+variantGrace)
	switch {
	case !ok:
		return cachestatus.ReasonVariantLimit
	case gone != [32]byte{}:
		j.e.remove(gone)
	}
	return cachestatus.ReasonNone
}

// proven reports whether the body's end is known to be its end: by a declared
// length, by the transport's word, or because no transport was involved at all.
func (j *job) proven() bool {
	h := j.w.Header()
	if _, ok := policy.ContentLength(h); ok || j.e.Rule.TrustFraming() || !bodyAllowed(j.w.Status()) {
		return true
	}
	return j.report.Verdict() != framing.Unproven && !j.unprovable()
}

// unprovable reports whether it is known already that only the closing connection
// will show the body's end: by the transport's word, or because reverse_proxy, which
// leaves its mark in Via, has the answer from a transport that gives no word.
// FastCGI is one: it reads a cut as an end, and its protocol's version is 0.0.
// A handler that made the body itself, in this process, has written all of it when
// it returns.
func (j *job) unprovable() bool {
	via := strings.Join(j.w.Header()["Via"], ",")
	via = strings.TrimSpace(via[strings.LastIndexByte(via, ',')+1:])
	proxied := strings.HasSuffix(via, " Caddy")
	switch j.report.Verdict() {
	case framing.CloseDelimited:
		return true
	case framing.Unknown:
		return proxied
	case framing.SelfDelimited, framing.Unproven:
	}
	return proxied && strings.HasPrefix(via, "0.")
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// trailers picks the fields that were announced to follow the body, or set after
// it under net/http's prefix.
func trailers(h http.Header) http.Header {
	var out http.Header
	add := func(name string, values []string) {
		if out == nil {
			out = http.Header{}
		}
		out[name] = values
	}
	for _, f := range h["Trailer"] {
		for name := range strings.SplitSeq(f, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); len(h[name]) > 0 {
				add(name, h[name])
			}
		}
	}
	for name, values := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			add(name, values)
		}
	}
	return out
}
