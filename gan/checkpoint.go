package gan

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

// Files in a run's folder.
const (
	CheckpointFile = checkpoint.File         // the newest state of the training
	WeightsFile    = "generator.safetensors" // the generator alone, written at the end
)

// Formats and version in the metadata of the files.
const (
	formatCheckpoint = "warmstart/checkpoint"
	formatGenerator  = "warmstart/generator"
	formatVersion    = "1"
)

// saved is what a checkpoint or weights file holds.
type saved struct {
	config Config
	step   int
	file   *safetensors.File
}

// Save writes the training state into dir. Whenever it is cut off, this checkpoint or the one before is whole. A state that is not finite is
// an error, and leaves them as they are.
func (t *Trainer) Save(dir string) error {
	file := &safetensors.File{Metadata: metadata(formatCheckpoint, t.config, t.step)}
	next := 0
	for _, g := range t.groups() {
		for _, p := range g.params.List() {
			values, err := nn.Values(t.state[next])
			if err != nil {
				return fmt.Errorf("read %s/%s: %w", g.name, p.Name, err)
			}
			if !nn.Finite(values) { // what could not be read back must not replace what can
				return fmt.Errorf("training diverged in step %d, its weights are not finite: lower the learning rate", t.step)
			}
			file.Tensors = append(file.Tensors, safetensors.Float32(g.name+"/"+p.Name, p.Dims, values))
			next++
		}
	}
	return checkpoint.Save(dir, file)
}

// SaveWeights writes the generator alone, for Load.
func (t *Trainer) SaveWeights(path string) error {
	w, err := t.Weights()
	if err != nil {
		return err
	}
	return w.Write(path)
}

func metadata(format string, c Config, step int) map[string]string {
	text, _ := json.Marshal(c) // numbers and strings: cannot fail
	return map[string]string{
		"format": format, "version": formatVersion, "preset": c.Preset, "config": string(text), "step": strconv.Itoa(step),
		"layout": "HWIO",
	}
}

// memory returns where to put a tensor's values, or nil.
type memory = func(name string, shape []int) []float32

func readOptions(into memory) safetensors.Options {
	return safetensors.Options{Finite: true, Checksum: true, Into: into}
}

// readCheckpoint reads a checkpoint or weights file, into the given memory if that is not nil, and checks that it
// is one. Errors name it.
func readCheckpoint(path string, into memory) (*saved, error) {
	file, err := safetensors.ReadFile(path, readOptions(into))
	if err != nil {
		return nil, err
	}
	c, err := parseCheckpoint(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func parseCheckpoint(file *safetensors.File) (*saved, error) {
	if f := file.Metadata["format"]; f != formatCheckpoint && f != formatGenerator {
		return nil, fmt.Errorf("format %q: not a checkpoint or generator of this program", f)
	}
	return parseSaved(file)
}

// parseSaved is parseCheckpoint for any format.
func parseSaved(file *safetensors.File) (*saved, error) {
	m := file.Metadata
	if m["version"] != formatVersion {
		return nil, fmt.Errorf("version %q of the format is not supported, only %s: use the release that wrote it",
			m["version"], formatVersion)
	}
	c := &saved{file: file}
	d := json.NewDecoder(strings.NewReader(m["config"]))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.config); err != nil {
		return nil, fmt.Errorf("its configuration: %w", err)
	}
	var err error
	if c.step, err = strconv.Atoi(m["step"]); err != nil || c.step < 0 {
		return nil, fmt.Errorf("step %q", m["step"])
	}
	return c, c.config.Check()
}

// values returns the values of a network's parameters, in order, from the tensors prefix + their names.
func (c *saved) values(prefix string, params *nn.Params) ([][]float32, error) {
	byName := make(map[string]safetensors.Tensor, len(c.file.Tensors))
	for _, t := range c.file.Tensors {
		byName[t.Name] = t
	}
	var values [][]float32
	for _, p := range params.List() {
		t, ok := byName[prefix+p.Name]
		if !ok {
			return nil, fmt.Errorf("tensor %q is missing", prefix+p.Name)
		}
		if !slices.Equal(t.Shape, p.Dims) || t.DType != "F32" {
			return nil, fmt.Errorf("tensor %q is %s %v, wanted F32 %v", t.Name, t.DType, t.Shape, p.Dims)
		}
		values = append(values, t.F32)
	}
	return values, nil
}

// Resume makes a trainer from the newest whole checkpoint in dir. Notice, if not empty, tells that an older one
// had to be used. The configuration is to be the checkpoint's, except that the numbers of steps may differ.
func Resume(backend compute.Backend, dir string, c Config) (t *Trainer, notice string, err error) {
	return ResumeParametrized(backend, dir, c, nil)
}

// ResumeParametrized is Resume for a trainer of what p says; nil stands for all weights.
func ResumeParametrized(backend compute.Backend, dir string, c Config, p *Parametrization) (t *Trainer, notice string, err error) {
	if t, err = newTrainer(backend, c, p); err != nil {
		return nil, "", err
	}
	if notice, err = t.restore(dir); err != nil {
		t.Close()
		return nil, "", err
	}
	return t, notice, nil
}

// restore takes over the state of the newest whole checkpoint in dir.
func (t *Trainer) restore(dir string) (notice string, err error) {
	blank, err := t.blank()
	if err != nil {
		return "", err
	}
	rooms := t.rooms(blank)
	into := func(name string, shape []int) []float32 {
		if f := rooms[name]; f != nil && slices.Equal(f.Dims(), shape) {
			return f.Data
		}
		return nil // a checkpoint of something else, which is about to be refused
	}
	ck, notice, err := newest(dir, into)
	if err != nil {
		return "", err
	}
	if err := ck.fits(t.config); err != nil {
		return "", fmt.Errorf("%s %w", filepath.Join(dir, CheckpointFile), err)
	}
	for _, g := range t.groups() {
		if _, err := ck.values(g.name+"/", g.params); err != nil {
			return "", fmt.Errorf("%s: %w", filepath.Join(dir, CheckpointFile), err)
		}
	}
	return notice, t.setState(blank, ck.step)
}

// newest reads the newest whole checkpoint in dir.
func newest(dir string, into memory) (*saved, string, error) {
	return checkpoint.Newest(dir, func(path string) (*saved, error) { return readCheckpoint(path, into) })
}

// rooms names the memory for the state as checkpoints do.
func (t *Trainer) rooms(blank []*nn.Feed) map[string]*nn.Feed {
	rooms := make(map[string]*nn.Feed, len(blank))
	for _, g := range t.groups() {
		for i, p := range g.params.List() {
			rooms[g.name+"/"+p.Name] = blank[i]
		}
		blank = blank[len(g.params.List()):]
	}
	return rooms
}

// fits returns an error if a training with configuration c cannot go on from the checkpoint.
func (ck *saved) fits(c Config) error {
	if ck.file.Metadata["format"] != formatCheckpoint {
		return errors.New("holds a generator alone: training cannot resume from it")
	}
	if ck.config.Preset != c.Preset {
		return fmt.Errorf("is a checkpoint of %q, not of %q: resume with --preset %s, or train in another folder",
			ck.config.Preset, c.Preset, ck.config.Preset)
	}
	if d := ck.config.differences(c); len(d) > 0 {
		return fmt.Errorf("was made with %s: resume with the same settings, or train in another folder", strings.Join(d, ", "))
	}
	return nil
}
