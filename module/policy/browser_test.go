package policy_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestBrowserLimit: SPEC "What 15s means", browsers are told no more than what is
// left of the line's ttl.
func TestBrowserLimit(t *testing.T) {
	own := ttl(15 * time.Second)
	own.StatusTTL = map[int]config.Duration{404: config.Duration(time.Minute), 301: 0}
	tests := map[string]struct {
		rule     config.Rule
		status   int
		resident time.Duration
		left     time.Duration
		ok       bool
	}{
		"on arrival":           {ttl(15 * time.Second), 200, 0, seconds(15), true},
		"later":                {ttl(15 * time.Second), 200, seconds(4.5), seconds(10.5), true},
		"−1":                   {ttl(15 * time.Second), 200, seconds(14), seconds(1), true},
		"0":                    {ttl(15 * time.Second), 200, seconds(15), 0, true},
		"+1":                   {ttl(15 * time.Second), 200, seconds(16), 0, true},
		"no ttl":               {config.Rule{}, 200, 0, 0, false},
		"no ttl, later":        {config.Rule{}, 200, seconds(4), 0, false},
		"404, no ttl":          {config.Rule{}, 404, 0, seconds(5), true},
		"404":                  {ttl(15 * time.Second), 404, seconds(1), seconds(4), true},
		"404, shorter ttl":     {ttl(2 * time.Second), 404, 0, seconds(2), true},
		"404, its own":         {own, 404, 0, seconds(60), true},
		"redirect, its own, 0": {own, 301, 0, 0, true},
		"override":             {override(ttl(15 * time.Second)), 200, 0, seconds(15), true},
	}
	for name, tt := range tests {
		left, ok := policy.Compile(tt.rule).BrowserLimit(tt.status, tt.resident)
		if left != tt.left || ok != tt.ok {
			t.Errorf("%s: got %s, %v", name, left, ok)
		}
	}
}

// TestCapDirectives: lifetimes in Cache-Control with a limit of 15 s. want is nil
// where nothing changes.
//
// RFC 9111: 5.2.2.1-1, 5.2.2.10-2.
func TestCapDirectives(t *testing.T) {
	lines := func(l ...string) []string { return l }
	tests := map[string]struct{ in, want []string }{
		"none":                             {nil, nil},
		"none is added":                    {lines("public"), nil},
		"no-store":                         {lines("no-store"), nil},
		"shorter stays":                    {lines("max-age=14"), nil},
		"equal stays":                      {lines("max-age=15, must-revalidate"), nil},
		"longer is cut":                    {lines("max-age=16"), lines("max-age=15")},
		"0 stays":                          {lines("max-age=0"), nil},
		"negative stays":                   {lines("max-age=-1"), nil},
		"unreadable stays":                 {lines("max-age=x, max-age=, max-age"), nil},
		"s-maxage":                         {lines("s-maxage=3600"), lines("s-maxage=15")},
		"both":                             {lines("public, max-age=60, s-maxage=3600"), lines("public, max-age=15, s-maxage=15")},
		"one of both":                      {lines("max-age=5, s-maxage=3600"), lines("max-age=5, s-maxage=15")},
		"two of one":                       {lines("max-age=5, max-age=60"), lines("max-age=5, max-age=15")},
		"any case":                         {lines("Max-Age=60"), lines("max-age=15")},
		"2^31 and more":                    {lines("max-age=99999999999999999999"), lines("max-age=15")},
		"quoted":                           {lines(`max-age="60"`), lines("max-age=15")},
		"quoted, s-maxage":                 {lines(`s-maxage="60"`), lines("s-maxage=15")},
		"quoted with escapes":              {lines(`max-age="\6\0"`), lines("max-age=15")},
		"no blanks":                        {lines("public,max-age=60,no-transform"), lines("public, max-age=15, no-transform")},
		"empty members go":                 {lines(",max-age=60,,"), lines("max-age=15")},
		"others keep their case":           {lines("Public, max-age=60, X=Y"), lines("Public, max-age=15, X=Y")},
		"stale-* go when it is cut":        {lines("max-age=60, stale-while-revalidate=600, stale-if-error=600"), lines("max-age=15")},
		"immutable goes when it is cut":    {lines("max-age=60, immutable"), lines("max-age=15")},
		"they go in any case":              {lines("Stale-While-Revalidate=600, IMMUTABLE, max-age=60"), lines("max-age=15")},
		"they go with blanks":              {lines("stale-if-error =600,\tmax-age=60"), lines("max-age=15")},
		"stale-* go when it is not":        {lines("max-age=10, stale-while-revalidate=600"), lines("max-age=10")},
		"immutable stays when it is not":   {lines("max-age=10, immutable"), nil},
		"several lines":                    {lines("public", "max-age=60"), lines("public", "max-age=15")},
		"several lines, stale-* elsewhere": {lines("max-age=60", "stale-if-error=600", "immutable, public"), lines("max-age=15", "public")},
		"several lines, stale-* before":    {lines("stale-if-error=600, public", "max-age=60"), lines("public", "max-age=15")},
		"quoted comma":                     {lines(`ext="a, max-age=60, b", public`), nil},
		"quoted comma, cut":                {lines(`ext="a, max-age=60", max-age=90`), lines(`ext="a, max-age=60", max-age=15`)},
		"quoted fields":                    {lines(`no-cache="A, B", max-age=90`), lines(`no-cache="A, B", max-age=15`)},
		"quoted quote":                     {lines(`ext="a\", max-age=60", max-age=90`), lines(`ext="a\", max-age=60", max-age=15`)},
		"quoted comma at the end":          {lines(`ext="a,", max-age=90`), lines(`ext="a,", max-age=15`)},
		"quoted comma alone":               {lines(`ext=",",max-age=90`), lines(`ext=",", max-age=15`)},
		"quotation without a name":         {lines(`="a, max-age=60"`), nil},
		"quotation never closed":           {lines(`ext="a, max-age=60`), lines(`ext="a, max-age=15`)},
		"quotation within a token":         {lines(`ext=a"b, max-age=60, c"`), lines(`ext=a"b, max-age=15, c"`)},
		"quotation without =":              {lines(`a"b, max-age=60, c"`), lines(`a"b, max-age=15, c"`)},
		"name is no prefix":                {lines("max-age2=60, xmax-age=60"), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tt.in)
			got, cut := policy.CapDirectives(tt.in, 15)
			if cut != (tt.want != nil) || cut && !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %v, want %q", got, cut, tt.want)
			}
			if !slices.Equal(tt.in, before) {
				t.Errorf("changed its argument to %q", tt.in)
			}
		})
	}
}

