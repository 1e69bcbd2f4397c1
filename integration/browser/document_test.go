package main

import (
	"net/url"
	"reflect"
	"testing"
)

const somePage = `<html><head><meta name="csrf-token" content="t0k3n"></head><body>
<a id="account-name" href="/account/"> Ada </a> <b id="cart-count">2</b>
<form method="post" action="/i18n/"><input type="hidden" name="csrfmiddlewaretoken" value="a"></form>
<ul class="messages"><li class="success">A mug is in your cart.</li></ul>
<a href="/products/mug-1/">Mug</a>
<form class="buy" method="post" action="/cart/add/">
  <input type="hidden" name="csrfmiddlewaretoken" value="b">
  <select name="variant"><option value="1" disabled>Red</option><option value="2">Blue</option><option value="3">Green</option></select>
  <input type="number" name="quantity" value="1"><button>Add</button>
</form>
<form method="post"><input type="radio" name="rate" value="7"><input type="radio" name="rate" value="8"></form>
<form action="/search/"><input name="q"></form>
</body></html>`

func TestDocument(t *testing.T) {
	t.Parallel()
	d, err := parse(somePage)
	if err != nil {
		t.Fatal(err)
	}
	s := d.shown()
	s.Text = ""
	if want := (shown{Name: "Ada", Cart: "2", Messages: []string{"A mug is in your cart."}}); !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if got := d.token(); got != "t0k3n" {
		t.Errorf("token %q", got)
	}
	if got := d.links("/products/"); !reflect.DeepEqual(got, []string{"/products/mug-1/"}) {
		t.Errorf("links %q", got)
	}
	forms := map[string]url.Values{
		"/cart/add/": {csrfField: {"b"}, "variant": {"2"}, "quantity": {"1"}},
		"/i18n/":     {csrfField: {"a"}},
		"":           {"rate": {"7"}},
	}
	for action, want := range forms {
		if got, err := d.form(action); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("form %q: got %v, %v, want %v", action, got, err, want)
		}
	}
	if _, err := d.form("/search/"); err == nil {
		t.Error("a form that is not sent by POST was found")
	}
}
