package cpu

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	"pgregory.net/rapid"
)

// TestRandomGraphs: random programs give the same values here as on GoMLX's Go backend.
func TestRandomGraphs(t *testing.T) {
	own := newBackend(t, "threads=2")
	reference, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		want, got := g.run(t, reference), g.run(t, own)
		for i := range want {
			for j := range want[i] {
				if w, v := float64(want[i][j]), float64(got[i][j]); math.Abs(w-v) > 1e-5*max(1, math.Abs(w)) {
					t.Fatalf("output %d, value %d: got %g, want %g", i, j, v, w)
				}
			}
		}
	})
}

// randomGraph is a program that can be built on any backend.
type randomGraph struct {
	inputs  []shapes.Shape
	data    [][]float32
	steps   []step // each adds a value, after the inputs
	outputs []int
}

type step func(f compute.Function, values []compute.Value) (compute.Value, error)

// drawGraph draws a graph. Its operations are continuous, and every value stays within [-2, 2], so that rounding
// has no chance to grow.
func drawGraph(t *rapid.T) *randomGraph {
	d := &drawer{T: t, graph: &randomGraph{}}
	for range rapid.IntRange(1, 3).Draw(t, "inputs") {
		dims := rapid.SliceOfN(rapid.IntRange(1, 5), 0, 4).Draw(t, "dims")
		s := shapes.Make(dtypes.Float32, dims...)
		d.graph.inputs = append(d.graph.inputs, s)
		d.graph.data = append(d.graph.data, rapid.SliceOfN(rapid.Float32Range(-2, 2), s.Size(), s.Size()).Draw(t, "data"))
		d.shapes = append(d.shapes, s)
	}
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		kinds := []func(){d.unary, d.binary, d.reduce, d.reshape, d.transpose, d.broadcast, d.slice, d.pad, d.dot, d.conv, d.pick, d.concatenate}
		rapid.SampledFrom(kinds).Draw(t, "kind")()
	}
	d.graph.outputs = rapid.SliceOfN(rapid.IntRange(0, len(d.shapes)-1), 1, 3).Draw(t, "outputs")
	return d.graph
}

// run executes the graph, donating its inputs.
func (g *randomGraph) run(t *rapid.T, b compute.Backend) [][]float32 {
	must := func(err error) {
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	}
	var err error
	builder := b.Builder("random")
	f := builder.Main()
	var values []compute.Value
	var inputs []compute.Buffer
	for i, s := range g.inputs {
		v, err := f.Parameter(fmt.Sprint("x", i), s, nil)
		must(err)
		values = append(values, v)
		buf, err := b.BufferFromFlatData(0, g.data[i], s)
		must(err)
		inputs = append(inputs, buf)
	}
	for _, s := range g.steps {
		v, err := s(f, values)
		must(err)
		values = append(values, v)
	}
	var outs []compute.Value
	for _, i := range g.outputs {
		out := values[i]
		if b.Name() != BackendName {
			// The Go backend panics when a parameter comes after all outputs.
			out, err = f.Identity(out)
			must(err)
		}
		outs = append(outs, out)
	}
	must(f.Return(outs, nil))
	exec, err := builder.Compile()
	must(err)
	results, err := exec.Execute(inputs, slices.Repeat([]bool{true}, len(inputs)), 0)
	must(err)
	var flats [][]float32
	for _, r := range results {
		data, err := r.Data()
		must(err)
		flats = append(flats, slices.Clone(data.([]float32)))
	}
	return flats
}

// drawer adds steps to a graph; shapes are those of the values so far.
type drawer struct {
	*rapid.T
	graph  *randomGraph
	shapes []shapes.Shape
}

func (d *drawer) add(text string, dims []int, build step) {
	d.Logf("%d: %s %v", len(d.shapes), text, dims)
	d.graph.steps = append(d.graph.steps, build)
	d.shapes = append(d.shapes, shapes.Make(dtypes.Float32, dims...))
}

// value draws one that fits, or gives ok == false if there is none.
func (d *drawer) value(fits func(s shapes.Shape) bool) (i int, s shapes.Shape, ok bool) {
	var all []int
	for i, s := range d.shapes {
		if fits(s) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return 0, s, false
	}
	i = rapid.SampledFrom(all).Draw(d.T, "value")
	return i, d.shapes[i], true
}

