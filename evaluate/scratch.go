package evaluate

import (
	"context"
	"fmt"

	"github.com/warmstart-ml/warmstart/gan"
)

// scratchPoints is the number of measurements of a training from scratch.
const scratchPoints = 10

// psnrOf returns a measure of generators for a concept.
func (r *racer) psnrOf(ctx context.Context, a ask) (func(values [][]float32, p *Point) error, error) {
	e, err := r.scenes.exam(ctx, a)
	return func(values [][]float32, p *Point) (err error) {
		p.PSNR, err = r.whole.psnr(values, e)
		return err
	}, err
}

// fromScratch does a whole training from scratch. Its time is that of the steps alone: nothing is compiled or measured in it.
func (r *racer) fromScratch(ctx context.Context, a ask, config gan.Config, measure func([][]float32, *Point) error) (f finish, err error) {
	trainer, err := r.scratchTrainer(config)
	if err != nil {
		return f, err
	}
	pairs, err := r.scenes.lessons(ctx, a)
	if err != nil {
		return f, err
	}
	data := batches(pairs, config.Batch)
	var watch stopwatch
	for part := range scratchPoints {
		from, to := part*config.Steps/scratchPoints, (part+1)*config.Steps/scratchPoints
		if to == from {
			continue // fewer steps than points
		}
		watch.start()
		for step := from; step < to; step++ {
			if err := ctx.Err(); err != nil {
				return f, err
			}
			if err := advance(trainer, data, step+1); err != nil {
				return f, fmt.Errorf("train %s from scratch: %w", a.ID, err)
			}
		}
		watch.stop()
		if f.values, err = trainer.Trained(); err != nil {
			return f, err
		}
		p := Point{Seconds: watch.seconds(), Steps: to}
		if err := measure(f.values, &p); err != nil {
			return f, err
		}
		f.Seconds, f.PSNR, f.Curve = p.Seconds, p.PSNR, append(f.Curve, p)
	}
	return f, nil
}

// scratchTrainer returns the trainer for a configuration, at its beginning.
func (r *racer) scratchTrainer(config gan.Config) (*gan.Trainer, error) {
	key := Recipe{config.Loss, config.Beta1, config.Batch}
	t := r.scratch[key]
	if t == nil {
		var err error
		if t, err = newTrainer(r.backend, r.o.Models.Base, config); err != nil {
			return nil, err
		}
		r.scratch[key] = t
	}
	return t, t.Reset(config, gan.Start{})
}
