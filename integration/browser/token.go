package main

import (
	"fmt"
	"regexp"
	"strings"
)

// letters are what Django makes secrets and tokens of, and secretLength is how many
// (django.middleware.csrf).
const (
	letters      = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	secretLength = 32
)

// tokenPattern finds the tokens of a page: in its forms, and for its scripts.
var tokenPattern = regexp.MustCompile(`(name="csrfmiddlewaretoken" value="|name="csrf-token" content=")(\w*)"`)

// secretOf returns the secret in a token or a cookie: the 32 letters themselves, or
// masked, which is the mask and behind it the sum of both, letter by letter.
func secretOf(token string) (string, error) {
	switch {
	case strings.Trim(token, letters) != "":
		return "", fmt.Errorf("%q is no token", token)
	case len(token) == secretLength:
		return token, nil
	case len(token) != 2*secretLength:
		return "", fmt.Errorf("%q is no token", token)
	}
	mask, sum := token[:secretLength], token[secretLength:]
	secret := make([]byte, secretLength)
	for i := range secret {
		place := strings.IndexByte(letters, sum[i]) - strings.IndexByte(letters, mask[i])
		secret[i] = letters[(place+len(letters))%len(letters)]
	}
	return string(secret), nil
}

// ownTokens returns the page with a mark in the place of each token, and how many
// there were. A token that is not of this cookie's secret is an error.
func ownTokens(page, cookie string) (marked string, count int, err error) {
	all := tokenPattern.FindAllStringSubmatch(page, -1)
	if len(all) == 0 {
		return page, 0, nil
	}
	own, err := secretOf(cookie)
	if err != nil {
		return "", 0, fmt.Errorf("a page with tokens, and no cookie for them: %w", err)
	}
	for _, found := range all {
		secret, err := secretOf(found[2])
		if err != nil {
			return "", 0, err
		}
		if secret != own {
			return "", 0, fmt.Errorf("a token is of the secret %s, the cookie of %s", secret, own)
		}
	}
	return tokenPattern.ReplaceAllString(page, `${1}TOKEN"`), len(all), nil
}
