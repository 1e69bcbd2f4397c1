// Package coding prepares copies of a page in the content codings gzip, zstd and
// brotli (RFC 9110 §8.4.1), once and at levels that a compressor of single answers
// could not afford, so that they are served as they are from then on.
//
// A page may have holes: tokens of one length that are another visitor by visitor.
// In a copy they stand as they are, each in a block that its format stores without
// compression, and nothing else in the copy depends on what they hold. So they are
// filled on every hit without compressing again. Nor does the length of a copy
// tell anything about a token, as that of a page does in which a token was
// compressed together with a text of an attacker's.
//
// Prepare takes a page apart and puts it together, which is work for the
// background; Preparer does such work within bounds. Form is what comes out, with
// a form of its own for a store of bytes. The package knows no cache: what is
// worth a copy, and who gets one, is decided elsewhere.
//
// Functions may be called from many goroutines at once. A Form may be read by
// many as long as none fills it.
package coding
