package cpu

import (
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/testutil"
)

// run1 executes a program of one output on float32 inputs.
func run1[T any](t *testing.T, in [][]float32, body func(f compute.Function, in []compute.Value) ([]compute.Value, error)) []T {
	t.Helper()
	b := newBackend(t, "")
	var inputShapes []shapes.Shape
	var buffers []compute.Buffer
	for _, v := range in {
		inputShapes = append(inputShapes, shapes.Make(dtypes.Float32, len(v)))
		buffers = append(buffers, bufferOf(t, b, v))
	}
	outs, err := compile(t, b, inputShapes, body).Execute(buffers, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flat[T](t, outs[0])
}

// closure builds a closure of f with parameters of the given shapes.
func closure(f compute.Function, in []shapes.Shape, body func(c compute.Function, in []compute.Value) []compute.Value) compute.Function {
	c := testutil.Must1(f.Closure())
	var params []compute.Value
	for _, s := range in {
		params = append(params, testutil.Must1(c.Parameter("", s, nil)))
	}
	testutil.Must(c.Return(body(c, params), nil))
	return c
}

// TestWhile doubles x until its counter, which starts at 0, reaches a limit from outside.
func TestWhile(t *testing.T) {
	got := run1[float32](t, [][]float32{{1, 10}, {2}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		factor := testutil.Must1(f.Reshape(in[1]))
		limit := testutil.Must1(f.Constant([]int32{5}))
		zero := testutil.Must1(f.Constant([]int32{0}))
		state := []shapes.Shape{shapes.Make(dtypes.Int32), shapes.Make(dtypes.Float32, 2)}
		cond := closure(f, state, func(c compute.Function, s []compute.Value) []compute.Value {
			return []compute.Value{testutil.Must1(c.LessThan(s[0], limit))}
		})
		body := closure(f, state, func(c compute.Function, s []compute.Value) []compute.Value {
			one := testutil.Must1(c.Constant([]int32{1}))
			return []compute.Value{testutil.Must1(c.Add(s[0], one)), testutil.Must1(c.Mul(s[1], factor))}
		})
		outs, err := f.While(cond, body, zero, in[0])
		return outs[1:], err
	})
	if want := []float32{32, 320}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestNestedIf reads x two functions further out.
func TestNestedIf(t *testing.T) {
	for x, want := range map[float32]float32{-1: 1, 1: 101, 5: 25} {
		got := run1[float32](t, [][]float32{{x}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			x := testutil.Must1(f.Reshape(in[0]))
			zero := testutil.Must1(f.Constant([]float32{0}))
			square := func(c compute.Function, _ []compute.Value) []compute.Value {
				return []compute.Value{testutil.Must1(c.Mul(x, x))}
			}
			positive := closure(f, nil, func(c compute.Function, _ []compute.Value) []compute.Value {
				three := testutil.Must1(c.Constant([]float32{3}))
				small := closure(c, nil, func(c compute.Function, _ []compute.Value) []compute.Value {
					hundred := testutil.Must1(c.Constant([]float32{100}))
					return []compute.Value{testutil.Must1(c.Add(x, hundred))}
				})
				return testutil.Must1(c.If(testutil.Must1(c.LessThan(x, three)), small, closure(c, nil, square)))
			})
			return f.If(testutil.Must1(f.GreaterThan(x, zero)), positive, closure(f, nil, square))
		})
		if got[0] != want {
			t.Errorf("x=%g: got %g, want %g", x, got[0], want)
		}
	}
}

// TestSort sorts by the distance to a captured value, and takes the other results along.
func TestSort(t *testing.T) {
	got := run1[float32](t, [][]float32{{1, 2, 3, 4, 5}, {4.2}, {10, 20, 30, 40, 50}},
		func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			near := testutil.Must1(f.Reshape(in[1]))
			scalar := shapes.Make(dtypes.Float32)
			less := closure(f, []shapes.Shape{scalar, scalar, scalar, scalar}, func(c compute.Function, p []compute.Value) []compute.Value {
				distance := func(v compute.Value) compute.Value { return testutil.Must1(c.Abs(testutil.Must1(c.Sub(v, near)))) }
				return []compute.Value{testutil.Must1(c.LessThan(distance(p[0]), distance(p[1])))}
			})
			outs, err := f.Sort(less, 0, true, in[0], in[2])
			return outs[1:], err
		})
	if want := []float32{40, 50, 30, 20, 10}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestCall calls a function twice, from main and from a closure, and one that calls it.
func TestCall(t *testing.T) {
	got := run1[float32](t, [][]float32{{1, 2}, {10, 20}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		shape := shapes.Make(dtypes.Float32, 2)
		named := func(name string, body func(g compute.Function, x, y compute.Value) []compute.Value) compute.Function {
			g := testutil.Must1(f.Builder().NewFunction(name))
			x := testutil.Must1(g.Parameter("x", shape, nil))
			y := testutil.Must1(g.Parameter("y", shape, nil))
			testutil.Must(g.Return(body(g, x, y), nil))
			return g
		}
		sumAndSwap := named("sum", func(g compute.Function, x, y compute.Value) []compute.Value {
			return []compute.Value{testutil.Must1(g.Add(x, y)), y, x}
		})
		twice := named("twice", func(g compute.Function, x, y compute.Value) []compute.Value {
			outs := testutil.Must1(g.Call(sumAndSwap, x, y))
			return testutil.Must1(g.Call(sumAndSwap, outs[0], outs[1]))[:1] // x + 2y
		})
		yes := closure(f, nil, func(c compute.Function, _ []compute.Value) []compute.Value {
			return testutil.Must1(c.Call(twice, in[0], in[1]))
		})
		no := closure(f, nil, func(c compute.Function, _ []compute.Value) []compute.Value {
			return []compute.Value{in[0]}
		})
		if _, err := f.Call(twice, in[0]); err == nil {
			t.Error("no error for a missing input")
		}
		if _, err := f.Call(twice, in[0], testutil.Must1(f.Reshape(in[1], 1, 2))); err == nil {
			t.Error("no error for an input of another shape")
		}
		return f.If(testutil.Must1(f.Constant([]bool{true})), yes, no)
	})
	if want := []float32{21, 42}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestDynamicShape compiles for a batch of unknown size and runs it with two.
func TestDynamicShape(t *testing.T) {
	b := newBackend(t, "")
	batch := shapes.MakeDynamic(dtypes.Float32, []int{shapes.DynamicDim, 2}, []string{"batch", ""})
	exec := compile(t, b, []shapes.Shape{batch, shapes.Make(dtypes.Float32)}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		x, err := f.Mul(in[0], in[1])
		if err != nil {
			return nil, err
		}
		return one(f.ReduceSum(x, 1))
	})
	for _, rows := range []int{1, 3} {
		x := bufferOf(t, b, slices.Repeat([]float32{1, 2}, rows), rows, 2)
		scale := testutil.Must1(b.BufferFromFlatData(0, []float32{10}, shapes.Make(dtypes.Float32)))
		outs, err := exec.Execute([]compute.Buffer{x, scale}, []bool{true, false}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := flat[float32](t, outs[0]), slices.Repeat([]float32{30}, rows); !slices.Equal(got, want) {
			t.Errorf("%d rows: got %v, want %v", rows, got, want)
		}
		if _, err := x.Data(); err == nil {
			t.Error("the donated input is still there")
		}
		if got := flat[float32](t, scale); got[0] != 10 {
			t.Errorf("the other input is now %v", got)
		}
	}
}

// TestKnownDynamicOps: operations for dynamic shapes do not make a program dynamic when the shapes are known.
func TestKnownDynamicOps(t *testing.T) {
	got := run1[int32](t, [][]float32{{1, 2, 3, 4, 5, 6}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		x := testutil.Must1(f.DynamicReshape(in[0], compute.DynamicDimensionSpec{Name: "rows"}, compute.DynamicDimensionSpec{Static: 2}))
		shape := testutil.Must1(f.DynamicShape(x))
		size := testutil.Must1(f.Reshape(testutil.Must1(f.DynamicDimensionSize(x, 0)), 1))
		if f.Builder().(*builder).dynamic {
			t.Error("the program counts as dynamic")
		}
		return one(f.Concatenate(0, shape, size))
	})
	if want := []int32{3, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
