package base

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/progress"
	"github.com/warmstart-ml/warmstart/internal/steplog"
	"github.com/warmstart-ml/warmstart/lora"
)

// Files in a run's folder, beside its checkpoints.
const (
	BaseFile = "base.safetensors" // the base, written at the end
	logFile  = "log.jsonl"        // one JSON object per step
)

// Options tell Train what to do.
type Options struct {
	Config   Config
	Pictures *corpus.Corpus
	// Dir is the run's folder. It is made if need be. If it holds a checkpoint, the run goes on from there.
	Dir string
	// SaveEvery is the least time between checkpoints; 0 means a minute. There is always one at the end.
	SaveEvery time.Duration
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
}

// record is a line of the log.
type record struct {
	Step int `json:"step"`
	Losses
	Seconds float64 `json:"seconds"` // since this process began to train
}

// Result is what a training ends with.
type Result struct {
	Base *lora.Base
	// Adapters are those of all concepts, by ID: all of an adapter's values, one tensor after the other.
	Adapters map[string][]float32
}

// Train trains a base to the end, or until ctx is cancelled: then it saves a checkpoint and returns ctx's error. Called again, it goes on.
func Train(ctx context.Context, backend compute.Backend, o Options) (*Result, error) {
	if o.SaveEvery == 0 {
		o.SaveEvery = time.Minute
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	unlock, err := checkpoint.Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	t, err := start(backend, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if err := t.loop(ctx, o); err != nil {
		return nil, err
	}
	var r Result
	if r.Base, err = t.Base(); err != nil {
		return nil, err
	}
	if r.Adapters, err = t.Adapters(); err != nil {
		return nil, err
	}
	return &r, r.Base.Write(filepath.Join(o.Dir, BaseFile))
}

// start resumes the run in a folder or begins one.
func start(backend compute.Backend, o Options) (*Trainer, error) {
	if !checkpoint.Exists(o.Dir) {
		return newFresh(backend, o.Config, o.Pictures)
	}
	t, notice, err := resume(backend, o.Dir, o.Config, o.Pictures)
	if notice != "" && o.Progress != nil {
		fmt.Fprintln(o.Progress, notice)
	}
	return t, err
}

// loop does the steps that are left, and leaves a checkpoint.
func (t *Trainer) loop(ctx context.Context, o Options) error {
	log, err := steplog.Open(filepath.Join(o.Dir, logFile), t.step)
	if err != nil {
		return err
	}
	defer log.Close()
	steps, images := t.config.Generator.Steps, t.config.Together*t.config.Generator.Batch
	shown := progress.New(o.Progress, t.step, steps, images)
	defer shown.Close()
	begun, saved, savedStep := time.Now(), time.Now(), t.step
	for t.step < steps && ctx.Err() == nil {
		l, err := t.Step()
		if err != nil {
			return err
		}
		if sum := float64(l.Edits + l.Identity); math.IsNaN(sum) || math.IsInf(sum, 0) {
			return t.diverged(o.Dir)
		}
		if err := log.Write(record{t.step, l, time.Since(begun).Seconds()}); err != nil {
			return err
		}
		shown.Step(t.step, fmt.Sprintf("L1 %.4f  identity %.4f", l.Edits, l.Identity))
		if time.Since(saved) >= o.SaveEvery && t.step < steps {
			if err := t.save(o.Dir); err != nil {
				return err
			}
			saved, savedStep = time.Now(), t.step
		}
	}
	if savedStep == t.step { // saving a step twice would only push out the previous checkpoint
		return ctx.Err()
	}
	return errors.Join(ctx.Err(), t.save(o.Dir))
}
