package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// formChecks are about the forms of a stored page, which the application has made for
// somebody else.
func formChecks() []check {
	return []check{
		{"buying from a stored page", checkBuying},
		{"buying with a wrong token", checkWrongToken},
	}
}

// checkBuying buys as a visitor who has only ever seen stored pages.
func checkBuying(ctx context.Context, base string) (string, error) {
	v, list, err := newWithStored(ctx, base)
	if err != nil {
		return "", err
	}
	if err := v.addToCart(ctx, 1); err != nil {
		return "", err
	}
	return list.cache.String() + ", cart of 1", wantHit(list)
}

// checkWrongToken sends a token that has the form of one and belongs to nobody.
func checkWrongToken(ctx context.Context, base string) (string, error) {
	v, list, err := newWithStored(ctx, base)
	if err != nil {
		return "", err
	}
	card := cardPattern.FindStringSubmatch(list.body)
	if card == nil {
		return "", errors.New("the category has no card that sells something")
	}
	a, err := v.post(ctx, cartAddPath, url.Values{
		"variant": {card[1]}, "quantity": {"1"}, "csrfmiddlewaretoken": {strings.Repeat("a", 64)},
	})
	if err != nil {
		return "", err
	}
	saw := fmt.Sprintf("%s, then status %d", list.cache, a.status)
	if a.status != http.StatusForbidden {
		return saw, errors.New("want 403")
	}
	return saw, wantHit(list)
}

// newWithStored returns a new visitor and the category page as it is stored.
func newWithStored(ctx context.Context, base string) (*visitor, answer, error) {
	if _, err := newStranger(base).page(ctx, categoryPath); err != nil {
		return nil, answer{}, err
	}
	v, err := newVisitor(base)
	if err != nil {
		return nil, answer{}, err
	}
	list, err := v.page(ctx, categoryPath)
	return v, list, err
}

func languageChecks() []check {
	return []check{
		{"category page, languages of browsers", checkBrowserLanguages},
		{"category page, language chosen", checkChosenLanguage},
	}
}

// checkBrowserLanguages has browsers ask for German in their several ways: one page is
// theirs.
func checkBrowserLanguages(ctx context.Context, base string) (saw string, err error) {
	for i, asked := range []string{"de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de", "de-AT, de;q=0.5", "nl,de;q=0.9,fr;q=0.1"} {
		stranger := newStranger(base)
		stranger.language = asked
		a, err := stranger.page(ctx, categoryPath)
		if err != nil {
			return "", err
		}
		saw = a.cache.String() + ", de"
		if err := shows(a, inLanguage("de")); err != nil {
			return saw, fmt.Errorf("%s: %w", asked, err)
		}
		if i > 0 && !a.cache.hit {
			return saw, fmt.Errorf("%s: want hit, got %s", asked, a.cache)
		}
	}
	return saw, nil
}

// checkChosenLanguage uses the picker of a stored page, twice: who chooses a language
// that somebody else has chosen before is served from the cache.
func checkChosenLanguage(ctx context.Context, base string) (saw string, err error) {
	for i := range 2 {
		v, err := newVisitor(base)
		if err != nil {
			return "", err
		}
		v.language = "de"
		a, err := v.submit(ctx, categoryPath, "/i18n/setlang/", url.Values{"language": {"fr"}, "next": {categoryPath}})
		if err != nil {
			return "", err
		}
		saw = a.cache.String() + ", fr"
		if err := shows(a, inLanguage("fr")); err != nil {
			return saw, err
		}
		if i > 0 && !a.cache.hit {
			return saw, fmt.Errorf("want hit, got %s", a.cache)
		}
	}
	return saw, nil
}

// inLanguage is how a page says in which language it is.
func inLanguage(code string) string { return `<html lang="` + code + `">` }
