package cachecontrol

import (
	"strconv"

	"github.com/dunglas/httpsfv"
)

// ParseTargeted reads the lines of one targeted field, such as CDN-Cache-Control (RFC 9213 §2.1): a structured-field
// dictionary of response directives. When ok is false the field is empty or breaks the syntax anywhere, and the
// caller goes on as if it were not there; when it is true, Cache-Control and Expires do not count (§2.2).
//
// Directives whose value has a type that the directive cannot have keep the reading that keeps less: a lifetime is 0,
// no-cache and private are unqualified. Of a name given twice the last counts, as structured fields have it.
func ParseTargeted(lines []string) (resp Response, ok bool) {
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil || len(dictionary.Names()) == 0 {
		return Response{}, false
	}
	for _, name := range dictionary.Names() {
		member, _ := dictionary.Get(name)
		if d, present := targetedDirective(name, member); present {
			resp.add(d)
		}
	}
	resp.settle()
	return resp, true
}

// targetedDirective maps a dictionary member to what the same directive would be in Cache-Control. A member that is
// false is a directive that is not there.
func targetedDirective(name string, member httpsfv.Member) (d directive, present bool) {
	d = directive{name: name, given: true}
	item, ok := member.(httpsfv.Item)
	if !ok {
		return d, true
	}
	listsFields := name == "no-cache" || name == "private"
	switch value := item.Value.(type) {
	case bool:
		d.given = false
		return d, value
	case int64:
		d.argument, d.valid = strconv.FormatInt(value, 10), !listsFields
	case string:
		d.argument, d.valid = value, listsFields
	}
	return d, true
}
