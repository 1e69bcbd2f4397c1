package policy_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/config"
	"github.com/page-cache/page-cache/module/policy"
)

// TestLifetime: RFC 9111 §4.2.1 and RFC 9213 §2.2, first found wins. The line has
// no ttl, so only the origin's word counts; 0 stands for none or a lifetime that
// has run out.
//
// RFC 9111: 1.2.2-1, 4.2-1, 4.2-3, 4.2-4, 5.2.2-1, 5.3-1, 5.3-2, 5.3-3.
func TestLifetime(t *testing.T) {
	tests := map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"§4.2.1 none":                         {fields(), 0},
		"§4.2.1 max-age":                      {fields("Cache-Control", "max-age=60"), seconds(60)},
		"§4.2.1 s-maxage before max-age":      {fields("Cache-Control", "max-age=60, s-maxage=30"), seconds(30)},
		"§4.2.1 s-maxage may be longer":       {fields("Cache-Control", "max-age=60, s-maxage=90"), seconds(90)},
		"§4.2.1 max-age before Expires":       {fields("Cache-Control", "max-age=60", "Expires", date(seconds(90)), "Date", date(0)), seconds(60)},
		"§5.3 max-age with Expires: 0":        {fields("Cache-Control", "max-age=60", "Expires", "0"), seconds(60)},
		"§4.2.1 invalid max-age is stale":     {fields("Cache-Control", "max-age=x", "Expires", date(seconds(90))), 0},
		"§4.2.1 of two the smaller":           {fields("Cache-Control", "max-age=60, max-age=20"), seconds(20)},
		"§1.2.2 more than 2^31":               {fields("Cache-Control", "max-age=99999999999999999999"), seconds(1 << 31)},
		"§4.2.2 no heuristics":                {fields("Last-Modified", date(-seconds(86400))), 0},
		"§4.2.2 no heuristics for public":     {fields("Cache-Control", "public", "Last-Modified", date(-seconds(86400))), 0},
		"§5.3 Expires without Date":           {fields("Expires", date(seconds(90))), seconds(90)},
		"§5.3 Expires less Date":              {fields("Expires", date(seconds(90)), "Date", date(0)), seconds(90)},
		"§5.3 Expires less a later Date":      {fields("Expires", date(seconds(90)), "Date", date(seconds(30))), seconds(60)},
		"§5.3 Expires is Date":                {fields("Expires", date(0), "Date", date(0)), 0},
		"§5.3 Expires a second after Date":    {fields("Expires", date(seconds(1)), "Date", date(0)), seconds(1)},
		"§5.3 Expires before Date":            {fields("Expires", date(0), "Date", date(seconds(10))), 0},
		"§5.3 Expires in the past":            {fields("Expires", date(-seconds(1))), 0},
		"§5.3 Expires: 0":                     {fields("Expires", "0"), 0},
		"§5.3 Expires: -1":                    {fields("Expires", "-1"), 0},
		"§5.3 Expires, empty":                 {fields("Expires", ""), 0},
		"§5.3 Expires, words":                 {fields("Expires", "tomorrow"), 0},
		"§5.3 Expires, unreadable Date":       {fields("Expires", date(seconds(90)), "Date", "x"), seconds(90)},
		"§5.3 Expires twice":                  {fields("Expires", date(seconds(90)), "Expires", date(seconds(90))), 0},
		"§5.3 Expires, all in one line":       {fields("Expires", date(seconds(90))+", "+date(seconds(91))), 0},
		"RFC 9110 §5.6.7 RFC 850":             {fields("Expires", arrival.Add(seconds(90)).Format("Monday, 02-Jan-06 15:04:05 GMT")), seconds(90)},
		"RFC 9110 §5.6.7 asctime":             {fields("Expires", arrival.Add(seconds(90)).Format(time.ANSIC)), seconds(90)},
		"§4.2 any case":                       {fields("Expires", "wed, 02 jan 2030 03:05:35 gmt"), seconds(90)},
		"§4.2 UTC":                            {fields("Expires", "Wed, 02 Jan 2030 03:05:35 UTC"), 0},
		"§4.2 UTC, any case":                  {fields("Expires", "wed, 02 jan 2030 03:05:35 utc"), 0},
		"§4.2 UTC, RFC 850":                   {fields("Expires", "Wednesday, 02-Jan-30 03:05:35 UTC"), 0},
		"§4.2 no zone":                        {fields("Expires", "Wed, 02 Jan 2030 03:05:35"), 0},
		"§4.2 a Date in another zone":         {fields("Expires", date(seconds(90)), "Date", "Wed, 02 Jan 2030 03:05:00 UTC"), seconds(90)},
		"§4.2.1 s-maxage alone":               {fields("Cache-Control", "s-maxage=30"), seconds(30)},
		"§5.3 s-maxage before Expires":        {fields("Cache-Control", "s-maxage=60", "Expires", date(seconds(90)), "Date", date(0)), seconds(60)},
		"§5.3 s-maxage with Expires: 0":       {fields("Cache-Control", "s-maxage=60", "Expires", "0"), seconds(60)},
		"§4.2 another zone":                   {fields("Expires", "Wed, 02 Jan 2030 03:05:35 EST"), 0},
		"§4.2 another zone, RFC 850":          {fields("Expires", "Wednesday, 02-Jan-30 03:05:35 EST"), 0},
		"§4.2 another zone, JST":              {fields("Expires", "Wednesday, 02-Jan-30 03:05:35 JST"), 0},
		"§4.2 another zone, GMT+1":            {fields("Expires", "Wednesday, 02-Jan-30 03:05:35 GMT+1"), 0},
		"§4.2 another zone, number":           {fields("Expires", "Wed, 02 Jan 2030 03:05:35 +0000"), 0},
		"§5.3 Expires far away":               {fields("Expires", "Fri, 31 Dec 9999 23:59:59 GMT", "Date", "Mon, 01 Jan 0001 00:00:00 GMT"), 0},
		"RFC 9213 §2.2 targeted first":        {fields("CDN-Cache-Control", "max-age=10", "Cache-Control", "s-maxage=90"), seconds(10)},
		"RFC 9213 §2.2 targeted longer":       {fields("CDN-Cache-Control", "max-age=90", "Cache-Control", "max-age=10"), seconds(90)},
		"RFC 9213 §2.2 targeted s-maxage":     {fields("CDN-Cache-Control", "max-age=90, s-maxage=20"), seconds(20)},
		"RFC 9213 §2.2 targeted 0":            {fields("CDN-Cache-Control", "max-age=0", "Cache-Control", "max-age=10"), 0},
		"RFC 9213 §2.2 targeted without":      {fields("CDN-Cache-Control", "must-revalidate", "Cache-Control", "max-age=10"), 0},
		"RFC 9213 §2.2 targeted and Expires":  {fields("CDN-Cache-Control", "must-revalidate", "Expires", date(seconds(90))), 0},
		"RFC 9213 §2.1 targeted broken":       {fields("CDN-Cache-Control", "max-age=10,", "Cache-Control", "max-age=20"), seconds(20)},
		"RFC 9213 §2.1 targeted a string":     {fields("CDN-Cache-Control", `max-age="10"`, "Cache-Control", "max-age=20"), 0},
		"RFC 9213 §2.1 in two lines":          {fields("CDN-Cache-Control", "must-revalidate", "CDN-Cache-Control", "max-age=10"), seconds(10)},
		"Surrogate-Control gives no lifetime": {fields("Surrogate-Control", "max-age=10"), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := answer(200)
			a.Header = tt.header
			s := judge(config.Rule{}, a)
			switch {
			case tt.want > 0:
				checkStored(t, s, tt.want)
			case s.Terms.Explicit:
				checkRelayed(t, s, cachestatus.ReasonNotFresh)
			default:
				checkRelayed(t, s, cachestatus.ReasonNoLifetime)
			}
		})
	}
}

