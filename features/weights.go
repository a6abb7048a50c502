package features

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/metrics/extractor"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Formats and version in the metadata of the files.
const (
	formatWeights    = "warmstart/features"
	formatCheckpoint = "warmstart/features-checkpoint"
	formatVersion    = "1"
)

// Weights are a trained network, as weights files hold it.
type Weights struct {
	Config Config
	Labels []string // what its last layer tells apart
	Step   int      // the number of steps of training
	Values [][]float32
}

// reading is what our files are held to.
var reading = safetensors.Options{Finite: true, Checksum: true}

// ReadWeights reads a weights file of the given size in bytes.
func ReadWeights(r io.Reader, size int64) (*Weights, error) {
	file, err := safetensors.Read(r, size, reading)
	if err != nil {
		return nil, err
	}
	w, err := parse(file.Metadata, formatWeights)
	if err != nil {
		return nil, err
	}
	network := newNetwork(w.Config, len(w.Labels))
	for _, p := range network.params.List() {
		values, err := find(file, groups[0], p)
		if err != nil {
			return nil, err
		}
		w.Values = append(w.Values, values)
	}
	return w, nil
}

// maxLabels bounds the labels of a file, so that a foreign one cannot ask for all memory.
const maxLabels = 1 << 12

// parse is the inverse of metadata.
func parse(m map[string]string, format string) (*Weights, error) {
	if m["format"] != format {
		return nil, fmt.Errorf("format %q: not a file of a feature network (%s)", m["format"], format)
	}
	if m["version"] != formatVersion {
		return nil, fmt.Errorf("version %q of the format is not supported, only %s: use the release that wrote it", m["version"], formatVersion)
	}
	w := &Weights{Labels: strings.Fields(m["labels"])}
	d := json.NewDecoder(strings.NewReader(m["config"]))
	d.DisallowUnknownFields()
	if err := d.Decode(&w.Config); err != nil {
		return nil, fmt.Errorf("its config: %w", err)
	}
	if err := w.Config.check(); err != nil {
		return nil, err
	}
	if len(w.Labels) < 1 || len(w.Labels) > maxLabels {
		return nil, fmt.Errorf("%d labels: at least 1 and at most %d are allowed", len(w.Labels), maxLabels)
	}
	var err error
	if w.Step, err = strconv.Atoi(m["step"]); err != nil || w.Step < 0 {
		return nil, errors.New("its number of steps is not one")
	}
	return w, nil
}

// metadata returns the text entries of a file.
func (w *Weights) metadata(format string) map[string]string {
	config, _ := json.Marshal(w.Config) // numbers: cannot fail
	return map[string]string{
		"format": format, "version": formatVersion, "config": string(config), "labels": strings.Join(w.Labels, " "),
		"step": strconv.Itoa(w.Step),
	}
}

// find returns the values of a parameter.
func find(file *safetensors.File, group string, p nn.Param) ([]float32, error) {
	name := group + "/" + p.Name
	t, ok := file.Find(name)
	if !ok || t.DType != "F32" || !slices.Equal(t.Shape, p.Dims) {
		return nil, fmt.Errorf("tensor %q is missing or not F32 %v", name, p.Dims)
	}
	return t.F32, nil
}

// Write writes a weights file.
func (w *Weights) Write(path string) error {
	file := &safetensors.File{Metadata: w.metadata(formatWeights)}
	for i, p := range newNetwork(w.Config, len(w.Labels)).params.List() {
		file.Tensors = append(file.Tensors, safetensors.Float32(groups[0]+"/"+p.Name, p.Dims, w.Values[i]))
	}
	return atomicfile.Write(path, func(out io.Writer) error { return safetensors.Write(out, file) })
}

// Name identifies the network and its weights.
func (w *Weights) Name() string {
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, []int64{int64(w.Config.Size), int64(w.Config.Width)}) // a hash takes everything
	for _, values := range w.Values {
		binary.Write(h, binary.LittleEndian, values)
	}
	return "warmstart features " + hex.EncodeToString(h.Sum(nil)[:4])
}

// Extractor compiles the network as one that makes features of pictures.
func (w *Weights) Extractor(backend compute.Backend) (*extractor.Network, error) {
	network := newNetwork(w.Config, len(w.Labels))
	return extractor.New(backend, extractor.Spec{
		Name: w.Name(), Size: w.Config.Size, Batch: w.Config.Batch, Dim: w.Config.dim(),
		Params: &network.params, Values: w.Values, Scale: 2, Shift: -1, Forward: network.features,
	})
}
