package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/testutil"
	"pgregory.net/rapid"
)

// Steps of random graphs: value by value, and those that arrange, repeat and reduce.

func (d *drawer) unary() {
	ops := map[string]func(compute.Function, compute.Value) (compute.Value, error){
		"Tanh": compute.Function.Tanh, "Logistic": compute.Function.Logistic, "Sin": compute.Function.Sin, "Neg": compute.Function.Neg,
		"Abs": compute.Function.Abs, "Erf": compute.Function.Erf, "Identity": compute.Function.Identity,
	}
	name := rapid.SampledFrom([]string{"Tanh", "Logistic", "Sin", "Neg", "Abs", "Erf", "Identity"}).Draw(d.T, "op")
	i, s, _ := d.value(rankAtLeast(0))
	d.add(fmt.Sprint(name, i), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) { return ops[name](f, v[i]) })
}

func (d *drawer) binary() {
	ops := map[string]func(_ compute.Function, x, y compute.Value) (compute.Value, error){
		"Max": compute.Function.Max, "Min": compute.Function.Min,
		"Add": func(f compute.Function, x, y compute.Value) (compute.Value, error) {
			return scaled(f, 0.5)(f.Add(x, y))
		},
		"Sub": func(f compute.Function, x, y compute.Value) (compute.Value, error) {
			return scaled(f, 0.5)(f.Sub(x, y))
		},
		"Mul": func(f compute.Function, x, y compute.Value) (compute.Value, error) {
			return scaled(f, 0.5)(f.Mul(x, y))
		},
		"Div": func(f compute.Function, x, y compute.Value) (compute.Value, error) {
			y, err := f.Exp(y) // at least 0.13
			if err != nil {
				return nil, err
			}
			return scaled(f, 0.1)(f.Div(x, y))
		},
	}
	name := rapid.SampledFrom([]string{"Add", "Sub", "Max", "Min", "Mul", "Div"}).Draw(d.T, "op")
	i, s, _ := d.value(rankAtLeast(0))
	j, _, _ := d.value(func(o shapes.Shape) bool { return o.Rank() == 0 || o.EqualDimensions(s) || stretches(o, s) })
	d.add(fmt.Sprint(name, i, " ", j), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) { return ops[name](f, v[i], v[j]) })
}

// scaled multiplies the result of an operation by c.
func scaled(f compute.Function, c float64) func(compute.Value, error) (compute.Value, error) {
	return func(x compute.Value, err error) (compute.Value, error) {
		if err != nil {
			return nil, err
		}
		k, err := f.Constant([]float32{float32(c)})
		if err != nil {
			return nil, err
		}
		return f.Mul(x, k)
	}
}

// stretches tells whether o becomes s when its axes of size 1 are repeated.
func stretches(o, s shapes.Shape) bool {
	if o.Rank() != s.Rank() {
		return false
	}
	for i, n := range o.Dimensions {
		if n != 1 && n != s.Dimensions[i] {
			return false
		}
	}
	return true
}

// pick is the larger of two, by Where; the operands may be turned first, or the condition.
func (d *drawer) pick() {
	i, s, _ := d.value(rankAtLeast(0))
	j, _, _ := d.value(func(o shapes.Shape) bool { return o.EqualDimensions(s) })
	perm := d.permutation(s.Rank())
	how := rapid.SampledFrom([]string{"turned condition", "turned operands", "reshaped condition"}).Draw(d.T, "how")
	dims := permuted(s.Dimensions, perm)
	if how == "reshaped condition" {
		dims = []int{s.Size()}
	}
	d.add(fmt.Sprint("Where", i, " ", j, how, perm), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		m := maker{f}
		x, y := v[i], v[j]
		switch how {
		case "turned condition":
			more := m.transpose(testutil.Must1(f.GreaterThan(x, y)), perm...)
			return f.Where(more, m.transpose(x, perm...), m.transpose(y, perm...))
		case "turned operands":
			x, y = m.transpose(x, perm...), m.transpose(y, perm...)
			return f.Where(testutil.Must1(f.GreaterThan(x, y)), x, y)
		}
		more := m.reshape(testutil.Must1(f.GreaterThan(x, y)), dims...)
		return f.Where(more, m.reshape(x, dims...), m.reshape(y, dims...))
	})
}

