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
)

var errNoCustomer = errors.New("nobody could sign up and fill a cart")

func personChecks() []check {
	var c customer
	return []check{
		{"category page, back from a product page", checkBack},
		{"category page, anonymous with a cart", checkAnonymousCart},
		{"category page, logged in", c.checkCategory},
		{"checkout, logged in", c.checkCheckout},
		{"order, logged in", c.checkOrder},
		{"category page, a stranger afterwards", checkStranger},
	}
}

// checkBack looks at a product, which gives a CSRF cookie, and goes back: that
// cookie alone makes nobody's list personal.
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
	if product.header.Get("Set-Cookie") == "" {
		return "", errors.New("the product page gives no cookie")
	}
	a, err := v.page(ctx, categoryPath)
	if err != nil {
		return "", err
	}
	return a.cache.String(), errors.Join(wantHit(a), sameBody(list, a))
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
	return c.checkOwn(ctx, categoryPath)
}

func (c *customer) checkCheckout(ctx context.Context, _ string) (string, error) {
	return c.checkOwn(ctx, "/checkout/")
}

// checkOwn wants a page past the cache that shows the customer's own things.
func (c *customer) checkOwn(ctx context.Context, path string) (string, error) {
	if c.visitor == nil {
		return "", errNoCustomer
	}
	a, err := c.visitor.page(ctx, path)
	if err != nil {
		return "", err
	}
	saw := a.cache.String() + ", own name, cart of 3"
	return saw, errors.Join(wantBypass(a), shows(a, named(customerName), counted(3)))
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
	return a.cache.String() + ", placed, empty cart", errors.Join(wantBypass(a), shows(a, texts...))
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
		if cookies := a.header.Values("Set-Cookie"); len(cookies) > 0 {
			return a.cache.String(), fmt.Errorf("gives a stranger cookies: %q", cookies)
		}
	}
	return second.cache.String() + ", no name, empty cart", wantHit(second)
}
