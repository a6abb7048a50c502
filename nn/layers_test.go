package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// layer is a forward pass over a Params that it declared.
type layer struct {
	params  Params
	forward func(e *Env, x *Node) *Node
}

// layerCases holds every layer with an input shape.
func layerCases() map[string]struct {
	layer *layer
	input []int
} {
	type c = struct {
		layer *layer
		input []int
	}
	image := []int{2, 4, 6, 4}
	cases := map[string]c{}
	add := func(name string, input []int, build func(p *Params) func(e *Env, x *Node) *Node) {
		l := &layer{}
		l.forward = build(&l.params)
		cases[name] = c{l, input}
	}
	unit := Init{Std: 0.5}
	add("conv", image, func(p *Params) func(e *Env, x *Node) *Node { return p.Conv2D("c", 4, 3, 4, 2, 1, true, unit).Apply })
	add("transposed", image, func(p *Params) func(e *Env, x *Node) *Node {
		return p.ConvTranspose2D("c", 4, 3, 3, 2, 1, true, unit).Apply
	})
	add("up", image, func(p *Params) func(e *Env, x *Node) *Node { return p.UpConv2D("c", 4, 3, true, unit).Apply })
	add("dense", []int{2, 3, 4}, func(p *Params) func(e *Env, x *Node) *Node { return p.Dense("d", 4, 5, true, unit).Apply })
	add("instance norm", image, func(p *Params) func(e *Env, x *Node) *Node { return p.InstanceNorm("n", 4).Apply })
	add("plain norm", image, func(*Params) func(e *Env, x *Node) *Node { return PlainInstanceNorm().Apply })
	add("layer norm", []int{2, 3, 8}, func(p *Params) func(e *Env, x *Node) *Node { return p.LayerNorm("n", 8).Apply })
	add("attention", []int{2, 5, 4}, func(p *Params) func(e *Env, x *Node) *Node {
		a := p.Attention("a", 4, 4, 2, unit)
		return func(e *Env, x *Node) *Node { return a.Apply(e, x, x) }
	})
	plain := func(name string, f func(x *Node) *Node) {
		add(name, image, func(*Params) func(e *Env, x *Node) *Node { return func(_ *Env, x *Node) *Node { return f(x) } })
	}
	plain("relu", ReLU)
	plain("leaky relu", func(x *Node) *Node { return LeakyReLU(x, 0.2) })
	plain("gelu", GELU)
	plain("upsample", upsampleNearest)
	plain("reflect", func(x *Node) *Node { return ReflectPad(x, 1, 0) })
	plain("reflect far", func(x *Node) *Node { return ReflectPad(x, 3, 3) })
	plain("reflect beyond", func(x *Node) *Node { return padAxis(x, 1, 0, 7, Mirror) })
	plain("replicate", func(x *Node) *Node { return ReplicatePad(x, 2) })
	return cases
}

func TestLayerGradients(t *testing.T) {
	for name, c := range layerCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dims := [][]int{c.input}
			for _, p := range c.layer.params.List() {
				dims = append(dims, p.Dims)
			}
			checkGradients(t, dims, func(in []*Node) *Node {
				return c.layer.forward(c.layer.params.NewEnv(in[1:], nil), in[0])
			})
		})
	}
}

// upsampleNearest doubles height and width of x [batch, height, width, channels] by repeating pixels.
func upsampleNearest(x *Node) *Node {
	d := x.Shape().Dimensions
	y := Reshape(x, d[0], d[1], 1, d[2], 1, d[3])
	y = BroadcastToDims(y, d[0], d[1], 2, d[2], 2, d[3])
	return Reshape(y, d[0], 2*d[1], 2*d[2], d[3])
}

func TestUpConvIsUpsampleThenConv(t *testing.T) {
	var p Params
	up := p.UpConv2D("u", 3, 5, false, Init{})
	dims := [][]int{{2, 4, 5, 3}, {3, 3, 3, 5}}
	rng := rand.New(rand.NewPCG(3, 4))
	values := [][]float32{randomValues(rng, dims[0]), randomValues(rng, dims[1])}
	out := run(t, testBackend(t), values, dims, func(in []*Node) []*Node {
		return []*Node{
			up.Apply(p.NewEnv(in[1:], nil), in[0]),
			Conv(ReflectPad(upsampleNearest(in[0]), 1, 1), in[1], SameWindow(2, 1, 0, 0)),
		}
	})
	for i := range out[0] {
		if math.Abs(float64(out[0][i]-out[1][i])) > 1e-4 {
			t.Fatalf("value %d: %g, wanted %g", i, out[0][i], out[1][i])
		}
	}
}

func TestReflectPad(t *testing.T) {
	x := []float32{1, 2, 3}
	got := run(t, testBackend(t), [][]float32{x}, [][]int{{1, 1, 3, 1}}, func(in []*Node) []*Node {
		return []*Node{padAxis(in[0], 2, 2, 5, Mirror)}
	})[0]
	if want := []float32{3, 2, 1, 2, 3, 2, 1, 2, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, wanted %v", got, want)
	}
}

