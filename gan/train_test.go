package gan

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// cancelling cancels a context when a step's batch is asked for.
type cancelling struct {
	randomBatches
	at     int
	cancel context.CancelFunc
}

func (c cancelling) Batch(step int) (x, y []float32, err error) {
	if step == c.at {
		c.cancel()
	}
	return c.randomBatches.Batch(step)
}

func train(t *testing.T, o Options) (*Summary, error) {
	t.Helper()
	if o.Data == nil {
		o.Data = randomBatches{o.Config}
	}
	return Train(t.Context(), cputest.New(t, ""), o)
}

// interrupted leaves a run of c in dir that was cancelled after its third step.
func interrupted(t *testing.T, c Config, dir string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Train(ctx, cputest.New(t, ""), Options{
		Config: c, Dir: dir, Data: cancelling{randomBatches{c}, 2, cancel}, SaveEvery: time.Nanosecond,
	})
	var i *InterruptedError
	if !errors.As(err, &i) || i.Step != 3 || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "--resume") {
		t.Fatalf("error %v, wanted an interruption at step 3", err)
	}
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestResumeGivesTheSameBits(t *testing.T) {
	for _, c := range tinyConfigs() {
		t.Run(c.Preset, func(t *testing.T) {
			t.Parallel()
			c.Steps, c.DecaySteps = 6, 3
			whole, parts := t.TempDir(), t.TempDir()
			if _, err := train(t, Options{Config: c, Dir: whole}); err != nil {
				t.Fatal(err)
			}
			interrupted(t, c, parts)
			s, err := train(t, Options{Config: c, Dir: parts, Resume: true})
			if err != nil {
				t.Fatal(err)
			}
			if s.Steps != c.Steps {
				t.Errorf("%d steps done", s.Steps)
			}
			for _, name := range []string{CheckpointFile, WeightsFile} {
				if !bytes.Equal(readAll(t, filepath.Join(whole, name)), readAll(t, filepath.Join(parts, name))) {
					t.Errorf("%s differs from that of an unbroken run", name)
				}
			}
			if n := bytes.Count(readAll(t, filepath.Join(parts, logFile)), []byte("\n")); n != c.Steps {
				t.Errorf("%d lines in the log, wanted one per step", n)
			}
		})
	}
}

