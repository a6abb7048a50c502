package evaluate

import (
	"context"
	"fmt"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
)

// The parts of the way from a text, as curves have them.
const (
	phaseGenerated = "generated"
	phaseAdapter   = "adapter"
	phaseAll       = "all weights"
)

// fromText goes from a text to a quality, or for as long as the budget lasts, and returns the curve. Its time is that of reading
// the models and compiling the weight generator, generating, compiling the training and tuning.
func (r *racer) fromText(ctx context.Context, a ask, quality, budget float64) ([]Point, error) {
	c, b := r.o.Config, r.o.Models.Base
	pairs, err := r.scenes.lessons(ctx, a)
	if err != nil {
		return nil, err
	}
	e, err := r.scenes.exam(ctx, a)
	if err != nil {
		return nil, err
	}
	run := &textRun{racer: r, ctx: ctx, data: batches(pairs, c.Warm.Batch), exam: e, quality: quality, budget: budget}
	run.watch.start()
	g, err := r.o.Models.Open(r.backend)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	adapter, err := g.Adapter(ctx, a.prompt)
	if err != nil {
		return nil, fmt.Errorf("generate %s: %w", a.ID, err)
	}
	if done, err := run.record(phaseGenerated, 0, adapter); done || err != nil {
		return run.curve, err
	}
	if c.Race.Adapter > 0 {
		var done bool
		adapter, done, err = run.tune(phaseAdapter, c.warmConfig(c.adapterConfig(b, 1, c.Warm.LR, c.Warm.Beta1)), adapter, c.Race.Adapter)
		if done || err != nil {
			return run.curve, err
		}
	}
	weights := b.Layout.Merge(b.Generator.Values, adapter)
	_, _, err = run.tune(phaseAll, c.warmConfig(c.wholeConfig(b, 1, c.Warm.AllLR, c.Warm.Beta1)), weights, 0)
	return run.curve, err
}

// textRun is the way from one text. Its clock runs between calls of record.
type textRun struct {
	*racer
	ctx             context.Context
	data            *corpus.Batches
	exam            *exam
	quality, budget float64
	watch           stopwatch
	curve           []Point
}

// record measures values that a number of steps of all phases led to, and tells whether this is the end.
func (t *textRun) record(phase string, steps int, values [][]float32) (done bool, err error) {
	t.watch.stop()
	defer t.watch.start()
	meter := t.meter
	if phase == phaseAll {
		meter = t.whole
	}
	psnr, err := meter.psnr(values, t.exam)
	if err != nil {
		return false, err
	}
	t.curve = append(t.curve, Point{Seconds: t.watch.seconds(), Steps: steps, PSNR: psnr, Phase: phase})
	return psnr >= t.quality || t.watch.seconds() >= t.budget, t.ctx.Err()
}

// tune trains from values for a number of steps, or without end if it is 0. It goes on from one measurement to the next, at numbers of
// steps that grow by about half, and the rate falls to 0 before each of them, and rises again.
func (t *textRun) tune(phase string, c gan.Config, values [][]float32, most int) (tuned [][]float32, done bool, err error) {
	trainer, err := newTrainer(t.backend, t.o.Models.Base, c)
	if err != nil {
		return nil, false, err
	}
	defer trainer.Close()
	if err := trainer.Reset(c, gan.Start{Trained: values}); err != nil {
		return nil, false, err
	}
	before := t.curve[len(t.curve)-1].Steps
	for from, to := 0, 1; most == 0 || from < most; from, to = to, nextStop(to) {
		if most > 0 {
			to = min(to, most)
		}
		c.Steps, c.DecaySteps = to, int(float64(to-from)*t.o.Config.Warm.Decay+0.5)
		if err := trainer.Schedule(c); err != nil {
			return nil, false, err
		}
		if err := advance(trainer, t.data, to); err != nil {
			return nil, false, err
		}
		if values, err = trainer.Trained(); err != nil {
			return nil, false, err
		}
		if done, err := t.record(phase, before+to, values); done || err != nil {
			return values, true, err
		}
	}
	return values, false, nil
}

// nextStop returns the number of steps after which to measure next: 1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 120, 160, …
func nextStop(n int) int {
	stops := []int{1, 2, 3, 5, 7, 10, 15, 20}
	for _, s := range stops {
		if s > n {
			return s
		}
	}
	power := 20
	for power*2 <= n {
		power *= 2
	}
	if n == power {
		return n + power/2
	}
	return power * 2
}
