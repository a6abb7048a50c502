package base

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/safetensors"
)

func tinyConfig() Config {
	return Config{
		Generator: gan.Config{
			Preset: "tiny", Generator: "mini", Width: 4, DiscWidth: 4, DiscLayers: 2, Size: 16, Batch: 2, Loss: gan.LossNone,
			LambdaL1: 100, LR: 3e-3, Beta1: 0.5, Beta2: 0.999, Steps: 9, DecaySteps: 4, Seed: 3,
		},
		Adapters:       lora.Config{Seed: 1, Ranks: []lora.Rank{{Pattern: "*", Rank: 2}}},
		ConditionWidth: 8, ConditionLR: 3e-3, Concepts: 6, Together: 2, Warmup: 2, Identity: 0.25, Pairs: 3,
	}
}

func tinyCorpus(t testing.TB) *corpus.Corpus {
	t.Helper()
	pictures, err := corpus.New(t.Context(), corpus.Config{Size: 16, Scenes: 5, First: corpus.TrainScenes})
	if err != nil {
		t.Fatal(err)
	}
	return pictures
}

// TestNoUnseenConcept: whatever the configuration, training knows seen concepts only, and edits nothing but what they say.
func TestNoUnseenConcept(t *testing.T) {
	unseen := map[string]bool{}
	for _, g := range []concept.Group{concept.Pair, concept.Triple, concept.Setting} {
		for _, c := range concept.Unseen(g) {
			unseen[c.ID], unseen[c.Expr] = true, true
		}
	}
	for _, n := range []int{0, 1, 40, len(concept.Seen())} {
		c := tinyConfig()
		c.Concepts = n
		if err := c.check(); err != nil {
			t.Fatal(err)
		}
		for _, k := range c.Seen() {
			if !k.IsSeen() || unseen[k.ID] || unseen[k.Expr] {
				t.Errorf("%s is unseen", k.ID)
			}
		}
	}
	tr, err := newTrainer(cputest.New(t, ""), tinyConfig(), tinyCorpus(t))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if want := tinyConfig().Seen(); len(tr.concepts) != len(want) || len(tr.data.concepts) != len(want) {
		t.Errorf("a trainer of %d concepts with pairs of %d, wanted %d", len(tr.concepts), len(tr.data.concepts), len(want))
	}
	c := tinyConfig()
	if c.Concepts = len(concept.Seen()) + 1; c.check() == nil {
		t.Error("more concepts than are seen were accepted")
	}
}

func TestSchedule(t *testing.T) {
	c := tinyConfig()
	concepts := concept.Seen()[len(concept.Seen())-3:]
	single := concept.Seen()[0]
	s := newSchedule(c, append(concepts, single))
	for step := range c.Warmup {
		for _, d := range s.at(step) {
			if d.concept != identity {
				t.Errorf("step %d draws concept %d", step, d.concept)
			}
		}
	}
	count, seen := map[int]int{}, map[draw]bool{}
	const steps = 90
	for step := range steps {
		for _, d := range s.at(c.Warmup + step) {
			count[d.concept]++
			if seen[d] {
				t.Errorf("%+v comes twice", d)
			}
			seen[d] = true
		}
	}
	for i := range concepts {
		if want := count[3] / single.Weight(); count[i] < want-1 || count[i] > want+1 {
			t.Errorf("a combination is drawn %d times, a single edit %d times", count[i], count[3])
		}
	}
	if share := float64(count[identity]) / float64(steps*c.Together); share < c.Identity-0.05 || share > c.Identity+0.05 {
		t.Errorf("a share of %g is the identity, wanted %g", share, c.Identity)
	}
}

