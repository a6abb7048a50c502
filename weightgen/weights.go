package weightgen

import (
	"fmt"
	"io"

	"github.com/warmstart-ml/warmstart/safetensors"
)

// Weights are a model with values for its parameters, as weights files hold them.
type Weights struct {
	Model  *Model
	Values [][]float32 // one per parameter of Model.Params
	Step   int         // the number of steps of the last stage of training
	// Refined tells how the second stage was trained; nil if there was none.
	Refined *RefineConfig

	data string // the training data's fingerprint
}

// ReadWeights reads a weights file of the given size in bytes, or the averaged weights of a checkpoint.
func ReadWeights(r io.Reader, size int64) (*Weights, error) {
	st, err := safetensors.Read(r, size, reading)
	if err != nil {
		return nil, err
	}
	f, err := parseFile(st)
	if err != nil {
		return nil, err
	}
	return f.weights()
}

// ReadWeightsFile reads the named file. Errors name it.
func ReadWeightsFile(path string) (*Weights, error) {
	f, err := readFile(path)
	if err != nil {
		return nil, err
	}
	w, err := f.weights()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

func (f *file) weights() (*Weights, error) {
	m, err := newModel(f.config, f.layout, f.vocabulary)
	if err != nil {
		return nil, err
	}
	group := groups[0]
	if f.format == formatCheckpoint {
		group = groups[len(groups)-1]
	}
	values, err := f.values(group, &m.Params)
	if err != nil {
		return nil, err
	}
	return &Weights{Model: m, Values: values, Step: f.step, Refined: f.refine, data: f.data}, nil
}

// WriteFile writes a weights file.
func (w *Weights) WriteFile(path string) error {
	var tensors []safetensors.Tensor
	for i, p := range w.Model.Params.List() {
		tensors = append(tensors, safetensors.Float32(groups[0]+"/"+p.Name, p.Dims, w.Values[i]))
	}
	about := w.Model.describe(formatGenerator, w.data, w.Step)
	about.refine = w.Refined
	return about.write(path, tensors)
}

// describe returns the metadata of a file about the model.
func (m *Model) describe(format, data string, step int) *file {
	return &file{format: format, config: m.config, layout: m.layout, vocabulary: m.vocabulary, data: data, step: step}
}
