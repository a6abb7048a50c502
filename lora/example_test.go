package lora_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
)

// Train an adapter of a (tiny, untrained) base, keep it in a file, and use it at half its strength.
func Example() {
	backend, err := cpu.New("")
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()
	base := tinyBase(backend)

	config := base.Training(3)
	trainer, err := gan.NewParametrizedTrainer(backend, config, base.Parametrization())
	if err != nil {
		panic(err)
	}
	defer trainer.Close()
	batch := make([]float32, config.Batch*config.Size*config.Size*3)
	for range config.Steps {
		if _, err := trainer.Step(batch, batch); err != nil {
			panic(err)
		}
	}
	values, err := trainer.Trained()
	if err != nil {
		panic(err)
	}

	dir, err := os.MkdirTemp("", "adapter")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "grey.safetensors")
	adapter := &lora.Adapter{Values: values, Info: lora.Info{Prompt: "all grey", Seed: config.Seed, Steps: config.Steps}}
	if err := adapter.Write(path, base); err != nil {
		panic(err)
	}
	if adapter, err = lora.ReadAdapter(path, base); err != nil {
		panic(err)
	}
	if adapter.Values, err = base.Layout.Mix(lora.Part{Values: adapter.Values, Weight: 0.5}); err != nil {
		panic(err)
	}
	generator, err := base.Apply(adapter)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%q after %d steps: %d values over %d weights\n", adapter.Prompt, generator.Step,
		base.Layout.Params.Size(), size(generator.Values))
	// Output: "all grey" after 3 steps: 983 values over 7511 weights
}

// tinyBase is a base of drawn weights. A real one is trained: see package base.
func tinyBase(backend compute.Backend) *lora.Base {
	config, err := gan.Preset("mini")
	if err != nil {
		panic(err)
	}
	config.Width, config.Size = 4, 16
	trainer, err := gan.NewTrainer(backend, config)
	if err != nil {
		panic(err)
	}
	defer trainer.Close()
	weights, err := trainer.Weights()
	if err != nil {
		panic(err)
	}
	base, err := lora.NewBase(weights, lora.Config{Seed: 1, Ranks: []lora.Rank{{Pattern: "*", Rank: 4}}})
	if err != nil {
		panic(err)
	}
	return base
}

func size(tensors [][]float32) (n int) {
	for _, t := range tensors {
		n += len(t)
	}
	return n
}
