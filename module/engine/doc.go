// Package engine walks one request through the cache, phase by phase. It owns the
// order of things and all I/O between them: it asks one policy question, does
// what the verdict names, and goes on. It holds no caching rule of its own, and
// knows no server: what runs it implements Origin and Recorder.
//
//	visitor  receive ─┬─► bypass ──────────────► done    forwarded untouched
//	                  ├─► refuse ──────────────► done    PURGE: 405
//	                  └─► lookup ─┬─► hit ─────► done
//	                              ├─► bypass ──► done    a part of what is not stored
//	                              ├─► refuse ──► done    only-if-cached: 504
//	                              └─► join ─┬─► read ──► done   the fill's body as it grows
//	                                        ├─► fail ──► done   the fill's error, as it is
//	                                        ├─► bypass ► done   not to be shared: each by himself
//	                                        ├─► lookup          filled or failed before us
//	                                        ├─► receive         the origin varies: another key
//	                                        └─► done            the client has gone
//
// A fill runs in a goroutine of its own. The visitor's ResponseWriter is touched
// by the visitor's goroutine alone.
//
// An Engine may be used from any number of goroutines.
package engine
