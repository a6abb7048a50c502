package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// testBackend is GoMLX's own Go backend: slow, but independent of this module's.
func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// run compiles a function of float32 inputs with the given dims and runs it once.
func run(t testing.TB, b compute.Backend, values [][]float32, dims [][]int, f func(in []*Node) []*Node) [][]float32 {
	t.Helper()
	p, err := Compile(b, t.Name(), func(g *Graph) []*Node {
		in := make([]*Node, len(dims))
		for i, d := range dims {
			in[i] = Parameter(g, fmt.Sprint("in", i), shapes.Make(dtypes.Float32, d...))
		}
		return f(in)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	return execute(t, b, p, values, dims)
}

func execute(t testing.TB, b compute.Backend, p *Program, values [][]float32, dims [][]int) [][]float32 {
	t.Helper()
	in := make([]compute.Buffer, len(values))
	for i, v := range values {
		buf, err := b.BufferFromFlatData(0, v, shapes.Make(dtypes.Float32, dims[i]...))
		if err != nil {
			t.Fatal(err)
		}
		in[i] = buf
	}
	out, err := p.Run(in, make([]bool, len(in)))
	if err != nil {
		t.Fatal(err)
	}
	res := make([][]float32, len(out))
	for i, o := range out {
		s, _ := o.Shape()
		res[i] = make([]float32, s.Size())
		if err := o.ToFlatData(res[i]); err != nil {
			t.Fatal(err)
		}
	}
	return res
}

func randomValues(rng *rand.Rand, dims []int) []float32 {
	v := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// checkGradients compares the gradients of sum(f(in) * fixed random weights) with central differences, at a
// sample of the inputs' values.
func checkGradients(t *testing.T, dims [][]int, f func(in []*Node) *Node) {
	t.Helper()
	b := testBackend(t)
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([][]float32, len(dims))
	for i, d := range dims {
		values[i] = randomValues(rng, d)
	}
	loss := func(in []*Node) *Node {
		y := f(in)
		// Weights that differ from place to place, so that no two values can be mistaken for each other.
		w := Sin(MulScalar(IotaFull(y.Graph(), y.Shape()), 1.7))
		return ReduceAllSum(Mul(y, w))
	}
	grads := run(t, b, values, dims, func(in []*Node) []*Node { return Gradient(loss(in), in...) })
	p, err := Compile(b, "loss", func(g *Graph) []*Node {
		in := make([]*Node, len(dims))
		for i, d := range dims {
			in[i] = Parameter(g, fmt.Sprint("in", i), shapes.Make(dtypes.Float32, d...))
		}
		return []*Node{loss(in)}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const h = 1e-2
	for i, v := range values {
		for range min(len(v), 12) {
			j := rng.IntN(len(v))
			old := v[j]
			v[j] = old + h
			up := execute(t, b, p, values, dims)[0][0]
			v[j] = old - h
			down := execute(t, b, p, values, dims)[0][0]
			v[j] = old
			want, got := float64(up-down)/(2*h), float64(grads[i][j])
			if math.Abs(want-got) > 0.02*math.Max(1, math.Abs(want)) {
				t.Errorf("input %d value %d: gradient %.4f, finite difference %.4f", i, j, got, want)
			}
		}
	}
}

func TestConvGradients(t *testing.T) {
	type shape struct {
		n, k, s, e int
		pad        [2]int
	}
	var cases []shape
	for k := 1; k <= 7; k++ {
		for s := 1; s <= 3; s++ {
			cases = append(cases, shape{n: 9, k: k, s: s, e: 1, pad: [2]int{k / 2, (k - 1) / 2}}, shape{n: 8, k: k, s: s, e: 1})
		}
	}
	cases = append(cases,
		shape{n: 11, k: 3, s: 1, e: 2, pad: [2]int{2, 2}}, shape{n: 11, k: 4, s: 1, e: 2, pad: [2]int{1, 3}},
		shape{n: 10, k: 2, s: 1, e: 3}, shape{n: 7, k: 3, s: 2, e: 1, pad: [2]int{0, 1}},
		shape{n: 8, k: 4, s: 2, e: 1, pad: [2]int{1, 1}}, shape{n: 7, k: 2, s: 1, e: 1, pad: [2]int{1, 1}})
	for _, c := range cases {
		t.Run(fmt.Sprintf("n%d_k%d_s%d_e%d_pad%v", c.n, c.k, c.s, c.e, c.pad), func(t *testing.T) {
			t.Parallel()
			w1 := Window{Strides: []int{c.s}, Pads: [][2]int{c.pad}, Dilations: []int{c.e}}
			checkGradients(t, [][]int{{2, c.n, 2}, {c.k, 2, 3}}, func(in []*Node) *Node { return Conv(in[0], in[1], w1) })
			// The second axis differs from the first, so that axes cannot be mixed up.
			w2 := Window{Strides: []int{c.s, 1}, Pads: [][2]int{c.pad, {1, 0}}, Dilations: []int{c.e, 1}}
			checkGradients(t, [][]int{{1, c.n, 5, 2}, {c.k, 2, 2, 3}}, func(in []*Node) *Node { return Conv(in[0], in[1], w2) })
		})
	}
}

func TestTransposedConvGradients(t *testing.T) {
	for _, c := range []struct {
		n, k, s, out int
		pad          int
	}{{4, 3, 2, 8, 1}, {4, 4, 2, 8, 1}, {5, 3, 2, 9, 1}, {3, 2, 2, 6, 0}, {3, 3, 3, 9, 0}, {4, 3, 1, 4, 1}} {
		t.Run(fmt.Sprintf("n%d_k%d_s%d", c.n, c.k, c.s), func(t *testing.T) {
			t.Parallel()
			w := SameWindow(2, c.s, c.pad, c.pad)
			checkGradients(t, [][]int{{2, c.n, c.n, 2}, {c.k, c.k, 3, 2}}, func(in []*Node) *Node {
				return TransposedConv(in[0], in[1], w, []int{c.out, c.out})
			})
		})
	}
}

// TestTransposedGradientForms holds the transposed convolution's gradients to the forms that a backend
// recognises: a plain convolution for the input, a convolution of the gradient by the input for the
// kernel, and no Reverse left over in either.
func TestTransposedGradientForms(t *testing.T) {
	_, err := Compile(testBackend(t), "forms", func(g *Graph) []*Node {
		x := Parameter(g, "x", shapes.Make(dtypes.Float32, 1, 4, 4, 2))
		k := Parameter(g, "k", shapes.Make(dtypes.Float32, 3, 3, 3, 2))
		y := TransposedConv(x, k, SameWindow(2, 2, 1, 1), []int{8, 8})
		grads := Gradient(ReduceAllSum(Mul(y, y)), x, k)
		for i, d := range grads {
			if d.Type() != NodeTypeConvGeneral {
				t.Errorf("gradient %d is a %s, wanted a ConvGeneral", i, d.Type())
			}
		}
		if kernel := grads[0].Inputs()[1]; kernel != k {
			t.Errorf("the input gradient convolves with a %s, wanted the kernel itself", kernel.Type())
		}
		return grads
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNodeLayout fails if a new GoMLX version has moved the fields that vjp.go reads.
func TestNodeLayout(t *testing.T) {
	_, err := Compile(testBackend(t), "layout", func(g *Graph) []*Node {
		x := Parameter(g, "x", shapes.Make(dtypes.Float32, 1, 6, 5, 2))
		k := Parameter(g, "k", shapes.Make(dtypes.Float32, 3, 2, 2, 3))
		c := convolutionOf(Conv(x, k, Window{Strides: []int{2, 1}, Pads: [][2]int{{1, 0}, {0, 1}}, Dilations: []int{1, 2}}))
		if got := fmt.Sprintf("%+v", c); got != "{axes:{InputBatch:0 InputChannels:3 InputSpatial:[1 2] "+
			"KernelInputChannels:2 KernelOutputChannels:3 KernelSpatial:[0 1] OutputBatch:0 OutputChannels:3 OutputSpatial:[1 2]} "+
			"strides:[2 1] pads:[[1 0] [0 1]] inputDilations:[1 1] kernelDilations:[1 2]}" {
			t.Errorf("read %s", got)
		}
		r := Reverse(x, 1, 2)
		if got := fmt.Sprint(intsArgument(r, "axes")); got != "[1 2]" {
			t.Errorf("Reverse: read axes %s", got)
		}
		if got := nodeArgument(Pad(x, ScalarZero(g, x.DType()), PadAxis{Start: 1, End: 2}), "axesConfig").Len(); got < 1 {
			t.Errorf("Pad: read %d axes", got)
		}
		return []*Node{r}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOtherGradients(t *testing.T) {
	cases := map[string]func(in []*Node) *Node{
		"reverse": func(in []*Node) *Node { return Mul(Reverse(in[0], 0), in[1]) },
		"rsqrt":   func(in []*Node) *Node { return Rsqrt(AddScalar(Square(in[0]), 1.0)) },
		"pad": func(in []*Node) *Node {
			return Pad(in[0], ReduceAllSum(in[1]), PadAxis{Start: 1, End: 2, Interior: 1}, PadAxis{End: 1})
		},
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) { checkGradients(t, [][]int{{3, 4}, {3, 4}}, f) })
	}
}
