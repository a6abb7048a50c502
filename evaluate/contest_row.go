package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/tune"
)

// trial is a concept at work in a contest.
type trial struct {
	*contest
	ctx   context.Context
	ask   ask
	data  *corpus.Pairs
	panel *panel
	row   *ContestRow
}

// run lets all methods loose on a concept. Other is the concept whose prompt is the wrong one.
func (t *contest) run(ctx context.Context, a, other ask) (ContestRow, error) {
	watch := contention.Begin()
	row := ContestRow{
		Concept: a.ID, Group: a.Group, Prompt: a.prompt,
		Methods: map[string]Method{}, Curves: map[string][]Point{}, Pictures: map[string]*imageio.Image{},
	}
	r := &trial{contest: t, ctx: ctx, ask: a, row: &row}
	var err error
	if r.data, err = t.data(ctx, a); err != nil {
		return row, err
	}
	if r.panel, err = t.jury.panel(ctx, t.set, a); err != nil {
		return row, err
	}
	if err := r.input(); err != nil {
		return row, err
	}
	published, best, err := r.fromScratch()
	if err != nil {
		return row, err
	}
	made, wrong, err := r.fromText(published, best, other)
	if err != nil {
		return row, err
	}
	if err := r.fromZero(published, best); err != nil {
		return row, err
	}
	if err := r.table(made, wrong); err != nil {
		return row, err
	}
	row.Contention = watch.End()
	return row, nil
}

// data returns the pairs to learn a concept from.
func (t *contest) data(ctx context.Context, a ask) (*corpus.Pairs, error) {
	return t.scenes.lessons(ctx, a)
}

// input judges the pictures as they are.
func (t *trial) input() error {
	inputs := pictures(t.panel.exam.x, t.jury.size)
	score, err := t.jury.score(t.ctx, inputs, t.panel)
	if err != nil {
		return err
	}
	t.row.Methods[MethodInput] = Method{Score: score}
	t.row.Pictures[pictureTarget], t.row.Pictures[MethodInput] = t.panel.targets[0], inputs[0]
	return nil
}

// glance measures a point of a curve.
func (t *trial) glance(values [][]float32, p *Point) (err error) {
	p.FID, p.PSNR, err = t.jury.glance(t.ctx, values, t.panel)
	return err
}

// finish judges a whole generator.
func (t *trial) finish(name string, values [][]float32, seconds float64, steps int) error {
	outputs, err := t.jury.outputs(values, t.panel)
	if err != nil {
		return err
	}
	score, err := t.jury.score(t.ctx, outputs, t.panel)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", t.ask.ID, name, err)
	}
	t.row.Methods[name] = Method{Score: score, Seconds: seconds, Steps: steps}
	t.row.Pictures[name] = outputs[0]
	return nil
}

// fromScratch trains from random weights: as published, and in the best way found.
func (t *trial) fromScratch() (published, best finish, err error) {
	for _, v := range []struct {
		name string
		way  Candidate
		end  *finish
	}{{MethodScratch, t.config.published(), &published}, {MethodScratchBest, t.best, &best}} {
		config, err := t.config.scratchConfig(t.o.Models.Base, v.way, t.config.Race.Steps)
		if err != nil {
			return published, best, err
		}
		if *v.end, err = t.racer.fromScratch(t.ctx, t.ask, config, t.glance); err != nil {
			return published, best, err
		}
		if err := t.finish(v.name, v.end.values, v.end.Seconds, config.Steps); err != nil {
			return published, best, err
		}
		t.row.Curves[v.name] = v.end.Curve
	}
	return published, best, nil
}

// fidOf is the FID at the end of a training from scratch.
func (f finish) fid() float64 { return f.Curve[len(f.Curve)-1].FID }

// When a journey is over although it has not got as far as from scratch: in the end, and sooner where PSNR has.
const patience = 0.25 // of the budget

// journey begins one to what both trainings from scratch end with.
func (t *trial) journey(published, best finish, budget float64) (*journey, error) {
	j, err := t.newJourney(t.ctx, t.ask, budget)
	if err != nil {
		return nil, err
	}
	b := t.o.Models.Base
	j.apart = true
	j.measure = func(phase string, values [][]float32, p *Point) error {
		if phase != phaseAll {
			values = b.Layout.Merge(b.Generator.Values, values)
		}
		return t.glance(values, p)
	}
	j.enough = func(p Point) bool {
		return p.PSNR >= max(published.PSNR, best.PSNR) && (p.FID <= min(published.fid(), best.fid()) || p.Seconds >= patience*budget)
	}
	return j, nil
}

