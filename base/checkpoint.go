package base

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Format and version in the metadata of checkpoints.
const (
	checkpointFormat  = "warmstart/base-checkpoint"
	checkpointVersion = "2"
)

// newFresh makes a trainer at its start: weights drawn by the seed, adapters that change nothing.
func newFresh(backend compute.Backend, c Config, pictures *corpus.Corpus) (*Trainer, error) {
	t, err := newTrainer(backend, c, pictures)
	if err != nil {
		return nil, err
	}
	var values [][]float32
	for p, part := range t.parts() {
		for i := range groups {
			for ref, param := range part.params.List() {
				v := make([]float32, param.Size())
				if i == 0 {
					part.params.Draw(nn.Ref(ref), c.Generator.Seed+uint64(p), v)
				}
				values = append(values, v)
			}
		}
	}
	if err := t.upload(values); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// upload takes over the weights and moments.
func (t *Trainer) upload(values [][]float32) error {
	_, inputs := t.update.Inputs()
	for i, v := range values {
		b, err := t.backend.BufferFromFlatData(0, v, inputs[i])
		if err != nil {
			return fmt.Errorf("upload the training state: %w", err)
		}
		t.state = append(t.state, b)
	}
	return nil
}

// tensors calls do with the name and shape of each tensor of the state, in order.
func (t *Trainer) tensors(do func(name string, dims []int) error) error {
	for _, part := range t.parts() {
		for _, group := range groups {
			for _, p := range part.params.List() {
				if err := do(part.name+group+"/"+p.Name, p.Dims); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// diverged is the error of weights that are of no use any more.
func (t *Trainer) diverged(dir string) error {
	err := fmt.Errorf("training diverged at step %d: lower the learning rates", t.step)
	if checkpoint.Exists(dir) {
		return fmt.Errorf("%w; the checkpoint in %s is from before", err, dir)
	}
	return err
}

// Save writes the training state into dir.
func (t *Trainer) Save(dir string) error {
	file := &safetensors.File{Metadata: t.metadata()}
	err := t.tensors(func(name string, dims []int) error {
		values, err := nn.Values(t.state[len(file.Tensors)])
		if err != nil {
			return fmt.Errorf("read the training state: %w", err)
		}
		if !nn.Finite(values) { // what could not be read back must not replace what can
			return t.diverged(dir)
		}
		file.Tensors = append(file.Tensors, safetensors.Float32(name, dims, values))
		return nil
	})
	if err != nil {
		return err
	}
	return checkpoint.Save(dir, file)
}

func (t *Trainer) metadata() map[string]string {
	config, _ := json.Marshal(t.config) // numbers and strings: cannot fail
	ids := make([]string, len(t.concepts))
	for i, c := range t.concepts {
		ids[i] = c.ID
	}
	return map[string]string{
		"format": checkpointFormat, "version": checkpointVersion, "step": strconv.Itoa(t.step),
		"config": string(config), "pictures": t.pictures.ID(), "concepts": strings.Join(ids, " "),
	}
}

// resume makes a trainer from the newest whole checkpoint in dir, which is to be of the same configuration and concepts.
// Notice, if not empty, tells that an older one had to be used.
func resume(backend compute.Backend, dir string, c Config, pictures *corpus.Corpus) (t *Trainer, notice string, err error) {
	file, notice, err := checkpoint.Newest(dir, func(path string) (*safetensors.File, error) {
		return safetensors.ReadFile(path, safetensors.Options{Finite: true, Checksum: true})
	})
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
func (t *Trainer) restore(file *safetensors.File) (err error) {
	if t.step, err = parseStep(file.Metadata); err != nil {
		return err
	}
	for key, want := range t.metadata() {
		if got := file.Metadata[key]; got != want {
			return fmt.Errorf("it was made with another %s (%.200s instead of %.200s): resume with the same settings, "+
				"or train in another folder", key, got, want)
		}
	}
	var values [][]float32
	err = t.tensors(func(name string, dims []int) error {
		tensor, ok := file.Find(name)
		if !ok || tensor.DType != "F32" || !slices.Equal(tensor.Shape, dims) {
			return fmt.Errorf("tensor %q is missing or not F32 %v", name, dims)
		}
		values = append(values, tensor.F32)
		return nil
	})
	if err != nil {
		return err
	}
	return t.upload(values)
}

func parseStep(m map[string]string) (int, error) {
	if m["format"] != checkpointFormat {
		return 0, fmt.Errorf("format %q: not a checkpoint of a base's training", m["format"])
	}
	if m["version"] != checkpointVersion {
		return 0, fmt.Errorf("version %q of the format is not supported, only %s: use the release that wrote it", m["version"], checkpointVersion)
	}
	step, err := strconv.Atoi(m["step"])
	if err != nil || step < 0 {
		return 0, errors.New("its number of steps is not one")
	}
	return step, nil
}
