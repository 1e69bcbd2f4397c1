package policy_test

import (
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestCredentials: SPEC rule 1, what looks like a credential bypasses.
func TestCredentials(t *testing.T) {
	credentials := []string{
		"X-Api-Key", "Api-Key", "Stripe-Api-Key", "Token", "X-Token", "X-Auth-Token", "X-Csrf-Token", "X-Xsrf-Token", "Private-Token",
		"X-Access-Token", "Signature", "X-Hub-Signature", "X-Auth-Request-User", "Remote-User", "Remote-Groups", "X-Remote-User",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
		"CF-Access-Jwt-Assertion", "CF-Access-Authenticated-User-Email", "CF-Access-Client-Id", "CF-Access-Client-Secret",
		"X-Amzn-Oidc-Data", "X-Amzn-Oidc-Identity", "X-Goog-Iap-Jwt-Assertion", "X-Goog-Authenticated-User-Id", "Tailscale-User-Login",
		"X-MS-Client-Principal", "X-MS-Client-Principal-Id", "X-User", "X-User-Id", "X-Email", "X-Webauth-User",
		"Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-SSL-Client-Cert", "X-SSL-Client-S-Dn", "X-SSL-Client-Verify",
		"X-Forwarded-Client-Cert", "X-Amzn-Mtls-Clientcert", "X-Amzn-Mtls-Clientcert-Leaf", "X-ARR-ClientCert",
	}
	for _, name := range credentials {
		for _, value := range []string{"secret", ""} {
			q := get(name, value)
			checkBypass(t, policy.DecideIntake(q, policy.Compile(config.Rule{})), cachestatus.ReasonCredential)
			checkBypass(t, policy.DecideIntake(q, policy.Compile(config.Rule{Forward: []string{"*"}})), cachestatus.ReasonCredential)
		}
		lower := strings.ToLower(name)
		for _, c := range []config.Rule{{Vary: []string{lower}}, {Forward: []string{lower}}} {
			checkLookup(t, policy.DecideIntake(get(name, "secret"), policy.Compile(c)))
		}
	}
	for _, name := range []string{"X-Tokens", "Tokenizer", "X-Key", "X-Users", "Design", "Dnt", "Sec-Fetch-Site", "Priority", "Cf-Ray", "X-Country"} {
		checkLookup(t, policy.DecideIntake(get(name, "1"), policy.Compile(config.Rule{})))
	}
}

const (
	pageAccept  = "text/html,application/xhtml+xml,*/*;q=0.8"
	jsonAccept  = "application/json"
	imageAccept = "image/*"
	otherAccept = "*/*"
)

// TestAccept: SPEC rule 1, Accept is reduced to one of four classes.
func TestAccept(t *testing.T) {
	lines := func(l ...string) []string { return l }
	tests := map[string]struct {
		lines []string
		want  string
	}{
		"absent":                       {nil, otherAccept},
		"empty":                        {lines(""), otherAccept},
		"commas":                       {lines(" , ,"), otherAccept},
		"anything":                     {lines("*/*"), otherAccept},
		"Chrome, page":                 {lines("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"), pageAccept},
		"Firefox, page":                {lines("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), pageAccept},
		"Chrome, image":                {lines("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"), imageAccept},
		"Firefox, image":               {lines("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"), imageAccept},
		"style sheet":                  {lines("text/css,*/*;q=0.1"), otherAccept},
		"axios":                        {lines("application/json, text/plain, */*"), jsonAccept},
		"jQuery":                       {lines("application/json, text/javascript, */*; q=0.01"), jsonAccept},
		"JSON:API":                     {lines("application/vnd.api+json"), jsonAccept},
		"problem+json":                 {lines("application/problem+json"), jsonAccept},
		"XHTML":                        {lines("application/xhtml+xml"), pageAccept},
		"any case":                     {lines("TEXT/HTML"), pageAccept},
		"parameters":                   {lines("text/html;level=1"), pageAccept},
		"text/*":                       {lines("text/*"), otherAccept},
		"XML":                          {lines("application/xml"), otherAccept},
		"RFC 9110 §12.4.2 weights":     {lines("text/html;q=0.4, application/json;q=0.9, */*;q=0.1"), jsonAccept},
		"RFC 9110 §12.4.2 first wins":  {lines("application/json;q=0.5, text/html;q=0.5"), jsonAccept},
		"RFC 9110 §12.4.2 q=0":         {lines("text/html;q=0"), otherAccept},
		"RFC 9110 §12.4.2 q=0.000":     {lines("image/png;q=0.000, text/plain;q=0.001"), otherAccept},
		"RFC 9110 §12.4.2 a second q":  {lines("text/html;q=0.1;q=1, application/json;q=0.2"), jsonAccept},
		"RFC 9110 §12.4.2 Q":           {lines("text/html;Q=0.1, application/json"), jsonAccept},
		"RFC 9110 §12.4.2 blanks":      {lines("text/html ; q=0.1 , application/json"), jsonAccept},
		"RFC 9110 §5.3 several lines":  {lines("text/html;q=0.2", "application/json;q=0.3"), jsonAccept},
		"RFC 9110 §12.4.2 no media":    {lines(";q=1, text/html;q=0.5"), pageAccept},
		"event-stream is another word": {lines("text/event-streams"), otherAccept},
	}
	for name, tt := range tests {
		if got := policy.Accept(tt.lines); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestAcceptKeyed: the class is keyed and sent in its canonical form, unless the
// operator or the origin wants the client's own.
func TestAcceptKeyed(t *testing.T) {
	const own = "text/html;q=0.3, x/y"
	for want, c := range map[string]config.Rule{otherAccept: {}, own: {Vary: []string{"accept"}}} {
		in := policy.DecideIntake(get("Accept", own), policy.Compile(c))
		if values, ok := keyed(in, "Accept"); !ok || values[0] != want {
			t.Errorf("got %v, want %q", values, want)
		}
	}
	in := policy.DecideIntake(get("Accept", own), policy.Compile(config.Rule{Forward: []string{"*"}}))
	if _, ok := keyed(in, "Accept"); ok || in.Forward.Get("Accept") != own {
		t.Errorf("forward *: %v, %v", in.Inputs.Headers, in.Forward)
	}
}

func TestQuality(t *testing.T) {
	for params, want := range map[string]int{
		"": 1000, "q=1": 1000, "q=1.0": 1000, "q=1.000": 1000, "q=0": 0, "q=0.": 0, "q=0.0": 0, "q=0.8": 800, "q=0.05": 50, "q=0.001": 1,
		"q=0.999": 999, "q=0.0009": 0, "q=0.1239": 123, "level=1;q=0.5": 500, " q=0.5 ": 500, "Q=0.5": 500,
		// What is no weight counts as a missing one.
		"q": 1000, "q=": 1000, "q=x": 1000, "q=2": 1000, "q=-1": 1000, "q=0.x": 1000, "q=.5": 1000, "q=0,5": 1000, "q =0.5": 1000, "qq=0.5": 1000,
	} {
		if got := policy.Quality(params); got != want {
			t.Errorf("%q: got %d, want %d", params, got, want)
		}
	}
}
