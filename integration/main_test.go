package integration

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs all tests, and sees to it that nothing still runs when they are over.
func TestMain(m *testing.M) {
	// Caddy's certificate store looks every 5 s whether its lock is still wanted.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"))
}
