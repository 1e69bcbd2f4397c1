package main

import (
	"strings"
	"testing"
)

const (
	someSecret  = "abcdefghijklmnopqrstuvwxyzABCDEF"
	otherSecret = "bbcdefghijklmnopqrstuvwxyzABCDEF"
)

// masked adds a mask of one letter to a secret, as Django does with a random one.
func masked(secret string, letter byte) string {
	mask := strings.Repeat(string(letter), secretLength)
	sum := make([]byte, secretLength)
	for i := range sum {
		sum[i] = letters[(strings.IndexByte(letters, secret[i])+strings.IndexByte(letters, letter))%len(letters)]
	}
	return mask + string(sum)
}

func TestSecretOf(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, token, want string }{
		{"the secret itself", someSecret, someSecret},
		{"masked", masked(someSecret, 'k'), someSecret},
		{"masked, over the end", masked(someSecret, '9'), someSecret},
		{"short", someSecret[1:], ""},
		{"long", masked(someSecret, 'k') + "a", ""},
		{"other letters", strings.Repeat("-", secretLength), ""},
		{"none", "", ""},
	}
	for _, test := range tests {
		got, err := secretOf(test.token)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

// TestSecretOfDjango holds a token that Django 3.2.19 has made: _mask_cipher_secret of
// someSecret.
func TestSecretOfDjango(t *testing.T) {
	t.Parallel()
	const token = "jOFpCnZQeHawwU1p1Rvloy7y7o7xk8H5jPHsGs5XmQkHI7fEh8NEITtVvNxYMBbA"
	if got, err := secretOf(token); got != someSecret {
		t.Errorf("got %q, %v, want %q", got, err, someSecret)
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	tests := []struct{ field, want string }{
		{"", ""},
		{"page-cache;hit;ttl=12;detail=fresh", "hit;detail=fresh"},
		{"page-cache;fwd=uri-miss;fwd-status=200;stored;ttl=9", "fwd=uri-miss;stored"},
		{"other;hit, page-cache;fwd=bypass;detail=cookie", "fwd=bypass;detail=cookie"},
		{`page-cache;hit;key="a"`, "hit;key=a"},
	}
	for _, test := range tests {
		if got, err := brief(test.field); got != test.want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", test.field, got, err, test.want)
		}
	}
	if _, err := brief("page-cache;;"); err == nil {
		t.Error("no error for a field that is none")
	}
}

// sound is a record with which nothing is wrong.
func sound() record {
	return record{
		client: "it", who: "shopper",
		step: step{Name: "looks", Want: want{line: hit, name: "Ada", cart: "2", says: "Hello"}},
		seen: seen{
			Answers: []answer{{Method: "GET", Path: "/", Status: 200, CacheStatus: "page-cache;hit;ttl=3;detail=fresh"}},
			Shown:   shown{Path: "/", Name: "Ada", Cart: "2", Text: "Hello, Ada"},
			HTML:    `<input name="csrfmiddlewaretoken" value="` + masked(someSecret, 'x') + `">`,
			Cookies: map[string]string{csrfCookie: masked(someSecret, 'y'), "sessionid": "session-of-ada"},
		},
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	if err := sound().verdict(); err != nil {
		t.Errorf("nothing is wrong, got %v", err)
	}
	tests := []struct {
		name  string
		spoil func(*record)
		want  string
	}{
		{"another Cache-Status", func(r *record) { r.seen.Answers[0].CacheStatus = "page-cache;fwd=uri-miss" }, "another Cache-Status"},
		{"another status", func(r *record) { r.seen.Answers[0].Status = 304 }, "another Cache-Status"},
		{"a redirect more", func(r *record) { r.seen.Answers = append(r.seen.Answers, r.seen.Answers[0]) }, "another Cache-Status"},
		{"no name", func(r *record) { r.seen.Shown.Name = "" }, `the name ""`},
		{"another cart", func(r *record) { r.seen.Shown.Cart = "0" }, `a cart of "0"`},
		{"another text", func(r *record) { r.seen.Shown.Text = "Ada" }, "does not say"},
		{"an old message", func(r *record) { r.seen.Shown.Messages = []string{"It " + boughtNow + "."} }, "still shows"},
		{"the browser's own copy", func(r *record) { r.seen.Kept = []string{"/"} }, "its own cache"},
		{"no token", func(r *record) { r.seen.HTML = "" }, "no token"},
		{"an empty token", func(r *record) { r.seen.HTML = `<meta name="csrf-token" content="">` }, "is no token"},
		{"another one's token", func(r *record) { r.seen.Cookies[csrfCookie] = otherSecret }, "a token is of the secret"},
		{"no cookie", func(r *record) { r.seen.Cookies = nil }, "no cookie for them"},
	}
	for _, test := range tests {
		r := sound()
		test.spoil(&r)
		if err := r.verdict(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestLeaks(t *testing.T) {
	t.Parallel()
	const reference = "cart-0123456789abcdef"
	tests := []struct {
		name string
		page string
		bad  bool
	}{
		{"nothing", "a page", false},
		{"the name", "Hello, Ada 12ab", true},
		{"the session", "session-of-ada", true},
		{"the secret", someSecret, true},
		{"the cart", "Your cart is number " + reference, true},
	}
	for _, test := range tests {
		ada, other := sound(), sound()
		ada.seen.HTML += reference
		other.who = "looker"
		other.seen = seen{HTML: test.page}
		for _, r := range leaks([]record{other, ada}, map[string]string{"it, shopper": "12ab"}) {
			if r.who == "looker" && (r.err != nil) != test.bad {
				t.Errorf("%s: got %v, want an error: %t", test.name, r.err, test.bad)
			}
		}
	}
	ada, other := sound(), sound()
	other.who = "looker"
	other.seen.Cookies = map[string]string{csrfCookie: masked(someSecret, 'z')}
	if rows := leaks([]record{ada, other}, nil); rows[0].err == nil {
		t.Error("two visitors with one secret: no error")
	}
}

func TestJudgeFetched(t *testing.T) {
	t.Parallel()
	page := func(secret string, letter byte) []byte {
		return []byte(`<p><meta name="csrf-token" content="` + masked(secret, letter) + `"></p>`)
	}
	fine := func() fetched {
		return fetched{
			Status: 200, Coding: "br", CacheStatus: "page-cache;hit;detail=fresh", Body: page(someSecret, 'a'),
			Cookies: map[string]string{csrfCookie: someSecret},
		}
	}
	origin := fetched{Body: page(someSecret, 'b')}
	if err := judgeFetched(fine(), origin, "br"); err != nil {
		t.Errorf("nothing is wrong, got %v", err)
	}
	tests := []struct {
		name  string
		spoil func(*fetched)
		want  string
	}{
		{"another coding", func(f *fetched) { f.Coding = "" }, `Content-Encoding ""`},
		{"not a hit", func(f *fetched) { f.CacheStatus = "page-cache;fwd=uri-miss" }, "want a hit"},
		{"another one's token", func(f *fetched) { f.Body = page(otherSecret, 'a') }, "a token is of the secret"},
		{"a byte more", func(f *fetched) { f.Body = append(f.Body, '\n') }, "from"},
		{"no token", func(f *fetched) { f.Body = []byte("<p></p>") }, "no token"},
	}
	for _, test := range tests {
		got := fine()
		test.spoil(&got)
		if err := judgeFetched(got, origin, "br"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}
