package base

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/trainloop"
	"github.com/warmstart-ml/warmstart/lora"
)

// BaseFile is the base in a run's folder, written at the end.
const BaseFile = "base.safetensors"

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
	unlock, err := trainloop.Claim(o.Dir)
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

// StepsDone returns the number of steps done.
func (t *Trainer) StepsDone() int { return t.step }

// loop does the steps that are left, and leaves a checkpoint.
func (t *Trainer) loop(ctx context.Context, o Options) error {
	g := t.config.Generator
	l := trainloop.Loop{Dir: o.Dir, SaveEvery: o.SaveEvery, Progress: o.Progress, Steps: g.Steps, Images: t.config.Together * g.Batch}
	return l.Run(ctx, t, func(seconds func() float64) (any, string, error) {
		l, err := t.Step()
		if err != nil {
			return nil, "", err
		}
		if sum := float64(l.Edits + l.Identity); math.IsNaN(sum) || math.IsInf(sum, 0) {
			return nil, "", t.diverged(o.Dir)
		}
		return record{t.step, l, seconds()}, fmt.Sprintf("L1 %.4f  identity %.4f", l.Edits, l.Identity), nil
	})
}
