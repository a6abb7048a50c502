package weightgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/trainloop"
)

// WeightsFile has the averaged weights in a run's folder, written at the end. The log has one Record per step.
const WeightsFile = "weightgen.safetensors"

// Run says where a training leaves what it makes, and how often.
type Run struct {
	// Dir is the run's folder. It is made if need be. If it holds a checkpoint, the run goes on from there.
	Dir string
	// SaveEvery is the least time between checkpoints; 0 means a minute. There is always one at the end.
	SaveEvery time.Duration
	// EvalEvery is the number of steps between evaluations on held-out data, besides the one at the end; 0 means a tenth of all steps.
	EvalEvery int
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer

	observe func(Record) // for tests: receives what is logged
}

// Record is a line of log.jsonl.
type Record struct {
	Step int `json:"step"`
	// Loss is, in the first stage, the mean squared error of the target in normalised units; in the second, the mean absolute error of
	// pictures in [-1,1].
	Loss float32 `json:"loss"`
	LR   float64 `json:"lr"`
	// Seconds since this process began to train.
	Seconds float64 `json:"seconds"`
	// Held has the errors of one-step samples by the name of the held-out dataset, in the first stage, where they are due.
	Held map[string]Errors `json:"held,omitempty"`
	// Quality has that of pictures by the group of unseen concepts, in the second stage, where it is due.
	Quality map[string]Quality `json:"quality,omitempty"`
}

// Result is what a training ends with.
type Result struct {
	Weights *Weights // averaged
	Last    Record   // of the last step; empty but for its number if all had been done before
}

// training is one of the two stages at work.
type training interface {
	StepsDone() int
	Step() (float32, error)
	Save(dir string) error
	Weights() (*Weights, error)
	Close()

	settings() Optimiser
	images() int // of a step; 0 in the first stage
	// evaluate adds to the record what is due on held-out data. If ctx is cancelled, it may add nothing.
	evaluate(ctx context.Context, r *Record) error
}

// do trains to the end, or until ctx is cancelled: then it saves a checkpoint and returns ctx's error. Begin makes the training, from
// the folder's checkpoint if it has one.
func (o Run) do(ctx context.Context, begin func() (training, error)) (*Result, error) {
	unlock, err := trainloop.Claim(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	t, err := begin()
	if err != nil {
		return nil, err
	}
	defer t.Close()
	r := &Result{}
	if r.Last, err = o.loop(ctx, t); err != nil {
		return nil, o.explain(err)
	}
	if r.Weights, err = t.Weights(); err != nil {
		return nil, err
	}
	return r, r.Weights.WriteFile(filepath.Join(o.Dir, WeightsFile))
}

// notice tells the user something, unless it is empty.
func (o Run) notice(text string) {
	if text != "" && o.Progress != nil {
		fmt.Fprintln(o.Progress, text)
	}
}

// explain adds to the error of a training that diverged what it can go on from.
func (o Run) explain(err error) error {
	var d *divergedError
	if errors.As(err, &d) && checkpoint.Exists(o.Dir) {
		return fmt.Errorf("%w; %s is from before", err, filepath.Join(o.Dir, checkpoint.File))
	}
	return err
}

// loop does the steps that are left, and leaves a checkpoint. It returns the last record.
func (o Run) loop(ctx context.Context, t training) (Record, error) {
	l := trainloop.Loop{Dir: o.Dir, SaveEvery: o.SaveEvery, Progress: o.Progress, Steps: t.settings().Steps, Images: t.images()}
	r, quality := Record{Step: t.StepsDone()}, ""
	err := l.Run(ctx, t, func(seconds func() float64) (_ any, _ string, err error) {
		if r, err = o.step(ctx, t, seconds); err != nil {
			return nil, "", err
		}
		if q := r.summary(); q != "" {
			quality = q
		}
		if o.observe != nil {
			o.observe(r)
		}
		return r, fmt.Sprintf("loss %.4f%s", r.Loss, quality), nil
	})
	return r, err
}

// step does a step and what is due after it.
func (o Run) step(ctx context.Context, t training, seconds func() float64) (r Record, err error) {
	optimiser := t.settings()
	r.LR = optimiser.rate(t.StepsDone())
	if r.Loss, err = t.Step(); err != nil {
		return r, err
	}
	r.Step = t.StepsDone()
	if l := float64(r.Loss); math.IsNaN(l) || math.IsInf(l, 0) {
		return r, &divergedError{r.Step}
	}
	every := o.EvalEvery
	if every == 0 {
		every = max(optimiser.Steps/10, 1)
	}
	if r.Step%every == 0 || r.Step == optimiser.Steps {
		err = t.evaluate(ctx, &r)
	}
	r.Seconds = seconds()
	return r, err
}

// summary says in a few words how good held-out data are, if the record tells.
func (r Record) summary() string {
	var text string
	for _, name := range slices.Sorted(maps.Keys(r.Held)) {
		text += fmt.Sprintf("  %s %.3f", name, r.Held[name].Generated)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Quality)) {
		text += fmt.Sprintf("  %s %.2f dB", name, r.Quality[name].Generated)
	}
	return text
}
