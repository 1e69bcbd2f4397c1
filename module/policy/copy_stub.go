package policy

import (
	"net/http"
	"strings"
)

func Compressible(status int, h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "text/html") && len(codingsOf(h)) == 0
}

func CodingTag(tag, coding string) string {
	return strings.TrimSuffix(tag, `"`) + "~" + coding[:2] + `"`
}

func WantedCopy(request http.Header, tag string) string {
	for _, c := range []string{"br", "zstd", "gzip"} {
		if strings.Contains(request.Get("Accept-Encoding"), c) {
			return c
		}
	}
	return ""
}
