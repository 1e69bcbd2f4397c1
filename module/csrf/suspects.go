package csrf

import "bytes"

const (
	// tagReach is how far from a value the ends of its tag may be.
	tagReach = 1024
	// textReach is how far from a value in a script or a text the word may be that
	// names it.
	textReach = 160
)

// Suspects reports whether body holds what looks like a token of Django's: 64 or 32
// letters and digits, and csrf (or xsrf) as part of a word in the same tag, or in a
// script or JSON in the same statement. So an input named csrfmiddlewaretoken is one
// whatever the order and the quotes of its attributes, and so are a meta element, a
// data attribute, an assignment, and a header's name with its value. It may be wrong
// about a digest beside such a word; it is right about what {% csrf_token %} and
// Django's documentation make. The body is as for Find.
func Suspects(body []byte) bool { return suspect(body, nil) }

// suspect is Suspects apart from the holes: neither they nor the words that name
// them count.
func suspect(body []byte, holes []int) bool {
	low := 0
	for r, ok := nextRun(body, 0); ok; r, ok = nextRun(body, r.end) {
		if len(holes) > 0 && holes[0]+TokenSize == r.end {
			low, holes = r.end, holes[1:]
			continue
		}
		if !r.looks(body) {
			continue
		}
		from, to := r.context(body)
		if named(body[max(from, low):r.start]) {
			return true
		}
		// A word that stands between this value and a hole names the hole.
		if (len(holes) == 0 || holes[0] >= to) && named(body[r.end:to]) {
			return true
		}
	}
	return false
}

// context returns what is said of the value that the run is: its tag, or its
// statement.
func (r run) context(body []byte) (from, to int) {
	from, to = max(0, r.start-textReach), min(len(body), r.end+textReach)
	if open, ok := tagBefore(body, r.start); ok {
		end := tagEnd(body[open:min(len(body), r.end+tagReach)]) + open
		if end >= r.end {
			return open, end
		}
		// A value that is all that an element begins with is named by its tag.
		if len(bytes.Trim(body[end+1:r.start], " \t\r\n\"'`")) == 0 {
			return open, r.end
		}
		from = max(from, end+1)
	}
	from += statement(body[from:r.start])
	if n := bytes.IndexAny(body[r.end:to], "<>;}"); n >= 0 {
		to = r.end + n
	}
	return from, to
}

// tagBefore returns where the last tag begins that begins before at, within reach.
func tagBefore(body []byte, at int) (int, bool) {
	low := max(0, at-tagReach)
	for end := at; ; {
		open := bytes.LastIndexByte(body[low:end], '<')
		if open < 0 {
			return 0, false
		}
		end = low + open
		switch c := body[end+1]; { // a run begins at at, so there is one
		case c == '/', c == '!', places[c] < places['0']:
			return end, true
		}
	}
}

// tagEnd returns where the > is that closes a tag, or the length of what it is given.
// A > within a quoted value does not close it.
func tagEnd(tag []byte) int {
	var quote, last byte
	for i, c := range tag {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '>':
			return i
		case last == '=' && (c == '"' || c == '\''):
			quote = c
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			last = c
		}
	}
	return len(tag)
}

// statement returns where the last statement of text begins: after a semicolon that
// does not end a character reference (&quot;).
func statement(text []byte) int {
	for end := len(text); ; {
		end = bytes.LastIndexByte(text[:end], ';')
		if end < 0 {
			return 0
		}
		name := end
		for name > 0 && (text[name-1] == '#' || places[text[name-1]] != none) {
			name--
		}
		if name == 0 || text[name-1] != '&' {
			return end + 1
		}
	}
}

// named reports whether csrf or xsrf is in text, in any case.
func named(text []byte) bool {
	for len(text) >= 4 {
		at := bytes.IndexAny(text[:len(text)-3], "cCxX")
		if at < 0 {
			return false
		}
		if bytes.EqualFold(text[at+1:at+4], []byte("srf")) {
			return true
		}
		text = text[at+1:]
	}
	return false
}