// centre takes the mean over some axes away.
func (d *drawer) centre() {
	i, s, ok := d.value(rankAtLeast(2))
	if !ok {
		return
	}
	last := rapid.IntRange(0, s.Rank()-1).Draw(d.T, "last")
	var reduced, kept []int
	n := 1
	for axis, size := range s.Dimensions {
		if (axis <= last) == (last%2 == 0) {
			reduced, n = append(reduced, axis), n*size
		} else {
			kept = append(kept, axis)
		}
	}
	if len(reduced) == 0 {
		return
	}
	d.add(fmt.Sprint("Centre", i, reduced), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		m := maker{f}
		mean := m.mul(m.sum(v[i], reduced...), m.constant([]float32{0.5 / float32(n)}))
		return scaled(f, 0.5)(f.Sub(v[i], m.broadcast(mean, kept, s.Dimensions...)))
	})
}

// store has no fast path: its operand has to be an array in memory.
func (d *drawer) store() {
	i, s, ok := d.value(rankAtLeast(1))
	if !ok {
		return
	}
	ones := slices.Repeat([]int{1}, s.Rank())
	d.add(fmt.Sprint("ReduceWindow", i), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		return f.ReduceWindow(v[i], compute.ReduceOpMax, ones, ones, ones, ones, make([][2]int, s.Rank()))
	})
}

func (d *drawer) barrier() {
	i, s, _ := d.value(rankAtLeast(0))
	j, o, _ := d.value(rankAtLeast(0))
	both := rapid.Bool().Draw(d.T, "both")
	if both {
		s = o
	}
	d.add(fmt.Sprint("Barrier", i, " ", j, both), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		if both {
			outs, err := f.OptimizationBarrier(v[i], v[j])
			return outs[1], err
		}
		return f.SchedulingBarrier(v[i], v[j])
	})
}

// noise adds a result of an operation that has two.
func (d *drawer) noise() {
	i, s, _ := d.value(func(s shapes.Shape) bool { return s.Size() < 500 })
	if s.Size() == 0 || s.DType != dtypes.Float32 {
		return
	}
	d.add(fmt.Sprint("RNGBitGenerator", i), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		m := maker{f}
		_, bits, err := f.RNGBitGenerator(m.constant([]uint64{1, 2, 3}, 3), shapes.Make(dtypes.Uint32, s.Dimensions...))
		if err != nil {
			return nil, err
		}
		unit := m.mul(testutil.Must1(f.ConvertDType(bits, dtypes.Float32)), m.constant([]float32{1. / (1 << 32)}))
		return scaled(f, 0.5)(f.Add(v[i], unit))
	})
}

func (d *drawer) reverse() {
	i, s, ok := d.value(rankAtLeast(1))
	if !ok {
		return
	}
	axes := rapid.SliceOfNDistinct(rapid.IntRange(0, s.Rank()-1), 1, s.Rank(), rapid.ID).Draw(d.T, "axes")
	d.add(fmt.Sprint("Reverse", i, axes), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) { return f.Reverse(v[i], axes...) })
}

func (d *drawer) permutation(rank int) []int {
	perm := make([]int, rank)
	for k := range perm {
		perm[k] = k
	}
	return rapid.Permutation(perm).Draw(d.T, "perm")
}

func permuted(dims, perm []int) []int {
	out := make([]int, len(perm))
	for k, p := range perm {
		out[k] = dims[p]
	}
	return out
}

func (d *drawer) reduce() {
	i, s, _ := d.value(rankAtLeast(0))
	axes := rapid.SliceOfNDistinct(rapid.IntRange(0, max(s.Rank()-1, 0)), 0, s.Rank(), rapid.ID).Draw(d.T, "axes")
	var dims []int
	for axis, n := range s.Dimensions {
		if len(axes) > 0 && !slices.Contains(axes, axis) {
			dims = append(dims, n)
		}
	}
	op := rapid.SampledFrom([]string{"Sum", "Max", "Min"}).Draw(d.T, "op")
	d.add(fmt.Sprint("Reduce", op, i, axes), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		switch op {
		case "Max":
			return f.ReduceMax(v[i], axes...)
		case "Min":
			return f.ReduceMin(v[i], axes...)
		}
		n := s.Size() / product(dims)
		return scaled(f, 1/float64(n))(f.ReduceSum(v[i], axes...))
	})
}