func TestDamagedCheckpoint(t *testing.T) {
	c, dir := tinyConfigs()[1], t.TempDir()
	interrupted(t, c, dir)
	current := filepath.Join(dir, CheckpointFile)
	b := readAll(t, current)
	previous, err := readCheckpoint(filepath.Join(dir, checkpoint.Previous), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func() []byte{
		"cut":     func() []byte { return b[:len(b)/2] },
		"flipped": func() []byte { d := bytes.Clone(b); d[len(d)-5] ^= 1; return d },
		"empty":   func() []byte { return nil },
	} {
		if err := os.WriteFile(current, damage(), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readCheckpoint(current, nil); !errors.Is(err, safetensors.ErrDamaged) || !strings.Contains(err.Error(), current) {
			t.Errorf("%s: error %v, wanted one that names the damaged file", name, err)
		}
		tr, notice, err := Resume(cputest.New(t, ""), dir, c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if tr.StepsDone() != previous.step || !strings.Contains(notice, current) || !strings.Contains(notice, checkpoint.Previous) {
			t.Errorf("%s: resumed at step %d with the notice %q", name, tr.StepsDone(), notice)
		}
		tr.Close()
	}
	if err := os.WriteFile(filepath.Join(dir, checkpoint.Previous), b[:100], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Resume(cputest.New(t, ""), dir, c); err == nil || !strings.Contains(err.Error(), checkpoint.Previous) {
		t.Errorf("both damaged: error %v", err)
	}
}

func TestResumeRefuses(t *testing.T) {
	c, dir := tinyConfigs()[1], t.TempDir()
	if _, err := train(t, Options{Config: c, Dir: dir, Resume: true}); err == nil || !strings.Contains(err.Error(), "without --resume") {
		t.Errorf("an empty folder: error %v", err)
	}
	interrupted(t, c, dir)
	if _, err := train(t, Options{Config: c, Dir: dir}); err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("a folder in use: error %v", err)
	}
	other := tinyConfigs()[0]
	if _, err := train(t, Options{Config: other, Dir: dir, Resume: true}); err == nil ||
		!strings.Contains(err.Error(), c.Preset) || !strings.Contains(err.Error(), other.Preset) {
		t.Errorf("another preset: error %v, wanted both named", err)
	}
	changed := c
	changed.LR *= 2
	if _, err := train(t, Options{Config: changed, Dir: dir, Resume: true}); err == nil || !strings.Contains(err.Error(), "lr ") {
		t.Errorf("another learning rate: error %v", err)
	}
	longer := c
	longer.Steps = c.Steps + 1
	if s, err := train(t, Options{Config: longer, Dir: dir, Resume: true}); err != nil || s.Steps != longer.Steps {
		t.Errorf("prolonging: %v, %v", s, err)
	}
}

func TestForeignFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if _, _, err := Load(cputest.New(t, ""), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: error %v", err)
	}
	for name, meta := range map[string]map[string]string{
		"no metadata":   nil,
		"version":       {"format": formatGenerator, "version": "99"},
		"configuration": {"format": formatGenerator, "version": formatVersion, "config": `{"surprise":1}`, "step": "1"},
		"step":          {"format": formatGenerator, "version": formatVersion, "config": `{}`, "step": "-1"},
		"empty config":  {"format": formatGenerator, "version": formatVersion, "config": `{}`, "step": "1"},
	} {
		if err := writeTestFile(path, &safetensors.File{Metadata: meta}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(cputest.New(t, ""), path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, wanted one that names the file", name, err)
		}
	}
	if err := writeTestFile(path, &safetensors.File{Metadata: metadata(formatGenerator, tinyConfigs()[0], 1)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(cputest.New(t, ""), path); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("no tensors: error %v", err)
	}
}

func TestRecords(t *testing.T) {
	c, dir := tinyConfigs()[1], t.TempDir()
	c.Steps = 4
	var out bytes.Buffer
	picture := imageio.New(9, 7)
	if _, err := train(t, Options{
		Config: c, Dir: dir, Samples: []Sample{{picture, picture}}, SampleEvery: 2, Progress: &out,
	}); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"samples/step-000002.png", "samples/step-000004.png", "events.out.tfevents.*", logFile} {
		if m, _ := filepath.Glob(filepath.Join(dir, pattern)); len(m) != 1 {
			t.Errorf("%s: %d files", pattern, len(m))
		}
	}
	if s := out.String(); !strings.Contains(s, "step 4/4") || !strings.Contains(s, "images/s") || !strings.Contains(s, "left") {
		t.Errorf("progress: %q", s)
	}
}

// poisoned serves a NaN.
type poisoned struct{ randomBatches }

func (p poisoned) Batch(step int) (x, y []float32, err error) {
	x, y, err = p.randomBatches.Batch(step)
	y[0] = float32(math.NaN())
	return x, y, err
}

func TestDivergenceStops(t *testing.T) {
	c := tinyConfigs()[1]
	if _, err := train(t, Options{Config: c, Dir: t.TempDir(), Data: poisoned{randomBatches{c}}}); err == nil ||
		!strings.Contains(err.Error(), "diverged at step 1") {
		t.Errorf("error %v", err)
	}
}

// Losses are those before a step: a step can spoil the weights and show nothing. What cannot be read back must not be kept.
func TestSpoiltWeightsAreNotSaved(t *testing.T) {
	c := tinyConfigs()[1]
	c.Steps, c.DecaySteps, c.LR = 1, 0, 1e38
	dir := t.TempDir()
	if _, err := train(t, Options{Config: c, Dir: dir}); err == nil || !strings.Contains(err.Error(), "diverged in step 1") {
		t.Errorf("error %v", err)
	}
	if ck, _, err := newest(dir, nil); err != nil || ck.step != 0 {
		t.Errorf("the checkpoint of the start is not left: %+v, %v", ck, err)
	}
	if _, err := os.Stat(filepath.Join(dir, WeightsFile)); err == nil {
		t.Error("spoilt weights have been written")
	}
}

func TestModelAppliesToAnySize(t *testing.T) {
	for _, c := range tinyConfigs() {
		t.Run(c.Preset, func(t *testing.T) {
			t.Parallel()
			c.Steps, c.DecaySteps = 2, 1
			dir := t.TempDir()
			if _, err := train(t, Options{Config: c, Dir: dir}); err != nil {
				t.Fatal(err)
			}
			var first []*imageio.Image
			for _, path := range []string{dir, filepath.Join(dir, WeightsFile), filepath.Join(dir, CheckpointFile)} {
				m, _, err := Load(cputest.New(t, ""), path)
				if err != nil {
					t.Fatal(err)
				}
				var pictures []*imageio.Image
				for _, s := range [][2]int{{16, 16}, {1, 1}, {37, 21}, {80, 24}} {
					p := imageio.New(s[0], s[1])
					for i := range p.Pix {
						p.Pix[i] = float32(i%17) / 16
					}
					pictures = append(pictures, p)
				}
				out, err := m.Apply(t.Context(), pictures)
				m.Close()
				if err != nil {
					t.Fatal(err)
				}
				for i, o := range out {
					if o.W != pictures[i].W || o.H != pictures[i].H {
						t.Errorf("%dx%d became %dx%d", pictures[i].W, pictures[i].H, o.W, o.H)
					}
					if first != nil && !equalPixels(o, first[i]) {
						t.Errorf("%s gives another picture than the run's folder", path)
					}
				}
				first = out
			}
		})
	}
}

func equalPixels(a, b *imageio.Image) bool {
	for i := range a.Pix {
		if a.Pix[i] != b.Pix[i] {
			return false
		}
	}
	return true
}

// FuzzCheckpoint feeds the metadata of a checkpoint to its parser and what it accepts to the networks' builders.
func FuzzCheckpoint(f *testing.F) {
	for _, c := range tinyConfigs() {
		m := metadata(formatCheckpoint, c, 3)
		f.Add(m["format"], m["version"], m["config"], m["step"])
	}
	f.Fuzz(func(t *testing.T, format, version, config, step string) {
		c, err := parseCheckpoint(&safetensors.File{Metadata: map[string]string{
			"format": format, "version": version, "config": config, "step": step,
		}})
		if err != nil {
			return
		}
		gen, err := c.config.Network()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.values("generator/", &gen.Params); err == nil {
			t.Error("values without tensors")
		}
	})
}
