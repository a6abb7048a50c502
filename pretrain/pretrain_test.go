package pretrain

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/features"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/pretrained"
	"github.com/warmstart-ml/warmstart/weightgen"
)

// tinyConfig is the recipe on a small scale.
func tinyConfig(t *testing.T) Config {
	t.Helper()
	c, err := DefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	c.Pictures = corpus.Config{Size: 16, Scenes: 6, First: corpus.TrainScenes}
	c.Base.Generator = gan.Config{
		Preset: "tiny", Generator: "mini", Width: 4, DiscWidth: 4, DiscLayers: 2, Size: 16, Batch: 2, Loss: gan.LossNone,
		LambdaL1: 100, LR: 3e-3, Beta1: 0.5, Beta2: 0.999, Steps: 6, DecaySteps: 3, Seed: 3,
	}
	c.Base.Adapters = lora.Config{Seed: 1, Ranks: []lora.Rank{{Pattern: "*", Rank: 2}}}
	c.Base.ConditionWidth, c.Base.Concepts, c.Base.Together, c.Base.Warmup, c.Base.Pairs = 8, 20, 2, 2, 4
	c.Zoo.Steps, c.Zoo.Pairs, c.Zoo.Held = 2, 4, 1
	c.Generator.Width, c.Generator.TextWidth, c.Generator.Layers, c.Generator.Heads, c.Generator.Batch = 8, 8, 1, 2, 4
	c.Generator.Steps, c.Generator.Warmup = 4, 1
	c.Refine.Steps, c.Refine.Warmup, c.Refine.Together, c.Refine.Batch, c.Refine.Pairs = 4, 1, 2, 2, 4
	c.Discriminator.Concepts, c.Discriminator.Steps, c.Discriminator.Pairs = 2, 2, 2
	c.Features = features.Config{Size: 16, Width: 2, Hidden: 4, Batch: 4, Steps: 4, Warmup: 1, LR: 1e-3, Seed: 1}
	return c
}

func TestDefaultConfigIsTheShippedScale(t *testing.T) {
	c, err := DefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	if c.Base.Concepts != 0 || c.Pictures.First != corpus.TrainScenes || c.Pictures.Size != c.Base.Generator.Size || c.Features.Size != c.Pictures.Size {
		t.Errorf("%+v", c)
	}
}

// models reads what a run has made.
func models(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range pretrained.Files() {
		b, err := os.ReadFile(filepath.Join(dir, ModelsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return files
}

// Two runs give the same bits, whatever the number of threads, and however often one of them is interrupted.
func TestSameBits(t *testing.T) {
	c := tinyConfig(t)
	do := func(ctx context.Context, dir, threads string) error {
		backend, err := cpu.New(threads)
		if err != nil {
			t.Fatal(err)
		}
		defer backend.Finalize()
		return Run(ctx, backend, Options{Config: c, Dir: dir})
	}
	whole, parts := t.TempDir(), t.TempDir()
	if err := do(t.Context(), whole, "threads=2"); err != nil {
		t.Fatal(err)
	}
	interruptions := 0
	for wait := 200 * time.Millisecond; ; wait *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		err := do(ctx, parts, "threads=1")
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		interruptions++
	}
	if interruptions == 0 {
		t.Error("it was never interrupted")
	}
	want := models(t, whole)
	for name, got := range models(t, parts) {
		if !bytes.Equal(got, want[name]) {
			t.Errorf("%s differs after %d interruptions", name, interruptions)
		}
	}
	// What was made works.
	m, err := warmstart.Load(filepath.Join(whole, ModelsDir))
	if err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New("threads=1")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	a, _, err := m.Init(t.Context(), backend, "a foggy night", weightgen.Sampling{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Base.Apply(a); err != nil {
		t.Error(err)
	}
}
