package cpu

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/cpu/internal/plan"
)

// programOf compiles a GoMLX function of float32 parameters.
func programOf(t *testing.T, params [][]int, body func(in []*Node) []*Node) *plan.Program {
	t.Helper()
	b := &spy{backend: newBackend(t, "threads=2")}
	g := NewGraph(b, t.Name())
	var in []*Node
	for _, dims := range params {
		in = append(in, Parameter(g, "", shapes.Make(dtypes.Float32, dims...)))
	}
	if err := g.Compile(body(in)...); err != nil {
		t.Fatal(err)
	}
	return b.program
}

// spy is a backend that tells what it compiled.
type spy struct {
	*backend
	program *plan.Program
}

func (s *spy) Builder(name string) compute.Builder {
	return &spyBuilder{s.backend.Builder(name).(*builder), s}
}

type spyBuilder struct {
	*builder
	spy *spy
}

func (b *spyBuilder) Compile() (compute.Executable, error) {
	e, err := b.builder.Compile()
	if err == nil {
		b.spy.program = e.(*executable).program
	}
	return e, err
}

var image = []int{2, 32, 32, 8} // 64 KiB

func norm(x *Node) *Node {
	x = Sub(x, ReduceAndKeep(x, ReduceMean, 1, 2))
	return Div(x, Sqrt(AddScalar(ReduceAndKeep(Square(x), ReduceMean, 1, 2), 1e-5)))
}

// adam gives new weights and moments for weights, gradient and moments.
func adam(in []*Node) []*Node {
	w, g, m, v := in[0], in[1], in[2], in[3]
	m = Add(MulScalar(m, 0.9), MulScalar(g, 0.1))
	v = Add(MulScalar(v, 0.999), MulScalar(Square(g), 0.001))
	return []*Node{Sub(w, MulScalar(Div(m, AddScalar(Sqrt(v), 1e-8)), 1e-3)), m, v}
}

// TestFusion holds the number of passes over large arrays.
func TestFusion(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    [][]int
		body  func(in []*Node) []*Node
		large int // loops over all elements
		small int // loops over the statistics
	}{
		{"chain", [][]int{image}, func(in []*Node) []*Node { return []*Node{Exp(AddScalar(Tanh(in[0]), 1))} }, 1, 0},
		{"chain through reshapes", [][]int{image}, func(in []*Node) []*Node {
			return []*Node{Exp(Reshape(Tanh(Reshape(Sin(in[0]), 2, 1024, 8)), 16, 1024))}
		}, 1, 0},
		{"two readers", [][]int{image}, func(in []*Node) []*Node { return []*Node{Exp(in[0]), Tanh(in[0])} }, 1, 0},
		{"Adam", [][]int{image, image, image, image}, adam, 1, 0},
		{"softmax", [][]int{{64, 100}}, func(in []*Node) []*Node { return []*Node{Softmax(in[0], -1)} }, 1, 0},
		{"norm", [][]int{image}, func(in []*Node) []*Node { return []*Node{norm(in[0])} }, 3, 2},
		{"gradient of norm", [][]int{image, image}, func(in []*Node) []*Node {
			return Gradient(ReduceAllSum(Mul(norm(in[0]), in[1])), in[0])
		}, 5, 4},
		{"reduction that a step waits for", [][]int{image}, func(in []*Node) []*Node {
			y := Exp(in[0])
			return []*Node{Mul(y, ReduceAndKeep(y, ReduceSum, 0))}
		}, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			steps := programOf(t, c.in, c.body).Steps()
			small := 0
			for _, s := range steps {
				if strings.HasPrefix(s, "loop [2 8]:") {
					small++
				} else if !strings.HasPrefix(s, "loop") {
					t.Error("not a loop:", s)
				}
			}
			if small != c.small || len(steps)-small != c.large {
				t.Errorf("%d loops over all and %d over the statistics, want %d and %d:\n%s", len(steps)-small, small, c.large, c.small, strings.Join(steps, "\n"))
			}
		})
	}
}

// TestMemory: what is no longer read makes room for what comes.
func TestMemory(t *testing.T) {
	turn := func(x *Node) *Node { return Reverse(x, 1) } // a step of its own
	const kib64, scratch = 64 << 10, 32 << 10
	for _, c := range []struct {
		name  string
		in    [][]int
		body  func(in []*Node) []*Node
		bytes int
	}{
		{"loops in place of the output", [][]int{image}, func(in []*Node) []*Node { return []*Node{Exp(Tanh(in[0]))} }, 0},
		{"a long chain takes turns", [][]int{image}, func(in []*Node) []*Node {
			x := in[0]
			for range 10 {
				x = turn(Exp(x))
			}
			return []*Node{x}
		}, 2 * kib64},
		{"a value that is read late keeps its place", [][]int{image}, func(in []*Node) []*Node {
			first := turn(in[0])
			return []*Node{turn(Mul(turn(turn(turn(first))), first))}
		}, 3 * kib64},
		{"views take nothing", [][]int{image}, func(in []*Node) []*Node {
			return []*Node{Exp(Transpose(BroadcastToDims(ReduceAndKeep(in[0], ReduceSum, 0), image...), 1, 2))}
		}, kib64 / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if p := programOf(t, c.in, c.body); p.Bytes() > c.bytes+scratch {
				t.Errorf("%d bytes, want %d:\n%s", p.Bytes(), c.bytes, strings.Join(p.Steps(), "\n"))
			}
		})
	}
}

// TestDonors tells which parameters are overwritten by outputs.
func TestDonors(t *testing.T) {
	for _, c := range []struct {
		name string
		in   [][]int
		body func(in []*Node) []*Node
		want []bool
	}{
		{"Adam", [][]int{image, image, image, image}, adam, []bool{true, true, true, false}},
		{"through a reshape", [][]int{image}, func(in []*Node) []*Node { return []*Node{Reshape(Exp(in[0]), 16, 1024)} }, []bool{true}},
		{"comes back itself", [][]int{image}, func(in []*Node) []*Node { return []*Node{in[0], Exp(in[0])} }, []bool{false}},
		{"read elsewhere by the same loop", [][]int{{32, 32}}, func(in []*Node) []*Node {
			return []*Node{Add(in[0], BroadcastToDims(Slice(in[0], AxisElem(0)), 32, 32))}
		}, []bool{false}},
		{"read later", [][]int{image}, func(in []*Node) []*Node {
			y := Exp(in[0])
			return []*Node{y, ReduceAllSum(Mul(in[0], Reverse(y, 1)))}
		}, []bool{false}},
		{"one for two", [][]int{image}, func(in []*Node) []*Node { return []*Node{Exp(in[0]), Tanh(in[0])} }, []bool{true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := programOf(t, c.in, c.body)
			if got := comeBack(t, p, c.in); !slices.Equal(got, c.want) {
				t.Errorf("donated %v, want %v:\n%s", got, c.want, strings.Join(p.Steps(), "\n"))
			}
		})
	}
}

// comeBack runs a program, which is given all of its parameters, and tells which of them come back as outputs.
func comeBack(t *testing.T, p *plan.Program, params [][]int) []bool {
	t.Helper()
	in, donate, back := make([]any, len(params)), make([]bool, len(params)), make([]bool, len(params))
	for i, dims := range params {
		in[i], donate[i] = make([]float32, shapes.Make(dtypes.Float32, dims...).Size()), true
	}
	out, err := p.Run(in, donate, func(s shapes.Shape) any { return make([]float32, s.Size()) })
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		back[i] = slices.ContainsFunc(out, func(o any) bool { return &o.([]float32)[0] == &in[i].([]float32)[0] })
	}
	return back
}
