package weightgen

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/trainloop"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
	"github.com/warmstart-ml/warmstart/textenc"
)

// shortConfig is for tests in which nothing is learnt.
func shortConfig(network string) Config {
	c := testConfig(network)
	c.Width, c.TextWidth, c.Batch, c.Steps, c.Warmup = 8, 8, 4, 6, 2
	if network == NetworkUNet1D {
		c.Blocks = 2
	}
	return c
}

// interrupted leaves a run in dir that was cancelled after its third step.
func interrupted(t *testing.T, c Config, data *Dataset, held []Held, dir string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Train(ctx, cputest.New(t, "threads=2"), Options{
		Config: c, Data: data, Held: held, Run: Run{EvalEvery: 2, Dir: dir, SaveEvery: time.Nanosecond, observe: cancelAt(3, cancel)},
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, wanted an interruption", err)
	}
}

func cancelAt(step int, cancel func()) func(Record) {
	return func(r Record) {
		if r.Step == step {
			cancel()
		}
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
	data, held := syntheticZoo(3, 64)
	for _, network := range []string{NetworkDiT, NetworkUNet1D} {
		t.Run(network, func(t *testing.T) {
			c, whole, parts := shortConfig(network), t.TempDir(), t.TempDir()
			one, err := cpu.New("threads=1") // nor may the number of threads matter
			if err != nil {
				t.Fatal(err)
			}
			defer one.Finalize()
			if _, err := Train(t.Context(), one, Options{Config: c, Data: data, Run: Run{Dir: whole}}); err != nil {
				t.Fatal(err)
			}
			interrupted(t, c, data, held, parts)
			r, err := Train(t.Context(), cputest.New(t, "threads=2"), Options{Config: c, Data: data, Held: held, Run: Run{EvalEvery: 2, Dir: parts}})
			if err != nil {
				t.Fatal(err)
			}
			if r.Last.Step != c.Steps || len(r.Last.Held) != 2 {
				t.Errorf("last record %+v", r.Last)
			}
			for _, name := range []string{checkpoint.File, WeightsFile} {
				if !bytes.Equal(readAll(t, filepath.Join(whole, name)), readAll(t, filepath.Join(parts, name))) {
					t.Errorf("%s differs from that of an unbroken run", name)
				}
			}
			log := readAll(t, filepath.Join(parts, trainloop.LogFile))
			if lines, evals := bytes.Count(log, []byte("\n")), bytes.Count(log, []byte(`"nearest"`)); lines != c.Steps || evals != 2*3 {
				t.Errorf("%d lines in the log and %d evaluations", lines, evals)
			}
		})
	}
}

func TestDamagedCheckpoint(t *testing.T) {
	data, _ := syntheticZoo(3, 64)
	c, dir := shortConfig(NetworkDiT), t.TempDir()
	interrupted(t, c, data, nil, dir)
	current := filepath.Join(dir, checkpoint.File)
	b := readAll(t, current)
	if err := os.WriteFile(current, b[:len(b)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	tr, notice, err := Resume(cputest.New(t, "threads=2"), dir, c, data)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if tr.StepsDone() != 2 || !strings.Contains(notice, current) || !strings.Contains(notice, checkpoint.Previous) {
		t.Errorf("resumed at step %d with the notice %q", tr.StepsDone(), notice)
	}
	if err := os.WriteFile(filepath.Join(dir, checkpoint.Previous), b[:100], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Resume(cputest.New(t, "threads=2"), dir, c, data); !errors.Is(err, safetensors.ErrDamaged) || !strings.Contains(err.Error(), checkpoint.Previous) {
		t.Errorf("both damaged: error %v", err)
	}
}

func TestResumeRefuses(t *testing.T) {
	data, _ := syntheticZoo(3, 64)
	c, dir := shortConfig(NetworkDiT), t.TempDir()
	run := func(c Config, data *Dataset) error {
		_, err := Train(t.Context(), cputest.New(t, "threads=2"), Options{Config: c, Data: data, Run: Run{Dir: dir}})
		return err
	}
	interrupted(t, c, data, nil, dir)
	unlock, err := checkpoint.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(c, data); err == nil || !strings.Contains(err.Error(), "another training") {
		t.Errorf("a folder in use: error %v", err)
	}
	unlock()
	changed := c
	changed.LR *= 2
	if err := run(changed, data); err == nil || !strings.Contains(err.Error(), "other settings") {
		t.Errorf("another learning rate: error %v", err)
	}
	data.Adapters[5][7] += 1
	if err := run(c, data); err == nil || !strings.Contains(err.Error(), "other adapters") {
		t.Errorf("another adapter: error %v", err)
	}
}

func TestBadData(t *testing.T) {
	for name, spoil := range map[string]func(d *Dataset){
		"no adapters":    func(d *Dataset) { d.Adapters = nil },
		"the mask":       func(d *Dataset) { d.Mask = d.Mask[1:] },
		"prompts of":     func(d *Dataset) { d.Prompts = d.Prompts[1:] },
		"no prompts":     func(d *Dataset) { d.Prompts[3] = nil },
		"wanted 192":     func(d *Dataset) { d.Adapters[3] = nil },
		"is NaN":         func(d *Dataset) { d.Adapters[3][4] = float32(math.NaN()) },
		"padding only":   func(d *Dataset) { clear(d.Mask[64:128]) },
		"multiple of 64": func(d *Dataset) { d.Size, d.Blocks = 6, 32; d.Mask = slices.Repeat([]bool{true}, 192) },
		"at most 8":      func(d *Dataset) { d.Prompts[3] = []string{strings.Repeat("red ", 9)} },
		"0 blocks":       func(d *Dataset) { d.Blocks, d.Mask, d.Adapters = 0, nil, [][]float32{nil}; d.Prompts = d.Prompts[:1] },
		"has no words":   func(d *Dataset) { d.Prompts = slices.Repeat([][]string{{"…"}}, len(d.Prompts)) },
	} {
		d, _ := syntheticZoo(3, 64)
		spoil(d)
		if _, err := NewTrainer(cputest.New(t, "threads=2"), shortConfig(NetworkUNet1D), d); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, wanted one with %q", err, name)
		}
	}
	data, held := syntheticZoo(3, 64)
	held[0].Layout.Schema = "other"
	if _, err := Train(t.Context(), cputest.New(t, "threads=2"), Options{Config: shortConfig(NetworkDiT), Data: data, Held: held, Run: Run{Dir: t.TempDir()}}); err == nil ||
		!strings.Contains(err.Error(), "combinations") {
		t.Errorf("held-out data of another layout: error %v", err)
	}
}

func TestConfigs(t *testing.T) {
	for _, network := range []string{NetworkDiT, NetworkUNet1D} {
		c, err := DefaultConfig(network)
		if err != nil || c.check() != nil {
			t.Errorf("%s: %v, %v", network, err, c.check())
		}
		m, err := newModel(c, Layout{Blocks: 60, Size: 256}, textenc.NewVocabulary([][]string{{"a b c"}}))
		if err != nil || m.Params.Size() > 5_000_000 {
			t.Errorf("%s: %d parameters, error %v", network, m.Params.Size(), err)
		}
	}
	for name, spoil := range map[string]func(c *Config){
		"network": func(c *Config) { c.Network = "vae" }, "width": func(c *Config) { c.Width = 7 },
		"text_width": func(c *Config) { c.TextWidth = 0 }, "layers": func(c *Config) { c.Layers = 0 },
		"heads": func(c *Config) { c.Heads = 0 }, "tokens": func(c *Config) { c.Tokens = 0 },
		"schedule": func(c *Config) { c.Schedule = "x" }, "target": func(c *Config) { c.Target = "x" },
		"terminal": func(c *Config) { c.Target = TargetNoise }, "drop": func(c *Config) { c.Drop = 1 },
		"batch": func(c *Config) { c.Batch = 0 }, "blocks": func(c *Config) { c.Blocks = 2 },
		"steps": func(c *Config) { c.Steps = 0 }, "warmup": func(c *Config) { c.Warmup = c.Steps + 1 },
		"lr": func(c *Config) { c.LR = -1 }, "weight_decay": func(c *Config) { c.WeightDecay = -1 }, "ema": func(c *Config) { c.EMA = 1 },
	} {
		c := testConfig(NetworkDiT)
		spoil(&c)
		if err := c.check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestDivergenceStops: neither a loss nor weights that are not finite reach a checkpoint.
func TestDivergenceStops(t *testing.T) {
	data, _ := syntheticZoo(3, 64)
	c := shortConfig(NetworkDiT)
	c.LR, c.Warmup = 1e38, 0 // the loss before the first step is finite, the weights behind it are not
	dir := t.TempDir()
	_, err := Train(t.Context(), cputest.New(t, "threads=2"), Options{Config: c, Data: data, Run: Run{Dir: dir, SaveEvery: time.Nanosecond}})
	if err == nil || !strings.Contains(err.Error(), "diverged at step") || strings.Contains(err.Error(), "is from before") {
		t.Errorf("at once: error %v", err)
	}
	if checkpoint.Exists(dir) {
		t.Error("a checkpoint of no use was written")
	}

	interrupted(t, shortConfig(NetworkDiT), data, nil, dir)
	for _, a := range data.Adapters {
		a[0] = math.MaxFloat32
	}
	tr, err := NewTrainer(cputest.New(t, "threads=2"), shortConfig(NetworkDiT), data)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run{Dir: dir}.do(t.Context(), func() (training, error) { return &firstStage{Trainer: tr}, nil })
	if err == nil || !strings.Contains(err.Error(), "diverged at step 1") || !strings.Contains(err.Error(), checkpoint.File) {
		t.Errorf("with a checkpoint: error %v", err)
	}
}

func TestForeignFiles(t *testing.T) {
	backend, dir := cputest.New(t, "threads=2"), t.TempDir()
	data, _ := syntheticZoo(3, 64)
	if _, err := load(backend, filepath.Join(dir, "none"), data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: error %v", err)
	}
	interrupted(t, shortConfig(NetworkDiT), data, nil, dir)
	path := filepath.Join(dir, checkpoint.File)
	g, err := load(backend, path, data)
	if err != nil {
		t.Fatalf("a checkpoint: %v", err)
	}
	defer g.Close()
	var p *textenc.PromptError
	if _, unknown, err := g.Generate(t.Context(), "туман", Sampling{}); !errors.As(err, &p) || len(unknown) != 1 {
		t.Errorf("a prompt without known words: unknown %q, error %v", unknown, err)
	}
	other := &Dataset{Layout: data.Layout, Mask: data.Mask}
	other.Layout.Schema = "another"
	if _, err := load(backend, path, other); err == nil || !strings.Contains(err.Error(), "synthetic") || !strings.Contains(err.Error(), "another") {
		t.Errorf("another layout: error %v, wanted one that names both", err)
	}
	rewritten := filepath.Join(dir, "rewritten")
	w, err := ReadWeightsFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFile(rewritten); err != nil {
		t.Fatal(err)
	}
	b := readAll(t, rewritten)
	again, err := ReadWeights(bytes.NewReader(b), int64(len(b)))
	if err != nil || again.Step != 3 || !slices.EqualFunc(again.Values, w.Values, slices.Equal) {
		t.Errorf("weights do not survive writing: error %v", err)
	}
	f, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.write(path, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := load(backend, path, data); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("no tensors: error %v", err)
	}
}

// TestOneStep compares the node for larger graphs with the sampler.
func TestOneStep(t *testing.T) {
	data, _ := syntheticZoo(3, 64)
	for _, target := range []string{TargetX0, TargetV} {
		c, dir, backend := shortConfig(NetworkDiT), t.TempDir(), cputest.New(t, "threads=2")
		c.Target, c.LR = target, 1e-2
		if _, err := Train(t.Context(), backend, Options{Config: c, Data: data, Run: Run{Dir: dir}}); err != nil {
			t.Fatal(err)
		}
		g, err := load(backend, filepath.Join(dir, WeightsFile), data)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		want, _, err := g.Generate(t.Context(), "a red foggy photo", Sampling{})
		if err != nil {
			t.Fatal(err)
		}
		m, s := g.Model(), g.sampler
		program, err := nn.Compile(backend, "one step", func(g *Graph) []*Node {
			e := m.Params.NewEnv(m.Params.Inputs(g, ""), nil)
			return []*Node{m.OneStep(e, Parameter(g, "rows", shapes.Make(dtypes.Float32, s.rows.Dims()...)),
				Parameter(g, "mask", shapes.Make(dtypes.Float32, s.mask.Dims()...)))}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		rows, _ := s.rows.Buffer()
		mask, _ := s.mask.Buffer()
		inputs := append(slices.Clone(g.weights), rows, mask)
		out, err := program.Run(inputs, make([]bool, len(inputs)))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := nn.Values(out[0])
		zeros := make([]float32, len(want))
		if d := data.distance(got, want); d > 1e-10 || data.distance(want, zeros) < 1e-5 {
			t.Errorf("%s: the mean squared difference is %g", target, d)
		}
	}
}

// FuzzParseFile feeds metadata to its parser and what it accepts to the networks' builders.
func FuzzParseFile(f *testing.F) {
	for _, network := range []string{NetworkDiT, NetworkUNet1D} {
		x := file{format: formatCheckpoint, config: shortConfig(network), layout: Layout{Blocks: 3, Size: 16}, vocabulary: textenc.NewVocabulary([][]string{{"a b"}})}
		m := x.metadata()
		f.Add(m["format"], m["version"], m["config"], m["layout"], m["vocabulary"], m["step"])
	}
	f.Fuzz(func(t *testing.T, format, version, config, layout, vocabulary, step string) {
		x, err := parseFile(&safetensors.File{Metadata: map[string]string{
			"format": format, "version": version, "config": config, "layout": layout, "vocabulary": vocabulary, "step": step,
		}})
		if err != nil {
			return
		}
		m, err := newModel(x.config, x.layout, x.vocabulary)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.values(groups[0], &m.Params); err == nil {
			t.Error("values without tensors")
		}
	})
}
