package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes/float16"
)

// evaluator is a Runtime that computes what the definition of ONNX says, operation by operation, in float64: slow, and without anything
// in common with what it is compared with.
type evaluator struct{ model *Model }

// array is a value [dims...].
type array struct {
	dims []int
	data []float64
}

func newArray(dims ...int) array {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return array{dims, make([]float64, n)}
}

// at returns the position of an element; axes of size 1 repeat, and missing ones in front as well.
func (a array) at(index []int) int {
	at := 0
	for i, d := range a.dims {
		at *= d
		if d > 1 {
			at += index[len(index)-len(a.dims)+i]
		}
	}
	return at
}

// eachIndex calls f for all positions in the given sizes.
func eachIndex(dims []int, f func(i int, index []int)) {
	index := make([]int, len(dims))
	for i := range len(newArray(dims...).data) {
		f(i, index)
		for k := len(dims) - 1; k >= 0; k-- {
			if index[k]++; index[k] < dims[k] {
				break
			}
			index[k] = 0
		}
	}
}

// Run implements Runtime.
func (e evaluator) Run(image []float32, dims ...int) ([]float32, error) {
	y := e.values(image, dims...)["output"]
	if !slices.Equal(y.dims, dims) {
		return nil, fmt.Errorf("an output of %v for an image of %v", y.dims, dims)
	}
	out := make([]float32, len(y.data))
	for i, v := range y.data {
		out[i] = float32(v)
	}
	return out, nil
}

// values computes all values of the graph.
func (e evaluator) values(image []float32, dims ...int) map[string]array {
	values := map[string]array{}
	for _, t := range e.model.Graph.Initializers {
		values[t.Name] = t.array()
	}
	x := newArray(dims...)
	for i, v := range image {
		x.data[i] = float64(v)
	}
	values["image"] = x
	for _, n := range e.model.Graph.Nodes {
		var in []array
		for _, name := range n.Inputs {
			in = append(in, values[name])
		}
		values[n.Outputs[0]] = evaluate(call{Node: n}, in)
	}
	return values
}

func (t Tensor) array() array {
	var dims []int
	for _, d := range t.Dims {
		dims = append(dims, int(d))
	}
	a := newArray(dims...)
	for i := range a.data {
		switch t.Type {
		case Float:
			a.data[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:])))
		case Float16:
			a.data[i] = float16.FromBits(binary.LittleEndian.Uint16(t.Data[2*i:])).Float64()
		case Int64:
			a.data[i] = float64(t.ints()[i])
		}
	}
	return a
}

// get returns an attribute, or the zero value.
func get[T any](c call, name string) T {
	var zero T
	v, err := attribute(c, name, zero)
	if err != nil {
		panic(err)
	}
	return v
}

func evaluate(c call, in []array) array {
	x := in[0]
	switch c.Op {
	case "Cast":
		return x
	case "Relu":
		return x.apply(func(v float64) float64 { return max(v, 0) })
	case "LeakyRelu":
		slope := float64(get[float32](c, "alpha"))
		return x.apply(func(v float64) float64 { return max(v, 0) + slope*min(v, 0) })
	case "Tanh":
		return x.apply(math.Tanh)
	case "Erf":
		return x.apply(math.Erf)
	case "Add":
		return zip(x, in[1], func(a, b float64) float64 { return a + b })
	case "Sub":
		return zip(x, in[1], func(a, b float64) float64 { return a - b })
	case "Mul":
		return zip(x, in[1], func(a, b float64) float64 { return a * b })
	case "Div": // of whole numbers only
		return zip(x, in[1], func(a, b float64) float64 { return math.Trunc(a / b) })
	case "InstanceNormalization":
		return normalise(x, 2, float64(get[float32](c, "epsilon")), func(i, _ int) (float64, float64) {
			channel := i % x.dims[1]
			return in[1].data[channel], in[2].data[channel]
		})
	case "LayerNormalization":
		return normalise(x, len(x.dims)-1, float64(get[float32](c, "epsilon")), func(_, j int) (float64, float64) {
			return in[1].data[j], in[2].data[j]
		})
	case "Softmax":
		return softmax(x)
	case "MatMul":
		return product(x, in[1])
	case "Conv", "ConvTranspose":
		return convolve(c, in)
	}
	return move(c, in)
}

func (a array) apply(f func(float64) float64) array {
	y := newArray(a.dims...)
	for i, v := range a.data {
		y.data[i] = f(v)
	}
	return y
}

