package lora

import (
	"errors"
	"slices"

	"github.com/warmstart-ml/warmstart/nn"
)

// Merge returns the weights of a base with an adapter: Weights for values. Neither is changed, and what the adapter leaves as it is shares
// memory with the base. So to unmerge is to go back to the base, bit for bit; subtracting the adapter could not restore what rounding took.
//
// Both are to have the tensors of the layout.
func (l *Layout) Merge(base, adapter [][]float32) [][]float32 {
	merged := slices.Clone(base)
	for i, s := range l.slots {
		switch {
		case s.offset != nn.None:
			merged[i] = slices.Clone(base[i])
			for j, v := range adapter[s.offset] {
				merged[i][j] += v
			}
		case s.b != nn.None:
			a := s.projection
			if s.a != nn.None {
				a = adapter[s.a]
			}
			merged[i] = s.merge(base[i], a, adapter[s.b])
		}
	}
	return merged
}

// merge returns w + a b. The conversions keep machines that can from fusing products with sums, which would round otherwise.
func (s slot) merge(w, a, b []float32) []float32 {
	merged := slices.Clone(w)
	n := s.outputs()
	sum := make([]float32, n)
	for i := range s.inputs() {
		clear(sum)
		for k, ak := range a[i*s.rank:][:s.rank] {
			for j, bj := range b[k*n:][:n] {
				sum[j] += float32(ak * bj)
			}
		}
		for j, v := range sum {
			merged[s.at(i, j)] += v
		}
	}
	return merged
}

// Part is an adapter's share in a mixture.
type Part struct {
	Values [][]float32
	// Weight is how much there is of it: of a single part it is the strength of the effect, with 1 as trained and 0 for none.
	Weight float32
}

// Mix returns the weighted sum of adapters of one base, which does to the base's weights the weighted sum of what they do. If A is
// trained, there can be one part only: a sum of products is not a product.
func (l *Layout) Mix(parts ...Part) ([][]float32, error) {
	if l.config.TrainA && len(parts) > 1 {
		return nil, errors.New("adapters with trained A cannot be blended: train them over a frozen one")
	}
	mixed := make([][]float32, len(l.Params.List()))
	for i, p := range l.Params.List() {
		mixed[i] = make([]float32, p.Size())
	}
	for _, part := range parts {
		if err := l.check(part.Values); err != nil {
			return nil, err
		}
		for i, values := range part.Values {
			for j, v := range values {
				mixed[i][j] += float32(part.Weight * v)
			}
		}
		for _, s := range l.slots {
			if s.a != nn.None {
				copy(mixed[s.a], part.Values[s.a]) // the effect is linear in B: scaling both would square the weight
			}
		}
	}
	return mixed, nil
}
