package weightgen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Files in a run's folder.
const (
	CheckpointFile = "checkpoint.safetensors"          // the newest state of the training
	PreviousFile   = "checkpoint.previous.safetensors" // the one before
	WeightsFile    = "weightgen.safetensors"           // the averaged weights, written at the end
)

// Save writes the training state into dir: to a new file that then takes the place of CheckpointFile, which is
// kept as PreviousFile. Whenever it is cut off, one of the two is whole.
func (t *Trainer) Save(dir string) error {
	var all []safetensors.Tensor
	n := len(t.model.Params.List())
	for i, group := range groups {
		values, err := t.values(t.state[i*n:][:n])
		if err != nil {
			return err
		}
		for j, p := range t.model.Params.List() {
			all = append(all, safetensors.Float32(group+"/"+p.Name, p.Dims, values[j]))
		}
	}
	current := filepath.Join(dir, CheckpointFile)
	fresh := current + ".new"
	if err := t.model.describe(formatCheckpoint, t.fingerprint, t.step).write(fresh, all); err != nil {
		return fmt.Errorf("%w: the previous checkpoint is untouched; free some space and resume", err)
	}
	if err := os.Rename(current, filepath.Join(dir, PreviousFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, current); err != nil {
		return err
	}
	// Makes the renames last through a power cut; without it, a cut only brings back an older checkpoint.
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}

// SaveWeights writes the averaged weights alone, for Load.
func (t *Trainer) SaveWeights(path string) error {
	values, err := t.values(t.averaged())
	if err != nil {
		return err
	}
	w := &Weights{Model: t.model, Values: values, Step: t.step, data: t.fingerprint}
	return w.WriteFile(path)
}

// values returns the values of a group of the state, in place where the backend allows that.
func (t *Trainer) values(group []compute.Buffer) ([][]float32, error) {
	var all [][]float32
	for i, p := range t.model.Params.List() {
		values, err := nn.Values(group[i])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Name, err)
		}
		all = append(all, values)
	}
	return all, nil
}

// Resume makes a trainer from the newest whole checkpoint in dir. Notice, if not empty, tells that an older one
// had to be used. Configuration and data must be the checkpoint's. Without a checkpoint, the error is fs.ErrNotExist.
func Resume(backend compute.Backend, dir string, c Config, data *Dataset) (t *Trainer, notice string, err error) {
	if err := data.check(); err != nil {
		return nil, "", fmt.Errorf("training data: %w", err)
	}
	f, notice, err := newest(dir)
	if err != nil {
		return nil, "", err
	}
	fail := func(err error) (*Trainer, string, error) {
		return nil, "", fmt.Errorf("%s %w", filepath.Join(dir, CheckpointFile), err)
	}
	switch {
	case f.format != formatCheckpoint:
		return fail(errors.New("holds weights alone: training cannot resume from it"))
	case f.config != c:
		return fail(fmt.Errorf("was made with other settings (%+v instead of %+v): resume with the same, or train in another folder", f.config, c))
	case f.layout != data.Layout || f.data != data.fingerprint():
		return fail(errors.New("was made with other adapters or prompts: resume with the same, or train in another folder"))
	}
	m, err := newModel(f.config, f.layout, f.vocabulary)
	if err != nil {
		return fail(err)
	}
	var state [][]float32
	for _, group := range groups {
		values, err := f.values(group, &m.Params)
		if err != nil {
			return fail(err)
		}
		state = append(state, values...)
	}
	if t, err = newTrainer(backend, m, data, state); err != nil {
		return nil, "", err
	}
	t.step = f.step
	return t, notice, nil
}

// newest reads the newest whole checkpoint in dir. If CheckpointFile is damaged, the previous one is used and
// notice says so.
func newest(dir string) (f *file, notice string, err error) {
	current, previous := filepath.Join(dir, CheckpointFile), filepath.Join(dir, PreviousFile)
	f, err = readFile(current)
	if err == nil || !errors.Is(err, safetensors.ErrDamaged) && !errors.Is(err, fs.ErrNotExist) {
		return f, "", err
	}
	f, errPrevious := readFile(previous)
	switch {
	case errPrevious == nil && errors.Is(err, fs.ErrNotExist): // cut off between Save's two renames
		return f, "", nil
	case errPrevious == nil:
		return f, fmt.Sprintf("%v: using %s, from step %d", err, previous, f.step), nil
	case errors.Is(errPrevious, fs.ErrNotExist):
		return nil, "", err
	}
	return nil, "", fmt.Errorf("%w; and %w: restore one of them or train anew in another folder", err, errPrevious)
}
