package engine

// Phase is where an exchange stands.
type Phase int

// The phases, in the order in which a miss meets them.
const (
	Receive Phase = iota // judge the request, name what would answer it
	Bypass               // forward it as it is, store nothing
	Lookup               // read the store, judge what is there
	Hit                  // answer from a stored response that needs no question
	Stale                // answer from a stale one, while it is refreshed or because the origin failed
	Refuse               // answer with an error of the edge's own
	Join                 // start or join the fill, wait for its header
	Read                 // answer with the fill's body as it grows
	Fail                 // return the fill's error
	Done                 // answered
)

// String returns the name used in traces and scenarios.
func (p Phase) String() string {
	switch p {
	case Receive:
		return "receive"
	case Bypass:
		return "bypass"
	case Lookup:
		return "lookup"
	case Hit:
		return "hit"
	case Stale:
		return "stale"
	case Refuse:
		return "refuse"
	case Join:
		return "join"
	case Read:
		return "read"
	case Fail:
		return "fail"
	case Done:
		return "done"
	}
	return "unknown phase"
}

// next lists the legal moves out of p.
func (p Phase) next() []Phase {
	switch p {
	case Receive:
		return []Phase{Bypass, Lookup, Refuse}
	case Lookup:
		return []Phase{Hit, Stale, Join, Bypass, Refuse}
	case Join:
		// Lookup: the fill was filled or failed before us, or is another variant's.
		// Done: the client has gone.
		return []Phase{Read, Stale, Fail, Refuse, Bypass, Lookup, Done}
	case Bypass, Hit, Stale, Refuse, Read, Fail:
		return []Phase{Done}
	case Done:
		return nil
	}
	return nil
}
