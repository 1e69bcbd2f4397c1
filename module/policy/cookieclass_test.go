package policy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestCookieClasses: what each cookie makes of a request; a name in two lists is a
// session's first, then one that selects, then harmless.
func TestCookieClasses(t *testing.T) {
	r := policy.Compile(config.Rule{
		Session: []string{"login", "both"}, PrivateSession: []string{"sessionid", "both", "shared", "cart_*"},
		VaryCookies: []string{"lang", "shared", "both", "theme"}, IgnoreCookies: []string{"theme", "seen", "sessionid"},
		CSRF: &config.CSRF{Framework: config.CSRFDjango},
	})
	for sent, want := range map[string]string{
		"":                                  "",
		"_ga=1; seen=1; csrftoken=x":        "",
		"lang=de":                           "vary lang:lang=de",
		"theme=dark":                        "vary theme:theme=dark",
		"lang=de; _ga=1; lang=en; theme=x":  "vary lang:lang=de|lang=en theme:theme=x",
		"sessionid=1":                       "session sessionid=1",
		"cart_a=1; lang=de; sessionid=1":    "vary lang:lang=de session cart_a=1|sessionid=1",
		"shared=1":                          "session shared=1",
		"both=1":                            "personal both",
		"login=1; sessionid=1":              "personal login",
		"sessionid=1; unknown=2; login=3":   "personal unknown",
		"sessionid":                         "personal sessionid",
		"sessionid=1; =2":                   "personal =",
		`sessionid="a b"`:                   `session sessionid="a b"`,
		"sessionid=":                        "session sessionid=",
		"sessionid=1; sessionid=1":          "session sessionid=1|sessionid=1",
		"lang =de":                          "vary lang:lang =de",
		"CSRFTOKEN=x":                       "personal CSRFTOKEN",
		strings.Repeat("cart_a=1;", 8):      "session " + strings.TrimSuffix(strings.Repeat("cart_a=1|", 8), "|"),
		strings.Repeat("cart_a=1;", 9):      "personal =",
		"sessionid=1; csrftoken=x; _fbp=1;": "session sessionid=1",
	} {
		in := policy.DecideIntake(&policy.Request{
			Method: "GET", Scheme: "http", Host: "a", Original: "/", Current: "/", Header: http.Header{"Cookie": {sent}},
		}, r)
		var got []string
		if in.Admission == policy.AdmitBypass {
			got = append(got, "personal "+in.Cookie)
		}
		if len(in.Inputs.Cookies) > 0 {
			got = append(got, "vary")
			for _, f := range in.Inputs.Cookies {
				got = append(got, f.Name+":"+strings.Join(f.Values, "|"))
			}
		}
		if len(in.Session) > 0 {
			got = append(got, "session "+strings.Join(in.Session, "|"))
		}
		if fmt.Sprint(strings.Join(got, " ")) != want {
			t.Errorf("%q: got %q, want %q", sent, strings.Join(got, " "), want)
		}
	}
}

// TestNamesSession: RFC 6265 §5.2, the name is what stands before the first =.
func TestNamesSession(t *testing.T) {
	r := policy.Compile(config.Rule{PrivateSession: []string{"sessionid"}})
	for line, want := range map[string]bool{
		"sessionid=1": true, " sessionid = 1; Path=/": true, "sessionid=; Max-Age=0": true,
		"sessionid": false, "Sessionid=1": false, "a=sessionid=1": false, "a=1; sessionid=1": false, "": false,
	} {
		if got := r.NamesSession(http.Header{"Set-Cookie": {"other=1", line}}); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
