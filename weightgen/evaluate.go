package weightgen

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
)

// Errors compares one-step samples with what else could be used in their place: mean squared errors per value,
// averaged over adapters. Adapters are normalised, so that 1 is about the error of the mean adapter of the zoo.
type Errors struct {
	Generated float64 `json:"generated"` // by the generator, from a prompt
	Mean      float64 `json:"mean"`      // the mean adapter, whose normalised values are 0
	Nearest   float64 `json:"nearest"`   // the training adapter that has a wording most like the prompt
	Shuffled  float64 `json:"shuffled"`  // by the generator, from another held-out adapter's prompt
	Adapters  int     `json:"adapters"`
}

// evalBatch is the number of prompts per run of the evaluation's program.
const evalBatch = 16

// evaluator computes errors on a held-out dataset again and again during training.
type evaluator struct {
	held    Held
	prompts []string // one per adapter
	fixed   Errors   // the controls that do not depend on the generator
}

// newEvaluator asks for each held-out adapter by one of its wordings: the first of the first adapter, the second of the
// second, and so on.
func newEvaluator(m *Model, train *Dataset, held Held) (*evaluator, error) {
	if held.Layout != train.Layout {
		return nil, fmt.Errorf("held-out data %q has %s, the training data %s", held.Name, held.Layout, train.Layout)
	}
	if err := held.check(); err != nil {
		return nil, fmt.Errorf("held-out data %q: %w", held.Name, err)
	}
	if err := held.checkPrompts(m.Encoder); err != nil {
		return nil, fmt.Errorf("held-out data %q: %w", held.Name, err)
	}
	e := &evaluator{held: held, fixed: Errors{Adapters: len(held.Adapters)}}
	sets := train.wordSets(m.vocabulary)
	zeros := make([]float32, len(held.Mask))
	for i, a := range held.Adapters {
		prompt := held.Prompts[i][i%len(held.Prompts[i])]
		e.prompts = append(e.prompts, prompt)
		nearest := train.Adapters[train.nearest(m.vocabulary, sets, prompt)]
		e.fixed.Mean += held.distance(a, zeros) / float64(len(held.Adapters))
		e.fixed.Nearest += held.distance(a, nearest) / float64(len(held.Adapters))
	}
	return e, nil
}

// errors samples an adapter for each prompt with the given weights.
func (e *evaluator) errors(ctx context.Context, s *sampler, weights []compute.Buffer) (Errors, error) {
	samples, err := s.sampleAll(ctx, weights, e.prompts)
	if err != nil {
		return Errors{}, fmt.Errorf("held-out data %q: %w", e.held.Name, err)
	}
	r, n := e.fixed, len(samples)
	for i, a := range e.held.Adapters {
		r.Generated += e.held.distance(a, samples[i]) / float64(n)
		r.Shuffled += e.held.distance(a, samples[(i+(n+1)/2)%n]) / float64(n)
	}
	return r, nil
}
