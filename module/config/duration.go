package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that reads "15s", "2h30m" or "1d" from JSON, and
// integers as nanoseconds, as Caddy's own durations do; it is written as text.
type Duration time.Duration

// ParseDuration reads s in Go's notation, with d for days of 24 hours. The
// error says what is allowed.
func ParseDuration(s string) (Duration, error) {
	rest, days := s, time.Duration(0)
	if head, tail, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration; write it like 15s, 5m, 2h or 1d", s)
		}
		days, rest = time.Duration(n)*24*time.Hour, tail
		if rest == "" {
			return Duration(days), nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write it like 15s, 5m, 2h or 1d", s)
	}
	return Duration(days + d), nil
}

// String returns d in Go's notation.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes d as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads text or an integer of nanoseconds; null leaves d alone.
func (d *Duration) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		*d = Duration(n)
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("%s is not a duration; write it like \"15s\"", b)
	}
	v, err := ParseDuration(s)
	if err != nil {
		return err
	}
	*d = v
	return nil
}
