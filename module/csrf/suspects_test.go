package csrf_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/page-cache/page-cache/module/csrf"
)

// TestSuspects: what looks like a token, by the company it keeps. $ is a token.
func TestSuspects(t *testing.T) {
	long := strings.Repeat("is-large ", 60)
	for name, tt := range map[string]struct {
		page string
		want bool
	}{
		"the template tag":         {`<input type="hidden" name="csrfmiddlewaretoken" value="$">`, true},
		"value first":              {`<input value="$" type="hidden" name="csrfmiddlewaretoken">`, true},
		"single quotes":            {`<input type='hidden' name='csrfmiddlewaretoken' value='$'>`, true},
		"no quotes":                {`<input type=hidden name=csrfmiddlewaretoken value=$>`, true},
		"no quotes, closed":        {`<input type=hidden name=csrfmiddlewaretoken value=$/>`, true},
		"capitals":                 {`<INPUT NAME="CSRFMIDDLEWARETOKEN" VALUE="$">`, true},
		"on lines of their own":    {"<input\n\tname=\"csrfmiddlewaretoken\"\n\tvalue=\"$\"\n>", true},
		"a > in a value":           {`<input name="csrfmiddlewaretoken" title="a > b" value="$">`, true},
		"a < in a value":           {`<input name="csrfmiddlewaretoken" title="a < b" value="$">`, true},
		"far away in the tag":      {`<input name="csrfmiddlewaretoken" class="` + long + `" value="$">`, true},
		"not closed":               {`<input name="csrfmiddlewaretoken" value="$`, true},
		"meta":                     {`<meta name="csrf-token" content="$">`, true},
		"meta, content first":      {`<meta content="$" name="csrf">`, true},
		"data":                     {`<body data-csrf-token="$">`, true},
		"data, camel":              {`<body data-csrfToken="$">`, true},
		"data, quoted JSON":        {`<div data-config="{&quot;csrfToken&quot;:&quot;$&quot;}">`, true},
		"htmx":                     {`<body hx-headers='{"X-CSRFToken": "$"}'>`, true},
		"json_script":              {`<script id="csrf-token" type="application/json">"$"</script>`, true},
		"a text in an element":     {"<output id=csrf>\n $ </output>", true},
		"a variable":               {`<script>var a = 1; const csrfToken = "$";</script>`, true},
		"window":                   {`<script>window.CSRF_TOKEN='$'</script>`, true},
		"a template string":        {"<script>let csrf = `$`</script>", true},
		"a property":               {`<script>data = {csrfmiddlewaretoken: '$', id: 3}</script>`, true},
		"jQuery":                   {`xhr.setRequestHeader("X-CSRFToken", "$");`, true},
		"an index":                 {`headers['X-CSRFToken'] = "$";`, true},
		"FormData":                 {"form.append(\n  'csrfmiddlewaretoken',\n  '$')", true},
		"Angular":                  {`{"xsrfToken": "$"}`, true},
		"JSON":                     {`{"a": 1, "csrfToken":"$"}`, true},
		"JSON, an object":          {`{"csrf": {"token": "$"}}`, true},
		"JSON, name and value":     {`[{"name":"csrfmiddlewaretoken","type":"hidden","value":"$"}]`, true},
		"JSON, value and name":     {`[{"value":"$","name":"csrfmiddlewaretoken"}]`, true},
		"JSON, HTML in it":         {`{"form":"<input name=\"csrfmiddlewaretoken\" value=\"$\">"}`, true},
		"escapejs":                 {`'\u003Cinput name\u003D\u0022csrfmiddlewaretoken\u0022 value\u003D\u0022$\u0022\u003E'`, true},
		"a query":                  {`<a href="/logout?csrf=$&amp;next=/">`, true},
		"an entity before":         {`csrf &amp; so: $`, true},
		"less than":                {`<script>if (a<b) csrf("$")</script>`, true},
		"no words":                 {`$`, false},
		"other words":              {`<input name="token" value="$">`, false},
		"another tag's":            {`<input name="csrfmiddlewaretoken" value=""><input name="token" value="$">`, false},
		"another element's":        {`<p id="csrf">Hello $</p>`, false},
		"another element's, after": {`<p>$</p><p id="csrf">`, false},
		"a text between":           {`<b>csrf</b> $`, false},
		"another statement's":      {`<script>var name = "X-CSRFToken"; var digest = "$"; var csrf;</script>`, false},
		"another object's, after":  {`[{"digest":"$"},{"name":"csrf"}]`, false},
		"far away in a script":     {`csrf, ` + strings.Repeat("1, ", 80) + `$`, false},
		"too short":                {`<input name="csrfmiddlewaretoken" value="NOTPROVIDED">`, false},
		"part of a word":           {`<input name="crsf" value="$">`, false},
		"the end of a page":        {`$ csr`, false},
	} {
		random := source(6)
		masked := token(csrf.NewSecret(random), random)
		for _, value := range []string{masked, masked[:csrf.SecretSize]} {
			if got := csrf.Suspects([]byte(strings.ReplaceAll(tt.page, "$", value))); got != tt.want {
				t.Errorf("%s, %d characters: %t", name, len(value), got)
			}
		}
		for _, value := range []string{masked[1:], masked + "a", masked[:31], masked[:33], masked[:40] + "-" + masked[40:]} {
			if csrf.Suspects([]byte(strings.ReplaceAll(tt.page, "$", value))) {
				t.Errorf("%s: %d characters are suspected", name, len(value))
			}
		}
	}
}

// FuzzSuspects: whatever the page, Django's own input in it is seen where a tag can
// begin, and Find says the same of a page without tokens of its own.
func FuzzSuspects(f *testing.F) {
	f.Add([]byte("<p>"), []byte("</p>"))
	f.Add([]byte("<a b='"), []byte("csrf"))
	f.Add([]byte("&;<<!--"), []byte(">"))
	f.Add([]byte(djangoToken+" ="), []byte("= csrf"+djangoSecret))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		page := slices.Concat(before, []byte(`<input type="hidden" name="csrfmiddlewaretoken" value="`+djangoToken+`">`), after)
		if !csrf.Suspects(page) {
			t.Error("not seen")
		}
		other := csrf.NewSecret(source(7))
		if _, err := csrf.Find(page, other); err != csrf.ErrForeign { //nolint:errorlint // it is not wrapped
			t.Errorf("Find: %v", err)
		}
		if _, err := csrf.Find(after, other); csrf.Suspects(after) != (err != nil) {
			t.Errorf("Find: %v", err)
		}
	})
}
