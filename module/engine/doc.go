// Package engine walks one request through the cache, phase by phase. It owns the
// order of things and all I/O between them: it asks one policy question, does
// what the verdict names, and goes on. It holds no caching rule of its own, and
// knows no server: what runs it implements Origin and Recorder.
//
//	visitor  receive ─┬─► bypass ──────────────► done    forwarded untouched
//	                  ├─► refuse ──────────────► done    PURGE: 405
//	                  └─► lookup ─┬─► hit ─────► done    fresh, or as stale as the request takes it
//	                              ├─► stale ───► done    served at once, a refresh is started
//	                              ├─► bypass ──► done    the request's Cache-Control, or a coding it cannot read
//	                              ├─► refuse ──► done    only-if-cached: 504
//	                              └─► join ─┬─► read ──► done   the fill's body as it grows
//	                                        ├─► stale ─► done   the fill failed or may not be sent, and stale-if-error allows it
//	                                        ├─► fail ──► done   the fill's error, as it is
//	                                        ├─► refuse ► done   no place for a fill: 503
//	                                        ├─► bypass ► done   not to be shared: each by himself
//	                                        ├─► lookup          filled or failed before us, or another variant
//	                                        └─► done            the client has gone
//	fill     queue ─┬─► ask      its turn has come
//	                └─► discard  queue_timeout has passed
//	         ask ─┬─► store      storable and proven whole
//	              ├─► freshen    304 to our condition: the stored response, with new fields
//	              ├─► ask        304 that is about something else: once more, without a condition
//	              ├─► relay      not shareable: to its leader alone
//	              └─► discard    failed, too large, unproven
//
// A fill runs in a goroutine of its own. The visitor's ResponseWriter is touched
// by the visitor's goroutine alone.
//
// An Engine may be used from any number of goroutines.
package engine
