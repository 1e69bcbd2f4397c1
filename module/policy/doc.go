// Package policy decides, and does nothing else: whether a request may use the
// cache and under which identity (intake), whether an answer may be stored and
// shared (storage), and whether a stored response may answer (reuse). Its
// functions depend on their arguments alone: no I/O, no clock, no logger. They
// may be called from many goroutines at once.
//
// Where RFC 9111 leaves a choice, or the product departs from it to the safe
// side, the place says so.
package policy
