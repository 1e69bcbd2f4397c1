package policy

import (
	"net/http"
	"slices"
	"strings"
)

// codingsOf returns the codings of a body, in lower case, without identity.
func codingsOf(h http.Header) []string {
	var codings []string
	for _, f := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(f, ",") {
			if c := strings.ToLower(strings.TrimSpace(coding)); c != "" && c != "identity" {
				codings = append(codings, c)
			}
		}
	}
	return codings
}

// AcceptsCoding reports whether a visitor who presents request can read a body
// with the codings that h names (RFC 9110 §12.5.3). Who sends no Accept-Encoding
// reads all. A coding that is not registered is passed as the origin sent it:
// nobody could ask for it.
func AcceptsCoding(request, h http.Header) bool {
	codings := codingsOf(h)
	lines := request["Accept-Encoding"]
	if len(codings) == 0 || len(lines) == 0 {
		return true
	}
	for _, coding := range codings {
		registered := slices.Contains([]string{"br", "compress", "x-compress", "dcb", "dcz", "deflate", "gzip", "x-gzip", "zstd"}, coding)
		if registered && !accepts(lines, coding) {
			return false
		}
	}
	return true
}

func accepts(lines []string, coding string) bool {
	others := false // what * says
	for _, line := range lines {
		for member := range strings.SplitSeq(strings.ToLower(line), ",") {
			name, params, _ := strings.Cut(member, ";")
			switch name = strings.TrimSpace(name); {
			case strings.TrimPrefix(name, "x-") == strings.TrimPrefix(coding, "x-"):
				return quality(params) > 0
			case name == "*":
				others = quality(params) > 0
			}
		}
	}
	return others
}
