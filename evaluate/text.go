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
	phaseZero      = "zero"
	phaseAdapter   = "adapter"
	phaseAll       = "all weights"
)

// fromText goes from a text to a quality, or for as long as the budget lasts, and returns the curve. Its time is that of reading
// the models and compiling the weight generator, generating, compiling the training and tuning.
func (r *racer) fromText(ctx context.Context, a ask, quality, budget float64) ([]Point, error) {
	e, err := r.scenes.exam(ctx, a)
	if err != nil {
		return nil, err
	}
	j, err := r.newJourney(ctx, a, budget)
	if err != nil {
		return nil, err
	}
	j.measure = func(phase string, values [][]float32, p *Point) (err error) {
		meter := r.meter
		if phase == phaseAll {
			meter = r.whole
		}
		p.PSNR, err = meter.psnr(values, e)
		return err
	}
	j.enough = func(p Point) bool { return p.PSNR >= quality }
	err = j.fromText(a, func(Generator) error { return nil })
	return j.curve, err
}

// journey is the way from a text, or from another adapter, by tuning. Its clock runs between calls of record.
type journey struct {
	*racer
	ctx     context.Context
	data    *corpus.Batches
	measure func(phase string, values [][]float32, p *Point) error
	enough  func(Point) bool // whether a point is the end
	budget  float64          // in seconds
	watch   stopwatch        // of everything,
	setup   stopwatch        // and of reading and compiling
	apart   bool             // the latter is told apart
	curve   []Point
}

func (r *racer) newJourney(ctx context.Context, a ask, budget float64) (*journey, error) {
	pairs, err := r.scenes.lessons(ctx, a)
	return &journey{racer: r, ctx: ctx, data: batches(pairs, r.o.Config.Warm.Batch), budget: budget}, err
}

// fromText begins with a prompt, and goes on with all weights, after the adapter if that is to be tuned first. More, in which the clock
// stands still, may use the generator.
func (j *journey) fromText(a ask, more func(Generator) error) error {
	c, b := j.o.Config, j.o.Models.Base
	adapter, done, err := j.generate(a, more)
	if done || err != nil {
		return err
	}
	if c.Race.Adapter > 0 {
		adapter, done, err = j.tune(phaseAdapter, c.warmConfig(c.adapterConfig(b, 1, c.Warm.LR, c.Warm.Beta1)), adapter, c.Race.Adapter)
		if done || err != nil {
			return err
		}
	}
	weights := b.Layout.Merge(b.Generator.Values, adapter)
	_, _, err = j.tune(phaseAll, c.warmConfig(c.wholeConfig(b, 1, c.Warm.AllLR, c.Warm.Beta1)), weights, 0)
	return err
}

// generate makes the adapter.
func (j *journey) generate(a ask, more func(Generator) error) (adapter [][]float32, done bool, err error) {
	j.watch.start()
	j.setup.start()
	g, err := j.o.Models.Open(j.backend)
	if err != nil {
		return nil, false, err
	}
	defer g.Close()
	j.setup.stop()
	if adapter, err = g.Adapter(j.ctx, a.prompt); err != nil {
		return nil, false, fmt.Errorf("generate %s: %w", a.ID, err)
	}
	if done, err = j.record(phaseGenerated, 0, adapter); err != nil {
		return nil, false, err
	}
	j.watch.stop()
	defer j.watch.start()
	return adapter, done, more(g)
}

// record measures values that a number of steps of all phases led to, and tells whether this is the end.
func (j *journey) record(phase string, steps int, values [][]float32) (done bool, err error) {
	j.watch.stop()
	defer j.watch.start()
	p := Point{Seconds: j.watch.seconds(), Steps: steps, Phase: phase}
	if j.apart {
		p.Start = j.setup.seconds()
		p.Seconds -= p.Start
	}
	if err := j.measure(phase, values, &p); err != nil {
		return false, err
	}
	j.curve = append(j.curve, p)
	return j.enough(p) || j.watch.seconds() >= j.budget, j.ctx.Err()
}

// tune trains from values for a number of steps, or without end if it is 0. It goes on from one measurement to the next, at numbers of
// steps that grow by about half, and the rate falls to 0 before each of them, and rises again.
func (j *journey) tune(phase string, c gan.Config, values [][]float32, most int) (tuned [][]float32, done bool, err error) {
	j.setup.start()
	trainer, err := newTrainer(j.backend, j.o.Models.Base, c)
	if err != nil {
		return nil, false, err
	}
	defer trainer.Close()
	if err := trainer.Reset(c, gan.Start{Trained: values}); err != nil {
		return nil, false, err
	}
	j.setup.stop()
	before := j.curve[len(j.curve)-1].Steps
	for from, to := 0, 1; most == 0 || from < most; from, to = to, nextStop(to) {
		if most > 0 {
			to = min(to, most)
		}
		c.Steps, c.DecaySteps = to, int(float64(to-from)*j.o.Config.Warm.Decay+0.5)
		if err := trainer.Schedule(c); err != nil {
			return nil, false, err
		}
		if err := advance(trainer, j.data, to); err != nil {
			return nil, false, err
		}
		if values, err = trainer.Trained(); err != nil {
			return nil, false, err
		}
		if done, err := j.record(phase, before+to, values); done || err != nil {
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
