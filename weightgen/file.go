package weightgen

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
	"github.com/warmstart-ml/warmstart/textenc"
)

// Formats and version in the metadata of the files.
const (
	formatCheckpoint = "warmstart/weightgen-checkpoint"
	formatGenerator  = "warmstart/weightgen"
	formatVersion    = "1"
)

// file is the content of a checkpoint or weights file.
type file struct {
	format     string
	config     Config
	refine     *RefineConfig // of the second stage; nil for the first
	layout     Layout
	vocabulary *textenc.Vocabulary
	data       string // the training data's fingerprint
	step       int
	tensors    map[string]safetensors.Tensor
}

// metadata is the inverse of parseFile.
func (f *file) metadata() map[string]string {
	config, _ := json.Marshal(f.config) // numbers and strings: cannot fail
	layout, _ := json.Marshal(f.layout)
	m := map[string]string{
		"format": f.format, "version": formatVersion, "network": f.config.Network, "config": string(config),
		"layout": string(layout), "vocabulary": f.vocabulary.String(), "data": f.data, "step": strconv.Itoa(f.step),
	}
	if f.refine != nil {
		refine, _ := json.Marshal(f.refine)
		m["refine"] = string(refine)
	}
	return m
}

// reading is what our files are held to.
var reading = safetensors.Options{Finite: true, Checksum: true}

func readFile(path string) (*file, error) {
	st, err := safetensors.ReadFile(path, reading)
	if err != nil {
		return nil, err
	}
	f, err := parseFile(st)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func parseFile(st *safetensors.File) (f *file, err error) {
	m := st.Metadata
	f = &file{format: m["format"], data: m["data"], tensors: make(map[string]safetensors.Tensor, len(st.Tensors))}
	if f.format != formatCheckpoint && f.format != formatGenerator {
		return nil, fmt.Errorf("format %q: not a weight generator of this program", f.format)
	}
	if m["version"] != formatVersion {
		return nil, fmt.Errorf("version %q of the format is not supported, only %s: use the release that wrote it", m["version"], formatVersion)
	}
	type entry struct {
		name string
		into any
	}
	entries := []entry{{"config", &f.config}, {"layout", &f.layout}}
	if m["refine"] != "" {
		f.refine = &RefineConfig{}
		entries = append(entries, entry{"refine", f.refine})
	}
	for _, v := range entries {
		d := json.NewDecoder(strings.NewReader(m[v.name]))
		d.DisallowUnknownFields()
		if err := d.Decode(v.into); err != nil {
			return nil, fmt.Errorf("its %s: %w", v.name, err)
		}
	}
	if err := f.config.check(); err != nil {
		return nil, err
	}
	if f.refine != nil {
		if err := f.refine.check(); err != nil {
			return nil, err
		}
	}
	if err := f.layout.check(f.config); err != nil {
		return nil, err
	}
	if f.vocabulary, err = textenc.ParseVocabulary(m["vocabulary"]); err != nil {
		return nil, err
	}
	if f.step, err = strconv.Atoi(m["step"]); err != nil || f.step < 0 {
		return nil, fmt.Errorf("step %q", m["step"])
	}
	for _, t := range st.Tensors {
		f.tensors[t.Name] = t
	}
	return f, nil
}

// values returns the values of a group of the state, one per parameter.
func (f *file) values(group string, params *nn.Params) ([][]float32, error) {
	var values [][]float32
	for _, p := range params.List() {
		name := group + "/" + p.Name
		t, ok := f.tensors[name]
		if !ok {
			return nil, fmt.Errorf("tensor %q is missing", name)
		}
		if !slices.Equal(t.Shape, p.Dims) || t.DType != "F32" {
			return nil, fmt.Errorf("tensor %q is %s %v, wanted F32 %v", name, t.DType, t.Shape, p.Dims)
		}
		values = append(values, t.F32)
	}
	return values, nil
}

// write writes the metadata and tensors to path.
func (f *file) write(path string, tensors []safetensors.Tensor) error {
	st := &safetensors.File{Metadata: f.metadata(), Tensors: tensors}
	return atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, st) })
}

// String describes the layout in messages.
func (l Layout) String() string {
	return fmt.Sprintf("%d blocks of %d, schema %s", l.Blocks, l.Size, l.Schema)
}