func zip(a, b array, f func(a, b float64) float64) array {
	long, short := a.dims, b.dims
	if len(long) < len(short) {
		long, short = short, long
	}
	dims := slices.Clone(long)
	for i, d := range short {
		j := len(long) - len(short) + i
		dims[j] = max(dims[j], d)
	}
	y := newArray(dims...)
	eachIndex(dims, func(i int, index []int) { y.data[i] = f(a.data[a.at(index)], b.data[b.at(index)]) })
	return y
}

// normalise gives all values with the same indices before axis mean 0 and deviation 1, then scales and shifts them.
func normalise(x array, axis int, epsilon float64, affine func(i, j int) (scale, shift float64)) array {
	y := newArray(x.dims...)
	n := len(newArray(x.dims[axis:]...).data)
	for i := range len(x.data) / n {
		group := x.data[i*n:][:n]
		var mean, variance float64
		for _, v := range group {
			mean += v / float64(n)
		}
		for _, v := range group {
			variance += (v - mean) * (v - mean) / float64(n)
		}
		for j, v := range group {
			scale, shift := affine(i, j)
			y.data[i*n+j] = (v-mean)/math.Sqrt(variance+epsilon)*scale + shift
		}
	}
	return y
}

func softmax(x array) array {
	y := newArray(x.dims...)
	n := x.dims[len(x.dims)-1]
	for i := 0; i < len(x.data); i += n {
		sum := 0.0
		for j := range n {
			y.data[i+j] = math.Exp(x.data[i+j])
			sum += y.data[i+j]
		}
		for j := range n {
			y.data[i+j] /= sum
		}
	}
	return y
}

func product(a, b array) array {
	r := len(a.dims)
	dims := append(slices.Clone(a.dims[:r-1]), b.dims[len(b.dims)-1])
	y := newArray(dims...)
	eachIndex(dims, func(i int, index []int) {
		left, right := slices.Clone(index), slices.Clone(index)
		for k := range a.dims[r-1] {
			left[r-1], right[r-2] = k, k
			y.data[i] += a.data[a.at(left)] * b.data[b.at(right)]
		}
	})
	return y
}

// convolve goes over all products of a pixel and a kernel's value, for a transposed convolution with the places of input and output exchanged.
func convolve(c call, in []array) array {
	x, k := in[0], in[1]
	stride, pads, beyond := 1, get[[]int64](c, "pads"), get[[]int64](c, "output_padding")
	if s := get[[]int64](c, "strides"); s != nil {
		stride = int(s[0])
	}
	if pads == nil {
		pads = make([]int64, 4)
	}
	top, left, size := int(pads[0]), int(pads[1]), k.dims[2]
	var y array
	if transposed := c.Op == "ConvTranspose"; transposed {
		side := func(n int) int { return stride*(n-1) + size + int(beyond[0]) - 2*top }
		y = newArray(x.dims[0], k.dims[1], side(x.dims[2]), side(x.dims[3]))
	} else {
		y = newArray(x.dims[0], k.dims[0], (x.dims[2]+top+int(pads[2])-size)/stride+1, (x.dims[3]+left+int(pads[3])-size)/stride+1)
	}
	small, large := y, x // of the two images
	if c.Op == "ConvTranspose" {
		small, large = x, y
	}
	smallPixels, largePixels := small.dims[2]*small.dims[3], large.dims[2]*large.dims[3]
	eachIndex([]int{small.dims[0], small.dims[2], small.dims[3], size, size}, func(_ int, p []int) {
		row, column := p[1]*stride+p[3]-top, p[2]*stride+p[4]-left
		if row < 0 || column < 0 || row >= large.dims[2] || column >= large.dims[3] {
			return
		}
		s := p[0]*k.dims[0]*smallPixels + p[1]*small.dims[3] + p[2]
		for o := range k.dims[0] {
			l, w := p[0]*k.dims[1]*largePixels+row*large.dims[3]+column, (o*k.dims[1]*size+p[3])*size+p[4]
			for range k.dims[1] {
				if c.Op == "ConvTranspose" {
					y.data[l] += x.data[s] * k.data[w]
				} else {
					y.data[s] += x.data[l] * k.data[w]
				}
				l, w = l+largePixels, w+size*size
			}
			s += smallPixels
		}
	})
	if len(in) > 2 {
		pixels := y.dims[2] * y.dims[3]
		for i := range y.data {
			y.data[i] += in[2].data[i/pixels%y.dims[1]]
		}
	}
	return y
}
