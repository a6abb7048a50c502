// Package trainloop is what trainings that are resumed by themselves have in common: a folder that one process at a time works in, a log of
// all steps, checkpoints by the clock, and one at the end, which is also where an interruption leaves off.
package trainloop

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/progress"
	"github.com/warmstart-ml/warmstart/internal/steplog"
)

// LogFile has one record a step.
const LogFile = "log.jsonl"

// Loop says where a training leaves what it makes, and how often.
type Loop struct {
	Dir       string
	SaveEvery time.Duration // the least time between checkpoints; 0 means a minute
	Progress  io.Writer     // as progress.New has it
	Steps     int           // of the whole training
	Images    int           // of a step; 0 if it has none
}

// Training is one at work.
type Training interface {
	StepsDone() int
	Save(dir string) error
}

// Claim makes the folder of a training and locks it until release is called.
func Claim(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return checkpoint.Lock(dir)
}

// Run does the steps that are left, or until ctx is cancelled, whose error it then returns. It leaves a checkpoint, unless a step fails.
// Step does one, and returns its record for the log and its status for people; seconds counts from the call of Run.
func (l Loop) Run(ctx context.Context, t Training, step func(seconds func() float64) (record any, status string, err error)) error {
	if l.SaveEvery == 0 {
		l.SaveEvery = time.Minute
	}
	log, err := steplog.Open(filepath.Join(l.Dir, LogFile), t.StepsDone())
	if err != nil {
		return err
	}
	defer log.Close()
	shown := progress.New(l.Progress, t.StepsDone(), l.Steps, l.Images)
	defer shown.Close()
	begun, saved, savedStep := time.Now(), time.Now(), t.StepsDone()
	seconds := func() float64 { return time.Since(begun).Seconds() }
	for t.StepsDone() < l.Steps && ctx.Err() == nil {
		record, status, err := step(seconds)
		if err != nil {
			return err
		}
		if err := log.Write(record); err != nil {
			return err
		}
		shown.Step(t.StepsDone(), status)
		if time.Since(saved) >= l.SaveEvery && t.StepsDone() < l.Steps {
			if err := t.Save(l.Dir); err != nil {
				return err
			}
			saved, savedStep = time.Now(), t.StepsDone()
		}
	}
	if savedStep == t.StepsDone() { // saving a step twice would only push out the previous checkpoint
		return ctx.Err()
	}
	return errors.Join(ctx.Err(), t.Save(l.Dir))
}
