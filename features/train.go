package features

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
)

// WeightsFile is the network in a run's folder, written at the end.
const WeightsFile = "features.safetensors"

// Options tell Train what to do.
type Options struct {
	Config   Config
	Pictures *corpus.Corpus
	// Test holds pictures that nothing is learnt from, which the accuracy in the log is measured on.
	Test *corpus.Corpus
	// Dir is the run's folder. It is made if need be. If it holds a checkpoint, the run goes on from there.
	Dir string
	// SaveEvery is the least time between checkpoints; 0 means a minute. There is always one at the end.
	SaveEvery time.Duration
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer

	observe func(record) // for tests: receives what is logged
}

// record is a line of the log.
type record struct {
	Step int     `json:"step"`
	Loss float32 `json:"loss"` // cross-entropy in nats, summed over the labels
	LR   float64 `json:"lr"`
	// Accuracy on pictures that nothing is learnt from, in every tenth of the training: for pictures with k ingredients each, the share of
	// these among the k labels that the network thinks likeliest.
	Accuracy *float64 `json:"accuracy,omitempty"`
	Seconds  float64  `json:"seconds"` // since this process began to train
}

// Train trains a network to the end, or until ctx is cancelled: then it saves a checkpoint and returns ctx's error. Called again, it goes
// on, to the same bits as if it had not been interrupted.
func Train(ctx context.Context, backend compute.Backend, o Options) (*Weights, error) {
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
	examiner, err := newExaminer(t, o.Test)
	if err != nil {
		return nil, err
	}
	defer examiner.program.Close()
	if err := t.loop(ctx, o, examiner); err != nil {
		return nil, err
	}
	w, err := t.weights()
	if err != nil {
		return nil, err
	}
	return w, w.Write(filepath.Join(o.Dir, WeightsFile))
}

// start resumes the run in a folder or begins one.
func start(backend compute.Backend, o Options) (*trainer, error) {
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
func (t *trainer) loop(ctx context.Context, o Options, e *examiner) error {
	l := trainloop.Loop{Dir: o.Dir, SaveEvery: o.SaveEvery, Progress: o.Progress, Steps: t.config.Steps, Images: t.config.Batch}
	accuracy, every := "", max(t.config.Steps/10, 1)
	return l.Run(ctx, t, func(seconds func() float64) (any, string, error) {
		r := record{LR: t.config.rate(t.step)}
		var err error
		if r.Loss, err = t.Step(); err != nil {
			return nil, "", err
		}
		if r.Step = t.step; math.IsNaN(float64(r.Loss)) || math.IsInf(float64(r.Loss), 0) {
			return nil, "", t.diverged()
		}
		if t.step%every == 0 || t.step == t.config.Steps {
			// It takes a moment, and is what a resumed training would not do again: so it is not interrupted.
			a, err := e.accuracy(context.WithoutCancel(ctx), t.state[:len(t.network.params.List())])
			if err != nil {
				return nil, "", err
			}
			r.Accuracy, accuracy = &a, fmt.Sprintf("  accuracy %.3f", a)
		}
		r.Seconds = seconds()
		if o.observe != nil {
			o.observe(r)
		}
		return r, fmt.Sprintf("loss %.3f%s", r.Loss, accuracy), nil
	})
}
