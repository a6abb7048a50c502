// Package tiny makes models for tests: small, hardly trained, and like real ones in everything else.
package tiny

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/features"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/pretrained"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// Size is the width and height in pixels that the base is for.
const Size = 16

// Base returns a base whose weights are drawn by the seed.
func Base(seed uint64) (*lora.Base, error) {
	c, err := gan.Preset("mini")
	if err != nil {
		return nil, err
	}
	c.Width, c.Size, c.DiscWidth, c.Seed = 4, Size, 4, seed
	network, err := c.Network()
	if err != nil {
		return nil, err
	}
	w := &gan.Weights{Config: c}
	for i, p := range network.Params.List() {
		values := make([]float32, p.Size())
		network.Params.Draw(nn.Ref(i), seed, values)
		w.Values = append(w.Values, values)
	}
	return lora.NewBase(w, lora.Config{Seed: seed, Ranks: []lora.Rank{{Pattern: "*", Rank: 4}}})
}

// Concepts is the number of concepts that the weight generator has seen.
const Concepts = 16

// WriteModels writes a base, a weight generator for it, a discriminator and a feature network into a folder, as package warmstart reads them. The adapters that the generator has hardly learnt from are noise.
func WriteModels(backend compute.Backend, dir string, seed uint64) error {
	base, err := Base(seed)
	if err != nil {
		return err
	}
	blocks, err := zoo.NewBlocks(base.Layout, zoo.BlockSize)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	var adapters [][][]float32
	for range Concepts {
		a := base.Layout.Initial()
		for _, values := range a {
			for i := range values {
				values[i] = float32(math.Round(0.05*rng.NormFloat64()*(1<<16)) / (1 << 16)) // zoos hold multiples of that
			}
		}
		adapters = append(adapters, a)
	}
	code := zoo.Fit(blocks, base.Hash, adapters)
	generator, err := generator(backend, code, adapters)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := base.Write(filepath.Join(dir, pretrained.BaseFile)); err != nil {
		return err
	}
	if err := code.Write(filepath.Join(dir, pretrained.CodeFile)); err != nil {
		return err
	}
	if err := generator.WriteFile(filepath.Join(dir, pretrained.GeneratorFile)); err != nil {
		return err
	}
	if err := writeDiscriminator(backend, filepath.Join(dir, pretrained.DiscriminatorFile), base.Generator.Config); err != nil {
		return err
	}
	return writeFeatures(backend, filepath.Join(dir, pretrained.FeaturesFile), seed)
}

// writeDiscriminator writes one whose weights are drawn by the seed.
func writeDiscriminator(backend compute.Backend, path string, c gan.Config) error {
	t, err := gan.NewTrainer(backend, c)
	if err != nil {
		return err
	}
	defer t.Close()
	values, err := t.Discriminator()
	if err != nil {
		return err
	}
	return (&gan.Discriminator{Config: c, Values: values}).Write(path)
}

// writeFeatures trains a feature network for a step.
func writeFeatures(backend compute.Backend, path string, seed uint64) error {
	dir, err := os.MkdirTemp("", "tiny")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	pictures, err := corpus.New(context.Background(), corpus.Config{Size: Size, Scenes: 2, First: corpus.TrainScenes})
	if err != nil {
		return err
	}
	w, err := features.Train(context.Background(), backend, features.Options{
		Config:   features.Config{Size: Size, Width: 2, Hidden: 4, Batch: 2, Steps: 1, Seed: seed},
		Pictures: pictures, Test: pictures, Dir: dir,
	})
	if err != nil {
		return err
	}
	return w.Write(path)
}

// generator trains a weight generator for a few steps.
func generator(backend compute.Backend, code *zoo.Code, adapters [][][]float32) (*weightgen.Weights, error) {
	data := &weightgen.Dataset{Layout: weightgen.LayoutOf(code), Mask: code.Blocks.Mask()}
	for i, c := range concept.Seen()[:len(adapters)] {
		data.Adapters, data.Prompts = append(data.Adapters, code.Encode(adapters[i])), append(data.Prompts, c.Phrasings())
	}
	c, err := weightgen.DefaultConfig(weightgen.NetworkDiT)
	if err != nil {
		return nil, err
	}
	c.Width, c.TextWidth, c.Layers, c.Heads, c.Batch, c.Seed = 16, 16, 1, 2, 4, 1
	t, err := weightgen.NewTrainer(backend, c, data)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	for range 3 {
		if _, err := t.Step(); err != nil {
			return nil, fmt.Errorf("train a tiny weight generator: %w", err)
		}
	}
	return t.Weights()
}
