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

	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Format and version in the metadata of checkpoints.
const (
	checkpointFormat  = "warmstart/base-checkpoint"
	checkpointVersion = "1"
)

// newFresh makes a trainer at its start: weights drawn by the seed, adapters that change nothing.
func newFresh(backend compute.Backend, c Config) (*Trainer, error) {
	t, err := newTrainer(backend, c)
	if err != nil {
		return nil, err
	}
	var values [][]float32
	for i := range groups {
		for ref, p := range t.network.Params.List() {
			v := make([]float32, p.Size())
			if i == 0 {
				t.network.Params.Draw(nn.Ref(ref), c.Generator.Seed, v)
			}
			values = append(values, v)
		}
	}
	first := slices.Concat(t.layout.Initial()...)
	for i := range t.concepts {
		copy(t.state(0, i), first)
	}
	if err := t.upload(values); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// upload takes over the shared weights and moments.
func (t *Trainer) upload(values [][]float32) error {
	params := t.network.Params.List()
	for i, v := range values {
		b, err := t.backend.BufferFromFlatData(0, v, params[i%len(params)].Shape())
		if err != nil {
			return fmt.Errorf("upload the training state: %w", err)
		}
		t.shared = append(t.shared, b)
	}
	return nil
}

// save writes the training state into dir.
func (t *Trainer) save(dir string) error {
	file := &safetensors.File{Metadata: t.metadata()}
	params := t.network.Params.List()
	for i, b := range t.shared {
		values, err := nn.Values(b)
		if err != nil {
			return fmt.Errorf("read the training state: %w", err)
		}
		p := params[i%len(params)]
		file.Tensors = append(file.Tensors, safetensors.Float32("shared"+groups[i/len(params)]+"/"+p.Name, p.Dims, values))
	}
	for i, values := range t.adapters {
		file.Tensors = append(file.Tensors, safetensors.Float32("adapters"+groups[i], []int{len(t.concepts), t.layout.Params.Size()}, values))
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
		"config": string(config), "concepts": strings.Join(ids, " "),
	}
}

// resume makes a trainer from the newest whole checkpoint in dir, which is to be of the same configuration and concepts.
// Notice, if not empty, tells that an older one had to be used.
func resume(backend compute.Backend, dir string, c Config) (t *Trainer, notice string, err error) {
	file, notice, err := checkpoint.Newest(dir, func(path string) (*safetensors.File, error) {
		return safetensors.ReadFile(path, safetensors.Options{Finite: true, Checksum: true})
	})
	if err != nil {
		return nil, "", err
	}
	if t, err = newTrainer(backend, c); err != nil {
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
	find := func(name string, dims ...int) []float32 {
		tensor, ok := file.Find(name)
		if !ok || tensor.DType != "F32" || !slices.Equal(tensor.Shape, dims) {
			err = fmt.Errorf("tensor %q is missing or not F32 %v", name, dims)
		}
		return tensor.F32
	}
	var values [][]float32
	for _, group := range groups {
		for _, p := range t.network.Params.List() {
			values = append(values, find("shared"+group+"/"+p.Name, p.Dims...))
		}
	}
	for i, group := range groups {
		t.adapters[i] = find("adapters"+group, len(t.concepts), t.layout.Params.Size())
	}
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