// TestCapBrowser: what is sent with an Age, so that browsers count from the same
// moment.
func TestCapBrowser(t *testing.T) {
	expires := func(d time.Duration) []string { return []string{date(d)} }
	tests := map[string]struct {
		header    http.Header
		age, left time.Duration
		cc        []string
		expires   []string
	}{
		"on arrival":              {fields("Cache-Control", "max-age=60"), 0, seconds(15), []string{"max-age=15"}, nil},
		"later":                   {fields("Cache-Control", "max-age=60"), seconds(4), seconds(11), []string{"max-age=15"}, nil},
		"came with an age":        {fields("Cache-Control", "max-age=60"), seconds(20), seconds(15), []string{"max-age=35"}, nil},
		"with an age, later":      {fields("Cache-Control", "max-age=60"), seconds(24), seconds(11), []string{"max-age=35"}, nil},
		"with an age, shorter":    {fields("Cache-Control", "max-age=30"), seconds(20), seconds(15), []string{"max-age=30"}, nil},
		"nothing left":            {fields("Cache-Control", "max-age=60"), seconds(20), 0, []string{"max-age=20"}, nil},
		"fractions":               {fields("Cache-Control", "max-age=60"), seconds(4.6), seconds(10.4), []string{"max-age=14"}, nil},
		"less than a second":      {fields("Cache-Control", "max-age=60"), seconds(0.5), seconds(0.5), []string{"max-age=0"}, nil},
		"no word of the origin":   {fields(), 0, seconds(15), nil, nil},
		"Expires, longer":         {fields("Expires", date(seconds(60)), "Date", date(0)), 0, seconds(15), nil, expires(seconds(15))},
		"Expires, shorter":        {fields("Expires", date(seconds(5)), "Date", date(0)), 0, seconds(15), nil, expires(seconds(5))},
		"Expires, equal":          {fields("Expires", date(seconds(15)), "Date", date(0)), 0, seconds(15), nil, expires(seconds(15))},
		"Expires, +1":             {fields("Expires", date(seconds(16)), "Date", date(0)), 0, seconds(15), nil, expires(seconds(15))},
		"Expires counts on Date":  {fields("Expires", date(seconds(60)), "Date", date(-seconds(9))), 0, seconds(15), nil, expires(seconds(6))},
		"Expires without Date":    {fields("Expires", date(seconds(60))), 0, seconds(15), nil, expires(seconds(15))},
		"Expires with an age":     {fields("Expires", date(seconds(60)), "Date", date(0)), seconds(20), seconds(15), nil, expires(seconds(35))},
		"Expires: 0":              {fields("Expires", "0"), 0, seconds(15), nil, []string{"0"}},
		"Expires twice":           {fields("Expires", date(0), "Expires", date(seconds(60))), 0, seconds(15), nil, expires(seconds(15))},
		"Expires in another case": {fields("Expires", "wed, 02 jan 2030 03:05:05 gmt"), 0, seconds(15), nil, expires(seconds(15))},
		"Expires that is no date": {fields("Expires", "Wed, 02 Jan 2030 03:05:05 UTC"), 0, seconds(15), nil, []string{"Wed, 02 Jan 2030 03:05:05 UTC"}},
		"Expires and max-age": {
			fields("Expires", date(seconds(60)), "Cache-Control", "max-age=60"), 0, seconds(15), []string{"max-age=15"}, expires(seconds(15)),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			shared := tt.header["Cache-Control"]
			before := slices.Clone(shared)
			policy.CapBrowser(tt.header, tt.age, tt.left, arrival)
			if got := tt.header["Cache-Control"]; !slices.Equal(got, tt.cc) {
				t.Errorf("Cache-Control %q, want %q", got, tt.cc)
			}
			if got := tt.header["Expires"]; !slices.Equal(got, tt.expires) {
				t.Errorf("Expires %q, want %q", got, tt.expires)
			}
			if !slices.Equal(shared, before) {
				t.Error("changed values that others may share")
			}
		})
	}
}
