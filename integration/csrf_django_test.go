package integration

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/csrf"
)

// djangos is how many there are to be asked: the one that is installed, and models of
// later ones.
const djangos = 6

// django puts a question to Django and to the models of later ones.
func django(t *testing.T, answer any, question ...any) {
	t.Helper()
	in, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-B", "testdata/csrf_django.py")
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("Django: %v\n%s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatal(err)
	}
}

// random returns a source for secrets and masks, the same each time.
func random(seed byte) func([]byte) {
	stream := rand.NewChaCha8([32]byte{seed})
	return func(dst []byte) { stream.Read(dst) }
}

// csrfCase is a Cookie field, in hexadecimal, and the token that is posted with it.
type csrfCase [2]string

// sentBack is the Cookie field of a browser that got a line of Set-Cookie.
func sentBack(line string) string {
	pair, _, _ := strings.Cut(line, ";")
	return hex.EncodeToString([]byte("a=1; " + pair))
}

// TestCSRFDjango: from a page that Django has made for one visitor comes one for
// another, whom Django has never seen, and whose form it takes. With a token of
// somebody else's it does not.
func TestCSRFDjango(t *testing.T) {
	const pages, tokens = 6, 8
	var made map[string][][2]any // [Set-Cookie lines, page]
	django(t, &made, "make", pages)
	if len(made) != djangos {
		t.Fatalf("%d have answered", len(made))
	}
	draw := random(1)
	for version, answers := range made {
		t.Run(version, func(t *testing.T) {
			var good, bad []csrfCase
			for _, answer := range answers {
				var lines []string
				for _, line := range answer[0].([]any) {
					lines = append(lines, line.(string))
				}
				found := csrf.ReadSetCookie(lines, "csrftoken", time.Now())
				if !found.Set || found.Cookie.MaxAge != 31449600 || found.Cookie.Path != "/" || found.Cookie.SameSite != "Lax" || len(found.Rest) > 0 {
					t.Fatalf("%q is read as %+v", lines, found)
				}
				page := []byte(answer[1].(string))
				holes, err := csrf.Find(page, found.Secret)
				if err != nil || len(holes) != tokens || !csrf.Suspects(page) {
					t.Fatalf("%d holes, %v in\n%s", len(holes), err, page)
				}
				visitor := csrf.NewSecret(draw)
				line := found.Cookie.Line("csrftoken", visitor, nil, "http", draw)
				for _, at := range holes {
					theirs := string(page[at : at+csrf.TokenSize])
					visitor.Mask(draw, page[at:])
					good = append(good, csrfCase{sentBack(line), string(page[at : at+csrf.TokenSize])}, csrfCase{sentBack(lines[0]), theirs})
					bad = append(bad, csrfCase{sentBack(line), theirs}, csrfCase{sentBack(lines[0]), string(page[at : at+csrf.TokenSize])})
				}
			}
			// What one Django has made, all others have to take: releases change under a cookie.
			judge(t, good, "accepted")
			judge(t, bad, "refused")
		})
	}
}

// judge has each Django judge the cases, all of which must be accepted, or refused.
func judge(t *testing.T, cases []csrfCase, want string) {
	t.Helper()
	var verdicts map[string][]bool
	django(t, &verdicts, "judge", cases)
	for version, verdict := range verdicts {
		if len(verdict) != len(cases) {
			t.Fatalf("%s judged %d of %d", version, len(verdict), len(cases))
		}
		for i, accepted := range verdict {
			if accepted != (want == "accepted") {
				t.Errorf("%s: accepted: %t, cookie %s, token %s", version, accepted, cases[i][0], cases[i][1])
			}
		}
	}
}

