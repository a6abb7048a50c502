package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/warmstart-ml/warmstart/internal/diskfull"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/lane"
	"github.com/warmstart-ml/warmstart/server/shelf"
)

// run does a job, from where it is to its end or until it is interrupted.
func (m *Manager) run(ctx context.Context, j *job) {
	state, err := m.train(ctx, j)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err != nil && ctx.Err() != nil && j.order == cancel:
		state = api.Cancelled
	case err != nil && ctx.Err() != nil && j.order == stop:
		state = api.Stopped
		if !errors.Is(err, context.Canceled) { // it was not only stopped before there was anything to keep
			m.blame(j, err)
		}
	case err != nil && ctx.Err() != nil: // the server ends, and goes on with the job when it starts again
		m.logSave(j)
		return
	case err != nil:
		state = api.Failed
		m.blame(j, err)
	}
	j.State, j.cancel = state, nil
	if state == api.Stopped {
		j.Halted = time.Now().UTC()
	}
	m.logSave(j)
	if api.Over(state) {
		m.clean(j)
	}
	j.tell()
	m.retire()
	m.forget()
	m.next()
}

// blame tells clients why a job failed, without the server's paths.
func (m *Manager) blame(j *job, err error) {
	m.o.Log.Warn("a job failed", "id", j.ID, "error", err)
	var path *fs.PathError
	switch j.Error = err.Error(); {
	case diskfull.Is(err):
		j.Error = "the server's disk is full: free some space there, then try again"
	case errors.As(err, &path):
		j.Error = "the server failed: its log says why"
	}
}

// logSave saves a job where there is nobody to tell that it failed.
func (m *Manager) logSave(j *job) {
	if err := m.save(j); err != nil {
		m.o.Log.Error("the state of a job cannot be written", "id", j.ID, "error", err)
	}
}

// clean removes what a job that is over would have gone on from.
func (m *Manager) clean(j *job) {
	root, err := m.o.Dir.Root(j.ID)
	if err == nil {
		err = errors.Join(root.RemoveAll(SideTuned), root.RemoveAll(SideScratch), root.Close())
	}
	if err != nil {
		m.o.Log.Warn("what a job leaves behind cannot be removed", "id", j.ID, "error", err)
	}
}

// ordered returns what the client wants.
func (m *Manager) ordered(j *job) order {
	m.mu.Lock()
	defer m.mu.Unlock()
	return j.order
}

// checkpointEvery is the time between two states on disk of a job that runs.
const checkpointEvery = 5 * time.Second

// train trains and gives the effect what came of it. The error wraps that of ctx if it was interrupted and the effect is as before.
func (m *Manager) train(ctx context.Context, j *job) (state string, err error) {
	t, err := m.prepare(ctx, j)
	if t != nil {
		defer t.close()
	}
	if err != nil {
		return "", err
	}
	saved := time.Now()
	for !t.done() {
		err := t.step(ctx)
		if err == nil && t.due() {
			err = t.measure(ctx)
		}
		if ctx.Err() != nil {
			return m.interrupted(ctx, t)
		}
		if err != nil {
			return "", err
		}
		if time.Since(saved) >= checkpointEvery {
			if err := t.save(); err != nil { // a full disk, perhaps: it may have room again
				m.o.Log.Error("a job cannot be saved", "id", j.ID, "error", err)
			}
			saved = time.Now()
		}
	}
	if err := t.finish(ctx); err != nil {
		if ctx.Err() != nil {
			return m.interrupted(ctx, t)
		}
		return "", err
	}
	return api.Done, t.keep(t.tuned.now)
}

// finish adds the last point, unless it is there.
func (t *training) finish(ctx context.Context) error {
	if t.tuned.now.Step == t.tuned.session.Point().Step && (t.scratch == nil || t.scratch.now.Step == t.scratch.session.Point().Step) {
		return nil
	}
	return t.measure(ctx)
}

// interrupted ends a training that is stopped, cancelled, or to go on when the server starts again.
func (m *Manager) interrupted(ctx context.Context, t *training) (string, error) {
	switch m.ordered(t.job) {
	case cancel:
		return "", context.Cause(ctx)
	case stop:
		if err := t.finish(context.WithoutCancel(ctx)); err != nil {
			return "", err
		}
		if err := t.save(); err != nil {
			return "", fmt.Errorf("the training cannot be saved: %w", err)
		}
		return api.Stopped, t.keep(t.best) // at a high learning rate PSNR goes up and down
	}
	return "", errors.Join(context.Cause(ctx), t.save())
}

// step lets the side that has had less time do a step.
func (t *training) step(ctx context.Context) error {
	s := t.tuned
	if r := t.scratch; r != nil && (s.done() || !r.done() && r.session.Point().Seconds < s.session.Point().Seconds) {
		s = r
	}
	return t.m.o.Studio.Lane.Do(ctx, lane.Training, t.job.Client, s.session.Step)
}

// done tells whether there is nothing more to train.
func (t *training) done() bool {
	return t.reached || t.tuned.done() && (t.scratch == nil || t.scratch.done())
}

// keep gives the effect what has been trained.
func (t *training) keep(s snapshot) error {
	w := shelf.Weights{Adapter: s.Adapter}
	if w.Adapter == nil {
		w.All = s.Generator.Values
	}
	_, err := t.m.o.Shelf.Replace(t.job.Effect, w, func(e *api.Effect) {
		e.Steps, e.PSNR, e.Strength = t.job.Before+s.Step, s.psnr, 1
	})
	return err
}
