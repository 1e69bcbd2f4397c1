package policy

import (
	"net/http"
	"strings"

	"github.com/page-cache/page-cache/module/cachecontrol"
)

// Compressible reports whether a response may be given a content coding on its way,
// and whether that is worth it: it is a 200 as a whole, in no coding yet, of a type
// that compresses well; nothing forbids to transform it (no-transform, RFC 9111
// §5.2.2.6), and no field holds a digest that is of the bytes as they are sent
// (RFC 9530 §2, §3). The length of its body is for the caller to judge. Names in h are
// canonical.
func Compressible(status int, h http.Header) bool {
	contentType, ok := sole(h["Content-Type"])
	if status != http.StatusOK || !ok || len(codingsOf(h)) > 0 || cachecontrol.ParseResponse(h).NoTransform {
		return false
	}
	for _, name := range [...]string{"Content-Range", "Content-Digest", "Repr-Digest", "Digest", "Content-Md5"} {
		if len(h[name]) > 0 {
			return false
		}
	}
	media, _, _ := strings.Cut(contentType, ";")
	return compresses(strings.ToLower(strings.TrimSpace(media)))
}

// compresses reports whether a media type, in lower case and without parameters, is
// one that compresses well. A stream of events is none: it never ends.
func compresses(media string) bool {
	kind, name, _ := strings.Cut(media, "/")
	switch {
	case kind == "text":
		return name != "event-stream"
	case strings.HasSuffix(name, "+json"), strings.HasSuffix(name, "+xml"):
		return true
	}
	switch media {
	case "application/ecmascript", "application/javascript", "application/x-javascript",
		"application/json", "application/x-ndjson", "application/xml", "application/xml-dtd",
		"application/graphql", "application/toml", "application/yaml", "application/x-yaml",
		"application/rtf", "application/wasm", "application/x-protobuf", "application/protobuf",
		"application/eot", "application/font", "application/font-sfnt", "application/opentype", "application/otf",
		"application/truetype", "application/ttf", "application/vnd.ms-fontobject",
		"application/x-font-opentype", "application/x-font-otf", "application/x-font-truetype", "application/x-font-ttf",
		"application/x-opentype", "application/x-otf", "application/x-ttf",
		"font/otf", "font/sfnt", "font/ttf", "font/collection", "font/eot", "font/opentype",
		"image/bmp", "image/x-icon", "image/vnd.microsoft.icon":
		return true
	}
	return false
}
