package features

import (
	"cmp"
	"context"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/nn"
)

// examined is the number of pictures, in batches, that accuracy looks at.
const examined = 16

// examiner measures how well a network in training does on pictures that it doesn't learn from.
type examiner struct {
	data    *data
	labels  int
	batch   int
	program *nn.Program
	x       *nn.Feed
	batches []batch // made when they are first needed
}

type batch struct{ x, y []float32 }

func newExaminer(t *trainer, pictures *corpus.Corpus) (e *examiner, err error) {
	e = &examiner{labels: len(t.labels), batch: t.config.Batch}
	if e.data, err = newData(t.config, pictures, t.labels); err != nil {
		return nil, err
	}
	dims := t.feedDims()[feedX]
	e.program, err = nn.Compile(t.backend, "labels of pictures", func(g *Graph) []*Node {
		env := t.network.params.NewEnv(t.network.params.Inputs(g, ""), nil)
		return []*Node{t.network.logits(env, Parameter(g, "x", shapes.Make(dtypes.Float32, dims...)))}
	})
	if err != nil {
		return nil, err
	}
	if e.x, err = nn.NewFeed(t.backend, dims...); err != nil {
		e.program.Close()
		return nil, err
	}
	return e, nil
}

// paint makes the pictures.
func (e *examiner) paint(ctx context.Context) error {
	for len(e.batches) < examined {
		b := batch{make([]float32, len(e.x.Data)), make([]float32, e.batch*e.labels)}
		if err := e.data.fill(ctx, e.data.examples(len(e.batches)*e.batch, e.batch), b.x, b.y); err != nil {
			return err
		}
		e.batches = append(e.batches, b)
	}
	return nil
}

// accuracy returns, over pictures with k ingredients each, the share of these that are among the k labels that the network thinks
// likeliest. Weights are buffers, which stay as they are.
func (e *examiner) accuracy(ctx context.Context, weights []compute.Buffer) (float64, error) {
	if err := e.paint(ctx); err != nil {
		return 0, err
	}
	right, all := 0, 0
	logits := make([]float32, e.batch*e.labels)
	for _, b := range e.batches {
		copy(e.x.Data, b.x)
		x, err := e.x.Buffer()
		if err != nil {
			return 0, err
		}
		inputs := append(slices.Clone(weights), x)
		out, err := e.program.Run(inputs, make([]bool, len(inputs)))
		if err != nil {
			return 0, err
		}
		if err := out[0].ToFlatData(logits); err != nil {
			return 0, err
		}
		out[0].Finalize()
		for i := range e.batch {
			r, n := found(logits[i*e.labels:][:e.labels], b.y[i*e.labels:][:e.labels])
			right, all = right+r, all+n
		}
	}
	return float64(right) / float64(all), nil
}

// found returns how many of the n labels that y marks have one of the n highest logits.
func found(logits, y []float32) (right, n int) {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
		n += int(y[i])
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(logits[j], logits[i]) })
	for _, i := range order[:n] {
		right += int(y[i])
	}
	return right, n
}
