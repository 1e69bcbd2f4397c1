package policy

import "net/http"

// What tests and fuzz targets reach for beneath the decisions.
var (
	CanonicalTarget = canonicalTarget
	Accept          = accept
	Quality         = quality
	CapDirectives   = capDirectives
	SplitMembers    = splitMembers
	CanonicalList   = canonicalList
)

// MaxNames bounds how many request fields select one resource's variants.
const MaxNames = maxNames

func (r *Rule) FilterQuery(target string) string { return r.filterQuery(target) }

func (r *Rule) PersonalCookies(fields []string) bool { return r.cookies(fields).Personal != "" }

func (r *Rule) CanonicalLanguages(lines []string) string { return r.canonicalLanguages(lines) }

// CodingsOf returns the codings of a body.
func CodingsOf(h http.Header) []string { return codingsOf(h) }
