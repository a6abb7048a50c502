package loop

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
	"pgregory.net/rapid"
)

// eachISA runs f for every set of kernels that this machine can run.
func eachISA(t *testing.T, f func(t *testing.T, k *kernels)) {
	for _, k := range available() {
		t.Run(k.name, func(t *testing.T) { f(t, k) })
	}
}

func runLoop(t interface{ Fatal(...any) }, s Spec, k *kernels, threads int, in, out []Buf) {
	l, err := newLoop(s, threads, k)
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(threads)
	defer p.Close()
	l.Run(p, in, out, make([]float32, l.Scratch()))
}

// TestRandomPrograms holds programs on small integers, whose results are exact, against the interpreter.
func TestRandomPrograms(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		rapid.Check(t, func(t *rapid.T) {
			s := drawSpec(t)
			in, want, got := makeBuffers(t, s)
			interpret(s, in, want)
			runLoop(t, s, k, rapid.IntRange(1, 2).Draw(t, "threads"), in, got)
			for i, o := range s.Outputs {
				for e := range want[i].len {
					p := e * o.Kind.size()
					g, w := element(o.Kind, offsetBytes(got[i].ptr, p)), element(o.Kind, offsetBytes(want[i].ptr, p))
					if g != w {
						t.Fatalf("output %d of %+v: element %d is %v, not %v", i, s, e, g, w)
					}
				}
			}
		})
	})
}

// drawSpec draws a program whose values are small integers.
func drawSpec(t *rapid.T) Spec {
	var s Spec
	total := 1
	for range rapid.IntRange(0, 4).Draw(t, "rank") {
		d := rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(0, 70), rapid.SampledFrom([]int{64, 1100, 2500})).Draw(t, "dim")
		if total*max(1, d) > 40000 {
			d = 2
		}
		total *= max(1, d) // an empty axis must not lift the bound for the others
		s.Dims = append(s.Dims, d)
	}
	none := make([]bool, len(s.Dims))
	for range rapid.IntRange(1, 4).Draw(t, "inputs") {
		mask := slices.Clone(none)
		for ax := range mask {
			mask[ax] = rapid.IntRange(0, 2).Draw(t, "broadcast") == 0
		}
		s.Inputs = append(s.Inputs, Input{drawKind(t), drawStrides(t, s.Dims, mask)})
	}
	ops := []Op{Add, Sub, Mul, Maximum, Minimum, Select, FMA, Gt, Eq, Neg, Abs, Sign, Const, Clamp}
	if len(s.Dims) > 0 {
		ops = append(ops, RowMax, RowMin, RowSum)
	}
	for i := range rapid.IntRange(0, 7).Draw(t, "instrs") {
		ins := Instr{Op: rapid.SampledFrom(ops).Draw(t, "op"), Imm: float32(rapid.IntRange(-2, 2).Draw(t, "imm"))}
		for j := range ins.Args {
			ins.Args[j] = rapid.IntRange(0, len(s.Inputs)+i-1).Draw(t, "arg")
		}
		s.Instrs = append(s.Instrs, ins)
	}
	reduced := slices.Clone(none)
	for ax := range reduced {
		reduced[ax] = rapid.Bool().Draw(t, "reduced")
	}
	for range rapid.IntRange(1, 3).Draw(t, "outputs") {
		out := Output{Value: rapid.IntRange(0, len(s.Inputs)+len(s.Instrs)-1).Draw(t, "value"), Kind: drawKind(t), Strides: drawStrides(t, s.Dims, none)}
		if rapid.Bool().Draw(t, "reduce") {
			out.Reduce = rapid.SampledFrom([]Reduce{Sum, Max, Min}).Draw(t, "how")
			out.Strides = drawStrides(t, s.Dims, reduced)
		}
		s.Outputs = append(s.Outputs, out)
	}
	return s
}

func drawKind(t *rapid.T) Kind {
	return rapid.SampledFrom([]Kind{F32, F32, F32, Bool}).Draw(t, "kind")
}

