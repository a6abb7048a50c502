package cpu

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/testutil"
)

// maker issues operations on a function of any backend; a wrong one ends the test.
type maker struct{ compute.Function }

func (m maker) transpose(x value, perm ...int) value { return testutil.Must1(m.Transpose(x, perm...)) }
func (m maker) reshape(x value, dims ...int) value   { return testutil.Must1(m.Reshape(x, dims...)) }
func (m maker) mul(x, y value) value                 { return testutil.Must1(m.Mul(x, y)) }
func (m maker) add(x, y value) value                 { return testutil.Must1(m.Add(x, y)) }
func (m maker) sub(x, y value) value                 { return testutil.Must1(m.Sub(x, y)) }
func (m maker) exp(x value) value                    { return testutil.Must1(m.Exp(x)) }
func (m maker) sum(x value, axes ...int) value       { return testutil.Must1(m.ReduceSum(x, axes...)) }
func (m maker) max(x value, axes ...int) value       { return testutil.Must1(m.ReduceMax(x, axes...)) }
func (m maker) constant(flat any, dims ...int) value {
	return testutil.Must1(m.Constant(flat, dims...))
}
func (m maker) broadcast(x value, axes []int, dims ...int) value {
	return testutil.Must1(m.BroadcastInDim(x, shapes.Make(testutil.Must1(m.Shape(x)).DType, dims...), axes))
}
func (m maker) dot(x value, xc int, y value, yc int) value {
	return testutil.Must1(m.DotGeneral(x, []int{xc}, nil, y, []int{yc}, nil, compute.DotGeneralConfig{}))
}
func (m maker) reverse(x value, axes ...int) value { return testutil.Must1(m.Reverse(x, axes...)) }
func (m maker) slice(x value, starts, limits []int, strides ...int) value {
	return testutil.Must1(m.Slice(x, starts, limits, strides))
}

// argMax has no fast path: its operand has to be an array in memory.
func (m maker) argMax(x value) value {
	return testutil.Must1(m.ArgMinMax(x, 0, dtypes.Int32, false))
}

