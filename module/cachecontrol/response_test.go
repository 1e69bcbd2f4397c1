package cachecontrol_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachecontrol"
)

func seconds(n int64) cachecontrol.Seconds {
	return cachecontrol.Seconds{Value: time.Duration(n) * time.Second, Set: true}
}

const most = 1 << 31

func header(lines ...string) http.Header {
	return http.Header{"Cache-Control": lines}
}

// TestParseResponse: RFC 9111 §5.2.2, what a response's directives say.
//
// RFC 9111: 1.2.2-1, 5.2.2-1, 5.2.3-1.
func TestParseResponse(t *testing.T) {
	type response = cachecontrol.Response
	lines := func(l ...string) []string { return l }
	tests := map[string]struct {
		lines []string
		want  response
	}{
		"RFC 9111 §5.2 no field":          {nil, response{}},
		"RFC 9111 §5.2 empty field":       {lines(""), response{}},
		"RFC 9111 §5.2 unknown ignored":   {lines("foo, bar=1, max-age=5, x=\"y\""), response{MaxAge: seconds(5)}},
		"RFC 9111 §5.2 any case":          {lines("No-Store, MAX-AGE=5"), response{NoStore: true, MaxAge: seconds(5)}},
		"RFC 9111 §5.2 quoted argument":   {lines(`max-age="15"`), response{MaxAge: seconds(15)}},
		"RFC 9111 §5.2 no prefix match":   {lines("max-age2=5, xmax-age=6, no-storex"), response{}},
		"RFC 9111 §5.2 blank before =":    {lines("max-age =5"), response{MaxAge: seconds(0)}},
		"RFC 9111 §5.2 blank after =":     {lines("max-age= 5"), response{MaxAge: seconds(0)}},
		"RFC 9111 §5.2 quoted after =":    {lines(`private= "X-A, public"`), response{Private: true}},
		"RFC 9110 §5.6.1 several lines":   {lines("max-age=5", "must-revalidate"), response{MaxAge: seconds(5), MustRevalidate: true}},
		"RFC 9110 §5.6.1 empty members":   {lines(" ,,\t, no-store ,, "), response{NoStore: true}},
		"RFC 9110 §5.6.1 no blanks":       {lines("no-store,max-age=5"), response{NoStore: true, MaxAge: seconds(5)}},
		"RFC 9110 §5.6.1 tabs":            {lines("\tno-store\t,\tmax-age=5\t"), response{NoStore: true, MaxAge: seconds(5)}},
		"RFC 9110 §5.6.4 comma":           {lines(`ext="a, no-store, b", max-age=5`), response{MaxAge: seconds(5)}},
		"RFC 9110 §5.6.4 lifetime inside": {lines(`max-age=1, ext="max-age=3600"`), response{MaxAge: seconds(1)}},
		"RFC 9110 §5.6.4 escapes":         {lines(`ext="a\", no-store, \\", max-age="\1\5"`), response{MaxAge: seconds(15)}},
		"RFC 9110 §5.6.4 never closed":    {lines(`ext="a, no-store`), response{NoStore: true}},
		"RFC 9110 §5.6.4 closed by \\":    {lines(`ext="a, no-store\`, "public"), response{Public: true}},
		"RFC 9110 §5.6.4 ends at line":    {lines(`ext="a`, `b", no-store`), response{NoStore: true}},
		"RFC 9110 §5.6.4 junk behind":     {lines(`max-age="15"0, no-store`), response{MaxAge: seconds(0), NoStore: true}},
		"RFC 9110 §5.6.4 quote inside":    {lines(`max-age=1"5, no-store`), response{MaxAge: seconds(0), NoStore: true}},
		"RFC 9110 §5.6.4 empty":           {lines(`max-age="", private=""`), response{MaxAge: seconds(0), Private: true}},

		"RFC 9111 §1.2.2 leading zeros":   {lines("max-age=0015"), response{MaxAge: seconds(15)}},
		"RFC 9111 §1.2.2 2^31-1":          {lines("max-age=2147483647"), response{MaxAge: seconds(most - 1)}},
		"RFC 9111 §1.2.2 2^31":            {lines("max-age=2147483648"), response{MaxAge: seconds(most)}},
		"RFC 9111 §1.2.2 2^31+1":          {lines("max-age=2147483649"), response{MaxAge: seconds(most)}},
		"RFC 9111 §1.2.2 2^64+1":          {lines("max-age=18446744073709551617"), response{MaxAge: seconds(most)}},
		"RFC 9111 §1.2.2 a hundred nines": {lines("s-maxage=" + nines(100)), response{SMaxAge: seconds(most)}},
		"RFC 9111 §4.2.1 negative":        {lines("max-age=-1"), response{MaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 signed":          {lines("max-age=+15"), response{MaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 fraction":        {lines("s-maxage=15.5"), response{SMaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 whole fraction":  {lines("s-maxage=15.0"), response{SMaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 exponent":        {lines("max-age=1e9"), response{MaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 letters":         {lines("max-age=a15, s-maxage=15s"), response{MaxAge: seconds(0), SMaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 single quotes":   {lines("max-age='15'"), response{MaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 other digits":    {lines("max-age=١٥"), response{MaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 no argument":     {lines("max-age, s-maxage="), response{MaxAge: seconds(0), SMaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 two arguments":   {lines("max-age=15=20"), response{MaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 semicolon":       {lines("max-age=15; no-store"), response{MaxAge: seconds(0)}},
		"RFC 9111 §4.2.1 twice, falling":  {lines("max-age=1800, max-age=1"), response{MaxAge: seconds(1)}},
		"RFC 9111 §4.2.1 twice, rising":   {lines("max-age=1", "max-age=1800"), response{MaxAge: seconds(1)}},
		"RFC 9111 §4.2.1 once broken":     {lines("max-age=5, max-age=x"), response{MaxAge: seconds(0)}},

		"RFC 9111 §5.2.2.2":               {lines("must-revalidate"), response{MustRevalidate: true}},
		"RFC 9111 §5.2.2.2 argument":      {lines("must-revalidate=x"), response{MustRevalidate: true}},
		"RFC 9111 §5.2.2.3":               {lines("must-understand, no-store"), response{MustUnderstand: true, NoStore: true}},
		"RFC 9111 §5.2.2.3 argument":      {lines("must-understand=x, no-store"), response{NoStore: true}},
		"RFC 9111 §5.2.2.4":               {lines("no-cache"), response{NoCache: true}},
		"RFC 9111 §5.2.2.4 fields":        {lines(`no-cache="set-cookie, X-User"`), response{NoCacheFields: []string{"Set-Cookie", "X-User"}}},
		"RFC 9111 §5.2.2.4 token":         {lines("no-cache=set-cookie"), response{NoCacheFields: []string{"Set-Cookie"}}},
		"RFC 9111 §5.2.2.4 both":          {lines(`no-cache="a", no-cache`), response{NoCache: true, NoCacheFields: []string{"A"}}},
		"RFC 9111 §5.2.2.4 empty":         {lines("no-cache="), response{NoCache: true}},
		"RFC 9111 §5.2.2.4 only commas":   {lines(`no-cache=" , ,"`), response{NoCache: true}},
		"RFC 9111 §5.2.2.4 no field name": {lines(`no-cache="a, b c"`), response{NoCache: true}},
		"RFC 9111 §5.2.2.4 never closed":  {lines(`no-cache="a, public`), response{NoCache: true, Public: true}},
		"RFC 9111 §5.2.2.5":               {lines("no-store"), response{NoStore: true}},
		"RFC 9111 §5.2.2.5 argument":      {lines("no-store=0"), response{NoStore: true}},
		"RFC 9111 §5.2.2.6":               {lines("no-transform"), response{NoTransform: true}},
		"RFC 9111 §5.2.2.7":               {lines("private"), response{Private: true}},
		"RFC 9111 §5.2.2.7 fields":        {lines(`private="X-User"`, `private="x-b"`), response{PrivateFields: []string{"X-User", "X-B"}}},
		"RFC 9111 §5.2.2.7 junk behind":   {lines(`private="X-User"x`), response{Private: true}},
		"RFC 9111 §5.2.2.7 over public":   {lines("private, public"), response{Private: true}},
		"RFC 9111 §5.2.2.7 public first":  {lines("public", "private=\"@\""), response{Private: true}},
		"RFC 9111 §5.2.2.7 public fields": {lines(`public, private="a"`), response{Public: true, PrivateFields: []string{"A"}}},
		"RFC 9111 §5.2.2.8":               {lines("proxy-revalidate"), response{ProxyRevalidate: true}},
		"RFC 9111 §5.2.2.9":               {lines("public"), response{Public: true}},
		"RFC 9111 §5.2.2.9 argument":      {lines("public=yes"), response{}},
		"RFC 9111 §5.2.2.10":              {lines("s-maxage=5, max-age=6"), response{SMaxAge: seconds(5), MaxAge: seconds(6)}},
		"RFC 8246 §2":                     {lines("immutable"), response{Immutable: true}},
		"RFC 8246 §2 argument":            {lines("immutable=1"), response{}},
		"RFC 5861 §3":                     {lines("stale-while-revalidate=30"), response{StaleWhileRevalidate: seconds(30)}},
		"RFC 5861 §3 broken":              {lines("stale-while-revalidate"), response{StaleWhileRevalidate: seconds(0)}},
		"RFC 5861 §4":                     {lines("stale-if-error=86400"), response{StaleIfError: seconds(86400)}},
		"RFC 5861 §4 twice":               {lines("stale-if-error=9, stale-if-error=8"), response{StaleIfError: seconds(8)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := cachecontrol.ParseResponse(header(test.lines...))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("%q:\n got %+v\nwant %+v", test.lines, got, test.want)
			}
		})
	}
}

func nines(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '9'
	}
	return string(b)
}

func TestParseResponseReadsItsOwnField(t *testing.T) {
	h := http.Header{"Cdn-Cache-Control": {"no-store"}, "Pragma": {"no-cache"}, "Surrogate-Control": {"private"}}
	if got := cachecontrol.ParseResponse(h); !reflect.DeepEqual(got, cachecontrol.Response{}) {
		t.Errorf("got %+v, want nothing", got)
	}
	if got := cachecontrol.ParseResponse(nil); !reflect.DeepEqual(got, cachecontrol.Response{}) {
		t.Errorf("no header: got %+v, want nothing", got)
	}
}
