package weightgen_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/weightgen"
)

// A zoo of two adapters with one block of four values each.
func Example() {
	backend, err := cpu.New("threads=2")
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	dir, err := os.MkdirTemp("", "weightgen")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	data := &weightgen.Dataset{
		Layout:   weightgen.Layout{Blocks: 1, Size: 4, Schema: "example"},
		Mask:     []bool{true, true, true, true},
		Adapters: [][]float32{{1, -1, 1, -1}, {-1, 1, 1, -1}},
		Prompts:  [][]string{{"a foggy day", "fog"}, {"a snowy day", "snow"}},
	}
	config, err := weightgen.DefaultConfig(weightgen.NetworkDiT)
	if err != nil {
		log.Fatal(err)
	}
	config.Width, config.TextWidth, config.Layers, config.Steps, config.EMA = 16, 16, 1, 150, 0.9
	ctx := context.Background()
	if _, err := weightgen.Train(ctx, backend, weightgen.Options{Config: config, Data: data, Run: weightgen.Run{Dir: dir}}); err != nil {
		log.Fatal(err)
	}

	weights, err := weightgen.ReadWeightsFile(filepath.Join(dir, weightgen.WeightsFile))
	if err != nil {
		log.Fatal(err)
	}
	generator, err := weightgen.NewGenerator(backend, weights, data.Layout, data.Mask)
	if err != nil {
		log.Fatal(err)
	}
	defer generator.Close()
	values, unknown, err := generator.Generate(ctx, "fog, everywhere", weightgen.Sampling{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.0f, skipped %q\n", values, unknown)
	_, _, err = generator.Generate(ctx, "vinyl", weightgen.Sampling{})
	fmt.Println(err)
	// Output:
	// [1 -1 1 -1], skipped ["everywhere"]
	// the words of the prompt that matter are unknown (vinyl): describe the edit in other words
}
