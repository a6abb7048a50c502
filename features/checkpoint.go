package features

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// newFresh makes a trainer at its start: weights drawn by the seed.
func newFresh(backend compute.Backend, c Config, pictures *corpus.Corpus) (*trainer, error) {
	t, err := newTrainer(backend, c, pictures)
	if err != nil {
		return nil, err
	}
	err = t.upload(func(group string, ref nn.Ref, p nn.Param) ([]float32, error) {
		values := make([]float32, p.Size())
		if group == groups[0] {
			t.network.params.Draw(ref, c.Seed, values)
		}
		return values, nil
	})
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// upload takes over weights and moments.
func (t *trainer) upload(values func(group string, ref nn.Ref, p nn.Param) ([]float32, error)) error {
	for _, group := range groups {
		for ref, p := range t.network.params.List() {
			v, err := values(group, nn.Ref(ref), p)
			if err != nil {
				return err
			}
			b, err := t.backend.BufferFromFlatData(0, v, p.Shape())
			if err != nil {
				return fmt.Errorf("upload the training state: %w", err)
			}
			t.state = append(t.state, b)
		}
	}
	return nil
}

// picturesKey is a checkpoint's entry with what identifies the corpus.
const picturesKey = "pictures"

// metadata returns the text entries of a checkpoint.
func (t *trainer) metadata() map[string]string {
	m := (&Weights{Config: t.config, Labels: t.labels, Step: t.step}).metadata(formatCheckpoint)
	m[picturesKey] = t.data.pictures.ID()
	return m
}

// Save writes the training state into dir.
func (t *trainer) Save(dir string) error {
	file := &safetensors.File{Metadata: t.metadata()}
	for _, group := range groups {
		for _, p := range t.network.params.List() {
			values, err := nn.Values(t.state[len(file.Tensors)])
			if err != nil {
				return fmt.Errorf("read the training state: %w", err)
			}
			if !nn.Finite(values) { // what could not be read back must not replace what can
				return t.diverged()
			}
			file.Tensors = append(file.Tensors, safetensors.Float32(group+"/"+p.Name, p.Dims, values))
		}
	}
	return checkpoint.Save(dir, file)
}

// diverged is the error of weights that are of no use any more.
func (t *trainer) diverged() error {
	return fmt.Errorf("training diverged at step %d: lower the learning rate", t.step)
}

// resume makes a trainer from the newest whole checkpoint in dir, which is to be of the same configuration and pictures. Notice, if not
// empty, tells that an older one had to be used.
func resume(backend compute.Backend, dir string, c Config, pictures *corpus.Corpus) (t *trainer, notice string, err error) {
	file, notice, err := checkpoint.Newest(dir, func(path string) (*safetensors.File, error) { return safetensors.ReadFile(path, reading) })
	if err != nil {
		return nil, "", err
	}
	if t, err = newTrainer(backend, c, pictures); err != nil {
		return nil, "", err
	}
	if err := t.restore(file); err != nil {
		t.Close()
		return nil, "", fmt.Errorf("%s: %w", filepath.Join(dir, checkpoint.File), err)
	}
	return t, notice, nil
}

// restore takes over a checkpoint's state.
func (t *trainer) restore(file *safetensors.File) error {
	w, err := parse(file.Metadata, formatCheckpoint)
	if err != nil {
		return err
	}
	if w.Step > t.config.Steps {
		return errors.New("it has more steps than the training")
	}
	t.step = w.Step
	for key, want := range t.metadata() {
		if got := file.Metadata[key]; got != want {
			return fmt.Errorf("it was made with another %s (%.200s instead of %.200s): resume with the same settings, or train in another folder", key, got, want)
		}
	}
	return t.upload(func(group string, _ nn.Ref, p nn.Param) ([]float32, error) { return find(file, group, p) })
}
