package evaluate

import (
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/zoo"
)

// TestModels evaluates a weight generator as it is on disk.
func TestModels(t *testing.T) {
	backend, dir := testBackend(t), t.TempDir()
	if err := tiny.WriteModels(backend, dir, 1); err != nil {
		t.Fatal(err)
	}
	m, err := warmstart.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := corpus.New(t.Context(), corpus.Config{Size: tiny.Size, Scenes: 4, First: corpus.TrainScenes})
	if err != nil {
		t.Fatal(err)
	}
	seen := concept.Seen()[:tiny.Concepts]
	z, err := zoo.Build(t.Context(), zoo.Options{
		Dir: t.TempDir(), Base: m.Base, Pictures: pictures, Concepts: seen, Config: zoo.Config{Steps: 1, Batch: 1, Pairs: 3, Held: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	models := NewModels(m.Base, m.Code, m.Generator, z)
	if len(models.Zoo) != len(seen) || models.ID == "" || len(models.Mean) != len(m.Base.Layout.Params.List()) {
		t.Errorf("%d adapters, generator %q, a mean of %d tensors", len(models.Zoo), models.ID, len(models.Mean))
	}
	g, err := models.Open(backend)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	got, err := g.Adapter(t.Context(), seen[0].Phrasings()[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Base.Apply(&lora.Adapter{Values: got}); err != nil {
		t.Error(err)
	}
	for _, values := range m.Generator.Values {
		values[0]++
	}
	if NewModels(m.Base, m.Code, m.Generator, z).ID == models.ID {
		t.Error("another generator has the same name")
	}
}
