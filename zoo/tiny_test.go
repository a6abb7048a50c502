package zoo

import (
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// tinyBase has drawn weights and adapters of rank 2.
func tinyBase(t testing.TB, seed uint64) *lora.Base {
	t.Helper()
	config, err := gan.Preset("mini")
	if err != nil {
		t.Fatal(err)
	}
	config.Width, config.Size, config.Seed = 4, 16, seed
	network, err := config.Network()
	if err != nil {
		t.Fatal(err)
	}
	w := &gan.Weights{Config: config}
	for i, p := range network.Params.List() {
		values := make([]float32, p.Size())
		network.Params.Draw(nn.Ref(i), seed, values)
		w.Values = append(w.Values, values)
	}
	b, err := lora.NewBase(w, lora.Config{Seed: 1, Ranks: []lora.Rank{{Pattern: "*", Rank: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
