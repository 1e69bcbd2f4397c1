package policy

import (
	"net/http"

	"github.com/page-cache/page-cache/module/cachekey"
)

// Request is what the decisions see of a presented request. It is filled by the
// server's adapter, and holds no more than what some decision needs.
type Request struct {
	Method   string
	Scheme   string      // http or https, as the connection has it
	Host     string      // as forwarded, with its port
	Original string      // request-target as the client sent it
	Current  string      // escaped path and query after rewrites
	Header   http.Header // never changed here

	HasBody      bool // content is announced or of unknown length
	ClientCert   bool // a TLS client certificate was shown
	User         bool // the server knows who asks
	TrustedProxy bool // X-Forwarded-Proto and -Host are a trusted proxy's
	Operator     bool // the line's bypass matcher matched
	TakesInterim bool // the client's protocol has informational answers
	Debug        bool // the answer may tell its key
	OpenEnded    bool // which handlers make the page depends on what the server alone knows

	Site   string           // see cachekey.Inputs
	Route  string           // see cachekey.Inputs
	Vars   []cachekey.Field // see cachekey.Inputs
	Values []cachekey.Field // see cachekey.Inputs
}
