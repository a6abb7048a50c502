package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// rule says how an operation is called and what comes of it.
type rule struct {
	least, most int // inputs
	attributes  []string
	infer       func(call) (*value, error)
}

// rules are those of opset 17, as far as Export needs them.
var rules = map[string]rule{
	"Relu":                  {1, 1, nil, same},
	"LeakyRelu":             {1, 1, []string{"alpha"}, same},
	"Tanh":                  {1, 1, nil, same},
	"Erf":                   {1, 1, nil, same},
	"Softmax":               {1, 1, []string{"axis"}, lastAxis},
	"Cast":                  {1, 1, []string{"to"}, cast},
	"InstanceNormalization": {3, 3, []string{"epsilon"}, instanceNorm},
	"LayerNormalization":    {3, 3, []string{"axis", "epsilon"}, layerNorm},
	"Add":                   {2, 2, nil, elementwise(func(a, b int64) int64 { return a + b })},
	"Sub":                   {2, 2, nil, elementwise(func(a, b int64) int64 { return a - b })},
	"Mul":                   {2, 2, nil, elementwise(func(a, b int64) int64 { return a * b })},
	"Div":                   {2, 2, nil, divide},
	"MatMul":                {2, 2, nil, matMul},
	"Conv":                  {2, 3, []string{"strides", "pads"}, conv},
	"ConvTranspose":         {2, 3, []string{"strides", "pads", "output_padding"}, convTranspose},
	"DepthToSpace":          {1, 1, []string{"blocksize", "mode"}, depthToSpace},
	"Concat":                {1, 16, []string{"axis"}, concat},
	"Gather":                {2, 2, []string{"axis"}, gather},
	"Pad":                   {2, 2, []string{"mode"}, pad},
	"ReduceMean":            {1, 1, []string{"axes", "keepdims"}, reduceMean},
	"Reshape":               {2, 2, nil, reshape},
	"Shape":                 {1, 1, []string{"start"}, shapeOf},
	"Slice":                 {4, 4, nil, slice},
	"Transpose":             {1, 1, []string{"perm"}, swap},
}

func result(t DataType, dims ...int64) (*value, error) { return &value{Shape: Shape{t, dims}}, nil }

// same is for functions of single numbers.
func same(c call) (*value, error) {
	return &value{Shape: c.in[0].Shape}, c.want(Float, -1)
}

// lastAxis is for functions along the last axis.
func lastAxis(c call) (*value, error) {
	if axis, err := attribute(c, "axis", int64(-1)); err != nil || axis != -1 {
		return nil, errors.Join(err, fmt.Errorf("axis %d, wanted the last", axis))
	}
	return same(c)
}

func cast(c call) (*value, error) {
	to, err := attribute(c, "to", int64(0))
	if err != nil {
		return nil, err
	}
	return result(DataType(to), c.in[0].Dims...)
}

func instanceNorm(c call) (*value, error) {
	if err := c.want(Float, 4, 1); err != nil {
		return nil, err
	}
	x := c.in[0].Dims
	if c.in[1].Dims[0] != x[1] || c.in[2].Dims[0] != x[1] {
		return nil, fmt.Errorf("scale and shift of %d and %d values for %d channels", c.in[1].Dims[0], c.in[2].Dims[0], x[1])
	}
	return result(Float, x...)
}

func layerNorm(c call) (*value, error) {
	if _, err := lastAxis(c); err != nil {
		return nil, err
	}
	x := c.in[0].Dims
	for _, v := range c.in[1:] {
		if len(x) == 0 || !slices.Equal(v.Dims, x[len(x)-1:]) {
			return nil, fmt.Errorf("scale or shift of sizes %v for %v", v.Dims, x)
		}
	}
	return result(Float, x...)
}

// elementwise is for functions of two numbers, and follows them where sizes are computed.
func elementwise(f func(a, b int64) int64) func(call) (*value, error) {
	return func(c call) (*value, error) {
		a, b := c.in[0], c.in[1]
		dims, ok := broadcast(a.Dims, b.Dims)
		if a.Type != b.Type || !ok {
			return nil, fmt.Errorf("inputs of types %d and %d with sizes %v and %v", a.Type, b.Type, a.Dims, b.Dims)
		}
		v := &value{Shape: Shape{a.Type, dims}}
		if a.ints != nil && b.ints != nil && len(dims) <= 1 {
			for i := range max(len(a.ints), len(b.ints)) {
				v.ints = append(v.ints, f(a.ints[i%len(a.ints)], b.ints[i%len(b.ints)]))
			}
		}
		return v, nil
	}
}

func divide(c call) (*value, error) {
	if c.in[1].Type == Int64 && (c.in[1].ints == nil || slices.Contains(c.in[1].ints, 0)) {
		return nil, errors.New("division by what may be 0")
	}
	return elementwise(func(a, b int64) int64 { return a / b })(c)
}

// broadcast returns the sizes of two values that are extended to each other along axes of size 1.
func broadcast(a, b []int64) ([]int64, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	dims := slices.Clone(a)
	for i, d := range b {
		j := len(a) - len(b) + i
		if d != dims[j] && d != 1 && dims[j] != 1 {
			return nil, false
		}
		dims[j] = max(d, dims[j])
	}
	return dims, true
}

func matMul(c call) (*value, error) {
	if err := c.want(Float, -1); err != nil {
		return nil, err
	}
	a, b := c.in[0].Dims, c.in[1].Dims
	m, n := len(a)-2, len(b)-2
	if m < 0 || n < 0 || a[m+1] != b[n] {
		return nil, fmt.Errorf("a product of %v and %v", a, b)
	}
	batch, ok := broadcast(a[:m], b[:n])
	if !ok {
		return nil, fmt.Errorf("a product of %v and %v", a, b)
	}
	return result(Float, append(batch, a[m], b[n+1])...)
}

func concat(c call) (*value, error) {
	first := c.in[0]
	axis, err := attribute(c, "axis", int64(-1))
	if err != nil || axis < 0 || axis >= int64(len(first.Dims)) {
		return nil, errors.Join(err, fmt.Errorf("axis %d of sizes %v", axis, first.Dims))
	}
	v := &value{Shape: Shape{first.Type, slices.Clone(first.Dims)}}
	v.Dims[axis] = 0
	follow := len(first.Dims) == 1
	for _, in := range c.in {
		rest := slices.Clone(in.Dims)
		if len(rest) == len(v.Dims) {
			rest[axis] = v.Dims[axis]
		}
		if in.Type != v.Type || !slices.Equal(rest, v.Dims) {
			return nil, fmt.Errorf("sizes %v and %v along axis %d", first.Dims, in.Dims, axis)
		}
		v.Dims[axis] += in.Dims[axis]
		follow = follow && in.ints != nil
		v.ints = append(v.ints, in.ints...)
	}
	if !follow {
		v.ints = nil
	}
	return v, nil
}
