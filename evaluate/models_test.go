package evaluate

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/pretrain"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// testModels trains a weight generator on a zoo, for a moment.
func testModels(t *testing.T, backend compute.Backend) (*warmstart.Models, *zoo.Zoo) {
	t.Helper()
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := corpus.New(t.Context(), corpus.Config{Size: tiny.Size, Scenes: 4, First: corpus.TrainScenes})
	if err != nil {
		t.Fatal(err)
	}
	z, err := zoo.Build(t.Context(), zoo.Options{
		Dir: t.TempDir(), Base: base, Pictures: pictures, Concepts: concept.Seen()[:4], Config: zoo.Config{Steps: 1, Batch: 1, Pairs: 3, Held: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := weightgen.DefaultConfig(weightgen.NetworkDiT)
	if err != nil {
		t.Fatal(err)
	}
	c.Width, c.TextWidth, c.Layers, c.Heads, c.Batch, c.Steps, c.Warmup = 16, 16, 1, 2, 2, 1, 0
	g, err := pretrain.TrainGenerator(t.Context(), backend, pretrain.GeneratorOptions{Config: c, BlockSize: 256, Zoo: z, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &warmstart.Models{Base: base, Code: g.Code, Generator: g.Weights}, z
}

// TestModels evaluates a weight generator as it is on disk.
func TestModels(t *testing.T) {
	backend := testBackend(t)
	m, z := testModels(t, backend)
	loads := 0
	load := func() (*warmstart.Models, error) { loads++; return m, nil }
	models, err := NewModels(m, z, load)
	if err != nil {
		t.Fatal(err)
	}
	if len(models.Zoo) != len(z.Entries) || models.ID == "" || len(models.Mean) != len(m.Base.Layout.Params.List()) {
		t.Errorf("%d adapters, generator %q, a mean of %d tensors", len(models.Zoo), models.ID, len(models.Mean))
	}
	g, err := models.Open(backend)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if loads != 1 {
		t.Errorf("to open the generator, it is read %d times", loads)
	}
	got, err := g.Adapter(t.Context(), z.Entries[0].Prompt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Base.Apply(&lora.Adapter{Values: got}); err != nil {
		t.Error(err)
	}
	for _, values := range m.Generator.Values {
		values[0]++
	}
	if other, err := NewModels(m, z, load); err != nil || other.ID == models.ID {
		t.Errorf("another generator has the same name (error %v)", err)
	}
	models, err = NewModels(m, z, func() (*warmstart.Models, error) { return nil, errors.New("no models") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := models.Open(backend); err == nil {
		t.Error("models that cannot be read are opened")
	}
	z.Adapters[0][0][0]++
	if _, err := NewModels(m, z, load); err == nil || !strings.Contains(err.Error(), "learnt from another zoo") {
		t.Errorf("another zoo: error %v", err)
	}
}
