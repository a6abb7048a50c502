package zoo

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

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

// runProgram runs a program of one input and returns copies of its outputs.
func runProgram(t testing.TB, backend compute.Backend, program *nn.Program, x []float32, shape shapes.Shape) [][]float32 {
	t.Helper()
	in, err := backend.BufferFromFlatData(0, x, shape)
	if err != nil {
		t.Fatal(err)
	}
	buffers, err := program.Run([]compute.Buffer{in}, []bool{false})
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for _, b := range buffers {
		s, err := b.Shape()
		if err != nil {
			t.Fatal(err)
		}
		values := make([]float32, s.Size())
		if err := b.ToFlatData(values); err != nil {
			t.Fatal(err)
		}
		out = append(out, values)
	}
	return out
}
