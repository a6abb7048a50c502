package imageloss

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

var tiny = gan.Config{
	Preset: "tiny", Generator: "mini", Width: 4, DiscWidth: 4, DiscLayers: 2, Size: 16, Batch: 2, Loss: gan.LossNone, LambdaL1: 1, Steps: 1,
}

// fixture is a base with random weights and some tasks.
type fixture struct {
	layout *lora.Layout
	base   [][]float32
	tasks  []Task
}

func newFixture(t *testing.T, tasks int) *fixture {
	t.Helper()
	network, err := tiny.Network()
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{}
	if f.layout, err = lora.NewLayout(&network.Params, lora.Config{Seed: 1, Ranks: []lora.Rank{{Pattern: "*", Rank: 2}}}); err != nil {
		t.Fatal(err)
	}
	for i, p := range network.Params.List() {
		v := make([]float32, p.Size())
		network.Params.Draw(nn.Ref(i), 1, v)
		f.base = append(f.base, v)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int, scale float64) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(scale * rng.NormFloat64())
		}
		return v
	}
	for range tasks {
		f.tasks = append(f.tasks, Task{Adapter: random(f.layout.Params.Size(), 0.2), X: random(2*16*16*3, 0.5), Y: random(2*16*16*3, 0.5)})
	}
	return f
}

// run computes the tasks with a number of threads, and returns the gradients by the base.
func (f *fixture) run(t *testing.T, threads int, shared bool) [][]float32 {
	t.Helper()
	e, err := New(tiny, f.layout, shared, threads)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.SetBase(f.base); err != nil {
		t.Fatal(err)
	}
	if err := e.Run(f.tasks); err != nil {
		t.Fatal(err)
	}
	return e.BaseGradients()
}

// A step along the gradient changes the loss by the gradient's squared length.
func TestGradients(t *testing.T) {
	f := newFixture(t, 2)
	byBase := f.run(t, 1, true)
	losses := func() float64 { return float64(f.tasks[0].Loss) + float64(f.tasks[1].Loss) }
	gradients := [][]float32{f.tasks[0].Gradient, f.tasks[1].Gradient}
	for name, move := range map[string]struct{ values, gradient [][]float32 }{
		"adapters": {[][]float32{f.tasks[0].Adapter, f.tasks[1].Adapter}, gradients},
		"base":     {f.base, byBase},
	} {
		length := 0.0
		for _, g := range move.gradient {
			for _, v := range g {
				length += float64(v) * float64(v)
			}
		}
		step := 1e-3 / length // the loss is to change by this much times the length
		shift := func(by float64) float64 {
			for i, g := range move.gradient {
				for j, v := range g {
					move.values[i][j] += float32(by * float64(v))
				}
			}
			f.run(t, 1, false)
			return losses()
		}
		up := shift(step)
		down := shift(-2 * step)
		shift(step)
		if got := (up - down) / (2 * step); math.Abs(got/length-1) > 0.05 {
			t.Errorf("%s: along the gradient the loss rises by %g, wanted %g", name, got, length)
		}
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	f := newFixture(t, 5)
	want := f.run(t, 1, true)
	one := slices.Clone(f.tasks)
	for _, threads := range []int{2, 8} {
		got := f.run(t, threads, true)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%d threads: other gradients by tensor %d of the base", threads, i)
			}
		}
		for i := range one {
			if f.tasks[i].Loss != one[i].Loss || !slices.Equal(f.tasks[i].Gradient, one[i].Gradient) {
				t.Errorf("%d threads: task %d differs", threads, i)
			}
		}
	}
	if f.run(t, 2, false) != nil {
		t.Error("gradients by the base that nobody asked for")
	}
}

func TestSetBaseRefusesOtherShapes(t *testing.T) {
	f := newFixture(t, 1)
	e, err := New(tiny, f.layout, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.SetBase(f.base[1:]) == nil {
		t.Error("a tensor is missing: no error")
	}
	f.base[0] = f.base[0][1:]
	if e.SetBase(f.base) == nil {
		t.Error("a value is missing: no error")
	}
}
