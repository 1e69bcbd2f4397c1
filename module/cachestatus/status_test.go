package cachestatus_test

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"pgregory.net/rapid"

	"github.com/page-cache/page-cache/module/cachestatus"
)

// TestStatus: RFC 9211 §2, what each outcome looks like.
func TestStatus(t *testing.T) {
	tests := map[string]struct {
		status cachestatus.Status
		text   string
		word   string
	}{
		"nothing known": {cachestatus.Status{}, "page-cache", "ERROR"},
		"§2.1 hit": {
			cachestatus.Status{Hit: true, HasTTL: true, TTL: 12 * time.Second, Detail: cachestatus.ReasonFresh},
			"page-cache;hit;ttl=12;detail=fresh", "HIT",
		},
		"§2.2 miss": {
			cachestatus.Status{
				Fwd: cachestatus.FwdURIMiss, FwdStatus: 200, Stored: true, HasTTL: true, TTL: 15 * time.Second, Detail: cachestatus.ReasonNotFound,
			},
			"page-cache;fwd=uri-miss;fwd-status=200;stored;ttl=15;detail=not-found", "MISS",
		},
		"§2.2 stale": {cachestatus.Status{Fwd: cachestatus.FwdStale, Detail: cachestatus.ReasonStale}, "page-cache;fwd=stale;detail=stale", "STALE"},
		"§2.2 vary-miss": {
			cachestatus.Status{Fwd: cachestatus.FwdVaryMiss, FwdStatus: 200, Stored: true, Detail: cachestatus.ReasonVariant},
			"page-cache;fwd=vary-miss;fwd-status=200;stored;detail=variant", "MISS",
		},
		"§2.2 request": {
			cachestatus.Status{Fwd: cachestatus.FwdRequest, FwdStatus: 304, Detail: cachestatus.ReasonRequest},
			"page-cache;fwd=request;fwd-status=304;detail=request-directive", "BYPASS",
		},
		"§2.7 key": {
			cachestatus.Status{Hit: true, Key: "https://shop.example/a?b [X-A: 1]", Detail: cachestatus.ReasonFresh},
			`page-cache;hit;key="https://shop.example/a?b [X-A: 1]";detail=fresh`, "HIT",
		},
		"§2.7 key, quotes": {cachestatus.Status{Hit: true, Key: `a"b\c`}, `page-cache;hit;key="a\"b\\c"`, "HIT"},
		"§2.7 key, encoded": {
			cachestatus.Status{Hit: true, Key: "é\x00\x1f \x7f~\xff\r\n"}, `page-cache;hit;key="%C3%A9%00%1F %7F~%FF%0D%0A"`, "HIT",
		},
		"§2.7 no key": {cachestatus.Status{Hit: true, Key: ""}, "page-cache;hit", "HIT"},
		"§2.2 bypass": {cachestatus.Status{Fwd: cachestatus.FwdBypass, Detail: cachestatus.ReasonCookie}, "page-cache;fwd=bypass;detail=cookie", "BYPASS"},
		"§2.2 method": {cachestatus.Status{Fwd: cachestatus.FwdMethod, Detail: cachestatus.ReasonMethod}, "page-cache;fwd=method;detail=method", "BYPASS"},
		"§2.4 stale hit": {
			cachestatus.Status{Hit: true, HasTTL: true, TTL: -5 * time.Second},
			"page-cache;hit;ttl=-5", "HIT",
		},
		"§2.4 less than a second": {cachestatus.Status{Hit: true, HasTTL: true, TTL: 999 * time.Millisecond}, "page-cache;hit;ttl=0", "HIT"},
		"§2.4 stale by less":      {cachestatus.Status{Hit: true, HasTTL: true, TTL: -time.Millisecond}, "page-cache;hit;ttl=-1", "HIT"},
		"§2.4 stale by a second":  {cachestatus.Status{Hit: true, HasTTL: true, TTL: -time.Second}, "page-cache;hit;ttl=-1", "HIT"},
		"§2.4 stale by more":      {cachestatus.Status{Hit: true, HasTTL: true, TTL: -time.Second - 1}, "page-cache;hit;ttl=-2", "HIT"},
		"§2.4 ttl is not known":   {cachestatus.Status{Hit: true, TTL: 5 * time.Second}, "page-cache;hit", "HIT"},
		"§2.6 collapsed": {
			cachestatus.Status{Fwd: cachestatus.FwdURIMiss, FwdStatus: 404, Collapsed: true, Detail: cachestatus.ReasonStatus},
			"page-cache;fwd=uri-miss;fwd-status=404;collapsed;detail=status", "MISS",
		},
		"refused": {cachestatus.Status{Detail: cachestatus.ReasonOnlyIfCached}, "page-cache;detail=only-if-cached", "ERROR"},
	}
	for name, tt := range tests {
		if got := tt.status.String(); got != tt.text {
			t.Errorf("%s: got %s, want %s", name, got, tt.text)
		}
		if got := tt.status.Word(); got != tt.word {
			t.Errorf("%s: got %s, want %s", name, got, tt.word)
		}
	}
	if cachestatus.Field != "Cache-Status" {
		t.Errorf("the field is %s", cachestatus.Field)
	}
}