func rankAtLeast(r int) func(shapes.Shape) bool {
	return func(s shapes.Shape) bool { return s.Rank() >= r }
}

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

// pick is the larger of two, by Where.
func (d *drawer) pick() {
	i, s, _ := d.value(rankAtLeast(0))
	j, _, _ := d.value(func(o shapes.Shape) bool { return o.EqualDimensions(s) })
	d.add(fmt.Sprint("Where", i, " ", j), s.Dimensions, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		larger, err := f.GreaterThan(v[i], v[j])
		if err != nil {
			return nil, err
		}
		return f.Where(larger, v[i], v[j])
	})
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
		n := s.Size() / shapes.Make(dtypes.Float32, dims...).Size()
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
	perm := make([]int, s.Rank())
	for k := range perm {
		perm[k] = k
	}
	perm = rapid.Permutation(perm).Draw(d.T, "perm")
	dims := make([]int, len(perm))
	for k, p := range perm {
		dims[k] = s.Dimensions[p]
	}
	d.add(fmt.Sprint("Transpose", i, perm), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) { return f.Transpose(v[i], perm...) })
}

func (d *drawer) broadcast() {
	i, s, ok := d.value(func(s shapes.Shape) bool { return s.Rank() <= 3 })
	if !ok {
		return
	}
	at := rapid.IntRange(0, s.Rank()).Draw(d.T, "at")
	dims := slices.Insert(slices.Clone(s.Dimensions), at, rapid.IntRange(1, 4).Draw(d.T, "size"))
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
	if shapes.Make(dtypes.Float32, dims...).Size() > 5000 {
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
	d.add(fmt.Sprint("Concatenate", i, " ", j, " axis ", axis), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		return f.Concatenate(axis, v[i], v[j])
	})
}

// dot multiplies a value by another along an axis of equal size.
func (d *drawer) dot() {
	i, s, ok := d.value(func(s shapes.Shape) bool { return s.Rank() >= 1 && s.Rank() <= 3 })
	if !ok {
		return
	}
	a := rapid.IntRange(0, s.Rank()-1).Draw(d.T, "lhs axis")
	j, other, _ := d.value(func(o shapes.Shape) bool {
		return o.Rank() >= 1 && o.Rank() <= 3 && slices.Contains(o.Dimensions, s.Dimensions[a])
	})
	b := slices.Index(other.Dimensions, s.Dimensions[a])
	dims := append(slices.Delete(slices.Clone(s.Dimensions), a, a+1), slices.Delete(slices.Clone(other.Dimensions), b, b+1)...)
	if len(dims) > 4 || shapes.Make(dtypes.Float32, dims...).Size() > 5000 {
		return
	}
	d.add(fmt.Sprint("DotGeneral", i, a, " ", j, b), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		mean := scaled(f, 0.5/float64(s.Dimensions[a]))
		return mean(f.DotGeneral(v[i], []int{a}, nil, v[j], []int{b}, nil, compute.DotGeneralConfig{}))
	})
}

// conv convolves [batch, height, width, channels] with a kernel of cosines.
func (d *drawer) conv() {
	i, s, ok := d.value(func(s shapes.Shape) bool { return s.Rank() == 4 })
	if !ok {
		return
	}
	kernel := []int{rapid.IntRange(1, 3).Draw(d.T, "kh"), rapid.IntRange(1, 3).Draw(d.T, "kw"), s.Dimensions[3], rapid.IntRange(1, 3).Draw(d.T, "out")}
	stride := rapid.IntRange(1, 2).Draw(d.T, "stride")
	dims := []int{s.Dimensions[0], (s.Dimensions[1]+2-kernel[0])/stride + 1, (s.Dimensions[2]+2-kernel[1])/stride + 1, kernel[3]}
	axes := compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
		KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
		OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
	}
	d.add(fmt.Sprint("ConvGeneral", i, kernel, stride), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		w, err := f.Iota(shapes.Make(dtypes.Float32, kernel...), 0)
		if err != nil {
			return nil, err
		}
		if w, err = f.Cos(w); err != nil {
			return nil, err
		}
		mean := scaled(f, 1/float64(kernel[0]*kernel[1]*kernel[2]))
		return mean(f.ConvGeneral(v[i], w, axes, []int{stride, stride}, [][2]int{{1, 1}, {1, 1}}, nil, nil, 1, 1))
	})
}
