package weightgen

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// logFile holds one Record per step.
const logFile = "log.jsonl"

// recorder writes what a run leaves behind besides its checkpoints.
type recorder struct {
	options    *Options
	log        *os.File
	begun      time.Time
	evaluators []*evaluator
	sampler    *sampler
}

func newRecorder(backend compute.Backend, t *Trainer, o *Options) (r *recorder, err error) {
	r = &recorder{options: o, begun: time.Now()}
	for _, h := range o.Held {
		e, err := newEvaluator(t.model, t.data, h)
		if err != nil {
			return nil, err
		}
		r.evaluators = append(r.evaluators, e)
	}
	path := filepath.Join(o.Dir, logFile)
	if err := cutLog(path, t.step); err != nil {
		return nil, err
	}
	if len(o.Held) > 0 {
		if r.sampler, err = newSampler(backend, t.model, o.Config.evalBatch()); err != nil {
			return nil, err
		}
	}
	r.log, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	return r, err
}

// step records the loss of the step that t has just done, and the errors on held-out data if they are due.
func (r *recorder) step(ctx context.Context, t *Trainer, loss float32) (*Record, error) {
	record := &Record{Step: t.step, Loss: loss, LR: t.model.config.rate(t.step - 1), Seconds: time.Since(r.begun).Seconds()}
	if t.step%r.options.EvalEvery == 0 || t.step == t.model.config.Steps {
		var err error
		if record.Held, err = r.evaluate(ctx, t); err != nil {
			return nil, err
		}
	}
	line, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	if _, err := r.log.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("write the log: %w", err)
	}
	if r.options.Progress != nil {
		r.options.Progress(*record)
	}
	return record, nil
}

func (r *recorder) evaluate(ctx context.Context, t *Trainer) (map[string]Errors, error) {
	results := map[string]Errors{}
	for _, e := range r.evaluators {
		errs, err := e.errors(ctx, r.sampler, t.averaged())
		if ctx.Err() != nil {
			return nil, nil // the loop is about to notice
		}
		if err != nil {
			return nil, err
		}
		results[e.held.Name] = errs
	}
	return results, nil
}

func (r *recorder) close() {
	r.log.Close()
	if r.sampler != nil {
		r.sampler.program.Close()
	}
}

// cutLog removes the lines of steps that are about to be repeated, and what a killed process left unfinished.
func cutLog(path string, step int) error {
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer old.Close()
	return atomicfile.Write(path, func(w io.Writer) error {
		for lines := bufio.NewScanner(old); lines.Scan(); {
			var r Record
			if json.Unmarshal(lines.Bytes(), &r) != nil || r.Step > step {
				return nil
			}
			if _, err := fmt.Fprintf(w, "%s\n", lines.Bytes()); err != nil {
				return err
			}
		}
		return nil
	})
}
