package weightgen

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var targets = []string{TargetX0, TargetV, TargetNoise}

func schedules(t testing.TB) map[string]*Schedule {
	t.Helper()
	m := map[string]*Schedule{}
	for _, name := range []string{ScheduleLinear, ScheduleCosine} {
		s, err := NewSchedule(name)
		if err != nil {
			t.Fatal(err)
		}
		m[name] = s
	}
	return m
}

func TestSchedules(t *testing.T) {
	for name, s := range schedules(t) {
		before := 1.0
		for i := range Times {
			l := s.Level(i)
			if math.Abs(l.A*l.A+l.S*l.S-1) > 1e-12 || !(l.A > 0 && l.A < before) {
				t.Fatalf("%s at %d: %+v after a = %g", name, i, l, before)
			}
			before = l.A
		}
	}
	// With numpy: betas = linspace(1e-4, 0.02, 1000); cumprod(1 - betas)[[0, 499, 999]].
	linear := schedules(t)[ScheduleLinear]
	for i, want := range map[int]float64{0: 0.9999, 499: 0.07859, 999: 4.0358e-05} {
		if got := linear.alphaBar[i]; math.Abs(got-want) > 1e-4*want {
			t.Errorf("linear schedule at %d: %g, wanted %g", i, got, want)
		}
	}
	if end := linear.Level(Times - 1); math.Abs(end.S/end.A-157.4) > 0.1 {
		t.Errorf("the noise target's amplification is %g, wanted 157.4", end.S/end.A)
	}
	if _, err := NewSchedule("square"); err == nil {
		t.Error("an unknown schedule was accepted")
	}
}

// TestTargets: from x and any target, x0 and eps follow.
func TestTargets(t *testing.T) {
	all := schedules(t)
	rapid.Check(t, func(t *rapid.T) {
		level := all[rapid.SampledFrom([]string{ScheduleLinear, ScheduleCosine}).Draw(t, "schedule")].Level(rapid.IntRange(0, Times-1).Draw(t, "t"))
		target := rapid.SampledFrom(targets).Draw(t, "target")
		value := rapid.Float64Range(-5, 5)
		x0, eps := value.Draw(t, "x0"), value.Draw(t, "eps")
		x := level.Noisy(x0, eps)
		clean := level.Clean(target, level.Target(target, x0, eps), x)
		if tolerance := 1e-13 / level.A * 10; math.Abs(clean-x0) > tolerance+1e-10 {
			t.Errorf("%s at %+v: x0 %g came back as %g", target, level, x0, clean)
		}
		if back := level.Noise(x, x0); math.Abs(back-eps) > 1e-10 {
			t.Errorf("%+v: noise %g came back as %g", level, eps, back)
		}
	})
}

func TestTimes(t *testing.T) {
	for n, want := range map[int][]int{1: {999}, 2: {999, 499}, 4: {999, 749, 499, 249}, 3: {999, 666, 332}} {
		if got := times(n); !slices.Equal(got, want) {
			t.Errorf("%d steps: %v, wanted %v", n, got, want)
		}
	}
	if all := times(Times); all[0] != 999 || all[999] != 0 || !slices.IsSortedFunc(all, func(a, b int) int { return b - a }) {
		t.Error("as many steps as times do not visit each")
	}
}

func TestRates(t *testing.T) {
	c := Optimiser{Steps: 10, Warmup: 2, LR: 1, EMA: 0.5}
	var rates, averages []float64
	for i := range 10 {
		rates, averages = append(rates, c.rate(i)), append(averages, c.average(i))
	}
	if rates[0] != 0.5 || rates[1] != 1 || rates[2] != 1 || math.Abs(rates[6]-0.5) > 1e-12 || !(rates[9] > 0 && rates[9] < 0.05) {
		t.Errorf("rates %v", rates)
	}
	if averages[0] != 0.1 || averages[9] != 0.5 || !slices.IsSorted(averages) {
		t.Errorf("averages %v", averages)
	}
}
