package pagecache

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/page-cache/page-cache/module/cachestatus"
	"github.com/page-cache/page-cache/module/stats"
)

// recorder counts for the process and logs for one configuration. It names no
// URL, key or cookie.
type recorder struct {
	counters *stats.Counters
	log      *zap.Logger
}

func (r recorder) Answered(s cachestatus.Status) { r.counters.Answered(s) }

func (r recorder) Filled(reason cachestatus.Reason) { r.counters.Filled(reason) }

func (r recorder) StoreFailed(op string, err error) {
	r.counters.StoreFailed(op)
	if c := r.log.Check(zapcore.ErrorLevel, "the store is in trouble; the request is served without it"); c != nil {
		c.Write(zap.String("op", op), zap.Error(err))
	}
}

func (r recorder) RefreshSkipped() { r.counters.RefreshSkipped() }

func (r recorder) FillFailed(err error, stack []byte) {
	r.counters.FillFailed()
	level, fields := zapcore.DebugLevel, []zap.Field{zap.Error(err)}
	if stack != nil {
		level, fields = zapcore.ErrorLevel, append(fields, zap.ByteString("stack", stack))
	}
	if c := r.log.Check(level, "a fill gave no whole answer"); c != nil {
		c.Write(fields...)
	}
}
