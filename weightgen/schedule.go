package weightgen

import (
	"fmt"
	"math"
)

// Noise schedules.
const (
	ScheduleLinear = "linear" // beta from 1e-4 to 0.02 (Ho et al., section 4)
	ScheduleCosine = "cosine" // Nichol and Dhariwal, arXiv 2102.09672, section 3.2
)

// Times is the number T of noise levels.
const Times = 1000

// Schedule holds how much of the signal is left at each time.
type Schedule struct{ alphaBar [Times]float64 }

// NewSchedule returns the schedule of the given name.
func NewSchedule(name string) (*Schedule, error) {
	var beta func(t int) float64
	switch name {
	case ScheduleLinear:
		beta = func(t int) float64 { return 1e-4 + (0.02-1e-4)*float64(t)/(Times-1) }
	case ScheduleCosine:
		const offset = 0.008
		level := func(t int) float64 {
			c := math.Cos((float64(t)/Times + offset) / (1 + offset) * math.Pi / 2)
			return c * c
		}
		beta = func(t int) float64 { return min(1-level(t+1)/level(t), 0.999) }
	default:
		return nil, fmt.Errorf("unknown noise schedule %q: use %s or %s", name, ScheduleLinear, ScheduleCosine)
	}
	s, product := &Schedule{}, 1.0
	for t := range s.alphaBar {
		product *= 1 - beta(t)
		s.alphaBar[t] = product
	}
	return s, nil
}

// Level returns a = sqrt(ᾱ_t) and s = sqrt(1-ᾱ_t).
func (c *Schedule) Level(t int) Level {
	return Level{A: math.Sqrt(c.alphaBar[t]), S: math.Sqrt(1 - c.alphaBar[t])}
}

// times returns the times that a sampler with n steps visits, the first being T-1 ("trailing" in Lin et al.,
// arXiv 2305.08891, table 2).
func times(n int) []int {
	ts := make([]int, n)
	for i := range ts {
		ts[i] = int(math.Round(float64(Times)*float64(n-i)/float64(n))) - 1
	}
	return ts
}

// Level is how much signal and noise there is: x = A x0 + S eps with A² + S² = 1.
type Level struct{ A, S float64 }

// Noisy returns x.
func (l Level) Noisy(x0, eps float64) float64 { return l.A*x0 + l.S*eps }

// Noise returns the eps that x consists of besides x0.
func (l Level) Noise(x, x0 float64) float64 { return (x - l.A*x0) / l.S }

// What a network predicts.
const (
	TargetX0    = "x0"
	TargetV     = "v"
	TargetNoise = "noise"
)

// Target returns what a network that predicts the given target has to say.
func (l Level) Target(target string, x0, eps float64) float64 {
	switch target {
	case TargetV:
		return l.A*eps - l.S*x0
	case TargetNoise:
		return eps
	}
	return x0
}

// Clean returns the x0 that a prediction for x means. For TargetNoise this multiplies the prediction's error by
// S/A, which is 157 at the end of the linear schedule: from there, one step is only good with the other targets.
func (l Level) Clean(target string, prediction, x float64) float64 {
	switch target {
	case TargetV:
		return l.A*x - l.S*prediction
	case TargetNoise:
		return (x - l.S*prediction) / l.A
	}
	return prediction
}