// TestPrograms has programs that a planner easily gets wrong. All inputs are float32 waves, and donated.
func TestPrograms(t *testing.T) {
	own := newBackend(t, "threads=2")
	reference, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		in   [][]int
		body func(m maker, in []value) []value
	}{
		{"view of a view that another reader stores: contiguous", [][]int{{3, 4}}, func(m maker, in []value) []value {
			a := m.transpose(in[0], 1, 0)
			i := m.argMax(a)
			return []value{i, m.argMax(m.transpose(a, 1, 0))}
		}},
		{"view of a view that another reader stores: matrix", [][]int{{2, 3, 4}, {3, 5}}, func(m maker, in []value) []value {
			a := m.transpose(in[0], 1, 2, 0)
			i := m.argMax(a)
			return []value{i, m.dot(m.slice(m.transpose(a, 1, 2, 0), []int{0, 0, 0}, []int{4, 2, 3}), 2, in[1], 0)}
		}},
		{"view of a view that another reader stores: loop", [][]int{{3, 4}}, func(m maker, in []value) []value {
			a := m.transpose(in[0], 1, 0)
			i := m.argMax(a)
			return []value{i, m.exp(m.transpose(a, 1, 0))}
		}},
		{"one value, several outputs, and a view of it", [][]int{{3, 4}}, func(m maker, in []value) []value {
			y := m.exp(in[0])
			return []value{y, m.reshape(y, 12), y, m.transpose(y, 1, 0), m.slice(y, []int{1, 0}, []int{2, 4})}
		}},
		{"parameters come back, as they are and changed", [][]int{{3, 4}, {3, 4}}, func(m maker, in []value) []value {
			return []value{in[0], m.exp(in[0]), in[0], m.add(in[0], in[1]), m.reshape(in[1], 4, 3)}
		}},
		{"parameters swap places", [][]int{{30, 40}, {30, 40}}, func(m maker, in []value) []value {
			return []value{m.exp(in[1]), m.exp(in[0]), m.mul(in[0], in[1])}
		}},
		{"a donated parameter that is also read transposed", [][]int{{50, 50}}, func(m maker, in []value) []value {
			return []value{m.add(in[0], m.transpose(in[0], 1, 0)), m.exp(in[0])}
		}},
		{"a donated parameter that is also read reversed", [][]int{{64}}, func(m maker, in []value) []value {
			return []value{m.add(in[0], m.reverse(in[0], 0)), m.exp(in[0])}
		}},
		{"a donated parameter that is also read by its parts", [][]int{{64, 2}}, func(m maker, in []value) []value {
			first := m.reshape(m.slice(in[0], []int{0, 0}, []int{64, 1}), 64)
			return []value{m.mul(in[0], m.broadcast(first, []int{0}, 64, 2))}
		}},
		{"no elements", [][]int{{0, 3}, {4, 0}, {2, 3}}, func(m maker, in []value) []value {
			a := m.exp(in[0])
			return []value{
				a, m.transpose(a, 1, 0), m.slice(a, []int{0, 2}, []int{0, 3}), m.sum(in[0], 0), m.max(in[0], 0), m.sum(in[0], 1), m.sum(in[0]),
				testutil.Must1(m.Concatenate(0, in[0], in[2], in[0])), m.reverse(a, 0, 1), m.broadcast(in[0], []int{0, 2}, 0, 5, 3),
				testutil.Must1(m.Pad(in[0], m.constant([]float32{7}), compute.PadAxis{Start: 1, End: 1}, compute.PadAxis{Interior: 1})),
				testutil.Must1(m.GreaterThan(a, a)), m.reshape(m.slice(in[0], []int{0, 1}, []int{0, 3}), 2, 0),
			}
		}},
		{"scalars", [][]int{{}, {1}, {1, 1}}, func(m maker, in []value) []value {
			a := m.exp(in[0])
			b := m.reshape(m.add(m.reshape(in[1]), a), 1, 1, 1)
			return []value{a, b, m.sum(in[2]), m.max(in[2], 0), m.mul(m.broadcast(a, nil, 2, 2), m.broadcast(in[2], []int{0, 1}, 2, 2)), m.dot(in[1], 0, in[2], 0)}
		}},
		{"truth values", [][]int{{3, 4}, {3, 4}}, func(m maker, in []value) []value {
			more := testutil.Must1(m.GreaterThan(in[0], in[1]))
			turned := m.transpose(more, 1, 0)
			rows := testutil.Must1(m.ReduceLogicalOr(more, 1))
			wide := m.broadcast(rows, []int{0}, 3, 4)
			x := m.transpose(in[0], 1, 0)
			return []value{
				more, turned, wide, m.reshape(turned, 12), testutil.Must1(m.Where(turned, x, m.exp(x))),
				testutil.Must1(m.LogicalAnd(wide, more)), testutil.Must1(m.Where(wide, in[0], in[1])), testutil.Must1(m.LogicalNot(m.reshape(wide, 4, 3))),
				testutil.Must1(m.Concatenate(0, turned, m.transpose(wide, 1, 0))), testutil.Must1(m.ConvertDType(turned, dtypes.Float32)),
				testutil.Must1(m.ConvertDType(in[0], dtypes.Bool)), m.slice(more, []int{1, 1}, []int{3, 4}), m.reverse(more, 1),
				testutil.Must1(m.Where(m.reshape(m.slice(rows, []int{1}, []int{2})), in[0], in[1])),
			}
		}},
		{"reductions over axes of one element", [][]int{{4, 1, 3}}, func(m maker, in []value) []value {
			return []value{m.sum(in[0], 1), m.max(in[0], 1, 2), m.exp(m.sum(m.exp(in[0]), 1)), m.sum(m.sum(in[0], 1), 0)}
		}},
		{"row reductions when axes are split", [][]int{{6, 4}, {2, 3, 4}}, func(m maker, in []value) []value {
			top := m.max(in[0], 1)
			y := m.exp(m.sub(in[0], m.broadcast(top, []int{0}, 6, 4)))
			z := m.mul(m.reshape(y, 2, 3, 4), in[1])
			all := m.sum(z, 1, 2)
			return []value{y, m.mul(z, m.broadcast(all, []int{0}, 2, 3, 4)), m.sum(z, 2), m.sum(z, 0)}
		}},
		{"a row reduction read along the other axis", [][]int{{5, 5}}, func(m maker, in []value) []value {
			s := m.sum(in[0], 1)
			return []value{m.mul(in[0], m.broadcast(s, []int{1}, 5, 5)), m.mul(in[0], m.broadcast(s, []int{0}, 5, 5))}
		}},
		{"values worth computing again", [][]int{{2, 64, 64, 3}, {2, 64, 64, 3}}, func(m maker, in []value) []value {
			scale := m.constant([]float32{1. / 4096})
			mean := m.mul(m.sum(in[0], 1, 2), scale)
			centred := m.sub(in[0], m.broadcast(mean, []int{0, 3}, 2, 64, 64, 3))
			variance := m.mul(m.sum(m.mul(centred, centred), 1, 2), scale)
			norm := m.mul(centred, m.broadcast(testutil.Must1(m.Rsqrt(variance)), []int{0, 3}, 2, 64, 64, 3))
			cov := m.sum(m.mul(centred, in[1]), 1, 2)
			return []value{norm, cov, m.sum(m.mul(norm, in[1]), 1, 2), m.max(m.mul(m.transpose(centred, 0, 2, 1, 3), in[1]), 3)}
		}},
		{"signs of zero", [][]int{{4}}, func(m maker, in []value) []value {
			plus, minus := m.constant([]float32{0}), m.constant([]float32{float32(math.Copysign(0, -1))})
			x := testutil.Must1(m.Abs(in[0]))
			mixed := m.constant([]float32{0, float32(math.Copysign(0, -1)), 0, 0}, 4)
			return []value{testutil.Must1(m.Div(x, plus)), testutil.Must1(m.Div(x, minus)), testutil.Must1(m.Div(x, mixed))}
		}},
		{"constants that are no numbers", [][]int{{4}}, func(m maker, in []value) []value {
			nan, inf := m.constant([]float32{float32(math.NaN())}), m.constant([]float32{float32(math.Inf(1))})
			zero := m.constant([]float32{0})
			return []value{m.mul(in[0], nan), m.mul(m.mul(in[0], inf), zero), m.add(m.sub(inf, inf), in[0]), m.mul(m.broadcast(nan, nil, 4), m.broadcast(zero, nil, 4))}
		}},
		{"powers", [][]int{{8}}, func(m maker, in []value) []value {
			x := testutil.Must1(m.Abs(in[0]))
			var outs []value
			for _, p := range []float32{0, 0.5, -0.5, 1, 2, 3, -1, 2.5} {
				outs = append(outs, testutil.Must1(m.Pow(x, m.constant([]float32{p}))), testutil.Must1(m.Pow(m.constant([]float32{1 + p*p}), x)))
			}
			return outs
		}},
		{"outputs that are constants", [][]int{{2}}, func(m maker, in []value) []value {
			c := m.constant([]int32{1, 2, 3, 4}, 2, 2)
			big := m.constant([]int64{1 << 60, -1 << 60}, 2)
			return []value{c, m.transpose(c, 1, 0), m.add(c, c), testutil.Must1(m.Iota(shapes.Make(dtypes.Float32, 100, 100), 1)), m.broadcast(m.constant([]float32{3}), nil, 2, 2), big, m.mul(big, big)}
		}},
		{"barriers", [][]int{{3, 4}, {3, 4}}, func(m maker, in []value) []value {
			outs := testutil.Must1(m.OptimizationBarrier(in[0], m.transpose(in[1], 1, 0)))
			late := testutil.Must1(m.SchedulingBarrier(in[0], outs[1], in[1]))
			yes := testutil.Must1(m.OptimizationBarrier(testutil.Must1(m.GreaterThan(in[0], in[1]))))
			return []value{m.exp(outs[0]), m.exp(outs[1]), m.add(late, in[1]), outs[0], late, m.dot(late, 1, outs[1], 0), yes[0], testutil.Must1(m.Where(yes[0], late, in[1]))}
		}},
		{"products with odd axes", [][]int{{2, 3, 4, 5}, {5, 3, 2, 6}}, func(m maker, in []value) []value {
			dot := func(x value, xc, xb []int, y value, yc, yb []int) value {
				return testutil.Must1(m.DotGeneral(x, xc, xb, y, yc, yb, compute.DotGeneralConfig{}))
			}
			part := m.slice(in[0], []int{0, 0, 1, 0}, []int{2, 3, 4, 5}, 1, 1, 2, 1)
			return []value{
				dot(in[0], []int{3}, []int{0, 1}, in[1], []int{0}, []int{2, 1}), dot(in[0], []int{3, 1}, []int{0}, in[1], []int{0, 1}, []int{2}),
				dot(in[0], []int{1}, []int{3, 0}, in[1], []int{1}, []int{0, 2}), dot(part, []int{0}, []int{1}, in[1], []int{2}, []int{1}),
				dot(m.reverse(part, 0, 3), []int{3, 0, 1}, nil, in[1], []int{0, 2, 1}, nil), dot(in[0], nil, []int{0}, in[1], nil, []int{2}),
				dot(m.broadcast(m.sum(in[0], 1, 2), []int{0, 3}, 2, 3, 4, 5), []int{3}, []int{0}, in[1], []int{0}, []int{2}),
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, got := runProgram(t, reference, c.in, c.body), runProgram(t, own, c.in, c.body)
			for i := range want {
				sameFlat(t, fmt.Sprint("output ", i), got[i], want[i])
			}
		})
	}
}

