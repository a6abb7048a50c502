package lora

import (
	"math"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/cputest"
)

// inverted is a batch of noise and its negative.
func inverted(c gan.Config) (x, y []float32) {
	x = make([]float32, c.Batch*c.Size*c.Size*3)
	y = make([]float32, len(x))
	for i := range x {
		x[i] = float32(i*i%101)/50.5 - 1
		y[i] = -x[i]
	}
	return x, y
}

// TestTraining trains adapters over one base, one after the other with one program, and compares what the training says of an adapter
// with the generator it gives.
func TestTraining(t *testing.T) {
	for _, c := range []Config{DefaultConfig(), {Ranks: []Rank{{"*", 4}}, TrainA: true}} {
		b := newBase(t, tinyConfig(), c)
		backend := cputest.New(t, "")
		config := b.Training(20)
		trainer, err := gan.NewParametrizedTrainer(backend, config, b.Parametrization())
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		x, y := inverted(config)
		run := func() (losses []float32, values [][]float32) {
			for range config.Steps {
				l, err := trainer.Step(x, y)
				if err != nil {
					t.Fatal(err)
				}
				losses = append(losses, l.L1)
			}
			values, err := trainer.Trained()
			if err != nil {
				t.Fatal(err)
			}
			return losses, values
		}
		losses, values := run()
		last := losses[len(losses)-1]
		if !(last < 0.95*losses[0]) {
			t.Errorf("L1 went from %g to %g", losses[0], last)
		}
		for i, p := range b.Layout.Params.List() {
			if p.Name == "last.weight.lora_B" && values[i][0] == 0 {
				t.Error("B has not moved")
			}
		}
		if config.LR = 2 * config.LR; trainer.Reset(config, gan.Start{}) != nil {
			t.Fatal("the learning rate cannot be changed")
		}
		other, _ := run()
		if other[0] != losses[0] || other[1] == losses[1] {
			t.Errorf("losses %g, %g after a reset, %g, %g before", other[0], other[1], losses[0], losses[1])
		}
		compareMerged(t, b, values, config, x, y)
	}
}

// compareMerged trains the generator that the adapter gives for a step: its loss is that of the adapter's next one.
func compareMerged(t *testing.T, b *Base, values [][]float32, config gan.Config, x, y []float32) {
	t.Helper()
	backend := cputest.New(t, "")
	adapter, err := gan.NewParametrizedTrainer(backend, config, b.Parametrization())
	if err != nil {
		t.Fatal(err)
	}
	defer adapter.Close()
	if err := adapter.Reset(config, gan.Start{Trained: values}); err != nil {
		t.Fatal(err)
	}
	w, err := b.Apply(&Adapter{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := gan.NewTrainer(backend, config)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	if err := whole.Reset(config, gan.Start{Trained: w.Values}); err != nil {
		t.Fatal(err)
	}
	la, err := adapter.Step(x, y)
	if err != nil {
		t.Fatal(err)
	}
	lw, err := whole.Step(x, y)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(la.L1-lw.L1)) > 1e-4 {
		t.Errorf("L1 %g with the adapter, %g merged", la.L1, lw.L1)
	}
}

// BenchmarkStep trains an adapter of mini.
func BenchmarkStep(b *testing.B) {
	config, err := gan.Preset("mini")
	if err != nil {
		b.Fatal(err)
	}
	base := newBase(b, config, DefaultConfig())
	config = base.Training(150)
	trainer, err := gan.NewParametrizedTrainer(cputest.New(b, ""), config, base.Parametrization())
	if err != nil {
		b.Fatal(err)
	}
	defer trainer.Close()
	x, y := inverted(config)
	for b.Loop() {
		if _, err := trainer.Step(x, y); err != nil {
			b.Fatal(err)
		}
	}
}
