package main

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// category is a page that many queries make slow.
const category = "/products/category/apparel-1/"

// addPath is where the forms go that put a product in the cart.
const addPath = "/cart/add/"

// What Django calls the token, in a form and as a cookie.
const (
	csrfField  = "csrfmiddlewaretoken"
	csrfCookie = "csrftoken"
)

// password is everybody's.
const password = "a-long-password-1"

// step is one thing that a visitor does, and what he should see then.
type step struct {
	Name string `json:"-"`
	// Act is open (Path), submit or quick. Submit sends the form on the page whose
	// action is Action, or the page's own, with these Fields and what it holds else.
	// Quick puts a card's product in the cart by a script, which leaves the page.
	Act    string            `json:"act"`
	Path   string            `json:"path,omitempty"`
	Action string            `json:"action,omitempty"`
	Fields map[string]string `json:"fields,omitempty"`
	// Forget throws all cookies away before.
	Forget bool `json:"forget,omitempty"`

	Want want `json:"-"`
	// Aside is for steps that are taken again and again, beside somebody else's.
	Aside bool `json:"-"`
}

// want is what a step should come to.
type want struct {
	line string // The answers, as line writes them.
	name string // Who is logged in.
	cart string // What the cart's counter shows; empty: it is no page of the shop's.
	says string // Part of the text.
}

// What the answers of a step are, as line writes them.
const (
	hit    = "hit;detail=fresh"                     // From the store.
	stored = "fwd=uri-miss;stored;detail=not-found" // From the origin, and kept.
	passed = "fwd=bypass;detail=cookie"             // From the origin, because of a cookie.
	never  = "fwd=bypass;detail=no-store"           // From the origin, which does not let it be kept.
	posted = "POST 302 fwd=method;detail=method, "  // Accepted, and sent on to a page.
	denied = "POST 403 fwd=method;detail=method"    // Refused.
)

// What pages say.
const (
	boughtNow = "is in your cart"
	refused   = "CSRF verification failed"
)

// person is who somebody is. Nothing of it may be on another one's page.
type person struct {
	mark  string // Is part of everything that the person says.
	name  string
	email string
}

func newPerson(name string) person {
	var random [6]byte
	_, _ = rand.Read(random[:]) // It never fails (crypto/rand).
	mark := hex.EncodeToString(random[:])
	return person{mark: mark, name: name + " " + mark, email: strings.ToLower(name) + "-" + mark + "@shop.test"}
}

// shop is what the visits are about: pages that everybody may share.
type shop struct {
	product string // The path of one that is in stock.
}

func (s shop) pages() []string { return []string{"/", category, s.product} }

// views are the shared pages, one after another, which should all come like this.
func (s shop) views(name string, w want) []step {
	steps := make([]step, 0, len(s.pages()))
	for _, path := range s.pages() {
		steps = append(steps, open(name, path, w))
	}
	return steps
}

func open(name, path string, w want) step {
	return step{Name: name + ": " + path, Act: "open", Path: path, Want: w}
}

func submit(name, action string, fields map[string]string, w want) step {
	return step{Name: name, Act: "submit", Action: action, Fields: fields, Want: w}
}

// shopper comes as a stranger, buys two of a product, and leaves as a stranger.
func (s shop) shopper(p person) []step {
	var steps []step
	add := func(more ...step) { steps = append(steps, more...) }
	cart := func(line, cart, says string) want { return want{line: line, cart: cart, says: says} }
	own := func(line, cart, says string) want { return want{line: line, name: p.name, cart: cart, says: says} }

	add(s.views("new visitor", cart(hit, "0", ""))...)
	add(submit("adds to the cart", addPath, map[string]string{"quantity": "2"}, cart(posted+passed, "2", boughtNow)))
	add(s.views("with a cart", cart(passed, "2", ""))...)
	add(open("with a cart", "/cart/", cart(stored, "2", "Your cart")))
	add(open("with a cart, again", "/cart/", cart(hit, "2", "Your cart")))

	add(open("wants to log in", "/account/login/", cart(never, "2", "Log in")))
	add(submit("logs in", "", map[string]string{"username": p.email, "password": password},
		own(posted+stored, "2", "Hello, "+p.name)))
	add(s.views("logged in", own(passed, "2", ""))...)
	add(open("logged in", "/account/", own(hit, "2", "Hello, "+p.name)))

	add(s.checkout(p)...)
	add(s.views("has bought", own(passed, "0", ""))...)
	add(open("has bought", "/cart/", own(stored, "0", "nothing in your cart")))
	add(open("has bought, again", "/cart/", own(hit, "0", "nothing in your cart")))
	add(submit("logs out", "/account/logout/", nil, cart(posted+hit, "0", "")))
	add(s.views("anonymous again", cart(hit, "0", ""))...)
	return steps
}

// checkout is what a shopper with a cart of two goes through.
func (s shop) checkout(p person) []step {
	own := func(line, says string) want { return want{line: line, name: p.name, cart: "2", says: says} }
	address := map[string]string{
		"name": p.name, "email": p.email, "street": "Long Lane " + p.mark,
		"postal_code": "12345", "city": "Springfield", "country": "DE",
	}
	placed := own(posted+stored, "A note goes to "+p.email)
	placed.cart = "0"
	return []step{
		open("looks at the cart", "/cart/", own(stored, "Your cart")),
		open("checks out", "/checkout/", own(stored, "Your order")),
		open("checks out, back again", "/checkout/", own(hit, "Your order")),
		submit("gives an address", "", address, own(posted+stored, "Delivery to")),
		submit("chooses how", "", map[string]string{"rate": firstChoice}, own(posted+stored, "Long Lane "+p.mark)),
		submit("orders", "", nil, placed),
	}
}

// looker never does anything but look.
func (s shop) looker() []step {
	return aside(s.views("looks around", want{line: hit, cart: "0"}))
}

// owner fills a cart of his own from the cards of a list, and looks at it.
func (s shop) owner() []step {
	quick := step{Name: "adds by a card's button", Act: "quick", Want: want{line: posted + passed, cart: "1"}}
	return []step{
		open("new visitor", category, want{line: hit, cart: "0"}),
		quick,
		open("with a cart", "/cart/", want{line: stored, cart: "1", says: "Your cart"}),
	}
}

// owns is what the owner looks at from then on: what others do to their carts does
// nothing to his.
func (s shop) owns() []step {
	return aside([]step{
		open("looks around", "/", want{line: passed, cart: "1"}),
		open("looks at his cart", "/cart/", want{line: hit, cart: "1", says: "Your cart"}),
	})
}

func aside(steps []step) []step {
	for i := range steps {
		steps[i].Aside = true
	}
	return steps
}

// forger sends the form of a cached page with wrong tokens, and in the end with the
// right one, which shows that nothing else was wrong.
func (s shop) forger() []step {
	arrives := open("a forger", s.product, want{line: hit, cart: "0"})
	send := func(name, token string) step {
		return submit(name, addPath, map[string]string{csrfField: token}, want{line: denied, says: refused})
	}
	robbed := submit("no cookie", addPath, nil, want{line: denied, says: refused})
	robbed.Forget = true
	return []step{
		arrives, send("no token", ""),
		arrives, send("a token of another secret", strings.Repeat("aB3z", secretLength/2)),
		arrives, send("a token that is none", "forged"),
		arrives, robbed,
		arrives, submit("the right token", addPath, nil, want{line: posted + passed, cart: "1", says: boughtNow}),
	}
}

// firstChoice stands for the first of a form's choices.
const firstChoice = "first"