func (d *drawer) reshape() {
	i, s, _ := d.value(rankAtLeast(0))
	dims := append([]int{1}, s.Dimensions...)
	if s.Rank() > 1 && rapid.Bool().Draw(d.T, "merge") {
		dims = append([]int{s.Dimensions[0] * s.Dimensions[1]}, s.Dimensions[2:]...)
	} else if s.Rank() > 3 {
		return
	}
	d.add(fmt.Sprint("Reshape", i), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) { return f.Reshape(v[i], dims...) })
}

func (d *drawer) transpose() {
	i, s, _ := d.value(rankAtLeast(0))
	perm := d.permutation(s.Rank())
	d.add(fmt.Sprint("Transpose", i, perm), permuted(s.Dimensions, perm), func(f compute.Function, v []compute.Value) (compute.Value, error) {
		return f.Transpose(v[i], perm...)
	})
}

func (d *drawer) broadcast() {
	i, s, ok := d.value(func(s shapes.Shape) bool { return s.Rank() <= 3 })
	if !ok {
		return
	}
	at := rapid.IntRange(0, s.Rank()).Draw(d.T, "at")
	dims := slices.Insert(slices.Clone(s.Dimensions), at, rapid.IntRange(1, 4).Draw(d.T, "size"))
	if product(dims) > maxSize {
		return
	}
	var axes []int
	for k := range s.Rank() {
		if k >= at {
			k++
		}
		axes = append(axes, k)
	}
	d.add(fmt.Sprint("BroadcastInDim", i, axes), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		return f.BroadcastInDim(v[i], shapes.Make(dtypes.Float32, dims...), axes)
	})
}

func (d *drawer) slice() {
	i, s, _ := d.value(rankAtLeast(0))
	var starts, limits, strides, dims []int
	for _, n := range s.Dimensions {
		start := rapid.IntRange(0, n-1).Draw(d.T, "start")
		limit := rapid.IntRange(start+1, n).Draw(d.T, "limit")
		stride := rapid.IntRange(1, 3).Draw(d.T, "stride")
		starts, limits, strides = append(starts, start), append(limits, limit), append(strides, stride)
		dims = append(dims, (limit-start+stride-1)/stride)
	}
	d.add(fmt.Sprint("Slice", i, starts, limits, strides), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		return f.Slice(v[i], starts, limits, strides)
	})
}

func (d *drawer) pad() {
	i, s, _ := d.value(rankAtLeast(0))
	var pads []compute.PadAxis
	var dims []int
	for _, n := range s.Dimensions {
		p := compute.PadAxis{Start: rapid.IntRange(0, 2).Draw(d.T, "start"), End: rapid.IntRange(0, 2).Draw(d.T, "end"), Interior: rapid.IntRange(0, 1).Draw(d.T, "interior")}
		pads, dims = append(pads, p), append(dims, p.Start+n+(n-1)*p.Interior+p.End)
	}
	if product(dims) > maxSize {
		return
	}
	d.add(fmt.Sprint("Pad", i, pads), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		fill, err := f.Constant([]float32{0.5})
		if err != nil {
			return nil, err
		}
		return f.Pad(v[i], fill, pads...)
	})
}

func (d *drawer) concatenate() {
	i, s, ok := d.value(rankAtLeast(1))
	if !ok {
		return
	}
	axis := rapid.IntRange(0, s.Rank()-1).Draw(d.T, "axis")
	j, other, _ := d.value(func(o shapes.Shape) bool {
		return o.Rank() == s.Rank() && slices.Equal(slices.Delete(slices.Clone(o.Dimensions), axis, axis+1), slices.Delete(slices.Clone(s.Dimensions), axis, axis+1))
	})
	dims := slices.Clone(s.Dimensions)
	dims[axis] += other.Dimensions[axis]
	if product(dims) > maxSize {
		return
	}
	d.add(fmt.Sprint("Concatenate", i, " ", j, " axis ", axis), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		return f.Concatenate(axis, v[i], v[j])
	})
}
