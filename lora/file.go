package lora

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Format and version in the metadata of adapter files.
const (
	adapterFormat  = "warmstart/adapter"
	adapterVersion = "1"
)

// Adapter is the weights of one effect, and where they come from.
type Adapter struct {
	Values [][]float32 // of the layout's tensors, in their order
	Info
}

// Info tells where an adapter comes from.
type Info struct {
	Concept string // its ID; "" if it has none
	Prompt  string
	Seed    uint64 // of the training
	Steps   int    // of training
	// Metrics are what was measured, such as "psnr"; no NaN and no infinities, which JSON lacks.
	Metrics map[string]float64
}

// Write writes the adapter of base b to a file.
func (a *Adapter) Write(path string, b *Base) error {
	return atomicfile.Write(path, func(w io.Writer) error { return a.Encode(w, b) })
}

// Encode writes the adapter of base b as its file has it.
func (a *Adapter) Encode(w io.Writer, b *Base) error {
	if err := b.Layout.check(a.Values); err != nil {
		return err
	}
	metadata, err := a.Info.metadata(b)
	if err != nil {
		return err
	}
	file := &safetensors.File{Metadata: metadata}
	for i, p := range b.Layout.Params.List() {
		file.Tensors = append(file.Tensors, safetensors.Float32(p.Name, p.Dims, a.Values[i]))
	}
	return safetensors.Write(w, file)
}

// metadata returns the text entries of an adapter's file.
func (i Info) metadata(b *Base) (map[string]string, error) {
	metrics, err := json.Marshal(i.Metrics)
	if err != nil {
		return nil, fmt.Errorf("metrics of the adapter: %w", err)
	}
	config, err := json.Marshal(b.Layout.config)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"format": adapterFormat, "version": adapterVersion,
		"base": b.Hash, "preset": b.Generator.Config.Preset, configKey: string(config),
		"concept": i.Concept, "prompt": i.Prompt,
		"seed": strconv.FormatUint(i.Seed, 10), "steps": strconv.Itoa(i.Steps), "metrics": string(metrics),
	}, nil
}

// IsAdapter tells whether a file says that it holds an adapter, of whatever base.
func IsAdapter(path string) (bool, error) {
	m, err := safetensors.ReadMetadata(path)
	return m["format"] == adapterFormat, err
}

// BaseError tells that an adapter is not of the base that it was to be read for.
type BaseError struct {
	Adapter, Base string // hashes of its base and of the other
}

func (e *BaseError) Error() string {
	return fmt.Sprintf("an adapter of the base with hash %s, not of this one with %s: use its own base, or make it anew for this one", e.Adapter, e.Base)
}

// ReadAdapter reads an adapter of base b. One of another base is refused with a *BaseError.
func ReadAdapter(path string, b *Base) (*Adapter, error) {
	file, err := safetensors.ReadFile(path, readOptions)
	if err != nil {
		return nil, err
	}
	a, err := decode(file, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

var readOptions = safetensors.Options{Finite: true, Checksum: true}

// DecodeAdapter reads an adapter's file of the given size in bytes, as ReadAdapter does.
func DecodeAdapter(r io.Reader, size int64, b *Base) (*Adapter, error) {
	file, err := safetensors.Read(r, size, readOptions)
	if err != nil {
		return nil, err
	}
	return decode(file, b)
}

// decode checks that a file holds an adapter of base b, and nothing else.
func decode(file *safetensors.File, b *Base) (*Adapter, error) {
	info, base, err := parseInfo(file.Metadata)
	if err != nil {
		return nil, err
	}
	if base != b.Hash {
		return nil, &BaseError{Adapter: base, Base: b.Hash}
	}
	a := &Adapter{Info: info}
	params := b.Layout.Params.List()
	if len(file.Tensors) != len(params) {
		return nil, fmt.Errorf("%d tensors, wanted %d", len(file.Tensors), len(params))
	}
	for _, p := range params {
		t, ok := file.Find(p.Name)
		if !ok {
			return nil, fmt.Errorf("tensor %q is missing", p.Name)
		}
		if t.DType != "F32" || !slices.Equal(t.Shape, p.Dims) {
			return nil, fmt.Errorf("tensor %q is %s %v, wanted F32 %v", t.Name, t.DType, t.Shape, p.Dims)
		}
		a.Values = append(a.Values, t.F32)
	}
	return a, nil
}

// parseInfo reads the text entries of an adapter's file. Base is the hash of the base that it belongs to.
func parseInfo(m map[string]string) (i Info, base string, err error) {
	if m["format"] != adapterFormat {
		return i, "", fmt.Errorf("format %q: not an adapter of this program", m["format"])
	}
	if m["version"] != adapterVersion {
		return i, "", fmt.Errorf("version %q of the format is not supported, only %s: use the release that wrote it",
			m["version"], adapterVersion)
	}
	i = Info{Concept: m["concept"], Prompt: m["prompt"]}
	if i.Seed, err = strconv.ParseUint(m["seed"], 10, 64); err != nil {
		return i, "", fmt.Errorf("its seed: %w", err)
	}
	if i.Steps, err = strconv.Atoi(m["steps"]); err != nil || i.Steps < 0 {
		return i, "", fmt.Errorf("its number of steps is %q", m["steps"])
	}
	if err := json.Unmarshal([]byte(m["metrics"]), &i.Metrics); err != nil {
		return i, "", fmt.Errorf("its metrics: %w", err)
	}
	if m["base"] == "" {
		return i, "", errors.New("it does not name its base")
	}
	return i, m["base"], nil
}
