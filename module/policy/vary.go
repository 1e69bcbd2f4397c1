package policy

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/page-cache/page-cache/module/cachekey"
	"github.com/page-cache/page-cache/module/cachestatus"
)

func varyNames(h http.Header) []string {
	var names []string
	for _, f := range h["Vary"] {
		for name := range strings.SplitSeq(f, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	return names
}

func varyStar(h http.Header) bool { return slices.Contains(varyNames(h), "*") }

// variesBy returns the request fields that the answer to a fill made from in
// varies by and that neither the line's keys nor the edge's own settings cover
// (RFC 9111 §4.1), together with those that the fill's variant was named by
// before: what an answer once varied by stays a part of the resource's keys, so
// that one answer without Vary does not stand for all variants. What a fill never
// carries is the same for everybody: absent.
func (r *Rule) variesBy(h http.Header, in *Intake) ([]string, cachestatus.Reason) {
	var names []string
	for _, f := range in.Inputs.Variant {
		names = append(names, f.Name)
	}
	known, reason := len(names), cachestatus.ReasonNone
	for _, name := range varyNames(h) {
		switch {
		case !isToken(name), len(name) > 64:
			reason = cachestatus.ReasonVaryLimit // and what it names is nothing to look at
		case name == "Authorization" && r.sharesAuthorized():
			reason = cachestatus.ReasonAuthorization
		case r.vary[name], r.neverCarried(name), slices.Contains(names, name):
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) > known && len(names) > maxNames {
		reason = cachestatus.ReasonVaryLimit
	}
	return names, reason
}

// neverCarried reports whether this header is the same in every fill for one
// key: absent, the edge's own, or in a form that the key holds.
func (r *Rule) neverCarried(name string) bool {
	switch {
	case r.forward[name], name == "Accept-Encoding" && r.passesCodings():
		return false
	}
	return isOwned(name) || isCredential(name) || isRepresentation(name) || name == "Accept" && !r.forwardAll
}

// Variant returns what selects the variant of a resource for the visitor who
// presents h, when the origin varies by names. An absent field is one without
// values, so absent and empty stay apart; but where the line names languages, who
// presents no Accept-Language is one who wants the first.
func (r *Rule) Variant(names []string, h http.Header) []cachekey.Field {
	fields := make([]cachekey.Field, len(names))
	for i, name := range names {
		fields[i] = cachekey.Field{Name: name, Values: r.canonicalValues(name, h[name])}
	}
	return fields
}

// Sent returns the variant that the answer to a fill made from in is, when it
// varies by names: what the fill carried of them.
func (r *Rule) Sent(names []string, in *Intake) []cachekey.Field {
	fields := r.Variant(names, in.Forward)
	for _, known := range in.Inputs.Variant {
		for i := range fields {
			if fields[i].Name == known.Name {
				fields[i] = known
			}
		}
	}
	return fields
}

// Select makes in ask for this variant: its fields are keyed and carried as they
// stand in it.
func (in *Intake) Select(variant []cachekey.Field) {
	in.Inputs.Variant = variant
	in.Forward = maps.Clone(in.Forward) // a fill that was made from in before may be reading it
	for _, f := range variant {
		delete(in.Forward, f.Name)
	}
}

// canonicalValues returns the one form of a field in which it is keyed and in
// which a fill carries it: its lines in one, with a comma and a blank between
// members (RFC 9111 §4.1, RFC 9110 §5.3). Fields that are no lists stay as they are.
// Where the line names languages, Accept-Language is one of them, present or not.
func (r *Rule) canonicalValues(name string, lines []string) []string {
	if name == acceptLanguage && len(r.languages) > 0 {
		return []string{r.chosenLanguage(lines)}
	}
	if len(lines) == 0 {
		return nil
	}
	switch name {
	case "User-Agent", "Referer", "Origin", "From", "Date", "Host", acceptLanguage:
	default:
		return []string{canonicalList(lines)}
	}
	if name == acceptLanguage {
		return []string{r.canonicalLanguages(lines)}
	}
	return slices.Clone(lines)
}

// canonicalList joins the members of a list. Commas and blanks within quotes are
// the member's own; a quote that is never closed, in its line or a later one, is no
// quote, and none behind it is.
func canonicalList(lines []string) string {
	text := strings.Join(lines, ", ")
	var members []string
	start, quotes := 0, true
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == ',':
			members = append(members, strings.Trim(text[start:i], " \t"))
			start = i + 1
		case text[i] == '"' && quotes:
			n := quotedLength(text[i:])
			quotes = n > 0
			i += max(n-1, 0)
		}
	}
	return strings.Join(append(members, strings.Trim(text[start:], " \t")), ", ")
}
