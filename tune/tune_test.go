package tune

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/lora"
)

func tinyBase(t testing.TB) *lora.Base {
	t.Helper()
	base, err := tiny.Base(3)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// inverted serves a picture of bands and its negative. If interrupt is set, it is called with the data of that step.
type inverted struct {
	batch, size int
	at          int
	interrupt   func()
}

func (d inverted) Batch(step int) (x, y []float32, err error) {
	if d.interrupt != nil && step == d.at {
		d.interrupt()
	}
	for b := range d.batch {
		s := band(d.size, step+b)
		tensor := make([]float32, len(s.Source.Pix))
		s.Source.ToTensor(tensor)
		x = append(x, tensor...)
		for _, v := range tensor {
			y = append(y, -v)
		}
	}
	return x, y, nil
}

func band(size, k int) gan.Sample {
	a, b := imageio.New(size, size), imageio.New(size, size)
	for i := range a.Pix {
		a.Pix[i] = float32((i/3+k)%7) / 6
		b.Pix[i] = 1 - a.Pix[i]
	}
	return gan.Sample{Source: a, Target: b}
}

func TestStepsLeft(t *testing.T) {
	for _, c := range []struct {
		left float64
		done int
		took float64
		want int
	}{
		{2, 5, 1, 10}, {0.1, 1, 1, 0}, {1e9, 7, 0, unknownSteps}, {1, 0, 0, 0},
	} {
		if got := stepsLeft(c.left, c.done, c.took); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// options tune from zero for some steps.
func options(base *lora.Base, steps int) Options {
	s := DefaultSettings(Zero)
	s.Batch, s.AdapterShare = 2, 0.3
	return Options{
		Base: base, From: Zero, Settings: s, Steps: steps, Train: inverted{batch: 2, size: 16}, Quality: []gan.Sample{band(16, 3)},
	}
}

func run1(t *testing.T, o Options) *Result {
	t.Helper()
	r, err := Run(t.Context(), cputest.New(t, "threads=1"), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunImproves(t *testing.T) {
	base := tinyBase(t)
	zero := run1(t, options(base, 30))
	warm := options(base, 10)
	warm.From, warm.Start = Generated, zero.Adapter
	all := options(base, 30)
	all.AllWeights = true
	scratch := options(base, 30)
	scratch.From, scratch.Settings.LR = Scratch, 2e-3
	adversarial := options(base, 30)
	adversarial.Settings.Loss = gan.LossLSGAN
	for name, o := range map[string]Options{"zero": options(base, 30), "warm": warm, "all": all, "scratch": scratch, "adversarial": adversarial} {
		t.Run(name, func(t *testing.T) {
			r := run1(t, o)
			if r.Steps != o.Steps || r.Curve[0].Step != 0 || r.Curve[len(r.Curve)-1].Step != o.Steps || r.Seconds <= 0 {
				t.Errorf("%d steps in %g s, curve %v", r.Steps, r.Seconds, r.Curve)
			}
			if !(r.After() > r.Before()+0.3) {
				t.Errorf("from %g to %g dB", r.Before(), r.After())
			}
			if isAdapter := r.Adapter != nil; isAdapter != (!o.AllWeights && o.hasAdapter()) || isAdapter != (r.Generator.Config.Base != "") {
				t.Errorf("an adapter: %t, its base %q", isAdapter, r.Generator.Config.Base)
			}
			if (r.Discriminator != nil) != (o.Settings.Loss == gan.LossLSGAN) {
				t.Errorf("%d discriminator tensors", len(r.Discriminator))
			}
			m, err := newMeter(cputest.New(t, "threads=1"), r.Generator, o.Quality)
			if err != nil {
				t.Fatal(err)
			}
			defer m.model.Close()
			if got, err := m.psnr(r.Generator.Values); err != nil || got != r.After() {
				t.Errorf("the generator has %g dB (error %v), the curve ends with %g", got, err, r.After())
			}
			again := run1(t, o)
			for i, v := range again.Generator.Values {
				if !slices.Equal(v, r.Generator.Values[i]) {
					t.Fatal("a second run ends with other weights")
				}
			}
		})
	}
	first := run1(t, all)
	on := options(base, 10)
	on.From, on.Start = Weights, first.Generator.Values
	if r := run1(t, on); r.Before() != first.After() || r.Adapter != nil || !(r.After() > r.Before()) {
		t.Errorf("from %g to %g dB, after all weights had %g", r.Before(), r.After(), first.After())
	}
	if b, a := run1(t, warm).Before(), zero.After(); b != a {
		t.Errorf("begins at %g dB, the adapter that it starts from has %g", b, a)
	}
}

func TestBudgets(t *testing.T) {
	base := tinyBase(t)
	o := options(base, 0)
	o.Seconds = 0.3
	if r := run1(t, o); r.Steps < 1 || r.Curve[len(r.Curve)-1].Step != r.Steps {
		t.Errorf("%d steps, curve %v", r.Steps, r.Curve)
	}
	o.AllWeights = true
	if r := run1(t, o); r.Steps < 2 {
		t.Errorf("%d steps in two phases", r.Steps)
	}
	o.Seconds = 1e-6
	if r := run1(t, o); r.Steps != 2 {
		t.Errorf("%d steps in no time, wanted one of each phase", r.Steps)
	}
	o = options(base, 1000)
	o.Until = run1(t, options(base, 1)).Before() + 0.3
	o.EvalEvery = 1
	r := run1(t, o)
	if !r.Reached || r.Steps == 1000 || r.After() < o.Until || r.Curve[len(r.Curve)-2].PSNR >= o.Until {
		t.Errorf("%d steps for %g dB, curve %v", r.Steps, o.Until, r.Curve)
	}
	o.Until = 1
	if r := run1(t, o); r.Steps != 0 || !r.Reached || r.Adapter == nil {
		t.Errorf("%d steps for a quality that was there", r.Steps)
	}
}

func TestInterrupted(t *testing.T) {
	base := tinyBase(t)
	for _, all := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		o := options(base, 1000)
		o.AllWeights, o.Train = all, inverted{batch: 2, size: 16, at: 20, interrupt: cancel}
		r, err := Run(ctx, cputest.New(t, "threads=1"), o)
		var interrupted *InterruptedError
		if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || interrupted.Step != 21 {
			t.Fatalf("all weights %t: error %v", all, err)
		}
		if r.Curve[len(r.Curve)-1].Step != interrupted.Kept || (r.Adapter != nil) == all || r.Generator == nil {
			t.Errorf("%v kept, curve %v", interrupted, r.Curve)
		}
		for _, p := range r.Curve {
			if p.PSNR > r.After() {
				t.Errorf("%g dB kept, %v was better", r.After(), p)
			}
		}
	}
}

// TestInterruptedAdversarially: what was trained against a discriminator is kept, though its PSNR may be lower than before.
func TestInterruptedAdversarially(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options(tinyBase(t), 1000)
	o.Settings.Loss, o.Train = gan.LossLSGAN, inverted{batch: 2, size: 16, at: 20, interrupt: cancel}
	for i := range o.Quality {
		o.Quality[i].Target = o.Quality[i].Source // the opposite of what is trained, so that PSNR falls
	}
	r, err := Run(ctx, cputest.New(t, "threads=1"), o)
	var interrupted *InterruptedError
	if !errors.As(err, &interrupted) || interrupted.Kept != interrupted.Step {
		t.Fatalf("error %v", err)
	}
	if r.Curve[len(r.Curve)-1].Step != interrupted.Step || r.Curve[0].PSNR <= r.After() {
		t.Errorf("curve %v", r.Curve)
	}
}

func TestDivergence(t *testing.T) {
	base := tinyBase(t)
	good := run1(t, options(base, 60))
	o := options(base, 100)
	o.From, o.Start, o.Settings.LR = Generated, good.Adapter, 1e30
	r, err := Run(t.Context(), cputest.New(t, "threads=1"), o)
	var diverged *DivergedError
	if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "lower the learning rate") {
		t.Fatalf("error %v", err)
	}
	if diverged.Step > 10 || diverged.Kept != 0 || !slices.Equal(r.Adapter[0], good.Adapter[0]) || r.After() != good.After() {
		t.Errorf("%v, %g dB kept of %g", diverged, r.After(), good.After())
	}
	for _, p := range r.Curve {
		if math.IsNaN(p.PSNR) || math.IsNaN(p.L1) {
			t.Errorf("curve %v", r.Curve)
		}
	}
}

func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		losses []float32
		bad    int // the first that is refused; -1: none
	}{
		"falling":     {[]float32{0.5, 0.4, 0.3, 0.2, 0.1}, -1},
		"fluctuating": {[]float32{0.05, 0.09, 0.03, 0.1, 0.04, 0.12, 0.05}, -1},
		"recovering":  {[]float32{0.05, 0.12, 0.15, 0.15, 0.12, 0.1}, -1},
		"NaN":         {[]float32{0.5, float32(math.NaN()), 0.3}, 1},
		"saturated":   {[]float32{0.05, 0.05, 0.05, 0.9, 0.9, 0.9}, 3},
	} {
		var w watch
		bad := -1
		for i, l := range c.losses {
			if !w.add(gan.Losses{L1: l}) {
				bad = i
				break
			}
		}
		if bad != c.bad {
			t.Errorf("%s: refused at %d, wanted %d", name, bad, c.bad)
		}
	}
}

func TestCheck(t *testing.T) {
	base := tinyBase(t)
	for want, spoil := range map[string]func(o *Options){
		"no base":           func(o *Options) { o.Base = nil },
		"no pairs":          func(o *Options) { o.Train = nil },
		`from "nowhere"`:    func(o *Options) { o.From = "nowhere" },
		"to start from":     func(o *Options) { o.From = Generated },
		"for \"generated\"": func(o *Options) { o.Start = base.Layout.Initial() },
		"not finite":        func(o *Options) { o.From, o.Start = Generated, [][]float32{{1, float32(math.NaN())}} },
		"give one":          func(o *Options) { o.Seconds = 1 },
		"budget of 0 steps": func(o *Options) { o.Steps = 0 },
		"NaN seconds":       func(o *Options) { o.Steps, o.Seconds = 0, math.NaN() },
		"until a quality":   func(o *Options) { o.Until, o.Quality = 20, nil },
		"adapter's share":   func(o *Options) { o.Settings.AdapterShare = 2 },
		"falling rate":      func(o *Options) { o.Settings.Decay = math.NaN() },
		"loss must be":      func(o *Options) { o.Settings.Loss = "best" },
		"batch must be":     func(o *Options) { o.Settings.Batch = 0 },
		"wanted 55": func(o *Options) {
			o.From, o.Start, o.AllWeights, o.Settings.AdapterShare = Generated, [][]float32{{1}}, true, 0
		},
		"tensors": func(o *Options) { o.From, o.Start = Generated, [][]float32{{1}} },
	} {
		o := options(base, 1)
		spoil(&o)
		if _, err := Run(t.Context(), cputest.New(t, "threads=1"), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
}
