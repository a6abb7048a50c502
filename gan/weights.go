package gan

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Weights are a generator's, with what it was trained with.
type Weights struct {
	Config Config
	Step   int
	Values [][]float32 // of the network's parameters, in their order
	// Metadata holds what else the file says, or is to say.
	Metadata map[string]string
}

// ReadWeights reads a generator from a weights file, a checkpoint, or a run's folder. Notice, if not empty, tells
// that a damaged checkpoint was passed over for the previous one.
func ReadWeights(path string) (w *Weights, notice string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", err
	}
	var s *saved
	if info.IsDir() {
		s, notice, err = newest(path, nil)
	} else {
		s, err = readCheckpoint(path, nil)
	}
	if err != nil {
		return nil, "", err
	}
	if w, err = s.weights(); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return w, notice, nil
}

// DecodeWeights reads a weights file of the given size in bytes.
func DecodeWeights(r io.Reader, size int64) (*Weights, error) {
	file, err := safetensors.Read(r, size, readOptions(nil))
	if err != nil {
		return nil, err
	}
	s, err := parseCheckpoint(file)
	if err != nil {
		return nil, err
	}
	return s.weights()
}

// weights returns the generator to apply: its average if the file is a checkpoint with one.
func (s *saved) weights() (*Weights, error) {
	network, err := s.config.Network()
	if err != nil {
		return nil, err
	}
	prefix := "generator/"
	if s.file.Metadata["format"] == formatCheckpoint {
		if s.config.Base != "" {
			return nil, fmt.Errorf("is a checkpoint of an adapter's training: use the %s that it ends with", WeightsFile)
		}
		if s.config.EMA > 0 {
			prefix = "ema/"
		}
	}
	values, err := s.values(prefix, &network.Params)
	if err != nil {
		return nil, err
	}
	own := metadata("", s.config, s.step)
	rest := maps.Clone(s.file.Metadata)
	maps.DeleteFunc(rest, func(key, _ string) bool { _, ok := own[key]; return ok })
	return &Weights{Config: s.config, Step: s.step, Values: values, Metadata: rest}, nil
}

// Write writes a weights file.
func (w *Weights) Write(path string) error { return atomicfile.Write(path, w.Encode) }

// Encode writes the generator as a weights file has it.
func (w *Weights) Encode(out io.Writer) error {
	network, err := w.Config.Network()
	if err != nil {
		return err
	}
	params := network.Params.List()
	if len(params) != len(w.Values) {
		return fmt.Errorf("%d tensors for the %d of a %s generator", len(w.Values), len(params), w.Config.Generator)
	}
	file := &safetensors.File{Metadata: maps.Clone(w.Metadata)}
	if file.Metadata == nil {
		file.Metadata = map[string]string{}
	}
	maps.Copy(file.Metadata, metadata(formatGenerator, w.Config, w.Step))
	for i, p := range params {
		file.Tensors = append(file.Tensors, safetensors.Float32("generator/"+p.Name, p.Dims, w.Values[i]))
	}
	return safetensors.Write(out, file)
}

// Upload copies the weights to a backend, in the order of the network's parameters.
func (w *Weights) Upload(backend compute.Backend) ([]compute.Buffer, error) {
	network, err := w.Config.Network()
	if err != nil {
		return nil, err
	}
	return upload(backend, &network.Params, w.Values)
}

// upload makes buffers of a network's values.
func upload(backend compute.Backend, params *nn.Params, values [][]float32) ([]compute.Buffer, error) {
	if values == nil {
		return nil, nil
	}
	if len(values) != len(params.List()) {
		return nil, fmt.Errorf("%d tensors for a network of %d", len(values), len(params.List()))
	}
	var buffers []compute.Buffer
	for i, p := range params.List() {
		if len(values[i]) != p.Size() {
			return nil, fmt.Errorf("%s has %d values, wanted %d", p.Name, len(values[i]), p.Size())
		}
		b, err := backend.BufferFromFlatData(0, values[i], p.Shape())
		if err != nil {
			return nil, fmt.Errorf("upload %s: %w", p.Name, err)
		}
		buffers = append(buffers, b)
	}
	return buffers, nil
}

// download copies the values out of buffers.
func download(params *nn.Params, buffers []compute.Buffer) ([][]float32, error) {
	out := make([][]float32, len(buffers))
	for i, b := range buffers {
		values, err := nn.Values(b)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", params.List()[i].Name, err)
		}
		out[i] = slices.Clone(values)
	}
	return out, nil
}
