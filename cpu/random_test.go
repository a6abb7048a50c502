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
		size := rapid.IntRange(1, 5)
		if rapid.Bool().Draw(t, "large") { // for what the planner does with large arrays only
			size = rapid.IntRange(6, 12)
		}
		dims := rapid.SliceOfN(size, 0, 4).Draw(t, "dims")
		s := shapes.Make(dtypes.Float32, dims...)
		d.graph.inputs = append(d.graph.inputs, s)
		d.graph.data = append(d.graph.data, waves(rapid.Float64Range(0, 10).Draw(t, "phase"), s.Size()))
		d.shapes = append(d.shapes, s)
	}
	kinds := []func(){
		d.unary, d.binary, d.reduce, d.reshape, d.transpose, d.broadcast, d.slice, d.pad, d.dot, d.conv, d.convGradients,
		d.pick, d.concatenate, d.reverse, d.store, d.noise, d.barrier, d.centre,
	}
	for range rapid.IntRange(1, 20).Draw(t, "steps") {
		rapid.SampledFrom(kinds).Draw(t, "kind")()
	}
	d.graph.outputs = rapid.SliceOfN(rapid.IntRange(0, len(d.shapes)-1), 1, 5).Draw(t, "outputs")
	return d.graph
}

// waves are n values within [-2, 2].
func waves(phase float64, n int) []float32 {
	flat := make([]float32, n)
	for i := range flat {
		flat[i] = float32(2 * math.Sin(phase+1.7*float64(i)))
	}
	return flat
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

// maxSize bounds the elements of a value.
const maxSize = 20_000

func product(dims []int) int { return shapes.Make(dtypes.Float32, dims...).Size() }

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
