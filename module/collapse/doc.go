// Package collapse merges the forwards of one key into one fill (RFC 9111 §4):
// a Group holds the fills under way, a Fill is what its leader and followers
// wait for and read, a Body is the answer's content while it grows, and Limits
// bound all fills of the process in number and in bytes.
//
// It knows nothing of HTTP's rules: what an answer is worth is decided elsewhere
// and told to the Fill as an Outcome. All waiting is on channels. Everything is
// safe for concurrent use.
//
// # The life of a body
//
// While a fill may still be stored its body is kept whole, so that a follower
// who comes late reads it from the start. When it cannot be stored any more
// (Stream), only a window is kept: bytes that all readers have taken are let go,
// and the writer waits for the slowest reader as it would for one client. With
// several readers a laggard does not hold the others up for long: he is dropped.
package collapse
