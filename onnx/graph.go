package onnx

import (
	"fmt"
	"strings"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/nn"
)

// builder makes a graph. Values are known by their names. The first error stays, and what is built after it is of no use.
type builder struct {
	Graph
	params *nn.Params
	values [][]float32 // of the parameters
	half   bool        // kernels and matrices in float16
	used   []bool      // parameters that are in the graph
	err    error
}

func newBuilder(w *gan.Weights, params *nn.Params, half bool) *builder {
	return &builder{
		Graph: Graph{Name: w.Config.Preset}, params: params, values: w.Values, half: half, used: make([]bool, len(params.List())),
	}
}

// op adds an operation and returns the name of its result.
func (b *builder) op(op string, inputs []string, attributes ...Attribute) string {
	return b.named(fmt.Sprintf("%s_%d", strings.ToLower(op), len(b.Nodes)), op, inputs, attributes...)
}

// named is op with a name for operation and result.
func (b *builder) named(name, op string, inputs []string, attributes ...Attribute) string {
	b.Nodes = append(b.Nodes, Node{Name: name, Op: op, Inputs: inputs, Outputs: []string{name}, Attributes: attributes})
	return name
}

// constant adds a constant unless it is there, and returns its name.
func (b *builder) constant(t Tensor) string {
	for _, other := range b.Initializers {
		if other.Name == t.Name {
			return t.Name
		}
	}
	b.Initializers = append(b.Initializers, t)
	return t.Name
}

// ints returns a constant vector.
func (b *builder) ints(values ...int64) string {
	name := "ints"
	for _, v := range values {
		name += fmt.Sprint("_", v)
	}
	return b.constant(ints(name, values))
}

// float returns a constant scalar.
func (b *builder) float(value float32) string {
	return b.constant(floats(fmt.Sprint("float_", value), nil, []float32{value}))
}

// fill returns a constant vector of equal values.
func (b *builder) fill(n int, value float32) string {
	values := make([]float32, n)
	for i := range values {
		values[i] = value
	}
	return b.constant(floats(fmt.Sprintf("fill_%d_%g", n, value), []int64{int64(n)}, values))
}

// has tells whether the network has a parameter.
func (b *builder) has(name string) bool {
	_, ok := b.params.Lookup(name)
	return ok
}

// param returns the values and sizes of a parameter with the given number of axes.
func (b *builder) param(name string, rank int) ([]float32, []int) {
	ref, ok := b.params.Lookup(name)
	if !ok || len(b.params.List()[ref].Dims) != rank {
		if b.err == nil {
			b.err = fmt.Errorf("package onnx knows another version of the network: it has no %q with %d axes", name, rank)
		}
		return make([]float32, 1), []int{1, 1, 1, 1}[:rank]
	}
	b.used[ref] = true
	return b.values[ref], b.params.List()[ref].Dims
}

// vector returns a constant with the values of a parameter with one axis.
func (b *builder) vector(name string) string {
	values, dims := b.param(name, 1)
	return b.constant(floats(name, []int64{int64(dims[0])}, values))
}

// weight returns a constant with the values of a matrix or kernel, whose axes become those of the file in the given order.
func (b *builder) weight(name string, order ...int) string {
	values, dims := b.param(name, len(order))
	return b.stored(name, values, dims, order)
}

// stored returns a constant with the values of a matrix or kernel, in half precision if that is asked for.
func (b *builder) stored(name string, values []float32, dims, order []int) string {
	values, sizes := transpose(values, dims, order)
	if !b.half {
		return b.constant(floats(name, sizes, values))
	}
	half := b.constant(halves(name+".half", sizes, values))
	return b.named(name, "Cast", []string{half}, Attribute{"to", int64(Float)})
}

// transpose reorders axes: axis i of the result is axis order[i] of the values.
func transpose(values []float32, dims, order []int) ([]float32, []int64) {
	strides := make([]int, len(dims))
	stride := 1
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = stride
		stride *= dims[i]
	}
	sizes := make([]int64, len(order))
	for i, o := range order {
		sizes[i] = int64(dims[o])
	}
	out := make([]float32, 0, len(values))
	var walk func(axis, at int)
	walk = func(axis, at int) {
		if axis == len(order) {
			out = append(out, values[at])
			return
		}
		for i := range dims[order[axis]] {
			walk(axis+1, at+i*strides[order[axis]])
		}
	}
	walk(0, 0)
	return out, sizes
}