// drawStrides makes dense strides in a random order of the axes, or in row-major order, with 0 where mask is set.
func drawStrides(t *rapid.T, dims []int, mask []bool) []int {
	order := make([]int, len(dims))
	for i := range order {
		order[i] = i
	}
	if rapid.IntRange(0, 2).Draw(t, "permute") == 0 {
		order = rapid.Permutation(order).Draw(t, "order")
	}
	strides := make([]int, len(dims))
	n := 1
	for _, ax := range slices.Backward(order) {
		if !mask[ax] {
			strides[ax] = n
			n *= max(1, dims[ax])
		}
	}
	return strides
}

// makeBuffers fills the inputs with small integers. Values that could round make the case be skipped.
func makeBuffers(t *rapid.T, s Spec) (in, want, got []Buf) {
	seed := rapid.IntRange(0, 1000).Draw(t, "seed")
	for _, x := range s.Inputs {
		b := newBuf(x.Kind, extent(s.Dims, x.Strides))
		for e := range b.len {
			seed = seed*1103515245 + 12345&math.MaxInt32
			setElement(x.Kind, offsetBytes(b.ptr, e*x.Kind.size()), float32(seed>>16%5-2))
		}
		in = append(in, b)
	}
	total, bound := 1, 2.0
	for _, d := range s.Dims {
		total *= d
	}
	for _, ins := range s.Instrs {
		switch ins.Op {
		case Mul, FMA:
			bound = bound*bound + bound
		case Add, Sub:
			bound *= 2
		case RowSum:
			bound *= float64(max(1, s.Dims[len(s.Dims)-1]))
		}
	}
	if bound*float64(total) > 1<<24 {
		t.SkipNow()
	}
	for _, o := range s.Outputs {
		n := extent(s.Dims, o.Strides)
		want, got = append(want, newBuf(o.Kind, n)), append(got, newBuf(o.Kind, n))
	}
	return in, want, got
}

func TestRefused(t *testing.T) {
	one := []Input{{F32, []int{5, 1}}}
	for name, s := range map[string]Spec{
		"rank":        {Dims: []int{3}, Inputs: one},
		"later value": {Dims: []int{3, 5}, Inputs: one, Instrs: []Instr{{Op: Exp, Args: [3]int{1}}}},
		"no value":    {Dims: []int{3, 5}, Inputs: one, Outputs: []Output{{Value: 1, Strides: []int{5, 1}}}},
		"store":       {Dims: []int{3, 5}, Inputs: one, Outputs: []Output{{Value: 0, Strides: []int{1, 0}}}},
		"holes":       {Dims: []int{3, 5}, Inputs: one, Outputs: []Output{{Value: 0, Reduce: Sum, Strides: []int{2, 0}}}},
		"long row":    {Dims: []int{MaxRow + 1}, Inputs: []Input{{F32, []int{1}}}, Instrs: []Instr{{Op: RowSum}}},
		"negative":    {Dims: []int{-1}},
	} {
		if _, err := New(s, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	mixed := Spec{Dims: []int{3, 5}, Inputs: one, Outputs: []Output{{Reduce: Sum, Strides: []int{0, 1}}, {Reduce: Sum, Strides: []int{1, 0}}}}
	if _, err := New(mixed, 1); !errors.Is(err, ErrMixedReductions) {
		t.Errorf("mixed axes: %v", err)
	}
}

// TestEmpty: a reduction of nothing gives the identity; empty stores do nothing.
func TestEmpty(t *testing.T) {
	for _, c := range []struct {
		r    Reduce
		want float32
	}{{Sum, 0}, {Prod, 1}, {Max, float32(math.Inf(-1))}, {Min, float32(math.Inf(1))}} {
		s := Spec{Dims: []int{3, 0}, Inputs: []Input{{F32, []int{0, 1}}}, Outputs: []Output{{Reduce: c.r, Strides: []int{1, 0}}}}
		out := []float32{5, 5, 5}
		runLoop(t, s, &native, 1, []Buf{Float32s(nil)}, []Buf{Float32s(out)})
		if !slices.Equal(out, []float32{c.want, c.want, c.want}) {
			t.Errorf("reduction %d of nothing: %v", c.r, out)
		}
	}
	s := Spec{Dims: []int{0}, Inputs: []Input{{F32, []int{1}}}, Outputs: []Output{{Strides: []int{1}}}}
	runLoop(t, s, &native, 1, []Buf{Float32s(nil)}, []Buf{Float32s(nil)})
}

// sample gives n numbers that look random.
func sample(n int, seed uint32) []float32 {
	x := make([]float32, n)
	for i := range x {
		seed = seed*1664525 + 1013904223
		x[i] = float32(int32(seed)) / (1 << 30)
	}
	return x
}

// denseStrides are the strides of a row-major array.
func denseStrides(dims []int) []int {
	s := make([]int, len(dims))
	n := 1
	for ax, d := range slices.Backward(dims) {
		s[ax] = n
		n *= d
	}
	return s
}

// TestThreads: the bits do not depend on the number of threads, for every kind of loop that is cut in parts.
func TestThreads(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		for _, c := range []struct {
			dims, strides []int
		}{
			{[]int{300_007}, []int{0}}, {[]int{5, 9000, 20}, []int{20, 0, 1}}, {[]int{70_000, 6}, []int{0, 1}}, {[]int{900, 300}, []int{1, 0}}, {[]int{40, 5000}, []int{1, 0}},
		} {
			n := extent(c.dims, denseStrides(c.dims))
			s := Spec{Dims: c.dims, Inputs: []Input{{F32, denseStrides(c.dims)}}, Instrs: []Instr{{Op: Exp}, {Op: Mul, Args: [3]int{0, 1}}},
				Outputs: []Output{{2, Sum, F32, c.strides}, {1, Max, F32, c.strides}, {2, Store, F32, denseStrides(c.dims)}}}
			x := sample(n, 1)
			var want []float32
			for _, threads := range []int{1, 2, 8} {
				m := extent(c.dims, c.strides)
				out := make([]float32, 2*m+n)
				runLoop(t, s, k, threads, []Buf{Float32s(x)}, []Buf{Float32s(out[:m]), Float32s(out[m : 2*m]), Float32s(out[2*m:])})
				if want == nil {
					want = out
				}
				if !slices.Equal(out, want) {
					t.Errorf("%v: %d threads give other bits than 1", c.dims, threads)
				}
			}
		}
	})
}

