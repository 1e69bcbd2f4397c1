package main

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// document is a page, for who has no browser.
type document struct{ root *html.Node }

func parse(text string) (document, error) {
	root, err := html.Parse(strings.NewReader(text))
	return document{root}, err
}

// shown is what a person would read there.
func (d document) shown() shown {
	s := shown{Text: textOf(d.root)}
	for n := range d.root.Descendants() {
		switch {
		case attribute(n, "id") == "account-name":
			s.Name = strings.TrimSpace(textOf(n))
		case attribute(n, "id") == "cart-count":
			s.Cart = strings.TrimSpace(textOf(n))
		case n.DataAtom == atom.Li && n.Parent != nil && attribute(n.Parent, "class") == "messages":
			s.Messages = append(s.Messages, strings.TrimSpace(textOf(n)))
		}
	}
	return s
}

// form returns what the form of this action would send if nobody touched it but its
// button; an empty action means the form in the page's middle that has none.
func (d document) form(action string) (url.Values, error) {
	for n := range d.root.Descendants() {
		if n.DataAtom != atom.Form || attribute(n, "method") != "post" || attribute(n, "action") != action {
			continue
		}
		values := url.Values{}
		for field := range n.Descendants() {
			fill(values, field)
		}
		return values, nil
	}
	return nil, fmt.Errorf("no form with the action %q", action)
}

// fill adds what one node of a form contributes. Of choices it is the first one that
// can be chosen.
func fill(values url.Values, field *html.Node) {
	name := attribute(field, "name")
	if name == "" {
		return
	}
	switch field.Data {
	case "input":
		if attribute(field, "type") != "radio" || !values.Has(name) {
			values.Set(name, attribute(field, "value"))
		}
	case "select":
		for option := range field.Descendants() {
			if option.DataAtom == atom.Option && !has(option, "disabled") {
				values.Set(name, attribute(option, "value"))
				return
			}
		}
	}
}

// token is the one that the page has for its scripts.
func (d document) token() string {
	for n := range d.root.Descendants() {
		if n.DataAtom == atom.Meta && attribute(n, "name") == "csrf-token" {
			return attribute(n, "content")
		}
	}
	return ""
}

// links returns where the page's links lead that begin like this.
func (d document) links(prefix string) []string {
	var found []string
	for n := range d.root.Descendants() {
		if target := attribute(n, "href"); n.DataAtom == atom.A && strings.HasPrefix(target, prefix) {
			found = append(found, target)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return text.String()
}
