// Package framing carries the transport's word on how a response body ended, from the transport that reads it to
// the fill that may store it.
//
// It owns the one question that neither the status nor the headers answer once a handler stands in between: did the
// body's own framing prove that it is whole (a length, chunks, an HTTP/2 stream), or did it merely stop because the
// connection closed, which a killed worker does as well? It decides nothing about storing.
//
// A fill calls With before it forwards; a transport calls From and Note, or is net/http's Transport and is judged
// from outside. All of it is safe for concurrent use.
package framing
