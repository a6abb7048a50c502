package weightgen

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/textenc"
)

// outcome is what a training led to.
type outcome struct {
	first, last float32           // loss, averaged over five steps
	held        map[string]Errors // by dataset
	dir         string
}

func train(t *testing.T, c Config, data *Dataset, held []Held) outcome {
	t.Helper()
	var losses []float32
	o := Options{
		Config: c, Data: data, Held: held, Run: Run{
			EvalEvery: c.Steps, Dir: t.TempDir(), SaveEvery: time.Hour,
			observe: func(r Record) { losses = append(losses, r.Loss) },
		},
	}
	r, err := Train(t.Context(), cputest.New(t, "threads=2"), o)
	if err != nil {
		t.Fatal(err)
	}
	return outcome{first: mean(losses[:5]), last: mean(losses[len(losses)-5:]), held: r.Last.Held, dir: o.Dir}
}

// load makes a generator from a file, for adapters like those of a dataset.
func load(backend compute.Backend, path string, data *Dataset) (*Generator, error) {
	w, err := ReadWeightsFile(path)
	if err != nil {
		return nil, err
	}
	return NewGenerator(backend, w, data.Layout, data.Mask)
}

func mean(l []float32) (m float32) {
	for _, v := range l {
		m += v / float32(len(l))
	}
	return m
}

// TestLearns trains both networks on a synthetic zoo: the error on held-out combinations and wordings must be far
// below that of every control.
func TestLearns(t *testing.T) {
	data, held := syntheticZoo(4, 64)
	for _, network := range []string{NetworkDiT, NetworkUNet1D} {
		t.Run(network, func(t *testing.T) {
			r := train(t, testConfig(network), data, held)
			t.Logf("loss %.3f to %.3f, held out: %+v", r.first, r.last, r.held)
			if e := r.held["combinations"]; !(e.Generated < 0.4*min(e.Mean, e.Nearest, e.Shuffled)) || e.Adapters != 25 {
				t.Errorf("held-out combinations: %+v", e)
			}
			e := r.held["wordings"]
			if !(e.Generated < 0.2*min(e.Mean, e.Shuffled)) {
				t.Errorf("held-out wordings: %+v", e)
			}
			if e.Nearest != 0 { // their words name a training adapter
				t.Errorf("held-out wordings: the nearest adapter is not their own: %+v", e)
			}
		})
	}
}

// TestTargetsLearn: all targets and schedules learn, and one step is good with x0 and v and bad with noise, whose
// error is multiplied by up to 157.
func TestTargetsLearn(t *testing.T) {
	data, held := syntheticZoo(4, 64)
	oneStep := map[string]float64{}
	for _, schedule := range []string{ScheduleLinear, ScheduleCosine} {
		for _, target := range targets {
			c := testConfig(NetworkDiT)
			c.Schedule, c.Target, c.Terminal = schedule, target, 0 // all start from noise
			r := train(t, c, data, held[:1])
			t.Logf("%s %s: loss %.3f to %.3f, %+v", schedule, target, r.first, r.last, r.held["combinations"])
			if !(r.last < 0.75*r.first) {
				t.Errorf("%s %s: the loss went from %g to %g", schedule, target, r.first, r.last)
			}
			oneStep[schedule+" "+target] = r.held["combinations"].Generated
		}
		for _, target := range []string{TargetX0, TargetV} {
			good, bad := oneStep[schedule+" "+target], oneStep[schedule+" "+TargetNoise]
			if !(good < 0.8 && bad > 10*good) {
				t.Errorf("%s: one-step error %g with target %s and %g with noise", schedule, good, target, bad)
			}
		}
	}
}

// TestSampling checks what a trained generator makes.
func TestSampling(t *testing.T) {
	data, held := syntheticZoo(4, 64)
	c := testConfig(NetworkDiT)
	r := train(t, c, data, nil)
	backend := cputest.New(t, "threads=2")
	g, err := load(backend, filepath.Join(r.dir, WeightsFile), data)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	generate := func(o Sampling) []float32 {
		t.Helper()
		values, unknown, err := g.Generate(t.Context(), held[0].Prompts[0][0]+" zebra", o)
		if err != nil || len(unknown) != 1 || unknown[0] != "zebra" {
			t.Fatalf("unknown words %q, error %v", unknown, err)
		}
		return values
	}
	apart := func(a, b []float32) float64 { return data.distance(a, b) }
	once := generate(Sampling{Seed: 1})
	if apart(once, generate(Sampling{Seed: 2, Steps: 1, Guidance: 1})) != 0 {
		t.Error("one step depends on the seed, or defaults do not hold")
	}
	many, again, other := generate(Sampling{Steps: 10, Seed: 1}), generate(Sampling{Steps: 10, Seed: 1}), generate(Sampling{Steps: 10, Seed: 2})
	if apart(many, again) != 0 || apart(many, other) == 0 {
		t.Error("several steps must depend on the seed alone")
	}
	truth := held[0].Adapters[0]
	t.Logf("errors: one step %.3f, ten steps %.3f", apart(once, truth), apart(many, truth))
	if e := apart(many, truth); !(e < 0.5) {
		t.Errorf("ten steps: error %g", e)
	}
	if apart(once, generate(Sampling{Guidance: 2})) < 1e-4 {
		t.Error("guidance makes no difference")
	}
	for _, o := range []Sampling{{Steps: -1}, {Steps: Times + 1}, {Guidance: -1}, {Guidance: math.NaN()}} {
		if _, _, err := g.Generate(t.Context(), "a red foggy photo", o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// TestPaddingStaysEmpty: padding is 0 whatever the network, which has not learnt it, predicts there.
func TestPaddingStaysEmpty(t *testing.T) {
	data, _ := syntheticZoo(3, 64)
	for _, target := range targets {
		c := shortConfig(NetworkDiT)
		c.Target, c.Terminal = target, 0 // all start from noise
		m, err := newModel(c, data.Layout, textenc.NewVocabulary(data.Prompts))
		if err != nil {
			t.Fatal(err)
		}
		g, err := NewGenerator(cputest.New(t, "threads=2"), drawnWeights(m), data.Layout, data.Mask)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		for _, steps := range []int{1, 5} {
			values, _, err := g.Generate(t.Context(), "a red foggy photo", Sampling{Steps: steps})
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				if !data.Mask[i] && v != 0 || v-v != 0 {
					t.Fatalf("%s, %d steps: value %d is %g", target, steps, i, v)
				}
			}
		}
	}
	if _, err := NewGenerator(cputest.New(t, ""), &Weights{Model: &Model{layout: data.Layout}}, data.Layout, data.Mask[1:]); err == nil {
		t.Error("the mask of another layout was accepted")
	}
}