// runProgram builds a program, runs it twice, and gives the outputs of the second run.
func runProgram(t *testing.T, b compute.Backend, in [][]int, body func(m maker, in []value) []value) []any {
	t.Helper()
	var inputs []shapes.Shape
	for _, dims := range in {
		inputs = append(inputs, shapes.Make(dtypes.Float32, dims...))
	}
	exec := compile(t, b, inputs, func(f compute.Function, in []value) ([]value, error) {
		outs := body(maker{f}, in)
		if b.Name() != BackendName {
			for i := range outs { // the Go backend panics when a parameter comes after all outputs
				outs[i] = testutil.Must1(f.Identity(outs[i]))
			}
		}
		return outs, nil
	})
	var flats []any
	for range 2 {
		var buffers []compute.Buffer
		for i, s := range inputs {
			flat := make([]float32, s.Size())
			for j := range flat {
				flat[j] = float32(math.Sin(float64(i) + 1.7*float64(j)))
			}
			buffers = append(buffers, testutil.Must1(b.BufferFromFlatData(0, flat, s)))
		}
		outs, err := exec.Execute(buffers, slices.Repeat([]bool{true}, len(buffers)), 0)
		if err != nil {
			t.Fatal(err)
		}
		flats = nil
		for _, o := range outs {
			shape := testutil.Must1(o.Shape())
			flat := dtypes.MakeAnySlice(shape.DType, shape.Size())
			testutil.Must(o.ToFlatData(flat))
			flats = append(flats, flat)
		}
	}
	return flats
}

