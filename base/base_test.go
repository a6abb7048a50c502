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

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/lora"
)

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := cpu.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

func tinyConfig() Config {
	return Config{
		Generator: gan.Config{
			Preset: "tiny", Generator: "mini", Width: 4, DiscWidth: 4, DiscLayers: 2, Size: 16, Batch: 2, Loss: gan.LossNone,
			LambdaL1: 100, LR: 3e-3, Beta1: 0.5, Beta2: 0.999, Steps: 9, DecaySteps: 4, Seed: 3,
		},
		Adapters:  lora.Config{Seed: 1, Ranks: []lora.Rank{{Pattern: "*", Rank: 2}}},
		AdapterLR: 6e-3, Concepts: 6, Together: 2, Warmup: 2, Identity: 0.25, Scenes: 5, Pairs: 3,
	}
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
		concepts := c.concepts()
		d, err := newData(c, concepts)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.edits) != len(concepts) {
			t.Fatalf("%d edits for %d concepts", len(d.edits), len(concepts))
		}
		for i, k := range concepts {
			if !k.IsSeen() || unseen[k.ID] || unseen[k.Expr] || unseen[d.edits[i].String()] {
				t.Errorf("%s is unseen", k.ID)
			}
		}
	}
	c := tinyConfig()
	if c.Concepts = len(concept.Seen()) + 1; c.check() == nil {
		t.Error("more concepts than are seen were accepted")
	}
}

func TestSchedule(t *testing.T) {
	c := tinyConfig()
	const concepts = 7
	for s := range c.Warmup {
		for _, d := range c.schedule(s, concepts) {
			if d.concept != identity {
				t.Errorf("step %d draws concept %d", s, d.concept)
			}
		}
	}
	steps := c.epochSteps(concepts)
	for epoch := range 3 {
		var drawn []int
		identities := 0
		for s := range steps {
			for _, d := range c.schedule(c.Warmup+epoch*steps+s, concepts) {
				if d.visit != epoch {
					t.Errorf("epoch %d: visit %d", epoch, d.visit)
				}
				if d.concept == identity {
					identities++
				} else {
					drawn = append(drawn, d.concept)
				}
			}
		}
		slices.Sort(drawn)
		if want := []int{0, 1, 2, 3, 4, 5, 6}; !slices.Equal(drawn, want) {
			t.Errorf("epoch %d draws %v", epoch, drawn)
		}
		if share := float64(identities) / float64(identities+concepts); share < c.Identity || share > 2*c.Identity {
			t.Errorf("epoch %d: %d identities", epoch, identities)
		}
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
		"pairs":    func(c *Config) { c.Pairs = c.Scenes + 1 },
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

// TestStep: a step changes the shared weights and the adapters that were drawn, and no others.
func TestStep(t *testing.T) {
	tr, err := newFresh(testBackend(t), tinyConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	before, err := tr.Base()
	if err != nil {
		t.Fatal(err)
	}
	for range tr.config.Warmup + 1 {
		if _, err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	draws := tr.config.schedule(tr.config.Warmup, len(tr.concepts))
	after, err := tr.Base()
	if err != nil {
		t.Fatal(err)
	}
	if before.Hash == after.Hash {
		t.Error("the shared weights have not changed")
	}
	for i := range tr.concepts {
		drawn := slices.ContainsFunc(draws, func(d draw) bool { return d.concept == i })
		if moved := slices.ContainsFunc(tr.state(0, i), func(v float32) bool { return v != 0 }); moved != drawn {
			t.Errorf("concept %d: drawn %v, changed %v", i, drawn, moved)
		}
	}
}

func TestLearns(t *testing.T) {
	c := tinyConfig()
	c.Generator.Steps, c.Generator.DecaySteps, c.Warmup = 300, 0, 0
	tr, err := newFresh(testBackend(t), c)
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
	epoch := c.epochSteps(c.Concepts)
	first := mean(epoch)
	mean(c.Generator.Steps - 2*epoch)
	if last := mean(epoch); !(last < 0.7*first) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
}

// countdown is cancelled when it has been asked a number of times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestResumeGivesTheSameBits(t *testing.T) {
	c := tinyConfig()
	whole, parts := t.TempDir(), t.TempDir()
	if _, err := Train(t.Context(), testBackend(t), Options{Config: c, Dir: whole}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // interrupt it twice
		ctx := &countdown{t.Context(), 3}
		_, err := Train(ctx, testBackend(t), Options{Config: c, Dir: parts, SaveEvery: time.Nanosecond})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
	}
	b, err := Train(t.Context(), testBackend(t), Options{Config: c, Dir: parts})
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
	if read, err := lora.ReadBase(filepath.Join(parts, BaseFile)); err != nil || read.Hash != b.Hash {
		t.Errorf("the base was read back with error %v", err)
	}
	c.Adapters.Seed++
	if _, err := Train(t.Context(), testBackend(t), Options{Config: c, Dir: parts}); err == nil || !strings.Contains(err.Error(), "config") {
		t.Errorf("another configuration: error %v", err)
	}
}
