package zoo

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/corpus"
)

// TestFlags: what training does not improve keeps its start.
func TestFlags(t *testing.T) {
	good := tinyOptions(t)
	good.Concepts, good.Config.Steps, good.Config.LR = good.Concepts[:1], 60, 2e-2
	trained := build(t, good)
	starts := map[string][]float32{}
	for i, e := range trained.Entries {
		starts[e.ID] = slices.Concat(trained.Adapters[i]...)
	}
	atLimit := map[string][]float32{}
	for id, values := range starts {
		atLimit[id] = slices.Clone(values)
		for i := range trained.Adapters[0][0] { // some of them grow in the first step
			atLimit[id][i] = limit - unit
		}
	}
	for name, c := range map[string]struct {
		lr    float64
		start map[string][]float32
		flag  string
	}{
		"no training": {0, starts, ""},
		"wild steps":  {1, starts, FlagPoor},
		"too large":   {1, atLimit, FlagDiverged},
	} {
		o := good
		o.Dir, o.Start, o.Config.LR, o.Config.Steps = t.TempDir(), c.start, c.lr, 3
		z := build(t, o)
		for i, e := range z.Entries {
			if e.Flag != c.flag || e.Retried != (c.flag != "") || e.PSNR != e.Start || !slices.Equal(slices.Concat(z.Adapters[i]...), c.start[e.ID]) {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if n, problems, err := Verify(o.Dir, o.Base); err != nil || len(problems) > 0 || n != len(z.Entries) {
			t.Errorf("%s: %d adapters; %v; %v", name, n, problems, err)
		}
	}
}

func TestWorker(t *testing.T) {
	o := tinyOptions(t)
	w, err := NewWorker(o.Base, o.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	pairs, err := o.Pictures.Pairs(o.Concepts[0], corpus.Choice{Pairs: 8, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	train := func(c Config) ([][]float32, float64) {
		t.Helper()
		values, loss, err := w.Train(ctx, nil, pairs.Batches(c.Batch, c.Seed), c)
		if err != nil {
			t.Fatal(err)
		}
		return values, loss
	}
	few, _ := train(o.Config)
	long := o.Config
	long.Steps, long.LR = 40, 2e-2
	_, lossLong := train(long)
	again, lossFew := train(o.Config)
	if !sameBits(few, again) {
		t.Error("a training depends on the one before")
	}
	if lossLong >= lossFew {
		t.Errorf("L1 %g after 40 steps, %g after 6", lossLong, lossFew)
	}

	nan := o.Base.Layout.Initial()
	nan[0][0] = float32(math.NaN())
	if _, _, err := w.Train(ctx, nan, pairs.Batches(2, 1), o.Config); !errors.Is(err, ErrDiverged) {
		t.Errorf("from NaN: %v", err)
	}
	last := o.Config
	last.Steps, last.LR = 1, 1e39 // infinite in float32
	if _, _, err := w.Train(ctx, nil, pairs.Batches(2, 1), last); !errors.Is(err, ErrDiverged) {
		t.Errorf("to values that are not finite, in the last step: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := w.Train(cancelled, nil, pairs.Batches(2, 1), o.Config); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	other := o.Config
	other.Batch = 3
	if _, _, err := w.Train(ctx, nil, pairs.Batches(3, 1), other); err == nil {
		t.Error("the batch can be changed")
	}
	if after, _ := train(o.Config); !sameBits(few, after) {
		t.Error("the worker is not the same after errors")
	}
}