// TestStatusParses: any Status reads back as the member that was meant, in a list
// behind what another cache said.
func TestStatusParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := cachestatus.Status{
			Hit:       rapid.Bool().Draw(t, "hit"),
			Fwd:       rapid.SampledFrom([]cachestatus.Fwd{"", "bypass", "method", "uri-miss", "vary-miss", "stale", "request"}).Draw(t, "fwd"),
			FwdStatus: rapid.IntRange(0, 999).Draw(t, "fwd-status"),
			Stored:    rapid.Bool().Draw(t, "stored"),
			Collapsed: rapid.Bool().Draw(t, "collapsed"),
			HasTTL:    rapid.Bool().Draw(t, "has ttl"),
			TTL:       time.Duration(rapid.Int64().Draw(t, "ttl")),
			Key:       string(rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "key")),
			Detail:    rapid.SampledFrom(append(cachestatus.Reasons(), cachestatus.ReasonNone)).Draw(t, "detail"),
		}
		list, err := httpsfv.UnmarshalList([]string{"other;hit", s.String()})
		if err != nil || len(list) != 2 {
			t.Fatalf("%s: %v", s, err)
		}
		item, ok := list[1].(httpsfv.Item)
		if !ok || item.Value != httpsfv.Token("page-cache") {
			t.Fatalf("%s: the member is %v", s, list[1])
		}
		got := map[string]any{}
		for _, name := range item.Params.Names() {
			got[name], _ = item.Params.Get(name)
		}
		if want := params(s); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: got %v, want %v", s, got, want)
		}
	})
}

func params(s cachestatus.Status) map[string]any {
	want := map[string]any{}
	for name, set := range map[string]bool{"hit": s.Hit, "stored": s.Stored, "collapsed": s.Collapsed} {
		if set {
			want[name] = true
		}
	}
	if s.Fwd != "" {
		want["fwd"] = httpsfv.Token(s.Fwd)
	}
	if s.FwdStatus != 0 {
		want["fwd-status"] = int64(s.FwdStatus)
	}
	if s.HasTTL {
		whole := s.TTL / time.Second
		if s.TTL%time.Second < 0 {
			whole-- // down, not towards 0
		}
		want["ttl"] = int64(whole)
	}
	if s.Key != "" {
		// What a String can hold stands for itself, what it cannot for its bytes.
		var key strings.Builder
		for _, c := range []byte(s.Key) {
			if c >= 0x20 && c < 0x7f {
				key.WriteByte(c)
			} else {
				key.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
			}
		}
		want["key"] = key.String()
	}
	if s.Detail != cachestatus.ReasonNone {
		want["detail"] = httpsfv.Token(s.Detail.String())
	}
	return want
}
