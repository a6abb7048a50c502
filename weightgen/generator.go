package weightgen

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/textenc"
)

// Generator makes adapters from prompts. It is not safe for concurrent use.
type Generator struct {
	sampler *sampler
	weights []compute.Buffer
}

// NewGenerator compiles a generator for adapters of the given layout; weights for another are refused. The mask is that of the Dataset
// they have learnt from, [blocks*size]: it tells values from padding.
func NewGenerator(backend compute.Backend, w *Weights, l Layout, mask []bool) (g *Generator, err error) {
	m := w.Model
	if m.layout != l {
		return nil, fmt.Errorf("the weight generator is for adapters of another base (%s), not for these (%s): "+
			"use the base that it was trained for, or train a generator for this one", m.layout, l)
	}
	if len(mask) != l.Blocks*l.Size {
		return nil, fmt.Errorf("the mask has %d values, wanted %d", len(mask), l.Blocks*l.Size)
	}
	g = &Generator{}
	if g.sampler, err = newSampler(backend, m, 1); err != nil {
		return nil, err
	}
	g.sampler.values = mask
	for i, p := range m.Params.List() {
		b, err := backend.BufferFromFlatData(0, w.Values[i], p.Shape())
		if err != nil {
			g.Close()
			return nil, fmt.Errorf("upload %s: %w", p.Name, err)
		}
		g.weights = append(g.weights, b)
	}
	return g, nil
}

// Model returns the model, to use its forward pass in another graph.
func (g *Generator) Model() *Model { return g.sampler.model }

// Generate returns the normalised values [blocks*size] of an adapter for a prompt; those of padding are 0. Unknown are the prompt's words
// that were skipped. A prompt without any known word is a *textenc.PromptError.
func (g *Generator) Generate(ctx context.Context, prompt string, o Sampling) (values []float32, unknown []string, err error) {
	adapters, words, err := g.sampler.sample(ctx, g.weights, []string{prompt}, o)
	if err != nil {
		var p *textenc.PromptError
		if errors.As(err, &p) {
			return nil, p.Unknown, err
		}
		return nil, nil, fmt.Errorf("generate weights: %w", err)
	}
	return adapters[0], words[0], nil
}

// Close frees the compiled generator and its weights.
func (g *Generator) Close() {
	g.sampler.program.Close()
	for _, b := range g.weights {
		b.Finalize()
	}
	g.weights = nil
}
