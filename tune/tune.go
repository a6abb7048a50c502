package tune

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// Run trains as the options say. When ctx is cancelled the error is an *InterruptedError, and when the training diverges a
// *DivergedError: then there is a result as well, which holds the best weights so far (the newest, against a discriminator) or the last
// good ones. Any other error comes without a result.
func Run(ctx context.Context, backend compute.Backend, o Options) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &run{o: &o, backend: backend}
	defer r.close()
	r.clock.start()
	err := r.all(ctx)
	var interrupted *InterruptedError
	var diverged *DivergedError
	switch {
	case errors.As(err, &interrupted):
		interrupted.Kept = r.end.step
	case errors.As(err, &diverged):
		r.end = r.good
		diverged.Kept = r.end.step
		if err := r.measure(); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	r.clock.stop()
	return r.result(), err
}

// all does one phase after the other.
func (r *run) all(ctx context.Context) error {
	for i, p := range r.o.phases() {
		t, err := r.trainer(p, i == 0)
		if err != nil {
			return err
		}
		err = r.phase(ctx, t, p)
		t.Close()
		if err != nil || r.reached {
			return err
		}
	}
	return nil
}

// run is a training at work.
type run struct {
	o       *Options
	backend compute.Backend
	clock   clock

	meter *meter // nil until the quality is measured
	watch watch
	last  gan.Losses
	step  int // done, in all phases
	next  int // the number of steps after which the quality is measured
	curve []Point

	end     snapshot // the newest
	good    snapshot // the newest that is known to be healthy
	best    snapshot // the one of the highest quality, of those that were measured
	reached bool
}

// snapshot is a copy of what is trained, after a step.
type snapshot struct {
	phase         *phase
	step          int
	trained       [][]float32
	discriminator [][]float32
	psnr          float64 // 0 if it wasn't measured
}

// trainer compiles a phase's step.
func (r *run) trainer(p *phase, first bool) (*gan.Trainer, error) {
	base, start := r.o.Base, gan.Start{Discriminator: r.o.Discriminator}
	var target *gan.Parametrization
	switch {
	case p.adapter:
		target, start.Trained = base.Parametrization(), r.o.Start
	case !first:
		start = gan.Start{Trained: r.values(r.end), Discriminator: r.end.discriminator}
	case r.o.From == Generated:
		w, err := base.Apply(&lora.Adapter{Values: r.o.Start})
		if err != nil {
			return nil, err
		}
		start.Trained = w.Values
	case r.o.From == Weights:
		start.Trained = r.o.Start
	case r.o.From == Zero:
		start.Trained = base.Generator.Values
	}
	t, err := gan.NewParametrizedTrainer(r.backend, p.config, target)
	if err != nil {
		return nil, err
	}
	if err := t.Reset(p.config, start); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// phase trains until the phase or the budget ends.
func (r *run) phase(ctx context.Context, t *gan.Trainer, p *phase) error {
	r.watch = watch{}
	if err := r.snapshot(t, p); err != nil {
		return err
	}
	if r.step == 0 {
		if err := r.measure(); err != nil {
			return err
		}
	}
	r.good = r.end
	plan := plan{phase: p, decay: r.o.Settings.Decay}
	for !r.reached && t.StepsDone() < t.Config().Steps {
		if ctx.Err() != nil {
			return r.interrupt(ctx, t, p)
		}
		if err := r.train(t, p); err != nil {
			return err
		}
		if err := plan.update(t, r.step, r.clock.seconds()); err != nil {
			return err
		}
		if r.step < r.next && t.StepsDone() < t.Config().Steps {
			continue
		}
		if err := r.snapshot(t, p); err != nil {
			return err
		}
		if r.step >= r.next || p.last {
			if err := r.measure(); err != nil {
				return err
			}
		}
	}
	return nil
}

// snapshotEvery is the number of steps between snapshots. They take less than a thousandth of the time.
const snapshotEvery = 10

// train does a step. An error about the losses is a *DivergedError.
func (r *run) train(t *gan.Trainer, p *phase) error {
	x, y, err := r.o.Train.Batch(r.step)
	if err != nil {
		return fmt.Errorf("data of step %d: %w", r.step+1, err)
	}
	if r.last, err = t.Step(x, y); err != nil {
		return err
	}
	r.step++
	if !r.watch.add(r.last) {
		return &DivergedError{Step: r.step, Losses: r.last}
	}
	if t.StepsDone()%snapshotEvery != 0 {
		return nil
	}
	if r.watch.healthy() { // so says what came after the newest one
		r.good = r.end
	}
	return r.snapshot(t, p)
}

// snapshot takes a copy of what is trained as it is now. It is a *DivergedError if that isn't finite.
func (r *run) snapshot(t *gan.Trainer, p *phase) (err error) {
	s := snapshot{phase: p, step: r.step}
	if s.trained, err = t.Trained(); err != nil {
		return err
	}
	if !nn.Finite(s.trained...) {
		return &DivergedError{Step: r.step, Losses: r.last}
	}
	if s.discriminator, err = t.Discriminator(); err != nil {
		return err
	}
	r.end = s
	return nil
}

// values returns the generator's weights.
func (r *run) values(s snapshot) [][]float32 {
	if s.phase.adapter {
		return r.o.Base.Layout.Merge(r.o.Base.Generator.Values, s.trained)
	}
	return s.trained
}

// interrupt ends with the best snapshot by PSNR, or with the newest where that is not what is trained for.
func (r *run) interrupt(ctx context.Context, t *gan.Trainer, p *phase) error {
	if err := r.snapshot(t, p); err != nil {
		return err
	}
	if err := r.measure(); err != nil {
		return err
	}
	if r.best.psnr > r.end.psnr && r.o.Settings.Loss == gan.LossNone {
		r.end = r.best
		r.curve = append(r.curve, Point{Seconds: r.clock.seconds(), Step: r.end.step, L1: r.watch.smooth, PSNR: r.end.psnr})
	}
	return &InterruptedError{Step: r.step, cause: context.Cause(ctx)}
}

// result is what the training ended with.
func (r *run) result() *Result {
	s := r.end
	out := &Result{
		Discriminator: s.discriminator, Curve: r.curve, Steps: r.step, Seconds: r.clock.seconds(), Reached: r.reached,
		Generator: &gan.Weights{Config: s.phase.config, Step: s.step, Values: r.values(s)},
	}
	out.Generator.Config.Steps = max(r.step, 1)
	out.Generator.Config.DecaySteps = min(out.Generator.Config.DecaySteps, out.Generator.Config.Steps)
	if s.phase.adapter && !r.o.AllWeights {
		out.Adapter = s.trained
	}
	return out
}

func (r *run) close() {
	if r.meter != nil {
		r.meter.model.Close()
	}
}
