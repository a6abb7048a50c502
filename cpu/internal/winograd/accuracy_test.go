package winograd

import (
	"math"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// The errors that the package comment states, for the channels of large layers. Run with -v for the table.
func TestAccuracy(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, channels := range []int{32, 128, 512} {
		s := spec(1, 16, 16, 1, 1, channels, 16)
		turned := spec(1, 16, 16, 1, 1, 16, channels)
		x, w, dy := operands(s)
		y, _, dw := naive(s, x, w, dy)
		check(t, channels, "y", run(t, NewForward(s, 2), p, x, w, len(y)), y)
		check(t, channels, "dw", run(t, NewWeightGrad(s, 2), p, x, dy, len(dw)), dw)
		x, w, dy = operands(turned)
		_, dx, _ := naive(turned, x, w, dy)
		check(t, channels, "dx", run(t, NewInputGrad(turned, 2), p, dy, w, len(dx)), dx)
	}
}

// check fails if the error is larger than stated.
func check(t *testing.T, channels int, what string, got []float32, want []float64) {
	t.Helper()
	var e2, m2 float64
	for i, w := range want {
		e2 += (float64(got[i]) - w) * (float64(got[i]) - w)
		m2 += w * w
	}
	worst, rms := maxError(got, want), math.Sqrt(e2/m2)
	t.Logf("%4d channels, %-2s: max error / max %.1e, rms error / rms %.1e", channels, what, worst, rms)
	if !(worst <= 5e-6) || !(rms <= 3e-6) {
		t.Errorf("%d channels, %s: max %.1e, rms %.1e", channels, what, worst, rms)
	}
}
