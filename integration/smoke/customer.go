package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// The patterns read what the storefront's templates write.
var (
	productPattern = regexp.MustCompile(`href="(/products/[-\w]+-\d+/)"`)
	variantPattern = regexp.MustCompile(`<option value="(\d+)">`)
	cardPattern    = regexp.MustCompile(`<input type="hidden" name="variant" value="(\d+)">`)
	ratePattern    = regexp.MustCompile(`name="rate" value="(\d+)"`)
)

const cartAddPath = "/cart/add/"

// signUp makes an account, which logs the visitor in.
func (v *visitor) signUp(ctx context.Context, name, email string) error {
	const page, password = "/account/signup/", "a-long-password-1"
	a, err := v.submit(ctx, page, page, url.Values{
		"name": {name}, "email": {email}, "password1": {password}, "password2": {password},
	})
	if err != nil {
		return err
	}
	return shows(a, named(name))
}

// fillCart puts so many of the category's first product in stock in the cart.
func (v *visitor) fillCart(ctx context.Context, quantity int) error {
	list, err := v.page(ctx, categoryPath)
	if err != nil {
		return err
	}
	for _, link := range productPattern.FindAllStringSubmatch(list.body, -1) {
		product, err := v.page(ctx, link[1])
		if err != nil {
			return err
		}
		variant := variantPattern.FindStringSubmatch(product.body)
		if variant == nil {
			continue // sold out
		}
		fields := url.Values{"variant": {variant[1]}, "quantity": {fmt.Sprint(quantity)}}
		a, err := v.submit(ctx, link[1], cartAddPath, fields)
		if err != nil {
			return err
		}
		return shows(a, counted(quantity))
	}
	return errors.New("the category has no product in stock")
}

// addToCart buys one thing from the category's first card that sells something; so many
// are in the cart then.
func (v *visitor) addToCart(ctx context.Context, then int) error {
	list, err := v.page(ctx, categoryPath)
	if err != nil {
		return err
	}
	card := cardPattern.FindStringSubmatch(list.body)
	if card == nil {
		return errors.New("the category has no card that sells something")
	}
	fields := url.Values{"variant": {card[1]}, "quantity": {"1"}}
	a, err := v.submit(ctx, categoryPath, cartAddPath, fields)
	if err != nil {
		return err
	}
	return shows(a, counted(then))
}

// order goes through the checkout's steps and returns the last page.
func (v *visitor) order(ctx context.Context, name, email string) (answer, error) {
	const address, shipping, summary = "/checkout/", "/checkout/shipping/", "/checkout/summary/"
	a, err := v.submit(ctx, address, address, url.Values{
		"name": {name}, "email": {email}, "street": {"Long Lane 1"},
		"postal_code": {"12345"}, "city": {"Springfield"}, "country": {"DE"},
	})
	if err != nil {
		return a, err
	}
	rate := ratePattern.FindStringSubmatch(a.body)
	if rate == nil {
		return a, errors.New("the shipping step offers no rate")
	}
	if _, err := v.submit(ctx, shipping, shipping, url.Values{"rate": {rate[1]}}); err != nil {
		return answer{}, err
	}
	return v.submit(ctx, summary, summary, url.Values{})
}

// named is how a page shows the name of who is logged in.
func named(name string) string { return `href="/account/">` + name + `</a>` }

// counted is how a page shows the number of things in the cart.
func counted(n int) string { return fmt.Sprintf(`<b id="cart-count">%d</b>`, n) }

// shows checks that the body holds each text.
func shows(a answer, texts ...string) error {
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			return fmt.Errorf("the page does not show %s", text)
		}
	}
	return nil
}
