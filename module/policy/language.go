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
	for _, l := range languages(h["Accept-Language"]) {
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
	if !r.ChoosesLanguage() || !slices.Equal(names, []string{"Accept-Language"}) || len(h["Content-Language"]) != 1 {
		return ""
	}
	language := strings.ToLower(strings.TrimSpace(h.Get("Content-Language")))
	if strings.Trim(language, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return ""
	}
	return language
}
