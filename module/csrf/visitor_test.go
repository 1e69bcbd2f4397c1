package csrf_test

import (
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/csrf"
)

// TestFromCookies: a visitor's cookie is read as Django's parse_cookie reads it.
func TestFromCookies(t *testing.T) {
	s, u := djangoSecret, strings.Repeat("u", 32)
	escaped := func(c string) string { return `"` + c + s[1:] + `"` }
	octalOf := func(c byte) string { return `\` + string([]byte{'0' + c>>6, '0' + c>>3&7, '0' + c&7}) }
	for name, tt := range map[string]struct {
		lines []string
		want  string // the secret, or nothing
	}{
		"none":                        {nil, ""},
		"bare":                        {[]string{"csrftoken=" + s}, s},
		"masked":                      {[]string{"csrftoken=" + djangoToken}, s},
		"among others":                {[]string{"a=1; csrftoken=" + s + "; b=2"}, s},
		"no space after a semicolon":  {[]string{"a=1;csrftoken=" + s + ";b=2"}, s},
		"spaces":                      {[]string{"a=1;\t csrftoken \t=  " + s + " ;b"}, s},
		"spaces of Unicode":           {[]string{"\u3000csrftoken\u00a0=\u2028" + s + "\u0085"}, s},
		"separators of ASCII":         {[]string{"\x1ccsrftoken\x1d=\x1e" + s + "\x1f"}, s},
		"no space for Unicode":        {[]string{"csrftoken=\u200b" + s}, ""},
		"broken UTF-8":                {[]string{"csrftoken=\xa0" + s}, ""},
		"the last of two":             {[]string{"csrftoken=" + u + "; csrftoken=" + s}, s},
		"the last is no secret":       {[]string{"csrftoken=" + s + "; csrftoken=x"}, ""},
		"the last is empty":           {[]string{"csrftoken=" + s + "; csrftoken="}, ""},
		"the last has no =":           {[]string{"csrftoken=" + s + "; csrftoken"}, s},
		"the last of two lines":       {[]string{"csrftoken=" + u, "csrftoken=" + s}, s},
		"two lines do not join":       {[]string{"csrftoken=" + s, "a=1"}, s},
		"another case":                {[]string{"CSRFToken=" + s}, ""},
		"part of a name":              {[]string{"xcsrftoken=" + s + "; csrftokenx=" + s}, ""},
		"no name":                     {[]string{s}, ""},
		"a dollar":                    {[]string{"$Version=1; csrftoken=" + s + "; $Path=/"}, s},
		"a comma is of the value":     {[]string{"a=1, csrftoken=" + s}, ""},
		"a second =":                  {[]string{"csrftoken==" + s}, ""},
		"quoted":                      {[]string{`csrftoken="` + s + `"`}, s},
		"quoted, spaces inside":       {[]string{`csrftoken=" ` + s + `"`}, ""},
		"a quote at the start":        {[]string{`csrftoken="` + s}, ""},
		"a quote alone":               {[]string{`csrftoken="`}, ""},
		"quoted twice":                {[]string{`csrftoken=""` + s + `""`}, ""},
		"a semicolon ends quotes":     {[]string{`a="1; csrftoken=` + s + `; b=2"`}, s},
		"a backslash before a letter": {[]string{`csrftoken=` + escaped(`\`+s[:1])}, s},
		"a backslash without quotes":  {[]string{`csrftoken=\` + s}, ""},
		"octal":                       {[]string{`csrftoken=` + escaped(octalOf(s[0]))}, s},
		"octal beyond ASCII":          {[]string{`csrftoken=` + escaped(`\301`)}, ""},
		"not octal":                   {[]string{`csrftoken="\481` + s[3:] + `"`}, "481" + s[3:]},
		"not three digits":            {[]string{`csrftoken="` + s[:30] + `\12"`}, s[:30] + "12"},
		"a backslash at the end":      {[]string{`csrftoken="` + s + `\"`}, ""},
		"a backslash for itself":      {[]string{`csrftoken="\\` + s[1:] + `"`}, ""},
	} {
		got, ok := csrf.FromCookies(tt.lines, "csrftoken")
		if ok != (tt.want != "") || ok && string(got[:]) != tt.want {
			t.Errorf("%s: %t %s, want %q", name, ok, got[:], tt.want)
		}
	}
}

// FuzzFromCookies: whatever a visitor sends, a secret is of the alphabet, or there is
// none; and what is sent after it as the last cookie is what counts.
func FuzzFromCookies(f *testing.F) {
	f.Add("csrftoken="+djangoToken+"; a", "b=\"\\101\\", "csrftoken")
	f.Add(`csrftoken="\141`+djangoSecret[1:]+`"`, "", "csrftoken")
	f.Add("\u3000=\xff;;=", "=", "")
	f.Fuzz(func(t *testing.T, first, second, name string) {
		s, ok := csrf.FromCookies([]string{first, second}, name)
		if ok && strings.Trim(string(s[:]), alphabet) != "" || !ok && s != (csrf.Secret{}) {
			t.Errorf("%t %q", ok, s[:])
		}
		got, ok := csrf.FromCookies([]string{first, second, "csrftoken=" + djangoToken}, "csrftoken")
		if !ok || string(got[:]) != djangoSecret {
			t.Errorf("%q is not the last", got[:])
		}
	})
}
