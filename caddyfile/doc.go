// Package caddyfile turns the tokens of a Caddyfile into the values of package
// config. It decides nothing about caching and registers nothing: package module
// does, and calls ParseRule and ParseApp, which may run concurrently.
//
// The directive stands in a site, or in a handle, route or snippet inside one:
//
//	page_cache [<matcher>] [<ttl>|off] {
//	    ttl <duration> [<status>...]
//	    override
//	    heuristic [<max>]
//	    any_status
//	    stale_while_revalidate <duration>
//	    stale_if_error <duration>
//	    overload_grace <duration>
//	    refresh_ahead [<duration>]
//	    hit_for_miss <duration>
//	    browser_ttl <duration>
//	    respect_request_cache_control
//	    authorization rfc9111
//	    session <cookie>... [private]
//	    ignore_cookies <cookie>...|*
//	    cookies only <cookie>...
//	    vary_cookies <cookie>...
//	    strip_set_cookie <cookie>...
//	    csrf django [{ <option>... }]
//	    max_variants <number>
//	    invalidate off
//	    preset django|wordpress
//	    query ignore <name>... | only <name>...
//	    vary <header>...
//	    vary_by <placeholder>...
//	    vary_language <language>...|*
//	    forward <header>...|*
//	    codings pass
//	    ranges pass
//	    store_post
//	    cdn_cache_control pass|remove
//	    keep_fields <header>...|*
//	    bypass <matcher>
//	    debug <matcher>
//	    header_timeout <duration>
//	    idle_timeout <duration>
//	    fill_timeout <duration>
//	    origin <name>
//	    max_fills <number>
//	    queue_timeout <duration>
//	    min_bytes <size>
//	    max_body <size>
//	    trust_framing
//	}
//
// The block of csrf says what the cookie of the tokens is like:
//
//	csrf django {
//	    cookie <name>
//	    domain <domain>
//	    path <path>
//	    max_age <duration>
//	    same_site lax|strict|none
//	    secure on|off
//	    http_only
//	}
//
// What stands in angle brackets:
//
//   - <matcher> is Caddy's: /path/*, @name, or * for all. bypass and debug take
//     the first two; requests that match one of several bypass lines are
//     forwarded, those that match one of several debug lines are told their key.
//   - <ttl>, <duration> and <max> are written like 15s, 5m, 2h or 1d. The
//     positional ttl and ttl without a status are one and the same, so only one
//     may be given. 0 is a duration of its own for the stale windows and
//     browser_ttl. Without <max>, heuristic means config.DefaultHeuristic;
//     without <duration>, refresh_ahead means the time that a page's fill takes, or
//     a fiftieth of its lifetime, 2 s at most, if that is more.
//   - <status> is one of config.StorableStatuses. Its ttl holds instead of the
//     line's; 0 keeps answers with that status from being stored.
//   - <cookie> and <name> may end in a *, which stands for any ending;
//     ignore_cookies * is for all cookies. The word private behind the names of a
//     session is no name: it gives each value of theirs pages of its own.
//   - <language> is a tag like de or en-GB, the first for those whom none fits;
//     vary_language * is for every language.
//   - <name> is a query parameter's name as it reads decoded; query ignore * is
//     for all parameters.
//   - origin's <name> is any word, the same for all lines in front of one origin.
//   - <header> is a whole name, of a request's header or, after keep_fields, of an
//     answer's. forward * is for all that may be forwarded, keep_fields * for all
//     that belong to one request, except Set-Cookie.
//   - <size> is written like 512KiB or 2MiB, 2MB for powers of ten, or as a number
//     of bytes. Only for min_bytes it may be 0.
//
// off takes the matched requests out of the cache, and takes no options. Options
// with a list may be repeated, and add to it; so may ttl for other statuses,
// bypass and debug. The rest may be given once. A preset is replaced by the options that
// it stands for, as config.Rule.Expand adds them. What an option means is said at
// the fields of config.Rule.
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