func TestInstanceNormFarFromZero(t *testing.T) {
	// 1000 ± 1: E[x²] - mean² in float32 would be off by several percent here.
	x := make([]float32, 64)
	for i := range x {
		x[i] = 1000 + float32(i%2*2-1)
	}
	var p Params
	got := run(t, testBackend(t), [][]float32{x}, [][]int{{1, 8, 8, 1}}, func(in []*Node) []*Node {
		return []*Node{PlainInstanceNorm().Apply(p.NewEnv(nil, nil), in[0])}
	})[0]
	for i, v := range got {
		if want := float32(i%2*2 - 1); math.Abs(float64(v-want)) > 1e-4 {
			t.Fatalf("value %d: %g, wanted %g", i, v, want)
		}
	}
}

func TestReLUAtZero(t *testing.T) {
	x := []float32{-1, 0, 2, float32(math.NaN())}
	out := run(t, testBackend(t), [][]float32{x}, [][]int{{4}}, func(in []*Node) []*Node {
		y := ReLU(in[0])
		return append(Gradient(ReduceAllSum(Slice(y, AxisRange(0, 3))), in[0]), y)
	})
	if want := []float32{0, 0, 1, 0}; !slices.Equal(out[0], want) {
		t.Errorf("gradient %v, wanted %v", out[0], want)
	}
	if !math.IsNaN(float64(out[1][3])) {
		t.Error("ReLU hides a NaN")
	}
}

func TestAdam(t *testing.T) {
	// Three steps against the update rule in float64.
	a := Adam{Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8}
	grads := []float64{0.3, -1.5, 1e-4}
	w, m, v := 0.7, 0.0, 0.0
	state := [][]float32{{0.7}, {0}, {0}}
	for i, g := range grads {
		const lr = 0.01
		m, v = a.Beta1*m+(1-a.Beta1)*g, a.Beta2*v+(1-a.Beta2)*g*g
		step := float64(i + 1)
		mHat, vHat := m/(1-math.Pow(a.Beta1, step)), v/(1-math.Pow(a.Beta2, step))
		w -= lr * mHat / (math.Sqrt(vHat) + a.Epsilon)

		size, correction := a.Scalars(i+1, lr)
		in := append(slices.Clone(state), []float32{float32(g)}, []float32{size}, []float32{correction})
		state = run(t, testBackend(t), in, [][]int{{1}, {1}, {1}, {1}, {}, {}}, func(n []*Node) []*Node {
			nw, nm, nv := a.Apply(n[0], n[1], n[2], n[3], n[4], n[5])
			return []*Node{nw, nm, nv}
		})
		if math.Abs(float64(state[0][0])-w) > 1e-6 {
			t.Fatalf("step %d: weight %g, wanted %g", i+1, state[0][0], w)
		}
	}
}

func TestDraw(t *testing.T) {
	var a, b Params
	a.Add("x", Init{Mean: 1, Std: 0.02}, 100, 100)
	a.Add("one", Init{Mean: 1}, 3)
	b.Add("new", Init{Std: 1}, 7)
	b.Add("x", Init{Mean: 1, Std: 0.02}, 100, 100)
	draw := func(p *Params, name string, seed uint64) []float32 {
		ref, ok := p.Lookup(name)
		if !ok {
			t.Fatalf("%q not found", name)
		}
		v := make([]float32, p.List()[ref].Size())
		p.Draw(ref, seed, v)
		return v
	}
	x := draw(&a, "x", 5)
	if !slices.Equal(x, draw(&b, "x", 5)) {
		t.Error("a new parameter changed the values of another")
	}
	if slices.Equal(x, draw(&a, "x", 6)) {
		t.Error("the seed has no effect")
	}
	if one := draw(&a, "one", 5); !slices.Equal(one, []float32{1, 1, 1}) {
		t.Errorf("constant: %v", one)
	}
	var sum, squares float64
	for _, x := range x {
		sum += float64(x) - 1
		squares += (float64(x) - 1) * (float64(x) - 1)
	}
	if mean, std := sum/1e4, math.Sqrt(squares/1e4); math.Abs(mean) > 1e-3 || math.Abs(std-0.02) > 1e-3 {
		t.Errorf("mean - 1 = %g, deviation %g", mean, std)
	}
}

func TestDropout(t *testing.T) {
	masks := &Masks{}
	var p Params
	_, err := Compile(testBackend(t), "dropout", func(g *Graph) []*Node {
		x := Ones(g, Param{Dims: []int{2, 50, 100}}.Shape())
		if y := p.NewEnv(nil, nil).Dropout(x, 0.5); y != x {
			t.Error("dropout outside of training")
		}
		return []*Node{p.NewEnv(nil, masks).Dropout(x, 0.25)}
	})
	if err != nil {
		t.Fatal(err)
	}
	if masks.Len() != 1 {
		t.Fatalf("%d masks", masks.Len())
	}
	a, b := make([]float32, 10000), make([]float32, 10000)
	masks.Draw(0, 1, 7, a)
	masks.Draw(0, 1, 7, b)
	if !slices.Equal(a, b) {
		t.Error("the same step has different masks")
	}
	masks.Draw(0, 1, 8, b)
	if slices.Equal(a, b) {
		t.Error("two steps have the same mask")
	}
	kept := 0
	for _, v := range a {
		if v != 0 {
			kept++
			if math.Abs(float64(v)-1/0.75) > 1e-6 {
				t.Fatalf("kept values are scaled by %g", v)
			}
		}
	}
	if kept < 7200 || kept > 7800 {
		t.Errorf("%d of 10000 kept, wanted about 7500", kept)
	}
}
