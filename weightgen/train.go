package weightgen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"
)

// Options tell Train what to do.
type Options struct {
	Config Config
	Data   *Dataset
	// Held are datasets that nothing is learnt from: adapters of other concepts, or the training's own with wordings
	// that Data lacks. Their errors are logged every EvalEvery steps (0 means a tenth of all steps) and at the end.
	Held      []Held
	EvalEvery int
	// Dir is the run's folder. It is made if need be, and receives checkpoints, log.jsonl and the final weights.
	Dir string
	// Resume goes on from the checkpoint in Dir. Without it, a folder that holds one is refused.
	Resume bool
	// SaveEvery is the time between checkpoints; 0 means a minute. There is always one at the end.
	SaveEvery time.Duration
	// Progress, if not nil, is called after each step with what has been logged.
	Progress func(Record)
	// Notice, if not nil, receives what the user should know, such as that a damaged checkpoint was passed over.
	Notice func(string)
}

// Record is a line of log.jsonl.
type Record struct {
	Step int     `json:"step"`
	Loss float32 `json:"loss"` // mean squared error of the target, in normalised units
	LR   float64 `json:"lr"`
	// Seconds since this process began to train.
	Seconds float64 `json:"seconds"`
	// Held has the errors of one-step samples by the name of the held-out dataset, where they are due.
	Held map[string]Errors `json:"held,omitempty"`
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

// Train runs a training to its end and returns the last record, or until ctx is cancelled: then it saves a
// checkpoint and returns an *InterruptedError.
func Train(ctx context.Context, backend compute.Backend, o Options) (*Record, error) {
	if o.SaveEvery == 0 {
		o.SaveEvery = time.Minute
	}
	if o.EvalEvery == 0 {
		o.EvalEvery = max(o.Config.Steps/10, 1)
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
	last, err := loop(ctx, t, rec, &o)
	if err != nil {
		return nil, err
	}
	if err := t.Save(o.Dir); err != nil {
		return nil, err
	}
	return last, t.SaveWeights(filepath.Join(o.Dir, WeightsFile))
}

// start makes a new trainer or resumes one.
func start(backend compute.Backend, o *Options) (*Trainer, error) {
	if o.Resume {
		t, notice, err := Resume(backend, o.Dir, o.Config, o.Data)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no checkpoint to resume from: train without --resume", o.Dir)
		}
		if notice != "" && o.Notice != nil {
			o.Notice(notice)
		}
		return t, err
	}
	for _, name := range []string{CheckpointFile, PreviousFile} {
		if _, err := os.Stat(filepath.Join(o.Dir, name)); err == nil {
			return nil, fmt.Errorf("%s holds a training run already: go on with --resume, or choose another folder", o.Dir)
		}
	}
	return NewTrainer(backend, o.Config, o.Data)
}

// loop does the steps that are left.
func loop(ctx context.Context, t *Trainer, rec *recorder, o *Options) (*Record, error) {
	last := &Record{Step: t.step}
	savedStep, savedAt := t.step, time.Now()
	for t.step < o.Config.Steps {
		if ctx.Err() != nil {
			// Saving a step twice would only push out the previous checkpoint.
			if savedStep != t.step || t.step == 0 {
				if err := t.Save(o.Dir); err != nil {
					return nil, errors.Join(ctx.Err(), err)
				}
			}
			return nil, &InterruptedError{Dir: o.Dir, Step: t.step, Steps: o.Config.Steps, cause: ctx.Err()}
		}
		loss, err := t.Step()
		if err != nil {
			return nil, err
		}
		if math.IsNaN(float64(loss)) || math.IsInf(float64(loss), 0) {
			return nil, fmt.Errorf("training diverged at step %d (loss %g): lower the learning rate; "+
				"the last checkpoint in %s is from before", t.step, loss, o.Dir)
		}
		if last, err = rec.step(ctx, t, loss); err != nil {
			return nil, err
		}
		if time.Since(savedAt) >= o.SaveEvery && t.step < o.Config.Steps {
			if err := t.Save(o.Dir); err != nil {
				return nil, err
			}
			savedStep, savedAt = t.step, time.Now()
		}
	}
	return last, nil
}
