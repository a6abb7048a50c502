package tune

import (
	"math"
	"time"

	"github.com/warmstart-ml/warmstart/gan"
)

// clock measures the time of compiling and training. It stands still while the quality is measured.
type clock struct {
	total   time.Duration
	started time.Time // zero while it stands still
}

func (c *clock) start() { c.started = time.Now() }

func (c *clock) stop() {
	c.total += time.Since(c.started)
	c.started = time.Time{}
}

// seconds returns the time so far.
func (c *clock) seconds() float64 {
	t := c.total
	if !c.started.IsZero() {
		t += time.Since(c.started)
	}
	return t.Seconds()
}

// watch tells by its losses whether a training is in health. Batches differ, so the loss is smoothed.
type watch struct {
	smooth, lowest float64
	steps          int
}

// A loss of three times the lowest is no fluctuation: a generator whose outputs are saturated has an L1 of about 1. The constants are
// for trainings that start with an L1 near 0.
const (
	smoothing  = 0.8
	exploded   = 3.0
	explodedBy = 0.1
	healthy    = 1.5
	healthyBy  = 0.02
)

// add takes in the losses of a step and tells whether the training may go on.
func (w *watch) add(l gan.Losses) bool {
	for _, v := range []float32{l.L1, l.GAN, l.DiscReal, l.DiscFake} {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	w.steps++
	// The mean of the first losses, then one that forgets.
	w.smooth += max(1-smoothing, 1/float64(w.steps)) * (float64(l.L1) - w.smooth)
	if w.steps == 1 {
		w.lowest = w.smooth
	}
	w.lowest = min(w.lowest, w.smooth)
	return w.smooth <= exploded*w.lowest+explodedBy
}

// healthy tells whether the losses say that the weights of late were good.
func (w *watch) healthy() bool { return w.smooth <= healthy*w.lowest+healthyBy }
