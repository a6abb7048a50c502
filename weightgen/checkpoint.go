package weightgen

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// save writes a training's state into dir. About says what it is that is trained.
func (s *stepper) save(dir string, about *file) error {
	tensors, err := s.tensors()
	if err != nil {
		return err
	}
	return checkpoint.Save(dir, &safetensors.File{Metadata: about.metadata(), Tensors: tensors})
}

// Save writes the training state into dir.
func (t *Trainer) Save(dir string) error {
	return t.save(dir, t.model.describe(formatCheckpoint, t.fingerprint, t.step))
}

// Weights returns a copy of the averaged weights.
func (t *Trainer) Weights() (*Weights, error) {
	values, err := t.weights()
	return &Weights{Model: t.model, Values: values, Step: t.step, data: t.fingerprint}, err
}

// Resume makes a trainer from the newest whole checkpoint in dir. Notice, if not empty, tells that an older one
// had to be used. Configuration and data must be the checkpoint's. Without a checkpoint, the error is fs.ErrNotExist.
func Resume(backend compute.Backend, dir string, c Config, data *Dataset) (t *Trainer, notice string, err error) {
	if err := data.check(); err != nil {
		return nil, "", fmt.Errorf("training data: %w", err)
	}
	want := file{config: c, layout: data.Layout}
	m, state, step, notice, err := want.resume(dir, func(m *Model) string { return data.fingerprint(m.Encoder) })
	if err != nil {
		return nil, "", err
	}
	if t, err = newTrainer(backend, m, data, want.data, state); err != nil {
		return nil, "", err
	}
	t.step = step
	return t, notice, nil
}

// resume reads the newest whole checkpoint in dir, which is to be of the training that want describes: its settings, its layout
// and the fingerprint of its data, which may depend on the checkpoint's vocabulary and is kept in want.
func (want *file) resume(dir string, fingerprint func(*Model) string) (m *Model, state [][]float32, step int, notice string, err error) {
	f, notice, err := checkpoint.Newest(dir, readFile)
	if err != nil {
		return nil, nil, 0, "", err
	}
	if err = f.continues(want); err == nil {
		m, err = newModel(f.config, f.layout, f.vocabulary)
	}
	if err == nil {
		want.data = fingerprint(m)
	}
	if err == nil && f.data != want.data {
		err = fmt.Errorf("it was made with other adapters, pictures, prompts, or another reading of them: %s", resumeRemedy)
	}
	for _, group := range groups {
		var values [][]float32
		if err == nil {
			values, err = f.values(group, &m.Params)
		}
		state = append(state, values...)
	}
	if err != nil {
		return nil, nil, 0, "", fmt.Errorf("%s: %w", filepath.Join(dir, checkpoint.File), err)
	}
	return m, state, f.step, notice, nil
}

const resumeRemedy = "resume with the same, or train in another folder"

// continues returns an error if a training with the settings that are wanted can't go on from f.
func (f *file) continues(want *file) error {
	switch {
	case f.format != formatCheckpoint:
		return errors.New("it holds weights alone: training cannot resume from it")
	case (f.refine == nil) != (want.refine == nil):
		return errors.New("it is of the other stage of training: train in another folder")
	case f.config != want.config:
		return fmt.Errorf("it was made with other settings (%+v instead of %+v): %s", f.config, want.config, resumeRemedy)
	case f.refine != nil && *f.refine != *want.refine:
		return fmt.Errorf("it was made with other settings (%+v instead of %+v): %s", *f.refine, *want.refine, resumeRemedy)
	case f.layout != want.layout:
		return fmt.Errorf("it was made with other blocks (%+v instead of %+v): %s", f.layout, want.layout, resumeRemedy)
	}
	return nil
}
