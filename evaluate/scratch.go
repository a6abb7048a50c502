package evaluate

import (
	"context"
	"fmt"

	"github.com/warmstart-ml/warmstart/gan"
)

// scratchPoints is the number of measurements of a training from scratch.
const scratchPoints = 10

// fromScratch does a whole training from scratch. Its time is that of the steps alone: nothing is compiled or measured in it.
func (r *racer) fromScratch(ctx context.Context, a ask, config gan.Config) (f finish, err error) {
	trainer, err := r.scratchTrainer(config)
	if err != nil {
		return f, err
	}
	pairs, err := r.scenes.lessons(ctx, a)
	if err != nil {
		return f, err
	}
	e, err := r.scenes.exam(ctx, a)
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
		values, err := trainer.Trained()
		if err != nil {
			return f, err
		}
		if f.PSNR, err = r.whole.psnr(values, e); err != nil {
			return f, err
		}
		f.Seconds = watch.seconds()
		f.Curve = append(f.Curve, Point{Seconds: f.Seconds, Steps: to, PSNR: f.PSNR})
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
