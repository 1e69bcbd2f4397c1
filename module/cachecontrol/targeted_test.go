package cachecontrol_test

import (
	"reflect"
	"testing"

	"github.com/page-cache/page-cache/module/cachecontrol"
)

func TestParseTargeted(t *testing.T) {
	type response = cachecontrol.Response
	lines := func(l ...string) []string { return l }
	tests := map[string]struct {
		lines []string
		want  response
	}{
		"RFC 9213 §2.1 lifetime":            {lines("max-age=60"), response{MaxAge: seconds(60)}},
		"RFC 9213 §2.1 several lines":       {lines("max-age=60", "must-revalidate"), response{MaxAge: seconds(60), MustRevalidate: true}},
		"RFC 9213 §2.1 all booleans":        {lines("no-store, no-cache, private, must-revalidate, proxy-revalidate, must-understand, no-transform, immutable"), response{NoStore: true, NoCache: true, Private: true, MustRevalidate: true, ProxyRevalidate: true, MustUnderstand: true, NoTransform: true, Immutable: true}},
		"RFC 9213 §2.1 public":              {lines("public, s-maxage=5"), response{Public: true, SMaxAge: seconds(5)}},
		"RFC 9213 §2.1 fields":              {lines(`no-cache="a, x-b", private="c"`), response{NoCacheFields: []string{"A", "X-B"}, PrivateFields: []string{"C"}}},
		"RFC 9213 §2.1 parameters ignored":  {lines("max-age=60;a=1, no-store;b"), response{MaxAge: seconds(60), NoStore: true}},
		"RFC 9213 §2.1 extension":           {lines("foobar, max-age=60, x=1.5, y=(1 2)"), response{MaxAge: seconds(60)}},
		"RFC 9213 §2.1 nothing known":       {lines("none"), response{}},
		"RFC 9213 §2.1 explicit true":       {lines("no-store=?1"), response{NoStore: true}},
		"RFC 9213 §2.1 false is absent":     {lines("no-store=?0, max-age=?0, max-stale"), response{}},
		"RFC 9213 §2.1 above 2^31":          {lines("max-age=99999999999"), response{MaxAge: seconds(most)}},
		"RFC 9213 §2.1 negative":            {lines("max-age=-1"), response{MaxAge: seconds(0)}},
		"RFC 9213 §2.1 true for a number":   {lines("max-age"), response{MaxAge: seconds(0)}},
		"RFC 9213 §2.1 string for a number": {lines(`max-age="60"`), response{MaxAge: seconds(0)}},
		"RFC 9213 §2.1 decimal":             {lines("max-age=60.0, s-maxage=60.5"), response{MaxAge: seconds(0), SMaxAge: seconds(0)}},
		"RFC 9213 §2.1 token for a number":  {lines("max-age=a60"), response{MaxAge: seconds(0)}},
		"RFC 9213 §2.1 list for a number":   {lines("max-age=(60)"), response{MaxAge: seconds(0)}},
		"RFC 9213 §2.1 number for fields":   {lines("no-cache=5, private=(1)"), response{NoCache: true, Private: true}},
		"RFC 9213 §2.1 token for fields":    {lines("private=x-user"), response{Private: true}},
		"RFC 9213 §2.1 no field names":      {lines(`private="", no-cache="a b"`), response{Private: true, NoCache: true}},
		"RFC 9213 §2.1 value of no-store":   {lines("no-store=1, public=1"), response{NoStore: true}},
		"RFC 9213 §2.1 over public":         {lines("private, public"), response{Private: true}},
		"RFC 9651 §4.2.2 last of two":       {lines("max-age=5, max-age=60"), response{MaxAge: seconds(60)}},
		"RFC 5861 windows":                  {lines("stale-while-revalidate=5, stale-if-error=6"), response{StaleWhileRevalidate: seconds(5), StaleIfError: seconds(6)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := cachecontrol.ParseTargeted(test.lines)
			if !ok || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%q:\n got %+v, %t\nwant %+v", test.lines, got, ok, test.want)
			}
		})
	}
}

func TestParseTargetedIgnored(t *testing.T) {
	tests := map[string][]string{
		"RFC 9213 §2.1 no field":              nil,
		"RFC 9213 §2.1 empty":                 {""},
		"RFC 9213 §2.1 blanks":                {"  "},
		"RFC 9213 §2.1 unknown type":          {"max-age=60, &&&&&"},
		"RFC 9213 §2.1 upper case":            {"MaX-aGe=60"},
		"RFC 9213 §2.1 blank before =":        {"max-age =60"},
		"RFC 9213 §2.1 blank after =":         {"max-age= 60"},
		"RFC 9213 §2.1 empty member":          {"max-age=60,, no-store"},
		"RFC 9213 §2.1 comma at the end":      {"no-store,"},
		"RFC 9213 §2.1 string never closed":   {`no-cache="a`},
		"RFC 9213 §2.1 one broken line":       {"no-store", "&"},
		"RFC 9651 §3.3.1 more than 15 digits": {"max-age=" + nines(16)},
		"RFC 9651 §3.3.3 not ASCII":           {`no-cache="ü"`},
	}
	for name, lines := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := cachecontrol.ParseTargeted(lines)
			if ok || !reflect.DeepEqual(got, cachecontrol.Response{}) {
				t.Errorf("%q: got %+v, %t, want nothing", lines, got, ok)
			}
		})
	}
}
