package config

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// validateFills judges what bounds a line's fills.
func (r *Rule) validateFills() error {
	var errs []error
	for _, o := range []struct {
		name string
		d    Duration
	}{
		{"header_timeout", r.HeaderTimeout},
		{"idle_timeout", r.IdleTimeout},
		{"fill_timeout", r.FillTimeout},
		{"queue_timeout", r.QueueTimeout},
	} {
		problem := o.d.problem()
		if o.d > MaxTimeout {
			problem = fmt.Sprintf("%s is too long; give %s or less", o.d, time.Duration(MaxTimeout))
		}
		if problem != "" {
			errs = append(errs, &OptionError{Option: o.name, Value: o.d.String(), Problem: problem})
		}
	}
	if r.MaxFills < 0 || r.MaxFills > LimitMaxFills {
		errs = append(errs, &OptionError{
			Option: "max_fills", Value: strconv.Itoa(r.MaxFills),
			Problem: fmt.Sprintf("%d is not a number of fills; give 1 to %d, or leave it out for as many as the process allows",
				r.MaxFills, LimitMaxFills),
		})
	}
	if r.QueueTimeout != 0 && r.MaxFills == 0 && r.Origin == "" {
		errs = append(errs, &OptionError{
			Option: "queue_timeout", Value: r.QueueTimeout.String(),
			Problem: "without max_fills nothing waits in a queue; give max_fills, or the origin of a line that has it, or remove it",
		})
	}
	return errors.Join(errs...)
}
