package cpu

import "github.com/gomlx/compute"

// Operations on quantized weights.

// QuantizedEmbeddingLookup implements compute.Function.
func (f *function) QuantizedEmbeddingLookup(data, indices value, q *compute.Quantization) (value, error) {
	quantized := bindQuantization(q)
	return f.record1(compute.OpTypeQuantizedEmbeddingLookup, nil, func(g compute.Function, in []value) (value, error) {
		q, rest := quantized.unpack(in)
		return g.QuantizedEmbeddingLookup(rest[0], rest[1], q)
	}, append(quantized.values, data, indices)...)
}

// FusedQuantizedDense implements compute.Function.
func (f *function) FusedQuantizedDense(x, weights, bias value, q *compute.Quantization, activation compute.ActivationType) (value, error) {
	quantized := bindQuantization(q)
	inputs := append(quantized.values, x, weights)
	if bias != nil {
		inputs = append(inputs, bias)
	}
	return f.record1(compute.OpTypeFusedQuantizedDense, nil, func(g compute.Function, in []value) (value, error) {
		q, rest := quantized.unpack(in)
		var bias value
		if len(rest) == 3 {
			bias = rest[2]
		}
		return g.FusedQuantizedDense(rest[0], rest[1], bias, q, activation)
	}, inputs...)
}

// quantization is a compute.Quantization apart from its values, which are the first inputs of the node.
type quantization struct {
	config             compute.Quantization
	values             []value
	hasScale, hasPoint bool
}

func bindQuantization(q *compute.Quantization) quantization {
	var b quantization
	if q != nil {
		b.config = *q
	}
	if b.config.Scale != nil {
		b.values, b.hasScale = append(b.values, b.config.Scale), true
	}
	if b.config.ZeroPoint != nil {
		b.values, b.hasPoint = append(b.values, b.config.ZeroPoint), true
	}
	return b
}

// unpack gives the quantization with its values taken from in, and the values that follow them.
func (b quantization) unpack(in []value) (*compute.Quantization, []value) {
	q := b.config
	if b.hasScale {
		q.Scale, in = in[0], in[1:]
	}
	if b.hasPoint {
		q.ZeroPoint, in = in[0], in[1:]
	}
	return &q, in
}