// TestInitialAge: RFC 9111 §4.2.3, for a lifetime of 60 s from the origin.
//
// RFC 9111: 1.2.2-1, 4.2.3-1, 5.1-1, 5.1-2.
func TestInitialAge(t *testing.T) {
	tests := map[string]struct {
		header http.Header
		delay  time.Duration
		want   time.Duration // corrected_initial_age
	}{
		"no Age, no Date":                   {fields(), 0, 0},
		"Date now":                          {fields("Date", date(0)), 0, 0},
		"Date a second ago":                 {fields("Date", date(-seconds(1))), 0, seconds(1)},
		"Date a second ahead":               {fields("Date", date(seconds(1))), 0, 0},
		"Date far ahead":                    {fields("Date", date(seconds(86400))), 0, 0},
		"Date unreadable":                   {fields("Date", "yesterday"), 0, 0},
		"Age":                               {fields("Age", "10"), 0, seconds(10)},
		"Age, blanks":                       {fields("Age", " 10 "), 0, seconds(10)},
		"Age 0":                             {fields("Age", "0"), 0, 0},
		"Age and the delay":                 {fields("Age", "10"), seconds(2.5), seconds(12.5)},
		"the delay alone":                   {fields(), seconds(2.5), seconds(2.5)},
		"Age less than Date shows":          {fields("Age", "10", "Date", date(-seconds(30))), seconds(1), seconds(30)},
		"Age more than Date shows":          {fields("Age", "30", "Date", date(-seconds(10))), seconds(1), seconds(31)},
		"§5.1 two in one line":              {fields("Age", "10, 20"), 0, seconds(10)},
		"§5.1 two lines":                    {fields("Age", "10", "Age", "20"), 0, seconds(10)},
		"§5.1 negative":                     {fields("Age", "-10"), 0, 0},
		"§5.1 signed":                       {fields("Age", "+10"), 0, 0},
		"§5.1 fraction":                     {fields("Age", "10.5"), 0, 0},
		"§5.1 no number":                    {fields("Age", "old"), 0, 0},
		"§5.1 empty":                        {fields("Age", ""), 0, 0},
		"request after the response":        {fields("Age", "10"), -seconds(5), seconds(10)},
		"§1.2.2 2^31":                       {fields("Age", "2147483648"), 0, seconds(1 << 31)},
		"§1.2.2 2^31+1":                     {fields("Age", "2147483649"), 0, seconds(1 << 31)},
		"§1.2.2 more than nanoseconds hold": {fields("Age", "9999999999999"), 0, seconds(1 << 31)},
		"§1.2.2 2^64":                       {fields("Age", "18446744073709551616"), 0, seconds(1 << 31)},
		"§1.2.2 a delay on top":             {fields("Age", "2147483648"), seconds(9), seconds(1 << 31)},
		"a Date of the Romans":              {fields("Date", "Mon, 01 Jan 0001 00:00:00 GMT"), 0, seconds(1 << 31)},
		"fractions do not make Date old":    {fields("Date", arrival.Add(-seconds(1)).Format(http.TimeFormat)), 0, seconds(1)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := answer(200)
			a.Header = tt.header
			a.Header.Set("Cache-Control", "max-age=60")
			a.RequestTime = arrival.Add(-tt.delay)
			s := judge(config.Rule{}, a)
			if s.Terms.InitialAge != tt.want {
				t.Errorf("got %s, want %s", s.Terms.InitialAge, tt.want)
			}
			if left := seconds(60) - tt.want; left > 0 {
				checkStored(t, s, left)
			} else {
				checkRelayed(t, s, cachestatus.ReasonNotFresh)
			}
		})
	}
}

