package edge

import (
	"regexp"
	"strings"
	"testing"
)

// canary finds what Echo puts into personal answers.
var canary = regexp.MustCompile(`canary-[^\s<>"&]+`)

// session finds what an origin that mints sessions sets.
var session = regexp.MustCompile(`(?m)^sid=`)

// shared finds the Cache-Status of an answer that was made for another request.
var shared = regexp.MustCompile(`page-cache;(hit|.*;collapsed)(;|$)`)

// judge holds what must be true of every answer, whatever a test is about: it has
// nobody else's canary; if it was made for another request it sets no session; and if
// its framing says that it is whole, it is what the origin sent.
func judge(tb testing.TB, method, request string, a *Answer) {
	tb.Helper()
	head, _, _ := strings.Cut(request, "\r\n\r\n")
	own := map[string]bool{}
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(name, "Cookie") {
			continue
		}
		for crumb := range strings.SplitSeq(value, ";") {
			if id, ok := strings.CutPrefix(strings.TrimSpace(crumb), "sessionid="); ok {
				own["canary-"+id] = true
			}
		}
	}
	for _, found := range canary.FindAllString(a.text(), -1) {
		if !own[found] {
			tb.Errorf("an answer holds %s of another visitor; the request was\n%s", found, head)
		}
	}
	if session.MatchString(strings.Join(a.Header["Set-Cookie"], "\n")) && shared.MatchString(strings.Join(a.Header["Cache-Status"], ", ")) {
		tb.Errorf("an answer of another's, %q, sets %q; the request was\n%s", a.Header["Cache-Status"], a.Header["Set-Cookie"], head)
	}
	if complete(method, a) && !a.Whole() {
		tb.Errorf("an answer ends well, and is not what the origin sent; the request was\n%s", head)
	}
}

// complete reports whether the answer can be compared with X-Sum.
func complete(method string, a *Answer) bool {
	return a.Err == nil && method != "HEAD" && a.Header.Get("X-Sum") != "" && a.Header.Get("Content-Encoding") == "" &&
		a.Status != 204 && a.Status != 206 && a.Status != 304 && a.Status != 412 && a.Status != 416
}

// text is everything a client sees.
func (a *Answer) text() string {
	var b strings.Builder
	for name, values := range a.Header {
		b.WriteString(name + ": " + strings.Join(values, "\n") + "\n")
	}
	return b.String() + a.Body
}

// Has reports whether s occurs anywhere in the answer, in its header or its body.
func (a *Answer) Has(s string) bool { return strings.Contains(a.text(), s) }
