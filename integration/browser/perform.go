package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// perform opens the stage, sends everybody, and judges what they saw.
func (s *stage) perform(ctx context.Context) (rows []row, err error) {
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	visited, err := s.discover(ctx)
	if err != nil {
		return nil, fmt.Errorf("the shop by itself: %w", err)
	}
	browser, err := startChromium(ctx, s.own("visit.mjs"), s.State, s.edge)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, browser.stop()) }()

	rows, err = s.warm(ctx, visited)
	if err != nil {
		return rows, err
	}
	casts, err := s.casts(visited, browser)
	if err != nil {
		return rows, err
	}
	var records []record
	marks := map[string]string{}
	for _, c := range casts {
		if err := s.signUp(ctx, c.person); err != nil {
			return rows, fmt.Errorf("an account for %s: %w", c.person.name, err)
		}
		c.play(ctx)
		rows = append(rows, c.rows()...)
		records = append(records, c.records...)
		marks[c.client+", shopper"] = c.person.mark
	}
	rows = append(rows, leaks(records, marks)...)
	fetchers := []fetcher{
		{"plain HTTP", casts[0].looker.fetch},
		{"curl", curl{base: s.edge, state: s.State, cookies: casts[0].looker}.fetch},
		{"Chromium " + browser.version, casts[1].looker.fetch},
	}
	return append(rows, s.compare(ctx, visited, fetchers)...), nil
}

// casts are the visitors: those without a browser, and those with one.
func (s *stage) casts(visited shop, browser *chromium) ([]*cast, error) {
	var walkers [4]*walker
	for i := range walkers {
		w, err := newWalker(s.edge)
		if err != nil {
			return nil, err
		}
		walkers[i] = w
	}
	at := func(who string) window { return window{of: browser, who: who} }
	return []*cast{
		{
			client: "plain HTTP", shop: visited, person: newPerson("Ada"),
			shopper: walkers[0], looker: walkers[1], owner: walkers[2], forger: walkers[3],
		},
		{
			client: "Chromium", shop: visited, person: newPerson("Grace"),
			shopper: at("shopper"), looker: at("looker"), owner: at("owner"), forger: at("forger"),
		},
	}, nil
}

// discover finds a product that is in stock, and asks the shop itself.
func (s *stage) discover(ctx context.Context) (shop, error) {
	w, err := newWalker(s.origin)
	if err != nil {
		return shop{}, err
	}
	if _, err := w.take(ctx, open("", category, want{})); err != nil {
		return shop{}, err
	}
	for _, path := range w.page.links("/products/") {
		if strings.HasPrefix(path, "/products/category/") {
			continue
		}
		if _, err := w.take(ctx, open("", path, want{})); err != nil {
			return shop{}, err
		}
		if values, err := w.page.form("/cart/add/"); err == nil && values.Has("variant") {
			return shop{product: path}, nil
		}
	}
	return shop{}, errors.New("the category has no product in stock")
}

// signUp makes an account, past the cache.
func (s *stage) signUp(ctx context.Context, p person) error {
	w, err := newWalker(s.origin)
	if err != nil {
		return err
	}
	if _, err := w.take(ctx, open("", "/account/signup/", want{})); err != nil {
		return err
	}
	fields := map[string]string{"name": p.name, "email": p.email, "password1": password, "password2": password}
	got, err := w.take(ctx, submit("", "", fields, want{}))
	if err == nil && got.Shown.Name != p.name {
		err = fmt.Errorf("the page shows the name %q", got.Shown.Name)
	}
	return err
}

const (
	// The copies in other codings are made behind the first hits.
	copyTimeout = 20 * time.Second
	copyPoll    = 50 * time.Millisecond
)

// warm has somebody without cookies fill the cache, and returns when the copies in all
// codings are there.
func (s *stage) warm(ctx context.Context, visited shop) ([]row, error) {
	first := cast{client: "plain HTTP", shop: visited}
	for _, visit := range visited.views("the first visitor", want{line: stored, cart: "0"}) {
		// Each page sees a new one: the token's cookie is nothing to be stored either.
		stranger, err := newWalker(s.edge)
		if err != nil {
			return nil, err
		}
		first.perform(ctx, "stranger", stranger, []step{visit})
	}
	rows := first.rows()
	stranger, err := newWalker(s.edge)
	if err != nil {
		return rows, err
	}
	ctx, cancel := context.WithTimeout(ctx, copyTimeout)
	defer cancel()
	for _, path := range visited.pages() {
		for _, coding := range codings {
			if err := await(ctx, stranger, path, coding); err != nil {
				return append(rows, row{
					client: "plain HTTP", who: "stranger", what: "a copy of " + path, want: coding, saw: "none", err: err,
				}), nil
			}
		}
	}
	return rows, nil
}

// await asks until the page comes in this coding.
func await(ctx context.Context, v visitor, path, coding string) error {
	ticks := time.NewTicker(copyPoll)
	defer ticks.Stop()
	for {
		got, err := v.fetch(ctx, path, coding)
		if err != nil || got.Coding == coding {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s it still comes with Content-Encoding %q", copyTimeout, got.Coding)
		case <-ticks.C:
		}
	}
}

// fetcher is a client that takes pages in each coding.
type fetcher struct {
	client string
	fetch  func(ctx context.Context, path, coding string) (fetched, error)
}

// compare has each client take the shared pages in each coding, and compares them with
// what the origin sends to the same visitor.
func (s *stage) compare(ctx context.Context, visited shop, fetchers []fetcher) []row {
	var rows []row
	for _, f := range fetchers {
		for _, coding := range codings {
			r := row{client: f.client, who: "looker", what: "the origin's bytes", want: coding + " " + hit, saw: coding + " " + hit}
			for _, path := range visited.pages() {
				if err := s.compareOne(ctx, f, path, coding); err != nil {
					r.saw = "another page"
					r.err = errors.Join(r.err, fmt.Errorf("%s: %w", path, err))
				}
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func (s *stage) compareOne(ctx context.Context, f fetcher, path, coding string) error {
	got, err := f.fetch(ctx, path, coding)
	if err != nil {
		return err
	}
	direct, err := newWalker(s.origin)
	if err != nil {
		return err
	}
	if err := direct.adopt(got.Cookies); err != nil {
		return err
	}
	origin, err := direct.fetch(ctx, path, "identity")
	if err != nil {
		return err
	}
	return judgeFetched(got, origin, coding)
}