// TestSumAccuracy: a million terms of one sign and of both.
func TestSumAccuracy(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		const n = 1_000_000
		x := sample(n, 7)
		for i := range x {
			x[i] += 3
		}
		exact := 0.0
		for _, v := range x {
			exact += float64(v)
		}
		got := make([]float32, 1)
		s := Spec{Dims: []int{n}, Inputs: []Input{{F32, []int{1}}}, Outputs: []Output{{0, Sum, F32, []int{0}}}}
		runLoop(t, s, k, 2, []Buf{Float32s(x)}, []Buf{Float32s(got)})
		if e := math.Abs(float64(got[0])-exact) / exact; e > 5e-7 {
			t.Errorf("relative error %.2g", e)
		}
	})
}

// TestInPlace: outputs in the memory of inputs, also of inputs that are needed after the output is computed.
func TestInPlace(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		const n = 5003
		flat := []int{1}
		s := Spec{Dims: []int{n}, Inputs: []Input{{F32, flat}, {F32, flat}}, Instrs: []Instr{
			{Op: Add, Args: [3]int{0, 1}}, {Op: Mul, Args: [3]int{2, 0}}, {Op: Sub, Args: [3]int{3, 1}}},
			Outputs: []Output{{2, Store, F32, flat}, {4, Store, F32, flat}, {0, Store, F32, flat}, {0, Max, F32, []int{0}}}}
		a, b := sample(n, 1), sample(n, 2)
		want := [][]float32{make([]float32, n), make([]float32, n), slices.Clone(a), {slices.Max(a)}}
		for i := range a {
			want[0][i] = a[i] + b[i]
			want[1][i] = float32(math.FMA(float64(want[0][i]), float64(a[i]), -float64(b[i])))
		}
		for _, swap := range []bool{false, true} {
			a, b, copyA, m := slices.Clone(a), slices.Clone(b), make([]float32, n), make([]float32, 1)
			out := [][]float32{a, b, copyA, m}
			if swap {
				out[0], out[1] = b, a
			}
			runLoop(t, s, k, 2, []Buf{Float32s(a), Float32s(b)}, []Buf{Float32s(out[0]), Float32s(out[1]), Float32s(copyA), Float32s(m)})
			for i := range out {
				if d := maxDiff(out[i], want[i]); d > 1e-6 {
					t.Errorf("output %d, swapped %v: differs by %g", i, swap, d)
				}
			}
		}
	})
}

