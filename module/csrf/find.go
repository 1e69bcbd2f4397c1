package csrf

import "bytes"

// A FindError is why a page cannot be stored with its tokens filled in later.
type FindError uint8

const (
	// ErrTooMany: there are more than MaxHoles tokens.
	ErrTooMany FindError = iota + 1
	// ErrBareSecret: the secret itself stands in the page, and would be given away.
	ErrBareSecret
	// ErrRunOn: a token is not set off from letters or digits beside it, so that it
	// may be part of something else.
	ErrRunOn
	// ErrForeign: what looks like a token is not one of this secret.
	ErrForeign
)

// Error says what is in the way.
func (e FindError) Error() string {
	switch e {
	case ErrTooMany:
		return "the page has too many CSRF tokens"
	case ErrBareSecret:
		return "the page holds the CSRF secret itself"
	case ErrRunOn:
		return "a CSRF token runs on into what stands beside it"
	case ErrForeign:
		return "the page holds a CSRF token of another secret"
	}
	return "no CSRF tokens can be found"
}

// Find returns where the tokens of the secret begin in body, in ascending order, at
// most MaxHoles; each is TokenSize bytes long. A token is found by what it is, not by
// where it stands: a run of letters and digits, of exactly that length, which unmasks
// to the secret. The rest of an escape sequence before it (\u0022, \x22, \n, %22) is
// not of the run. The error is a FindError, and then there are no holes.
//
// The body is without content coding, and in a character set that agrees with ASCII:
// in any other, no token would be found.
func Find(body []byte, s Secret) ([]int, error) {
	var holes []int
	for r, ok := nextRun(body, 0); ok; r, ok = nextRun(body, r.end) {
		at, found := r.holds(body, s)
		switch {
		case found && len(holes) == MaxHoles:
			return nil, ErrTooMany
		case found:
			holes = append(holes, at)
		case bytes.Contains(body[r.start:r.end], s[:]):
			return nil, ErrBareSecret
		case r.hides(body, s):
			return nil, ErrRunOn
		}
	}
	if suspect(body, holes) {
		return nil, ErrForeign
	}
	return holes, nil
}

// run is a longest stretch of letters and digits, of SecretSize or more.
type run struct{ start, end int }

// nextRun finds the first run that begins at from or later, where no run has begun
// before from. It looks at each SecretSize-th byte, and around those only that are of
// the alphabet: a run cannot slip through.
func nextRun(body []byte, from int) (run, bool) {
	for at := from + SecretSize - 1; at < len(body); {
		before := at
		for before >= from && places[body[before]] != none {
			before--
		}
		if at-before < SecretSize {
			at = before + SecretSize
			continue
		}
		end := at + 1
		for end < len(body) && places[body[end]] != none {
			end++
		}
		return run{before + 1, end}, true
	}
	return run{}, false
}

// holds reports whether the run is one token of the secret, and where it begins.
func (r run) holds(body []byte, s Secret) (at int, ok bool) {
	at = r.end - TokenSize
	if at != r.start && at != r.start+r.escape(body) {
		return 0, false
	}
	return at, s.Unmasks(body[at:r.end])
}

// hides reports whether a token of the secret is anywhere in the run.
func (r run) hides(body []byte, s Secret) bool {
	for at := r.start; at+TokenSize <= r.end; at++ {
		if s.Unmasks(body[at : at+TokenSize]) {
			return true
		}
	}
	return false
}

// looks reports whether the run has the length of a token or of a secret.
func (r run) looks(body []byte) bool {
	size, escape := r.end-r.start, r.escape(body)
	return size == TokenSize || size == SecretSize || size-escape == TokenSize || size-escape == SecretSize
}

// escape returns how many bytes of the run belong to an escape sequence that begins
// before it. A run is longer than any of them.
func (r run) escape(body []byte) int {
	if r.start == 0 {
		return 0
	}
	text := body[r.start:r.end]
	digits := func(from, to int) int {
		for _, c := range text[from:to] {
			if place := places[c]; place >= places['g'] && place < places['A'] || place > places['F'] && place < places['0'] {
				return 0
			}
		}
		return to
	}
	switch body[r.start-1] {
	case '%':
		return digits(0, 2)
	case '\\':
		switch text[0] {
		case 'u':
			return digits(1, 5)
		case 'x':
			return digits(1, 3)
		case 'b', 'f', 'n', 'r', 't', 'v':
			return 1
		}
	}
	return 0
}
