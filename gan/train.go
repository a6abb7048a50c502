package gan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
)

// Batches serves training data. Package pairs implements it.
type Batches interface {
	// Batch returns the sources and targets of a step, counted from 0, each [batch, size, size, 3] in [-1,1].
	// They must be a function of the step alone, or a resumed run would differ from an unbroken one. The slices
	// may be reused by the next call.
	Batch(step int) (x, y []float32, err error)
}

// Sample is a pair that sample sheets show: source and target of any size, not necessarily of training.
type Sample struct{ Source, Target *imageio.Image }

// Options tell Train what to do.
type Options struct {
	Config Config
	Data   Batches
	// Parametrization says what is trained; nil: all of the generator's weights.
	Parametrization *Parametrization
	// Start holds the values to begin with, unless the run is resumed.
	Start Start
	// Dir is the run's folder. It is made if need be, and receives checkpoints, log.jsonl (the losses of each
	// step), TensorBoard events, and samples/step-N.png.
	Dir string
	// Resume goes on from the checkpoint in Dir. Without it, a folder that holds one is refused.
	Resume bool
	// SaveEvery is the least time between checkpoints; 0 means ten seconds. It is stretched so that saving takes at most
	// a thirtieth of the time. There is always one at the start and one at the end.
	SaveEvery time.Duration
	// SampleEvery is the number of steps between sample sheets of Samples; 0 means one sheet at the end.
	SampleEvery int
	Samples     []Sample
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
}

// Summary is the outcome of a run.
type Summary struct {
	Steps           int     `json:"steps"` // done in total, including those before a resume
	Losses          Losses  `json:"losses"`
	Seconds         float64 `json:"seconds"`           // of training in this call
	ImagesPerSecond float64 `json:"images_per_second"` // likewise
}

// InterruptedError tells that the context was cancelled and that the run can be resumed.
type InterruptedError struct {
	Dir         string
	Step, Steps int
	cause       error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted at step %d of %d: the checkpoint is in %s, resume from it with --resume", e.Step, e.Steps, e.Dir)
}

// Unwrap returns the context's error.
func (e *InterruptedError) Unwrap() error { return e.cause }

// Train runs a training to its end, or until ctx is cancelled: then it saves a checkpoint and returns an
// *InterruptedError.
func Train(ctx context.Context, backend compute.Backend, o Options) (*Summary, error) {
	if o.SaveEvery == 0 {
		o.SaveEvery = 10 * time.Second
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	t, err := start(backend, &o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	rec, err := newRecorder(backend, t, &o)
	if err != nil {
		return nil, err
	}
	defer rec.close()
	summary, err := loop(ctx, t, rec, &o)
	if err != nil {
		return nil, err
	}
	if err := t.Save(o.Dir); err != nil {
		return nil, err
	}
	return summary, t.SaveWeights(filepath.Join(o.Dir, WeightsFile))
}

// start makes a new trainer or resumes one.
func start(backend compute.Backend, o *Options) (*Trainer, error) {
	if o.Resume {
		t, notice, err := ResumeParametrized(backend, o.Dir, o.Config, o.Parametrization)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no checkpoint to resume from: train without --resume", o.Dir)
		}
		if notice != "" && o.Progress != nil {
			fmt.Fprintln(o.Progress, notice)
		}
		return t, err
	}
	if checkpoint.Exists(o.Dir) {
		return nil, fmt.Errorf("%s holds a training run already: go on with --resume, or choose another folder", o.Dir)
	}
	t, err := newTrainer(backend, o.Config, o.Parametrization)
	if err != nil {
		return nil, err
	}
	if err = t.Reset(o.Config, o.Start); err == nil {
		err = t.Save(o.Dir) // from now on the run can be resumed, whenever it is killed
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// loop does the steps that are left.
func loop(ctx context.Context, t *Trainer, rec *recorder, o *Options) (*Summary, error) {
	first, begun := t.step, time.Now()
	savedStep, savedAt, every := t.step, time.Now(), o.SaveEvery
	var last Losses
	for t.step < o.Config.Steps {
		if ctx.Err() != nil {
			if savedStep != t.step { // saving a step twice would only push out the previous checkpoint
				if err := t.Save(o.Dir); err != nil {
					return nil, errors.Join(ctx.Err(), err)
				}
			}
			return nil, &InterruptedError{Dir: o.Dir, Step: t.step, Steps: o.Config.Steps, cause: ctx.Err()}
		}
		x, y, err := o.Data.Batch(t.step)
		if err != nil {
			return nil, fmt.Errorf("data of step %d: %w", t.step+1, err)
		}
		if last, err = t.Step(x, y); err != nil {
			return nil, err
		}
		if !last.finite() {
			return nil, fmt.Errorf("training diverged at step %d (losses %+v): lower the learning rate; "+
				"the last checkpoint in %s is from before", t.step, last, o.Dir)
		}
		if err := rec.step(ctx, t, last); err != nil {
			return nil, err
		}
		if begin := time.Now(); begin.Sub(savedAt) >= every && t.step < o.Config.Steps {
			if err := t.Save(o.Dir); err != nil {
				return nil, err
			}
			savedStep, savedAt = t.step, time.Now()
			every = max(o.SaveEvery, 30*savedAt.Sub(begin))
		}
	}
	seconds := time.Since(begun).Seconds()
	rate := float64((t.step-first)*o.Config.Batch) / max(seconds, 1e-9)
	return &Summary{Steps: t.step, Losses: last, Seconds: seconds, ImagesPerSecond: rate}, nil
}
