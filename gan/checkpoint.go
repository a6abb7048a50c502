package gan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Files in a run's folder.
const (
	CheckpointFile = "checkpoint.safetensors"          // the newest state of the training
	PreviousFile   = "checkpoint.previous.safetensors" // the one before
	WeightsFile    = "generator.safetensors"           // the generator alone, written at the end
)

// Formats and version in the metadata of the files.
const (
	formatCheckpoint = "warmstart/checkpoint"
	formatGenerator  = "warmstart/generator"
	formatVersion    = "1"
)

// maxHeader bounds the JSON headers of our files; that of U-Net-256 has 25 KiB.
const maxHeader = 1 << 20

// checkpoint is what a checkpoint or weights file holds.
type checkpoint struct {
	config Config
	step   int
	file   *safetensors.File
}

// Save writes the training state into dir: to a new file that then takes the place of CheckpointFile, which is
// kept as PreviousFile. Whenever it is cut off, one of the two is whole.
func (t *Trainer) Save(dir string) error {
	file := &safetensors.File{Metadata: metadata(formatCheckpoint, t.config, t.step)}
	next := 0
	for _, g := range t.groups() {
		for _, p := range g.params.List() {
			values, err := nn.Values(t.state[next])
			if err != nil {
				return fmt.Errorf("read %s/%s: %w", g.name, p.Name, err)
			}
			file.Tensors = append(file.Tensors, safetensors.Float32(g.name+"/"+p.Name, p.Dims, values))
			next++
		}
	}
	current := filepath.Join(dir, CheckpointFile)
	fresh := current + ".new"
	if err := writeFile(fresh, file); err != nil {
		return fmt.Errorf("%w: the previous checkpoint is untouched; free some space and resume", err)
	}
	if err := os.Rename(current, filepath.Join(dir, PreviousFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, current); err != nil {
		return err
	}
	// Makes the renames last through a power cut. Not every system can sync a folder, and without it a cut
	// only brings back the older of two whole checkpoints.
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}

// SaveWeights writes the generator alone, for Load: its average if there is one.
func (t *Trainer) SaveWeights(path string) error {
	file := &safetensors.File{Metadata: metadata(formatGenerator, t.config, t.step)}
	for i, b := range t.trained() {
		p := t.gen.Params.List()[i]
		values, err := nn.Values(b)
		if err != nil {
			return fmt.Errorf("read %s: %w", p.Name, err)
		}
		file.Tensors = append(file.Tensors, safetensors.Float32("generator/"+p.Name, p.Dims, values))
	}
	return writeFile(path, file)
}

func writeFile(path string, file *safetensors.File) error {
	return atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, file) })
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

// readCheckpoint reads a checkpoint or weights file, into the given memory if that is not nil, and checks that it
// is one. Errors name it.
func readCheckpoint(path string, into memory) (*checkpoint, error) {
	file, err := safetensors.ReadFile(path, safetensors.Options{MaxHeader: maxHeader, Finite: true, Checksum: true, Into: into})
	if err != nil {
		return nil, err
	}
	c, err := parseCheckpoint(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func parseCheckpoint(file *safetensors.File) (*checkpoint, error) {
	m := file.Metadata
	if m["format"] != formatCheckpoint && m["format"] != formatGenerator {
		return nil, fmt.Errorf("format %q: not a checkpoint or generator of this program", m["format"])
	}
	if m["version"] != formatVersion {
		return nil, fmt.Errorf("version %q of the format is not supported, only %s: use the release that wrote it",
			m["version"], formatVersion)
	}
	c := &checkpoint{file: file}
	d := json.NewDecoder(strings.NewReader(m["config"]))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.config); err != nil {
		return nil, fmt.Errorf("its configuration: %w", err)
	}
	var err error
	if c.step, err = strconv.Atoi(m["step"]); err != nil || c.step < 0 {
		return nil, fmt.Errorf("step %q", m["step"])
	}
	return c, c.config.check()
}

// values returns the values of a network's parameters, in order, from the tensors prefix + their names.
func (c *checkpoint) values(prefix string, params *nn.Params) ([][]float32, error) {
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

// newest reads the newest whole checkpoint in dir. If CheckpointFile is damaged, the previous one is used and
// notice says so. Without any, the error is fs.ErrNotExist.
func newest(dir string, into memory) (c *checkpoint, notice string, err error) {
	current, previous := filepath.Join(dir, CheckpointFile), filepath.Join(dir, PreviousFile)
	c, err = readCheckpoint(current, into)
	if err == nil || !errors.Is(err, safetensors.ErrDamaged) && !errors.Is(err, fs.ErrNotExist) {
		return c, "", err
	}
	c, errPrevious := readCheckpoint(previous, into)
	switch {
	case errPrevious == nil && errors.Is(err, fs.ErrNotExist): // cut off between Save's two renames
		return c, "", nil
	case errPrevious == nil:
		return c, fmt.Sprintf("%v: using %s, from step %d", err, previous, c.step), nil
	case errors.Is(errPrevious, fs.ErrNotExist):
		return nil, "", fmt.Errorf("%w: there is no previous checkpoint to go back to: restore the file or train anew in another folder", err)
	}
	return nil, "", fmt.Errorf("%w; and %w: restore one of them or train anew in another folder", err, errPrevious)
}

// Resume makes a trainer from the newest whole checkpoint in dir. Notice, if not empty, tells that an older one
// had to be used. The configuration is to be the checkpoint's, except that the numbers of steps may differ.
func Resume(backend compute.Backend, dir string, c Config) (t *Trainer, notice string, err error) {
	t, blank, err := newTrainer(backend, c)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			t.Close()
			t = nil
		}
	}()
	rooms := t.rooms(blank)
	ck, notice, err := newest(dir, func(name string, shape []int) []float32 {
		if f := rooms[name]; f != nil && slices.Equal(f.Dims(), shape) {
			return f.Data
		}
		return nil // a checkpoint of something else, which is about to be refused
	})
	if err != nil {
		return t, "", err
	}
	if err := ck.fits(c); err != nil {
		return t, "", fmt.Errorf("%s %w", filepath.Join(dir, CheckpointFile), err)
	}
	for _, g := range t.groups() {
		if _, err := ck.values(g.name+"/", g.params); err != nil {
			return t, "", fmt.Errorf("%s: %w", filepath.Join(dir, CheckpointFile), err)
		}
	}
	t.step = ck.step
	return t, notice, t.setState(blank)
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
func (ck *checkpoint) fits(c Config) error {
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
