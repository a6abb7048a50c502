package evaluate

import "time"

// stopwatch measures time while it runs.
type stopwatch struct {
	total time.Duration
	begun time.Time
}

func (w *stopwatch) start() { w.begun = time.Now() }

func (w *stopwatch) stop() { w.total += time.Since(w.begun) }

// seconds returns what was measured until the last stop.
func (w *stopwatch) seconds() float64 { return w.total.Seconds() }