// TestDateHasWholeSeconds: a Date that was cut to its second makes no answer old.
func TestDateHasWholeSeconds(t *testing.T) {
	a := answer(200, "Cache-Control", "max-age=1", "Date", date(0))
	a.RequestTime = arrival.Add(seconds(0.9))
	a.ResponseTime = a.RequestTime
	checkStored(t, judge(config.Rule{}, a), seconds(1))
}

// TestLocalTime: RFC 9111 §4.2, in whatever zone the edge's own clock is read.
//
// RFC 9111: 4.2-3.
func TestLocalTime(t *testing.T) {
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("EST", -5*3600), time.FixedZone("GMT", 3600)} {
		a := answer(200, "Expires", date(seconds(90)), "Last-Modified", date(-seconds(600)))
		a.RequestTime, a.ResponseTime = arrival.In(zone), arrival.In(zone)
		checkStored(t, judge(config.Rule{}, a), seconds(90))
		delete(a.Header, "Expires")
		checkStored(t, judge(config.Rule{Heuristic: config.DefaultHeuristic}, a), seconds(60))
		a.Header.Set("Date", date(-seconds(40)))
		a.Header.Set("Cache-Control", "max-age=60")
		checkStored(t, judge(config.Rule{}, a), seconds(20))
	}
}

