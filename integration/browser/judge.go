package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// record is a step that somebody took.
type record struct {
	client string
	who    string
	step   step
	seen   seen
	err    error // Why there is nothing to see.
}

// row judges the record by what the step wants.
func (r record) row() row {
	return row{
		client: r.client, who: r.who, what: r.step.Name,
		want: r.step.Want.String(), saw: r.seen.String(), err: r.verdict(),
	}
}

func (w want) String() string { return w.line + page(w.name, w.cart) }

func (s seen) String() string { return line(s.Answers) + page(s.Shown.Name, s.Shown.Cart) }

func page(name, cart string) string {
	text := ""
	if name != "" {
		text += "; " + name
	}
	if cart != "" {
		text += "; cart of " + cart
	}
	return text
}

// verdict says what is wrong with what was seen, the tokens included: all of them have
// to be of the visitor's own secret.
func (r record) verdict() error {
	if r.err != nil {
		return r.err
	}
	w, got := r.step.Want, r.seen
	var errs []error
	if saw := line(got.Answers); saw != w.line {
		errs = append(errs, fmt.Errorf("another Cache-Status: %s", statuses(got.Answers)))
	}
	if got.Shown.Name != w.name {
		errs = append(errs, fmt.Errorf("the page shows the name %q", got.Shown.Name))
	}
	if got.Shown.Cart != w.cart {
		errs = append(errs, fmt.Errorf("the page shows a cart of %q", got.Shown.Cart))
	}
	if !strings.Contains(got.Shown.Text, w.says) {
		errs = append(errs, fmt.Errorf("the page does not say %q", w.says))
	}
	if w.says != boughtNow && slices.ContainsFunc(got.Shown.Messages, func(m string) bool { return strings.Contains(m, boughtNow) }) {
		errs = append(errs, fmt.Errorf("the page still shows %q", got.Shown.Messages))
	}
	if len(got.Kept) > 0 {
		errs = append(errs, fmt.Errorf("the browser took it from its own cache: %q", got.Kept))
	}
	_, tokens, err := ownTokens(got.HTML, got.Cookies[csrfCookie])
	if w.cart != "" && tokens == 0 && err == nil {
		err = errors.New("the page has no token")
	}
	return errors.Join(append(errs, err)...)
}

func statuses(answers []answer) string {
	texts := make([]string, 0, len(answers))
	for _, a := range answers {
		texts = append(texts, fmt.Sprintf("%s %s %d %q", a.Method, a.Path, a.Status, a.CacheStatus))
	}
	return strings.Join(texts, ", ")
}

// referencePattern finds the number that the shop gives a cart.
var referencePattern = regexp.MustCompile(`\bcart-[0-9a-f]{16}\b`)

// leaks returns a row for each visitor: what he was ever sent, cookies included, must
// have nothing of another one's name, order, session, secret or cart.
func leaks(records []record, marks map[string]string) []row {
	private := map[string][]string{}
	for who, mark := range marks {
		private[who] = []string{mark}
	}
	pages := map[string]int{}
	for _, r := range records {
		who := r.client + ", " + r.who
		pages[who]++
		private[who] = append(private[who], own(r.seen)...)
	}
	found := map[string][]error{}
	for _, r := range records {
		who := r.client + ", " + r.who
		text := sent(r.seen)
		for other, words := range private {
			if other == who {
				continue
			}
			for _, word := range words {
				if strings.Contains(text, word) {
					found[who] = append(found[who], fmt.Errorf("%s has %s of %s", r.step.Name, word, other))
				}
			}
		}
	}
	var rows []row
	for _, who := range slices.Sorted(maps.Keys(pages)) {
		client, name, _ := strings.Cut(who, ", ")
		rows = append(rows, row{
			client: client, who: name, what: "nothing of anybody else",
			want: "nothing", saw: fmt.Sprintf("%d pages", pages[who]), err: errors.Join(found[who]...),
		})
	}
	return rows
}

// own is what a visitor alone should see of what he was sent.
func own(s seen) []string {
	words := referencePattern.FindAllString(s.HTML, -1)
	if session := s.Cookies["sessionid"]; session != "" {
		words = append(words, session)
	}
	if secret, err := secretOf(s.Cookies[csrfCookie]); err == nil {
		words = append(words, secret)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// sent is all that came, with the secret in place of a cookie that masks it.
func sent(s seen) string {
	texts := []string{s.HTML, s.Shown.Name, s.Shown.Cart, s.Shown.Text}
	texts = append(texts, s.Shown.Messages...)
	for _, value := range s.Cookies {
		texts = append(texts, value)
		if secret, err := secretOf(value); err == nil {
			texts = append(texts, secret)
		}
	}
	return strings.Join(texts, "\n")
}

// judgeFetched compares a page from the store with what the origin sends to the same
// visitor: the bytes have to be the same, but for the tokens, which are his in both.
func judgeFetched(got, origin fetched, coding string) error {
	var errs []error
	if got.Status != http.StatusOK || got.Coding != coding {
		errs = append(errs, fmt.Errorf("status %d, Content-Encoding %q", got.Status, got.Coding))
	}
	status, err := brief(got.CacheStatus)
	if err == nil && status != hit {
		err = fmt.Errorf("want a hit, got %s", got.CacheStatus)
	}
	errs = append(errs, err)
	cookie := got.Cookies[csrfCookie]
	edge, tokens, err := ownTokens(string(got.Body), cookie)
	errs = append(errs, err)
	direct, _, err := ownTokens(string(origin.Body), cookie)
	errs = append(errs, err)
	switch {
	case tokens == 0:
		errs = append(errs, errors.New("the page has no token"))
	case edge != direct:
		errs = append(errs, difference(edge, direct))
	}
	return errors.Join(errs...)
}

// difference tells where two pages part.
func difference(edge, origin string) error {
	at := 0
	for at < min(len(edge), len(origin)) && edge[at] == origin[at] {
		at++
	}
	part := func(s string) string { return s[max(0, at-40):min(len(s), at+40)] }
	return fmt.Errorf("of %d bytes (the origin's %d) those from %d on differ: %q, the origin's %q",
		len(edge), len(origin), at, part(edge), part(origin))
}
