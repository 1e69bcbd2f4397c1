package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

const (
	customerName  = "Ada Example"
	customerEmail = "ada@shop.test"
	checkoutPath  = "/checkout/"
)

var errNoCustomer = errors.New("nobody could sign up and fill a cart")

func personChecks() []check {
	var c customer
	return []check{
		{"category page, back from a product page", checkBack},
		{"home, product and search page, again", checkShared},
		{"category page, anonymous with a cart", checkAnonymousCart},
		{"category page, logged in", c.checkCategory},
		{"checkout, logged in", c.checkCheckout},
		{"checkout, again", c.checkCheckoutAgain},
		{"checkout, somebody else", c.checkOtherCheckout},
		{"checkout, cart changed elsewhere", c.checkChange},
		{"order, logged in", c.checkOrder},
		{"category page, a stranger afterwards", checkStranger},
	}
}

// checkBack looks at a list, which gives a CSRF cookie, at a product, and goes back:
// that cookie alone makes nobody's list personal.
func checkBack(ctx context.Context, base string) (string, error) {
	v, err := newVisitor(base)
	if err != nil {
		return "", err
	}
	list, err := v.page(ctx, categoryPath)
	if err != nil {
		return "", err
	}
	link := productPattern.FindStringSubmatch(list.body)
	if link == nil {
		return "", errors.New("the category page links to no product")
	}
	product, err := v.page(ctx, link[1])
	if err != nil {
		return "", err
	}
	if list.header.Get("Set-Cookie") == "" || product.header.Get("Set-Cookie") != "" {
		return "", errors.New("want the cookie with the first page, and with no other")
	}
	a, err := v.page(ctx, categoryPath)
	if err != nil {
		return "", err
	}
	return a.cache.String(), errors.Join(wantHit(a), sameBody(list, a))
}

// checkShared looks at the other kinds of pages that all visitors see alike.
func checkShared(ctx context.Context, base string) (string, error) {
	home, err := newStranger(base).page(ctx, "/")
	if err != nil {
		return "", err
	}
	link := productPattern.FindStringSubmatch(home.body)
	if link == nil {
		return "", errors.New("the home page links to no product")
	}
	saw := []string{}
	for _, path := range []string{"/", link[1], "/search/?q=mug"} {
		first, again, err := twice(ctx, base, path)
		if err != nil {
			return "", err
		}
		saw = append(saw, again.cache.String())
		if err := errors.Join(wantHit(again), sameBody(first, again)); err != nil {
			return strings.Join(saw, ", "), fmt.Errorf("%s: %w", path, err)
		}
	}
	return strings.Join(saw, ", "), nil
}

func checkAnonymousCart(ctx context.Context, base string) (string, error) {
	v, err := newVisitor(base)
	if err != nil {
		return "", err
	}
	if err := v.fillCart(ctx, 2); err != nil {
		return "", err
	}
	a, err := v.page(ctx, categoryPath)
	if err != nil {
		return "", err
	}
	return a.cache.String() + ", cart of 2", errors.Join(wantBypass(a), shows(a, counted(2)))
}

// customer is one logged-in visitor with a cart, through several rows.
type customer struct {
	visitor *visitor
}

func (c *customer) checkCategory(ctx context.Context, base string) (string, error) {
	v, err := newVisitor(base)
	if err != nil {
		return "", err
	}
	if err := v.signUp(ctx, customerName, customerEmail); err != nil {
		return "", err
	}
	if err := v.fillCart(ctx, 3); err != nil {
		return "", err
	}
	c.visitor = v
	return c.checkOwn(ctx, categoryPath, 3, wantBypass)
}

func (c *customer) checkCheckout(ctx context.Context, _ string) (string, error) {
	return c.checkOwn(ctx, checkoutPath, 3, wantStored)
}

// checkCheckoutAgain wants the customer's own stored page.
func (c *customer) checkCheckoutAgain(ctx context.Context, _ string) (string, error) {
	return c.checkOwn(ctx, checkoutPath, 3, wantHit)
}

// checkOtherCheckout has another visitor, with a cart of his own, at the page that is
// stored for the customer.
func (c *customer) checkOtherCheckout(ctx context.Context, base string) (string, error) {
	v, err := newVisitor(base)
	if err != nil {
		return "", err
	}
	if err := v.fillCart(ctx, 1); err != nil {
		return "", err
	}
	a, err := v.page(ctx, checkoutPath)
	if err != nil {
		return "", err
	}
	if strings.Contains(a.body, customerName) {
		return a.cache.String(), errors.New("shows another visitor's name")
	}
	return a.cache.String() + ", no name, cart of 1", errors.Join(wantStored(a), shows(a, counted(1)))
}

// checkChange wants the checkout to show what has just been put in the cart.
func (c *customer) checkChange(ctx context.Context, _ string) (string, error) {
	if c.visitor == nil {
		return "", errNoCustomer
	}
	if err := c.visitor.addToCart(ctx, 4); err != nil {
		return "", err
	}
	return c.checkOwn(ctx, checkoutPath, 4, wantStored)
}

// checkOwn wants a page that shows the customer's own name and cart, and of which the
// cache says what it should.
func (c *customer) checkOwn(ctx context.Context, path string, cart int, want func(answer) error) (string, error) {
	if c.visitor == nil {
		return "", errNoCustomer
	}
	a, err := c.visitor.page(ctx, path)
	if err != nil {
		return "", err
	}
	saw := fmt.Sprintf("%s, own name, cart of %d", a.cache, cart)
	return saw, errors.Join(want(a), shows(a, named(customerName), counted(cart)))
}

func (c *customer) checkOrder(ctx context.Context, _ string) (string, error) {
	if c.visitor == nil {
		return "", errNoCustomer
	}
	a, err := c.visitor.order(ctx, customerName, customerEmail)
	if err != nil {
		return "", err
	}
	texts := []string{named(customerName), counted(0), customerEmail, "Thank you"}
	return a.cache.String() + ", placed, empty cart", errors.Join(wantStored(a), shows(a, texts...))
}

// checkStranger looks for traces of the visitors before.
func checkStranger(ctx context.Context, base string) (string, error) {
	first, second, err := twice(ctx, base, categoryPath)
	if err != nil {
		return "", err
	}
	for _, a := range []answer{first, second} {
		if strings.Contains(a.body, customerName) {
			return a.cache.String(), errors.New("shows another visitor's name")
		}
		if err := shows(a, counted(0)); err != nil {
			return a.cache.String(), err
		}
		cookies := a.header.Values("Set-Cookie")
		if len(cookies) != 1 || !strings.HasPrefix(cookies[0], "csrftoken=") {
			return a.cache.String(), fmt.Errorf("gives a stranger cookies: %q; want that of the forms alone", cookies)
		}
	}
	return second.cache.String() + ", no name, empty cart", wantHit(second)
}
