package engine

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"

	"github.com/page-cache/page-cache/module/policy"
)

// writeParts sends the ranges of a body: one as it is, several as
// multipart/byteranges (RFC 9110 §14.6).
func (x *exchange) writeParts(h http.Header, body []byte, ranges []policy.ByteRange) {
	size := int64(len(body))
	if len(ranges) == 1 {
		r := ranges[0]
		h["Content-Range"] = []string{r.ContentRange(size)}
		h["Content-Length"] = []string{strconv.FormatInt(r.Length, 10)}
		x.writeHead(http.StatusPartialContent, h)
		_, _ = x.w.Write(body[r.Start : r.Start+r.Length])
		return
	}
	parts := partsOf(h, ranges, size)
	var length counter
	boundary := parts.write(&length, "", body)
	h["Content-Type"] = []string{"multipart/byteranges; boundary=" + boundary}
	delete(h, "Content-Range") // each part has its own (RFC 9110 §15.3.7.2)
	h["Content-Length"] = []string{strconv.FormatInt(int64(length), 10)}
	x.writeHead(http.StatusPartialContent, h)
	parts.write(x.w, boundary, body)
}

// parts are the heads of a multipart body, and what each is a head of.
type parts struct {
	heads  []textproto.MIMEHeader
	ranges []policy.ByteRange
}

func partsOf(h http.Header, ranges []policy.ByteRange, size int64) parts {
	p := parts{ranges: ranges}
	for _, r := range ranges {
		head := textproto.MIMEHeader{"Content-Range": {r.ContentRange(size)}}
		if t := h.Get("Content-Type"); t != "" {
			head.Set("Content-Type", t)
		}
		p.heads = append(p.heads, head)
	}
	return p
}

// write writes the multipart body with a boundary, or one of its own choice if
// that is empty, which it returns. An error means that the client has gone.
func (p parts) write(w io.Writer, boundary string, body []byte) string {
	m := multipart.NewWriter(w)
	if boundary != "" {
		_ = m.SetBoundary(boundary) // it is one that a Writer made
	}
	for i, r := range p.ranges {
		part, err := m.CreatePart(p.heads[i])
		if err != nil {
			break
		}
		if _, err := part.Write(body[r.Start : r.Start+r.Length]); err != nil {
			break
		}
	}
	_ = m.Close()
	return m.Boundary()
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