// sameFlat compares float32 values within rounding, all others exactly.
func sameFlat(t *testing.T, what string, got, want any) {
	t.Helper()
	w, ok := want.([]float32)
	g, _ := got.([]float32)
	if !ok || len(g) != len(w) {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
		return
	}
	for i := range w {
		a, b := float64(g[i]), float64(w[i])
		same := a == b || math.Abs(a-b) <= 1e-5*max(1, math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
		if !same || math.Signbit(a) != math.Signbit(b) && a == 0 && b == 0 {
			t.Errorf("%s, value %d: got %g, want %g", what, i, a, b)
			return
		}
	}
}

// TestEmptyProducts: GoMLX's Go backend fails at these.
func TestEmptyProducts(t *testing.T) {
	outs := runProgram(t, newBackend(t, ""), [][]int{{4, 0}, {0, 3}}, func(m maker, in []value) []value {
		return []value{m.dot(in[0], 1, in[1], 0), m.dot(in[1], 1, in[1], 1)}
	})
	sameFlat(t, "sums of nothing", outs[0], make([]float32, 12))
	sameFlat(t, "no sums", outs[1], []float32{})
}

// TestNegativeZero: GoMLX's Go backend takes -0 for 0 here.
func TestNegativeZero(t *testing.T) {
	outs := runProgram(t, newBackend(t, ""), [][]int{{2}}, func(m maker, in []value) []value {
		x := testutil.Must1(m.Exp(in[0]))
		div := func(c float64) value { return testutil.Must1(m.Div(x, m.constant([]float32{float32(c)}))) }
		return []value{testutil.Must1(m.Max(div(0), div(math.Copysign(0, -1)))), testutil.Must1(m.Min(div(0), div(math.Copysign(0, -1))))}
	})
	inf := float32(math.Inf(1))
	sameFlat(t, "1/0", outs[0], []float32{inf, inf})
	sameFlat(t, "1/-0", outs[1], []float32{-inf, -inf})
}

func TestPackedTypes(t *testing.T) {
	b := newBackend(t, "")
	packed := shapes.Make(dtypes.Uint4, 6)
	exec := compile(t, b, []shapes.Shape{packed}, func(f compute.Function, in []value) ([]value, error) {
		m := maker{f}
		wide := m.reshape(in[0], 2, 3)
		return []value{in[0], testutil.Must1(m.ConvertDType(wide, dtypes.Int32)), m.reshape(wide, 3, 2)}, nil
	})
	in := testutil.Must1(b.BufferFromFlatData(0, []uint8{0x21, 0x43, 0x65}, packed))
	outs, err := exec.Execute([]compute.Buffer{in}, []bool{true}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []any{[]uint8{0x21, 0x43, 0x65}, []int32{1, 2, 3, 4, 5, 6}, []uint8{0x21, 0x43, 0x65}} {
		if got := testutil.Must1(outs[i].Data()); !reflect.DeepEqual(got, want) {
			t.Errorf("output %d: got %v, want %v", i, got, want)
		}
	}
}

// TestDivisionByZero: of integers, when the program is made and when it runs.
func TestDivisionByZero(t *testing.T) {
	b := newBackend(t, "")
	builder := b.Builder("constants")
	m := maker{builder.Main()}
	testutil.Must(m.Return([]value{testutil.Must1(m.Div(m.constant([]int32{5}), m.constant([]int32{0})))}, nil))
	if _, err := builder.Compile(); err == nil || !strings.Contains(err.Error(), "divide by zero") {
		t.Errorf("Compile: error %v", err)
	}
	one := shapes.Make(dtypes.Int32, 1)
	exec := compile(t, b, []shapes.Shape{one, one}, func(f compute.Function, in []value) ([]value, error) {
		return []value{testutil.Must1(f.Div(in[0], in[1]))}, nil
	})
	for _, divisor := range []int32{0, 2, 0} {
		outs, err := exec.Execute([]compute.Buffer{bufferOf(t, b, []int32{6}), bufferOf(t, b, []int32{divisor})}, nil, 0)
		switch {
		case divisor == 0 && (err == nil || !strings.Contains(err.Error(), "divide by zero")):
			t.Errorf("6/0: error %v", err)
		case divisor == 2 && (err != nil || flat[int32](t, outs[0])[0] != 3):
			t.Errorf("6/2: %v, error %v", outs, err)
		}
	}
}
