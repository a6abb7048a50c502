package evaluate

import (
	"context"
	"fmt"
	"time"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
)

// race measures how much sooner than pix2pix from scratch one gets from a text to its quality. Both sides take turns on all cores.
func (l *lab) race(ctx context.Context) (*Speedup, error) {
	c := l.o.Config
	some := spread(l.asks, c.Race.Concepts)
	r := &racer{lab: l}
	defer r.close()
	if err := r.prepare(); err != nil {
		return nil, err
	}
	rate, err := r.searchRate(ctx, evenly(others(l.asks, some), max(c.Search/2, 1)))
	if err != nil {
		return nil, err
	}
	tick := l.progress("races with pix2pix from scratch", "concepts", len(some))
	var rows []RaceRow
	for _, a := range some {
		key := struct {
			Base, Generator, Test, Train, Concept, Prompt string
			LR                                            float64
			Machine                                       Machine // times of another one would be no comparison
			Config                                        Config
		}{l.o.Models.Base.Hash, l.o.Models.ID, l.scenes.test.ID(), l.scenes.train.ID(), a.ID, a.prompt, rate.LR, thisMachine(), Config{
			Pictures: c.Pictures, Pairs: c.Pairs, Batch: c.Batch, Warm: c.Warm,
			Race: Race{Steps: c.Race.Steps, Published: c.Race.Published, Adapter: c.Race.Adapter},
		}}
		row, err := remember(l.cache, "race", a.ID, key, func() (RaceRow, error) { return r.run(ctx, a, rate.LR) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		tick()
	}
	return summariseRaces(rows, c.Race.Published, rate), nil
}

// racer trains from scratch and from a text.
type racer struct {
	*lab
	scratch *gan.Trainer
	whole   *meter // of generators
}

func (r *racer) prepare() error {
	b := r.o.Models.Base
	config, err := r.o.Config.scratchConfig(b, r.o.Config.Race.Published)
	if err != nil {
		return err
	}
	if r.scratch, err = newTrainer(r.backend, b, config); err != nil {
		return err
	}
	r.whole, err = newMeter(r.backend, b, false, r.o.Config.Pictures)
	return err
}

func (r *racer) close() {
	if r.scratch != nil {
		r.scratch.Close()
	}
	if r.whole != nil {
		r.whole.close()
	}
}

// finish is where a training ended.
type finish struct {
	Seconds float64 `json:"seconds"`
	PSNR    float64 `json:"psnr"`
}

// fromScratch does pix2pix's whole schedule. Its time is that of the steps alone: nothing is compiled in it.
func (r *racer) fromScratch(ctx context.Context, a ask, lr float64) (finish, error) {
	config, err := r.o.Config.scratchConfig(r.o.Models.Base, lr)
	if err != nil {
		return finish{}, err
	}
	pairs, err := r.scenes.lessons(ctx, a)
	if err != nil {
		return finish{}, err
	}
	if err := r.scratch.Reset(config, gan.Start{}); err != nil {
		return finish{}, err
	}
	data := r.scenes.batches(pairs)
	var w stopwatch
	w.start()
	for step := range config.Steps {
		if err := ctx.Err(); err != nil {
			return finish{}, err
		}
		if err := advance(r.scratch, data, step+1); err != nil {
			return finish{}, fmt.Errorf("train %s from scratch: %w", a.ID, err)
		}
	}
	w.stop()
	values, err := r.scratch.Trained()
	if err != nil {
		return finish{}, err
	}
	e, err := r.scenes.exam(ctx, a)
	if err != nil {
		return finish{}, err
	}
	psnr, err := r.whole.psnr(values, e)
	return finish{w.seconds(), psnr}, err
}

// searchRate finds the learning rate from scratch that ends best.
func (r *racer) searchRate(ctx context.Context, some []ask) (Candidate, error) {
	c := r.o.Config
	var list []Candidate
	for _, lr := range c.Race.LRs {
		list = append(list, Candidate{LR: lr})
	}
	tick := r.progress("learning rates from scratch", "trainings", len(list)*len(some))
	return search(ctx, list, some, tick, func(w Candidate, a ask) (float64, error) {
		config, err := c.scratchConfig(r.o.Models.Base, w.LR)
		if err != nil {
			return 0, err
		}
		key := struct {
			Test, Train, Concept string
			Pictures, Pairs      int
			Config               gan.Config
		}{r.scenes.test.ID(), r.scenes.train.ID(), a.ID, c.Pictures, c.Pairs, config}
		end, err := remember(r.cache, "scratch", a.ID, key, func() (finish, error) { return r.fromScratch(ctx, a, w.LR) })
		return end.PSNR, err
	})
}

// run lets both sides train a concept, one after the other.
func (r *racer) run(ctx context.Context, a ask, bestRate float64) (RaceRow, error) {
	published, err := r.fromScratch(ctx, a, r.o.Config.Race.Published)
	if err != nil {
		return RaceRow{}, err
	}
	best, err := r.fromScratch(ctx, a, bestRate)
	if err != nil {
		return RaceRow{}, err
	}
	row := RaceRow{Concept: a.ID, Group: a.Group, Prompt: a.prompt}
	row.Curve, err = r.fromText(ctx, a, max(published.PSNR, best.PSNR), max(published.Seconds, best.Seconds))
	row.Published, row.Best = outcome(published, row.Curve), outcome(best, row.Curve)
	return row, err
}

// The parts of the way from a text, as curves have them.
const (
	phaseGenerated = "generated"
	phaseAdapter   = "adapter"
	phaseAll       = "all weights"
)

// fromText goes from a text to a quality, or for as long as the budget lasts, and returns the curve. Its time is that of compiling the
// weight generator, generating, compiling the training and tuning.
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
	run := &textRun{racer: r, ctx: ctx, data: r.scenes.batches(pairs), exam: e, quality: quality, budget: budget}
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
	adapter, done, err := run.tune(phaseAdapter, c.adapterConfig(b, 1, c.Warm.LR, c.Warm.Beta1), adapter, c.Race.Adapter)
	if done || err != nil {
		return run.curve, err
	}
	weights := b.Layout.Merge(b.Generator.Values, adapter)
	_, _, err = run.tune(phaseAll, c.wholeConfig(b, 1, c.Warm.AllLR, c.Warm.Beta1), weights, 0)
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

// stopwatch measures time while it runs.
type stopwatch struct {
	total time.Duration
	begun time.Time
}

func (w *stopwatch) start() { w.begun = time.Now() }

func (w *stopwatch) stop() { w.total += time.Since(w.begun) }

// seconds returns what was measured until the last stop.
func (w *stopwatch) seconds() float64 { return w.total.Seconds() }