// TestCSRFCookies: whatever a visitor's Cookie field is like, the cache and Django find
// the same secret in it, or both none.
func TestCSRFCookies(t *testing.T) {
	const headers = 3000
	generator := rand.New(rand.NewChaCha8([32]byte{2}))
	secret := csrf.NewSecret(random(3))
	var fields [][]string
	var sent []string
	for range headers {
		var lines []string
		for range 1 + generator.IntN(10)/8 {
			lines = append(lines, anyCookieLine(generator, secret))
		}
		fields = append(fields, lines)
		sent = append(sent, hex.EncodeToString([]byte(strings.Join(lines, "; "))))
	}
	var read map[string][]*string
	django(t, &read, "read", sent)
	if len(read) != djangos {
		t.Fatalf("%d have answered", len(read))
	}
	for version, theirs := range read {
		some := 0
		for i, lines := range fields {
			ours, ok := csrf.FromCookies(lines, "csrftoken")
			if ok != (theirs[i] != nil) || ok && string(ours[:]) != *theirs[i] {
				t.Errorf("%s: %q: we read %t %q, it reads %v", version, lines, ok, ours[:], said(theirs[i]))
			}
			if ok {
				some++
			}
		}
		if some < headers/10 || headers*9/10 < some {
			t.Errorf("%d of %d have a secret: that proves little", some, headers)
		}
	}
}

func said(text *string) string {
	if text == nil {
		return "nothing"
	}
	return *text
}

// anyCookieLine makes a line of a Cookie field out of what is hard to read.
func anyCookieLine(g *rand.Rand, s csrf.Secret) string {
	pick := func(from ...string) string { return from[g.IntN(len(from))] }
	space := func() string {
		if g.IntN(3) > 0 {
			return ""
		}
		return pick(" ", "\t", "  ", "\u00a0", "\u3000", "\u2028", "\u0085", "\x1c", "\x1f", "\x0b", "\u200b", "\xa0", "\x85", "\xe2\x80", "\x00", "+")
	}
	var line strings.Builder
	for range 1 + g.IntN(4) {
		name := pick("csrftoken", "csrftoken", "csrftoken", "csrftoken", "csrftoken", "CSRFToken", "$csrftoken", "csrf", "", "a", `"csrftoken"`)
		line.WriteString(space() + name + space() + pick("=", "=", "=", "=", "=", "=", "=", "==", "", ":") + space() + anyCookieValue(g, s) + space())
		line.WriteString(pick(";", ";", ";", "; ", "; ", " ;", ";;", ",", ", ", "\t;", `";`))
	}
	text := []byte(line.String())
	if g.IntN(4) == 0 {
		text[g.IntN(len(text))] = pick(`\`, `"`, ";", "=", " ", "a", "\xff", "\xc2", "-")[0]
	}
	return string(text)
}

// anyCookieValue writes a secret in one of many ways, some of which make it none.
func anyCookieValue(g *rand.Rand, s csrf.Secret) string {
	token := make([]byte, csrf.TokenSize)
	s.Mask(func(dst []byte) {
		for i := range dst {
			dst[i] = byte(g.Uint32())
		}
	}, token)
	value := string(token)
	if g.IntN(2) == 0 {
		value = string(token[:csrf.SecretSize])
	}
	escaped := func(share int) string {
		var text strings.Builder
		for i := range len(value) {
			switch c := value[i]; g.IntN(share) {
			case 0:
				fmt.Fprintf(&text, `\%03o`, c)
			case 1:
				text.WriteString(`\` + string(c))
			default:
				text.WriteByte(c)
			}
		}
		return text.String()
	}
	switch g.IntN(12) {
	case 0, 1, 2:
		return value
	case 3, 4:
		return `"` + value + `"`
	case 5, 6:
		return `"` + escaped(2+g.IntN(9)) + `"`
	case 7:
		return escaped(20)
	case 8:
		return `"` + value[1:] + []string{`\`, `\12"`, `\1412"`, `\400"`, `\377"`, `"`, `\""`, `\\"`}[g.IntN(8)]
	case 9:
		return value[g.IntN(3):] + []string{"", "x", "é", "é"[:1], "ａ", "¹"}[g.IntN(6)]
	case 10:
		return []string{"", `"`, `""`, "x", `"\`, `\`}[g.IntN(6)]
	}
	return ` "` + value + `" `
}
