// Package caddyfile turns the tokens of a Caddyfile into the values of package
// config. It decides nothing about caching and registers nothing: package module
// does, and calls ParseRule and ParseApp, which may run concurrently.
//
// The directive stands in a site, or in a handle, route or snippet inside one:
//
//	page_cache [<matcher>] [<ttl>|off] {
//	    ttl <duration> [<status>...]
//	    override
//	    session <cookie>...
//	    ignore_cookies <cookie>...
//	    cookies only <cookie>...
//	    query ignore <name>... | only <name>...
//	    vary <header>...
//	    vary_by <placeholder>...
//	    forward <header>...|*
//	    bypass <matcher>
//	    max_body <size>
//	    trust_framing
//	}
//
// What stands in angle brackets:
//
//   - <matcher> is Caddy's: /path/*, @name, or * for all. bypass takes the first
//     two; requests that match one of several bypass lines are forwarded.
//   - <ttl> and <duration> are written like 15s, 5m, 2h or 1d. The positional ttl
//     and ttl without a status are one and the same, so only one may be given.
//   - <status> is one of config.StorableStatuses. Its ttl holds instead of the
//     line's; 0 keeps answers with that status from being stored.
//   - <cookie> and <name> may end in a *, which stands for any ending.
//   - <name> is a query parameter's name as it reads decoded; query ignore * is
//     for all parameters.
//   - <header> is a whole name; forward * is for all that may be forwarded.
//   - <size> is written like 512KiB or 2MiB, or 2MB for powers of ten.
//
// off takes the matched requests out of the cache, and takes no options. Options
// with a list may be repeated, and add to it; so may ttl for other statuses, and
// bypass. The rest may be given once. What an option means is said at the fields
// of config.Rule.
//
// The global option of the same name sets up what all sites share:
//
//	{
//	    page_cache {
//	        max_size <size>
//	    }
//	}
//
// Every error names the file and the line it is about, and says what is allowed.
package caddyfile
