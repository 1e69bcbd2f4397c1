package engine

// Next lists the legal moves out of p, for the suite's count of them.
func Next(p Phase) []Phase { return p.next() }