func TestCheck(t *testing.T) {
	if c, err := DefaultConfig(); err != nil || c.check() != nil {
		t.Errorf("the default: errors %v, %v", err, c.check())
	}
	for name, spoil := range map[string]func(c *Config){
		"together": func(c *Config) { c.Together = 0 },
		"warmup":   func(c *Config) { c.Warmup = c.Generator.Steps + 1 },
		"identity": func(c *Config) { c.Identity = 1 },
		"pairs":    func(c *Config) { c.Pairs = 0 },
		"batch":    func(c *Config) { c.Generator.Batch = c.Pairs + 1 },
		"loss":     func(c *Config) { c.Generator.Loss = gan.LossLSGAN },
		"size":     func(c *Config) { c.Generator.Size = 20 },
	} {
		c := tinyConfig()
		spoil(&c)
		if err := c.check(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestStep: the identity changes the shared weights and no adapter; concepts change the adapters of those that they share features with.
func TestStep(t *testing.T) {
	tr, err := newFresh(cputest.New(t, ""), tinyConfig(), tinyCorpus(t))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	before, err := tr.Base()
	if err != nil {
		t.Fatal(err)
	}
	step := func() map[string][]float32 {
		if _, err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		adapters, err := tr.Adapters()
		if err != nil {
			t.Fatal(err)
		}
		return adapters
	}
	moved := func(v float32) bool { return v != 0 }
	for range tr.config.Warmup {
		for id, a := range step() {
			if slices.ContainsFunc(a, moved) {
				t.Errorf("the identity has changed the adapter of %s", id)
			}
		}
	}
	after, err := tr.Base()
	if err != nil {
		t.Fatal(err)
	}
	if before.Hash == after.Hash {
		t.Error("the shared weights have not changed")
	}
	adapters := step()
	for _, d := range tr.schedule.at(tr.config.Warmup) {
		if d.concept != identity && !slices.ContainsFunc(adapters[tr.concepts[d.concept].ID], moved) {
			t.Errorf("the adapter of %s has not changed", tr.concepts[d.concept].ID)
		}
	}
}

func TestLearns(t *testing.T) {
	c := tinyConfig()
	c.Generator.Steps, c.Generator.DecaySteps, c.Warmup = 300, 0, 0
	tr, err := newFresh(cputest.New(t, ""), c, tinyCorpus(t))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	mean := func(steps int) (sum float32) {
		for range steps {
			l, err := tr.Step()
			if err != nil {
				t.Fatal(err)
			}
			sum += (l.Edits + l.Identity) / float32(steps)
		}
		return sum
	}
	epoch := tr.schedule.rounds.Len() / c.Together
	first := mean(epoch)
	mean(c.Generator.Steps - 2*epoch)
	if last := mean(epoch); !(last < 0.7*first) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
}

func TestResumeGivesTheSameBits(t *testing.T) {
	c := tinyConfig()
	whole, parts, pictures := t.TempDir(), t.TempDir(), tinyCorpus(t)
	if _, err := Train(t.Context(), cputest.New(t, ""), Options{Config: c, Pictures: pictures, Dir: whole}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // interrupt it twice
		ctx := cputest.Countdown(t.Context(), 3)
		_, err := Train(ctx, cputest.New(t, ""), Options{Config: c, Pictures: pictures, Dir: parts, SaveEvery: time.Nanosecond})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
	}
	result, err := Train(t.Context(), cputest.New(t, ""), Options{Config: c, Pictures: pictures, Dir: parts})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{checkpoint.File, BaseFile} {
		x, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		if y, err := os.ReadFile(filepath.Join(parts, name)); err != nil || !bytes.Equal(x, y) {
			t.Errorf("%s differs from that of an unbroken run (error %v)", name, err)
		}
	}
	if read, err := lora.ReadBase(filepath.Join(parts, BaseFile)); err != nil || read.Hash != result.Base.Hash {
		t.Errorf("the base was read back with error %v", err)
	}
	c.Adapters.Seed++
	if _, err := Train(t.Context(), cputest.New(t, ""), Options{Config: c, Pictures: pictures, Dir: parts}); err == nil || !strings.Contains(err.Error(), "config") {
		t.Errorf("another configuration: error %v", err)
	}
	c.Adapters.Seed--
	other, err := corpus.New(t.Context(), corpus.Config{Size: 16, Scenes: 6, First: corpus.TrainScenes})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Train(t.Context(), cputest.New(t, ""), Options{Config: c, Pictures: other, Dir: parts}); err == nil || !strings.Contains(err.Error(), "pictures") {
		t.Errorf("other pictures: error %v", err)
	}
}

// TestDivergence: a training that diverges says so and spoils no checkpoint.
func TestDivergence(t *testing.T) {
	c := tinyConfig()
	c.Generator.LR = 1e30
	dir := t.TempDir()
	_, err := Train(t.Context(), cputest.New(t, ""), Options{Config: c, Pictures: tinyCorpus(t), Dir: dir, SaveEvery: time.Nanosecond})
	if err == nil || !strings.Contains(err.Error(), "training diverged at step") {
		t.Fatalf("error %v", err)
	}
	if !checkpoint.Exists(dir) {
		return
	}
	if _, _, err := resume(cputest.New(t, ""), dir, c, tinyCorpus(t)); err != nil {
		t.Errorf("the checkpoint: %v", err)
	}
}

// FuzzCheckpointMetadata feeds a checkpoint's text entries to their parser.
func FuzzCheckpointMetadata(f *testing.F) {
	tr, err := newTrainer(cputest.New(f, ""), tinyConfig(), tinyCorpus(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(tr.Close)
	m := tr.metadata()
	f.Add(m["format"], m["version"], m["step"], m["config"], m["concepts"])
	f.Fuzz(func(t *testing.T, format, version, step, config, concepts string) {
		err := tr.restore(&safetensors.File{Metadata: map[string]string{
			"format": format, "version": version, "step": step, "config": config, "pictures": m["pictures"], "concepts": concepts,
		}})
		if err == nil || tr.state != nil {
			t.Error("a checkpoint without tensors was accepted")
		}
	})
}
