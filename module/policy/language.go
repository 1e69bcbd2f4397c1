package policy

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// weighted is a language range with its weight in thousandths.
type weighted struct {
	language string
	weight   int
}

const acceptLanguage = "Accept-Language"

// languages reads Accept-Language (RFC 9110 §12.5.4), in lower case and the order
// in which it stands there.
func languages(lines []string) []weighted {
	var all []weighted
	for _, line := range lines {
		for member := range strings.SplitSeq(strings.ToLower(line), ",") {
			language, params, _ := strings.Cut(member, ";")
			if language = strings.Trim(language, " \t"); language != "" {
				all = append(all, weighted{language, quality(params)})
			}
		}
	}
	return all
}

// canonicalLanguages writes Accept-Language in one form: in lower case, without
// needless blanks and weights. The order stays, because applications take it for
// one of preference; where the line chooses by language, those of the same weight
// are sorted by name, as the RFC lets them be.
func (r *Rule) canonicalLanguages(lines []string) string {
	all := languages(lines)
	if r.ChoosesLanguage() {
		slices.SortStableFunc(all, func(a, b weighted) int {
			return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.language, b.language))
		})
		all = slices.Compact(all)
	}
	members := make([]string, len(all))
	for i, l := range all {
		members[i] = l.language
		if l.weight < 1000 {
			members[i] += ";q=" + strconv.FormatFloat(float64(l.weight)/1000, 'f', -1, 64)
		}
	}
	return strings.Join(members, ", ")
}

// WantedLanguages returns the languages that a visitor wants most: those of the
// greatest weight, if he would take any of them (RFC 9110 §12.5.4). nil when the
// line does not choose by language.
func (r *Rule) WantedLanguages(h http.Header) []string {
	if !r.ChoosesLanguage() {
		return nil
	}
	var most []string
	best := 1
	for _, l := range languages(h[acceptLanguage]) {
		switch {
		case l.language == "*", l.weight < best:
			continue
		case l.weight > best:
			most, best = nil, l.weight
		}
		most = append(most, l.language)
	}
	return most
}

// Language returns the language that a variant answers in, for a resource that
// varies by Accept-Language alone; empty if there is not exactly one, or the line
// does not choose by language.
func (r *Rule) Language(names []string, h http.Header) string {
	if !r.ChoosesLanguage() || !slices.Equal(names, []string{acceptLanguage}) || len(h["Content-Language"]) != 1 {
		return ""
	}
	language := strings.ToLower(strings.TrimSpace(h.Get("Content-Language")))
	if strings.Trim(language, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return ""
	}
	return language
}

// listed is a language that the line names.
type listed struct{ tag, lower string }

// listedLanguages returns the languages that a vary_language names; none for "*".
func listedLanguages(names []string) []listed {
	var all []listed
	for _, name := range names {
		if name != "*" {
			all = append(all, listed{name, strings.ToLower(name)})
		}
	}
	return all
}

// chosenLanguage returns the one of the line's languages that fits an Accept-Language
// best, as the line writes it: by lookup (RFC 4647 §3.4) with ranges in the order of
// their weights, except that a range takes in the forms of its language, too, so that en
// finds en-GB where nothing nearer is listed. "*" says nothing of which (§3.4), so it is
// left to the default: the first that is not refused with a weight of 0 (RFC 9110
// §12.4.2), or the first, if all are.
func (r *Rule) chosenLanguage(lines []string) string {
	ranges := languages(lines)
	able := slices.DeleteFunc(slices.Clone(r.languages), func(l listed) bool { return refused(l.lower, ranges) })
	if len(able) == 0 {
		return r.languages[0].tag
	}
	slices.SortStableFunc(ranges, func(a, b weighted) int { return cmp.Compare(b.weight, a.weight) })
	for _, wanted := range ranges {
		if wanted.weight == 0 {
			break
		}
		if i := lookupLanguage(able, wanted.language); i >= 0 {
			return able[i].tag
		}
	}
	return able[0].tag
}

// lookupLanguage returns which language fits a range: that of its name, else the first
// that is a form of it, else the same for the range without its last part, and so on. -1:
// none does.
func lookupLanguage(able []listed, wanted string) int {
	for {
		if i := slices.IndexFunc(able, func(l listed) bool { return l.lower == wanted }); i >= 0 {
			return i
		}
		if i := slices.IndexFunc(able, func(l listed) bool { return isForm(l.lower, wanted) }); i >= 0 {
			return i
		}
		cut := strings.LastIndexByte(wanted, '-')
		if cut <= 0 {
			return -1
		}
		if wanted = wanted[:cut]; cut >= 2 && wanted[cut-2] == '-' {
			wanted = wanted[:cut-2] // a single letter only introduces what was cut off (§3.4)
		}
	}
}

// refused reports whether the nearest of the ranges that take in a language have a weight
// of 0.
func refused(language string, ranges []weighted) bool {
	nearest, refuses := -1, false
	for _, r := range ranges {
		near := len(r.language)
		switch {
		case r.language == "*":
			near = 0
		case r.language != language && !isForm(language, r.language):
			continue
		}
		switch {
		case near > nearest:
			nearest, refuses = near, r.weight == 0
		case near == nearest && r.weight > 0:
			refuses = false
		}
	}
	return refuses
}

// isForm reports whether a language is a form of the one that a range names, as en-GB is
// of en (RFC 4647 §3.3.1).
func isForm(language, wanted string) bool {
	return len(language) > len(wanted) && language[len(wanted)] == '-' && strings.HasPrefix(language, wanted)
}