func maxDiff(a, b []float32) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}

// TestNoAllocation: Run works in the memory it is given.
func TestNoAllocation(t *testing.T) {
	s := softmax(40, 300)
	l, err := New(s, 2)
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(2)
	defer p.Close()
	x, scratch := sample(40*300, 1), make([]float32, l.Scratch())
	in, out := []Buf{Float32s(x)}, []Buf{Float32s(x)}
	if n := testing.AllocsPerRun(100, func() { l.Run(p, in, out, scratch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// softmax over the last axis.
func softmax(rows, n int) Spec {
	str := []int{n, 1}
	return Spec{Dims: []int{rows, n}, Inputs: []Input{{F32, str}}, Instrs: []Instr{
		{Op: RowMax}, {Op: Sub, Args: [3]int{0, 1}}, {Op: Exp, Args: [3]int{2}}, {Op: RowSum, Args: [3]int{3}}, {Op: Div, Args: [3]int{3, 4}}},
		Outputs: []Output{{5, Store, F32, str}}}
}

func TestSoftmax(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		for _, dims := range [][2]int{{1, 1}, {7, 3}, {3, 64}, {5, 1000}, {3, 1025}, {2, MaxRow}} {
			s := softmax(dims[0], dims[1])
			n := dims[0] * dims[1]
			x, got, want := sample(n, 3), make([]float32, n), make([]float32, n)
			interpret(s, []Buf{Float32s(x)}, []Buf{Float32s(want)})
			runLoop(t, s, k, 2, []Buf{Float32s(x)}, []Buf{Float32s(got)})
			if d := maxDiff(got, want); d > 1e-6 {
				t.Errorf("%v: differs by %g", dims, d)
			}
		}
	})
}

// TestGuards: nothing is written outside of the outputs.
func TestGuards(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		for n := 1; n < 100; n++ {
			memory := make([]float32, n+64)
			fill(memory, -7)
			flags := make([]bool, n+64)
			s := Spec{Dims: []int{n}, Inputs: []Input{{F32, []int{1}}}, Instrs: []Instr{{Op: Exp}},
				Outputs: []Output{{1, Store, F32, []int{1}}, {1, Store, Bool, []int{1}}}}
			runLoop(t, s, k, 1, []Buf{Float32s(sample(n, 1))}, []Buf{Float32s(memory[32 : 32+n]), Bools(flags[32 : 32+n])})
			for i := range memory {
				inside := i >= 32 && i < 32+n
				if inside == (memory[i] == -7) || inside != flags[i] {
					t.Fatalf("n %d: element %d is %v, %v", n, i-32, memory[i], flags[i])
				}
			}
		}
	})
}

func ExampleNew() {
	// y = max(x*scale, 0), and the sum of y, for x [2, 3] and scale [3].
	l, err := New(Spec{
		Dims:    []int{2, 3},
		Inputs:  []Input{{F32, []int{3, 1}}, {F32, []int{0, 1}}},
		Instrs:  []Instr{{Op: Mul, Args: [3]int{0, 1}}, {Op: Const}, {Op: Maximum, Args: [3]int{2, 3}}},
		Outputs: []Output{{Value: 4, Strides: []int{3, 1}}, {Value: 4, Reduce: Sum, Strides: []int{0, 0}}},
	}, 1)
	if err != nil {
		panic(err)
	}
	y, sum := make([]float32, 6), make([]float32, 1)
	in := []Buf{Float32s([]float32{1, 2, 3, -4, 5, 6}), Float32s([]float32{1, 10, -1})}
	l.Run(nil, in, []Buf{Float32s(y), Float32s(sum)}, make([]float32, l.Scratch()))
	fmt.Println(y, sum)
	// Output: [1 20 0 0 50 0] [71]
}