// TestAgeOfTTL: a ttl of the operator counts from the arrival, unless Age shows
// that the answer has been kept before.
func TestAgeOfTTL(t *testing.T) {
	const line = 15 * time.Second
	slow := func(pairs ...string) *policy.Response {
		a := answer(200, pairs...)
		a.RequestTime = arrival.Add(-20 * time.Second)
		return a
	}
	tests := map[string]struct {
		rule config.Rule
		a    *policy.Response
		want time.Duration
	}{
		"an old Date":                   {ttl(line), answer(200, "Date", date(-time.Hour)), line},
		"a slow page":                   {ttl(line), slow(), line},
		"a slow page with a lifetime":   {ttl(line), slow("Cache-Control", "max-age=60"), line},
		"a slow page, short lifetime":   {ttl(line), slow("Cache-Control", "max-age=30"), seconds(10)},
		"a page slower than its life":   {ttl(line), slow("Cache-Control", "max-age=20"), 0},
		"Age":                           {ttl(line), answer(200, "Age", "5"), seconds(10)},
		"Age −1":                        {ttl(line), answer(200, "Age", "14"), seconds(1)},
		"Age 0":                         {ttl(line), answer(200, "Age", "15"), 0},
		"Age +1":                        {ttl(line), answer(200, "Age", "16"), 0},
		"Age unreadable":                {ttl(line), answer(200, "Age", "x"), line},
		"Age and a longer lifetime":     {ttl(line), answer(200, "Age", "20", "Cache-Control", "max-age=60"), line},
		"Age and a lifetime −1":         {ttl(line), answer(200, "Age", "59", "Cache-Control", "max-age=60"), seconds(1)},
		"Age and a lifetime 0":          {ttl(line), answer(200, "Age", "60", "Cache-Control", "max-age=60"), 0},
		"override, Age":                 {override(ttl(line)), answer(200, "Age", "500"), line},
		"override, Age and a lifetime":  {override(ttl(line)), answer(200, "Age", "500", "Cache-Control", "max-age=60"), line},
		"override, Expires in the past": {override(ttl(line)), answer(200, "Expires", "0"), line},
		"ttl −1 of the lifetime":        {ttl(line), answer(200, "Cache-Control", "max-age=14"), seconds(14)},
		"ttl 0 of the lifetime":         {ttl(line), answer(200, "Cache-Control", "max-age=15"), line},
		"ttl +1 of the lifetime":        {ttl(line), answer(200, "Cache-Control", "max-age=16"), line},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if s := judge(tt.rule, tt.a); tt.want > 0 {
				checkStored(t, s, tt.want)
			} else {
				checkRelayed(t, s, cachestatus.ReasonNotFresh)
			}
		})
	}
}