// fromText goes from the prompt to the quality from scratch. It returns the adapters that the generator makes of it and of the wrong prompt.
func (t *trial) fromText(published, best finish, other ask) (made, wrong [][]float32, err error) {
	j, err := t.journey(published, best, max(published.Seconds, best.Seconds))
	if err != nil {
		return nil, nil, err
	}
	err = j.fromText(t.ask, func(g Generator) (err error) {
		if made, err = g.Adapter(t.ctx, t.ask.prompt); err != nil {
			return err
		}
		wrong, err = g.Adapter(t.ctx, other.prompt)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	t.row.Curves[MethodGenerated] = j.curve
	t.row.ToPSNR = versus(published, best, func(f finish) arrival { return toPSNR(f, j.curve) })
	t.row.ToFID = versus(published, best, func(f finish) arrival { return toFID(f, j.curve) })
	return made, wrong, nil
}

// zeroShare is the share of the time from scratch for which the zero adapter is tuned for its curve.
const zeroShare = 0.5

// fromZero draws the curve of the zero adapter.
func (t *trial) fromZero(published, best finish) error {
	j, err := t.journey(published, best, zeroShare*published.Seconds)
	if err != nil {
		return err
	}
	start := t.o.Models.Base.Layout.Initial()
	j.watch.start()
	done, err := j.record(phaseZero, 0, start)
	if err != nil {
		return err
	}
	if !done {
		c := t.config.warmConfig(t.config.adapterConfig(t.o.Models.Base, 1, t.zero.Adapter.LR, t.config.Warm.Beta1))
		if _, _, err := j.tune(phaseAdapter, c, start, 0); err != nil {
			return err
		}
	}
	j.curve[0].Seconds = 0 // it took no work
	t.row.Curves[MethodZero] = j.curve
	return nil
}

// start is an adapter to tune from.
type start struct {
	name    string
	adapter [][]float32
	seconds float64 // to get there
}

// starts returns those of the table. The generator makes one of the prompt, and one of a wrong prompt.
func (t *trial) starts(made, wrong [][]float32, generating float64) ([]start, error) {
	list := []start{
		{MethodGenerated, made, generating}, {MethodZero, t.o.Models.Base.Layout.Initial(), 0}, {MethodMean, t.o.Models.Mean, 0},
		{MethodShuffled, wrong, generating},
	}
	if len(t.o.Models.Zoo) == 0 {
		return list, nil
	}
	adapter, id, err := t.nearest(t.ask.prompt, "")
	t.row.Nearest = id
	return append(list, start{MethodNearest, adapter, 0}), err
}

// table tunes from all starts.
func (t *trial) table(made, wrong [][]float32) error {
	generating := t.row.Curves[MethodGenerated][0].Seconds
	starts, err := t.starts(made, wrong, generating)
	if err != nil {
		return err
	}
	base := t.o.Models.Base
	for _, s := range starts {
		if err := t.finish(s.name, base.Layout.Merge(base.Generator.Values, s.adapter), s.seconds, 0); err != nil {
			return err
		}
		for _, end := range endingsOf(s.name) {
			name, way := s.name+end, t.ending(end)
			if s.name == MethodZero {
				t.handicap(&way, generating)
			}
			f, err := t.tuned(t.ctx, t.data, s.adapter, way)
			if err != nil {
				return fmt.Errorf("tune %s, %s: %w", t.ask.ID, name, err)
			}
			if err := t.finish(name, f.values, s.seconds+f.Seconds, way.steps); err != nil {
				return err
			}
		}
	}
	return nil
}

// handicap gives the zero adapter its own rates, and as much time as it took to generate weights and to tune them.
func (t *trial) handicap(way *tuning, generating float64) {
	ours := way.ending
	if way.warm.Loss != gan.LossNone {
		ours = endGAN
	}
	way.lr = t.zero.All.LR
	if !way.all {
		way.lr = t.zero.Adapter.LR
	}
	took := t.row.Methods[MethodGenerated+ours].Seconds
	if tuned := took - generating; tuned > 0 {
		way.steps = int(math.Ceil(float64(way.steps) * took / tuned))
	}
}

// tuning is a way to tune.
type tuning struct {
	ending string
	all    bool
	warm   tune.Settings
	lr     float64
	steps  int
	disc   [][]float32 // to start the discriminator with; nil: drawn by the seed, or none
}

// ending returns the way of a method's ending.
func (t *contest) ending(end string) tuning {
	c := t.config
	w := tuning{ending: end, all: end != endAdapter && end != endE2GAN, warm: c.Warm, steps: c.Steps}
	switch end {
	case endGAN:
		w.warm, w.steps, w.disc = c.GAN, c.GANSteps, t.o.Models.Discriminator
	case endGANCold:
		w.warm, w.steps = c.GAN, c.GANSteps
	case endE2GAN:
		published := tune.Adversarial(tune.Scratch)
		w.warm, w.steps = c.GAN, c.GANSteps
		w.warm.LambdaL1, w.warm.DiscLR = published.LambdaL1, published.DiscLR
	}
	w.lr = w.warm.AllLR
	if !w.all {
		w.lr = w.warm.LR
	}
	return w
}

// tuned tunes an adapter, or all weights from there, and returns the whole generator. Its time is that of the steps.
func (t *contest) tuned(ctx context.Context, data *corpus.Pairs, adapter [][]float32, w tuning) (f finish, err error) {
	base := t.o.Models.Base
	c := w.warm.Training(base, w.steps)
	c.LR, c.Seed, c.DecaySteps = w.lr, seed, int(w.warm.Decay*float64(w.steps)+0.5)
	start := gan.Start{Trained: adapter, Discriminator: w.disc}
	if w.all {
		c.Base, start.Trained = "", base.Layout.Merge(base.Generator.Values, adapter)
	}
	trainer := t.tuners[w.ending]
	if trainer == nil {
		if trainer, err = newTrainer(t.backend, base, c); err != nil {
			return f, err
		}
		t.tuners[w.ending] = trainer
	}
	if err := trainer.Reset(c, start); err != nil {
		return f, err
	}
	served := batches(data, w.warm.Batch)
	var watch stopwatch
	watch.start()
	if err := errors.Join(ctx.Err(), advance(trainer, served, w.steps)); err != nil {
		return f, err
	}
	watch.stop()
	f.Seconds = watch.seconds()
	if f.values, err = trainer.Trained(); err == nil && !w.all {
		f.values = base.Layout.Merge(base.Generator.Values, f.values)
	}
	return f, err
}
