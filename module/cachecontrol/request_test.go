package cachecontrol_test

import (
	"testing"

	"github.com/page-cache/page-cache/module/cachecontrol"
)

// TestParseRequest: RFC 9111 §5.2.1, what a request's directives say.
//
// RFC 9111: 1.2.2-1, 5.2.1.5-1, 5.2.3-1.
func TestParseRequest(t *testing.T) {
	type request = cachecontrol.Request
	lines := func(l ...string) []string { return l }
	tests := map[string]struct {
		lines []string
		want  request
	}{
		"RFC 9111 §5.2 no field":          {nil, request{}},
		"RFC 9111 §5.2 unknown ignored":   {lines("public, foo=1"), request{}},
		"RFC 9111 §5.2 several lines":     {lines("No-Cache", `MAX-AGE="0"`), request{NoCache: true, MaxAge: seconds(0)}},
		"RFC 9111 §5.2.1.1":               {lines("max-age=5"), request{MaxAge: seconds(5)}},
		"RFC 9111 §5.2.1.1 twice":         {lines("max-age=5, max-age=4, max-age=6"), request{MaxAge: seconds(4)}},
		"RFC 9111 §5.2.1.1 broken":        {lines("max-age=soon"), request{MaxAge: seconds(0)}},
		"RFC 9111 §5.2.1.1 too large":     {lines("max-age=" + nines(30)), request{MaxAge: seconds(most)}},
		"RFC 9111 §5.2.1.2":               {lines("max-stale=5"), request{MaxStale: seconds(5)}},
		"RFC 9111 §5.2.1.2 any":           {lines("max-stale"), request{MaxStaleAny: true}},
		"RFC 9111 §5.2.1.2 any, then one": {lines("max-stale, max-stale=5"), request{MaxStale: seconds(5)}},
		"RFC 9111 §5.2.1.2 one, then any": {lines("max-stale=5", "max-stale"), request{MaxStale: seconds(5)}},
		"RFC 9111 §5.2.1.2 broken":        {lines("max-stale=x"), request{MaxStale: seconds(0)}},
		"RFC 9111 §5.2.1.2 empty":         {lines("max-stale="), request{MaxStale: seconds(0)}},
		"RFC 9111 §5.2.1.3":               {lines("min-fresh=5"), request{MinFresh: seconds(5)}},
		"RFC 9111 §5.2.1.3 twice":         {lines("min-fresh=5, min-fresh=9, min-fresh=7"), request{MinFresh: seconds(9)}},
		"RFC 9111 §5.2.1.3 zero":          {lines("min-fresh=0"), request{MinFresh: seconds(0)}},
		"RFC 9111 §5.2.1.3 broken":        {lines("min-fresh=x, min-fresh"), request{}},
		"RFC 9111 §5.2.1.3 broken once":   {lines("min-fresh=3, min-fresh=x"), request{MinFresh: seconds(3)}},
		"RFC 9111 §5.2.1.4":               {lines("no-cache"), request{NoCache: true}},
		"RFC 9111 §5.2.1.5":               {lines("no-store"), request{NoStore: true}},
		"RFC 9111 §5.2.1.6":               {lines("no-transform"), request{NoTransform: true}},
		"RFC 9111 §5.2.1.7":               {lines("only-if-cached"), request{OnlyIfCached: true}},
		"RFC 9110 §5.6.4 comma":           {lines(`x="only-if-cached, no-store", no-cache`), request{NoCache: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cachecontrol.ParseRequest(header(test.lines...)); got != test.want {
				t.Errorf("%q:\n got %+v\nwant %+v", test.lines, got, test.want)
			}
		})
	}
}
