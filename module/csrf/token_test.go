package csrf_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/csrf"
)

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Values that Django 3.2 made: a token, and the secret it unmasks to.
const (
	djangoSecret = "up0JmxV6iCtavFfthEo3oslBN6DHWz7e"
	djangoToken  = "EVVvuZR1Gg6WYDgPPKQmAtdRTy1qirX3YaL4GmCXOIpWj8l8We4fOLoiwuuX4QU7"
)

// source is a stream of random bytes that is the same for the same seed.
func source(seed uint64) func([]byte) {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	stream := rand.NewChaCha8(key)
	return func(dst []byte) { _, _ = stream.Read(dst) }
}

// anySource draws such a stream.
func anySource(t *rapid.T) func([]byte) { return source(rapid.Uint64().Draw(t, "seed")) }

// token returns a token of the secret.
func token(s csrf.Secret, random func([]byte)) string {
	var dst [csrf.TokenSize]byte
	s.Mask(random, dst[:])
	return string(dst[:])
}

// secret reads a bare secret.
func secret(t *testing.T, text string) csrf.Secret {
	t.Helper()
	s, ok := csrf.ReadSecret(text)
	if !ok {
		t.Fatalf("%q is no secret", text)
	}
	return s
}

// TestReadSecret: a bare and a masked secret are read, and nothing else.
func TestReadSecret(t *testing.T) {
	want := secret(t, djangoSecret)
	for name, tt := range map[string]struct {
		value string
		ok    bool
	}{
		"bare":              {djangoSecret, true},
		"masked":            {djangoToken, true},
		"mask of zeros":     {strings.Repeat("a", 32) + djangoSecret, true},
		"empty":             {"", false},
		"one too few":       {djangoSecret[1:], false},
		"one too many":      {djangoToken + "a", false},
		"between":           {djangoToken[:48], false},
		"a dash":            {"-" + djangoSecret[1:], false},
		"a dash, masked":    {djangoToken[:63] + "-", false},
		"a space":           {" " + djangoSecret[1:], false},
		"beyond ASCII":      {"é" + djangoSecret[2:], false},
		"a NUL":             {"\x00" + djangoSecret[1:], false},
		"quotes":            {`"` + djangoSecret + `"`, false},
		"two bare, no mask": {djangoSecret + " " + djangoSecret[1:], false},
	} {
		got, ok := csrf.ReadSecret(tt.value)
		if ok != tt.ok {
			t.Errorf("%s: read: %t", name, ok)
		}
		if ok && got != want {
			t.Errorf("%s: %s", name, got[:])
		}
		if !ok && got != (csrf.Secret{}) {
			t.Errorf("%s: there is a secret although there is none", name)
		}
	}
}

// TestMask: what is masked unmasks to the same secret and to no other, and is
// another text each time.
func TestMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := anySource(t)
		s, other := csrf.NewSecret(random), csrf.NewSecret(random)
		first, second := token(s, random), token(s, random)
		if first == second {
			t.Error("the same mask twice")
		}
		for _, text := range []string{first, second} {
			if strings.Trim(text, alphabet) != "" {
				t.Errorf("%q", text)
			}
			if got, ok := csrf.ReadSecret(text); !ok || got != s || !s.Unmasks([]byte(text)) {
				t.Errorf("%q does not unmask to %q", text, s[:])
			}
			if other.Unmasks([]byte(text)) {
				t.Error("a token is of two secrets")
			}
			at := rapid.IntRange(0, csrf.TokenSize-1).Draw(t, "at")
			changed := []byte(text)
			changed[at] = rapid.SampledFrom([]byte(alphabet+"-\xff ")).Filter(func(c byte) bool { return c != text[at] }).Draw(t, "by")
			if s.Unmasks(changed) {
				t.Errorf("%q with byte %d changed is a token, too", text, at)
			}
		}
		if s.Unmasks([]byte(first[1:])) || s.Unmasks([]byte(first+"a")) || s.Unmasks(nil) {
			t.Error("a token of another length")
		}
	})
}

// TestUnmasks: Django's token is of Django's secret.
func TestUnmasks(t *testing.T) {
	if s := secret(t, djangoSecret); !s.Unmasks([]byte(djangoToken)) {
		t.Error("no")
	}
}

// TestNewSecretEven: no character is likelier than another. Of 62 × 1000 drawn, each
// comes 1000 times, give or take six standard deviations; that of a plain remainder
// (five of 256 for some, four for the others) would be off by seven.
func TestNewSecretEven(t *testing.T) {
	random := source(1)
	var count [256]int
	for drawn := 0; drawn < 62*1000; drawn += csrf.SecretSize {
		s := csrf.NewSecret(random)
		for _, c := range s {
			count[c]++
		}
	}
	for _, c := range []byte(alphabet) {
		if count[c] < 810 || 1190 < count[c] {
			t.Errorf("%c came %d times", c, count[c])
		}
	}
}

// TestDrawAgain: bytes that would favour some characters are drawn again.
func TestDrawAgain(t *testing.T) {
	calls := 0
	s := csrf.NewSecret(func(dst []byte) {
		calls++
		for i := range dst {
			dst[i] = byte(i)
			if calls == 1 && i%2 == 1 {
				dst[i] = 248
			}
		}
	})
	if want := "acegikmoqsuwyACE" + "abcdefghijklmnop"; string(s[:]) != want || calls != 2 {
		t.Errorf("%s after %d calls, want %s", s[:], calls, want)
	}
}

// TestMaskAllocates: filling in costs no memory.
func TestMaskAllocates(t *testing.T) {
	random := source(1)
	s := csrf.NewSecret(random)
	dst := make([]byte, csrf.TokenSize)
	if n := testing.AllocsPerRun(100, func() { s.Mask(random, dst) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMaskTouches: nothing is written beside the token.
func TestMaskTouches(t *testing.T) {
	random := source(1)
	s := csrf.NewSecret(random)
	dst := []byte(strings.Repeat(".", csrf.TokenSize+2))
	s.Mask(random, dst)
	if string(dst[csrf.TokenSize:]) != ".." || !s.Unmasks(dst[:csrf.TokenSize]) {
		t.Errorf("%q", dst)
	}
}

// TestTag: it depends on the key and on the secret, and is the same for the same.
func TestTag(t *testing.T) {
	s := secret(t, strings.Repeat("a", 32))
	// printf a{32 times} | openssl dgst -sha256 -hmac key
	if got := csrf.Tag([]byte("key"), s); got != "5d9a98c0addaf09e" {
		t.Errorf("%s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		random := anySource(t)
		s, other, key := csrf.NewSecret(random), csrf.NewSecret(random), []byte("k")
		tag := csrf.Tag(key, s)
		if len(tag) != 16 || strings.Trim(tag, "0123456789abcdef") != "" || tag != csrf.Tag(key, s) {
			t.Errorf("%q", tag)
		}
		if tag == csrf.Tag(key, other) || tag == csrf.Tag([]byte("l"), s) {
			t.Error("the same for another")
		}
	})
}
