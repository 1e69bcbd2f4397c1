// Package csrf finds Django's tokens against cross-site request forgery in a page
// that is about to be stored, and makes the ones that take their place for a
// visitor. All of it is pure: values in and values out; randomness and the time are
// passed in. Its functions may be called from many goroutines at once, if the
// source of randomness may.
//
// A visitor has a secret, 32 letters and digits, in a cookie. What a page carries is
// the secret masked: 32 random characters, and the secret shifted by them. So each
// page has another token, and each proves the same secret. Since Django 4.1 the
// cookie holds the secret itself, before that it held a masked one; all versions
// from 1.10 on read both.
package csrf

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

const (
	// SecretSize is the length of a secret, and of a cookie's value since Django 4.1.
	SecretSize = 32
	// TokenSize is the length of a masked secret: a mask, and what it makes of the
	// secret.
	TokenSize = 2 * SecretSize
	// MaxHoles bounds the tokens of a page: a list of some dozens of products with a
	// form each has its place, and filling them in stays cheap.
	MaxHoles = 64
)

// The characters of secrets and tokens, in the order by which Django counts them.
const (
	alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	letters  = uint8(len(alphabet))
	// fair is how many values of a byte are shared out evenly over the alphabet.
	fair = 256 / len(alphabet) * len(alphabet)
	// none is the place of a character that is not in the alphabet.
	none = 255
)

// places says for each byte where it stands in the alphabet, or none.
//
//nolint:gochecknoglobals // a read-only table
var places = func() (table [256]uint8) {
	for i := range table {
		table[i] = none
	}
	for i := range letters {
		table[alphabet[i]] = i
	}
	return table
}()

// Secret is what a visitor's cookie holds and each of their tokens proves: 32
// characters of a-z, A-Z and 0-9. The zero value is no secret. It compares with ==.
type Secret [SecretSize]byte

// ReadSecret reads a cookie's value as Django does: a bare secret, or a masked one.
// It reports false for what Django takes for no secret at all.
func ReadSecret(value string) (Secret, bool) {
	var s Secret
	for i := range len(value) {
		if places[value[i]] == none {
			return Secret{}, false
		}
	}
	switch len(value) {
	case SecretSize:
		copy(s[:], value)
	case TokenSize:
		for i := range s {
			mask, masked := places[value[i]], places[value[SecretSize+i]]
			s[i] = alphabet[(masked+letters-mask)%letters]
		}
	default:
		return Secret{}, false
	}
	return s, true
}

// NewSecret makes a secret for a visitor who has none. random fills what it is given
// from a source fit for cryptography; each character is as likely as any other.
func NewSecret(random func([]byte)) Secret {
	s := new(Secret)
	draw(random, s[:])
	return *s
}

// Mask writes a token of the secret into the first TokenSize bytes of dst, which
// must have that many: another one each time. random is as in NewSecret. Nothing is
// allocated.
func (s Secret) Mask(random func([]byte), dst []byte) {
	dst = dst[:TokenSize]
	draw(random, dst[:SecretSize])
	for i, c := range s {
		dst[SecretSize+i] = alphabet[(places[c]+places[dst[i]])%letters]
	}
}

// draw fills dst with characters of the alphabet, evenly: the few values of a byte
// that would favour some of them are drawn again.
func draw(random func([]byte), dst []byte) {
	for len(dst) > 0 {
		random(dst)
		kept := 0
		for _, b := range dst {
			if int(b) < fair {
				dst[kept] = alphabet[b%letters]
				kept++
			}
		}
		dst = dst[kept:]
	}
}

// Unmasks reports whether token is a masked form of the secret.
func (s Secret) Unmasks(token []byte) bool {
	if len(token) != TokenSize {
		return false
	}
	for i, c := range s {
		mask, masked := places[token[i]], places[token[SecretSize+i]]
		if mask == none || masked == none || alphabet[(masked+letters-mask)%letters] != c {
			return false
		}
	}
	return true
}

// Tag returns 16 hexadecimal digits that depend on the key and the secret and on
// nothing else, and that do not tell the secret: for the entity-tag of a page that
// is filled in for this visitor.
func Tag(key []byte, s Secret) string {
	sum := hmac.New(sha256.New, key)
	sum.Write(s[:])
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
