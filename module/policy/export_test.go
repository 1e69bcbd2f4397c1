package policy

// What tests and fuzz targets reach for beneath the decisions.
var (
	CanonicalTarget = canonicalTarget
	Accept          = accept
	Quality         = quality
	CapDirectives   = capDirectives
	SplitMembers    = splitMembers
	MaxLearned      = maxLearned
)

func (r *Rule) FilterQuery(target string) string { return r.filterQuery(target) }

func (r *Rule) PersonalCookies(fields []string) bool { return r.personalCookies(fields) }
