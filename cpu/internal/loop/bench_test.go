package loop

import (
	"fmt"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// builder writes Specs in the order of their values.
type builder struct{ Spec }

func (b *builder) input(strides ...int) int {
	b.Inputs = append(b.Inputs, Input{F32, strides})
	return len(b.Inputs) - 1
}

func (b *builder) op(op Op, args ...int) int {
	ins := Instr{Op: op}
	copy(ins.Args[:], args)
	b.Instrs = append(b.Instrs, ins)
	return len(b.Inputs) + len(b.Instrs) - 1
}

func (b *builder) constant(f float32) int {
	b.Instrs = append(b.Instrs, Instr{Op: Const, Imm: f})
	return len(b.Inputs) + len(b.Instrs) - 1
}

func (b *builder) output(v int, r Reduce, strides ...int) {
	b.Outputs = append(b.Outputs, Output{v, r, F32, strides})
}

// adam updates n weights: inputs weights, gradient, first and second moment; outputs all but the gradient.
func adam(n int) Spec {
	b := builder{Spec{Dims: []int{n}}}
	w, g, m, v := b.input(1), b.input(1), b.input(1), b.input(1)
	decay := func(x, by int, rate float32) int {
		return b.op(Add, b.op(Mul, x, b.constant(rate)), b.op(Mul, by, b.constant(1-rate)))
	}
	m = decay(m, g, 0.9)
	v = decay(v, b.op(Mul, g, g), 0.999)
	down := b.op(Add, b.op(Mul, b.op(Sqrt, v), b.constant(1.5)), b.constant(1e-8))
	w = b.op(Sub, w, b.op(Div, b.op(Mul, m, b.constant(2e-4)), down))
	for _, out := range []int{w, m, v} {
		b.output(out, Store, 1)
	}
	return b.Spec
}

// normSums gives the sums of x and x² over the pixels, x [n, hw, c].
func normSums(n, hw, c int) Spec {
	b := builder{Spec{Dims: []int{n, hw, c}}}
	x := b.input(hw*c, c, 1)
	b.output(x, Sum, c, 0, 1)
	b.output(b.op(Mul, x, x), Sum, c, 0, 1)
	return b.Spec
}

// normApply is relu((x-mean)/sqrt(variance+e)*gain+bias), mean and variance [n, c], gain and bias [c].
func normApply(n, hw, c int) Spec {
	b := builder{Spec{Dims: []int{n, hw, c}}}
	x, mean, variance, gain, bias := b.input(hw*c, c, 1), b.input(c, 0, 1), b.input(c, 0, 1), b.input(0, 0, 1), b.input(0, 0, 1)
	y := b.op(Mul, b.op(Sub, x, mean), b.op(Rsqrt, b.op(Add, variance, b.constant(1e-5))))
	y = b.op(Add, b.op(Mul, y, gain), bias)
	b.output(b.op(Maximum, y, b.constant(0)), Store, hw*c, c, 1)
	return b.Spec
}

// normGradSums gives the sums of d and d*xhat: d is the gradient dy where y > 0.
func normGradSums(n, hw, c int) Spec {
	b := builder{Spec{Dims: []int{n, hw, c}}}
	x, y, dy, mean, scale := b.input(hw*c, c, 1), b.input(hw*c, c, 1), b.input(hw*c, c, 1), b.input(c, 0, 1), b.input(c, 0, 1)
	zero := b.constant(0)
	d := b.op(Select, b.op(Gt, y, zero), dy, zero)
	b.output(d, Sum, c, 0, 1)
	b.output(b.op(Mul, d, b.op(Mul, b.op(Sub, x, mean), scale)), Sum, c, 0, 1)
	return b.Spec
}

// normGradApply is the gradient of x from these sums.
func normGradApply(n, hw, c int) Spec {
	b := builder{Spec{Dims: []int{n, hw, c}}}
	x, y, dy, mean, scale := b.input(hw*c, c, 1), b.input(hw*c, c, 1), b.input(hw*c, c, 1), b.input(c, 0, 1), b.input(c, 0, 1)
	gain, sum, sumX := b.input(0, 0, 1), b.input(c, 0, 1), b.input(c, 0, 1)
	zero, share := b.constant(0), b.constant(1/float32(hw))
	d := b.op(Select, b.op(Gt, y, zero), dy, zero)
	xhat := b.op(Mul, b.op(Sub, x, mean), scale)
	d = b.op(Sub, d, b.op(Mul, sum, share))
	d = b.op(Sub, d, b.op(Mul, xhat, b.op(Mul, sumX, share)))
	b.output(b.op(Mul, d, b.op(Mul, gain, scale)), Store, hw*c, c, 1)
	return b.Spec
}

// chain is a small activation, to see what a run costs at least.
func chain(n int) Spec {
	b := builder{Spec{Dims: []int{n}}}
	x, y := b.input(1), b.input(1)
	for range 4 {
		x = b.op(Mul, b.op(Add, x, y), b.constant(0.5))
	}
	b.output(x, Store, 1)
	return b.Spec
}

func BenchmarkLoop(b *testing.B) {
	type shaped struct {
		name string
		spec Spec
	}
	all := []shaped{{"adam/5.24M", adam(5_240_000)}, {"softmax/512x256", softmax(512, 256)}, {"chain/64", chain(64)}, {"exp/1M", Spec{Dims: []int{1 << 20},
		Inputs: []Input{{F32, []int{1}}}, Instrs: []Instr{{Op: Exp}}, Outputs: []Output{{1, Store, F32, []int{1}}}}}}
	for _, d := range [][3]int{{16, 64 * 64, 32}, {1, 256 * 256, 32}, {1, 64 * 64, 32}} {
		shape := fmt.Sprintf("%dx%dx%d", d[0], d[1], d[2])
		all = append(all, shaped{"norm/sums/" + shape, normSums(d[0], d[1], d[2])}, shaped{"norm/apply/" + shape, normApply(d[0], d[1], d[2])},
			shaped{"norm/gradsums/" + shape, normGradSums(d[0], d[1], d[2])}, shaped{"norm/gradapply/" + shape, normGradApply(d[0], d[1], d[2])})
	}
	for _, threads := range []int{1, 2} {
		for _, s := range all {
			b.Run(fmt.Sprintf("%s/threads%d", s.name, threads), func(b *testing.B) { benchmark(b, s.spec, threads) })
		}
	}
}

func benchmark(b *testing.B, s Spec, threads int) {
	l, err := New(s, threads)
	if err != nil {
		b.Fatal(err)
	}
	p := pool.New(threads)
	defer p.Close()
	var in, out []Buf
	bytes := 0
	for i, x := range s.Inputs {
		n := extent(s.Dims, x.Strides)
		bytes += 4 * n
		data := sample(n, uint32(i))
		for j := range data {
			data[j] = data[j]*0.25 + 0.75 // in place, every step makes sense
		}
		in = append(in, Float32s(data))
	}
	for i, x := range s.Outputs {
		n := extent(s.Dims, x.Strides)
		bytes += 4 * n
		if len(s.Outputs) == 3 { // Adam, in place
			out = append(out, in[[]int{0, 2, 3}[i]])
		} else {
			out = append(out, newBuf(F32, n))
		}
	}
	scratch := make([]float32, l.Scratch())
	b.SetBytes(int64(bytes))
	for b.Loop() {
		l.Run(p, in, out, scratch)
	}
}

func BenchmarkTranspose(b *testing.B) {
	for _, d := range [][3]int{{16, 64 * 64, 32}, {1, 256 * 256, 64}, {8, 3, 256 * 256}} {
		b.Run(fmt.Sprintf("%dx%dx%d", d[0], d[1], d[2]), func(b *testing.B) {
			dims := []int{d[0], d[2], d[1]}
			c, err := NewCopy(CopySpec{Dims: dims, Dst: denseStrides(dims), Src: []int{d[1] * d[2], 1, d[2]}})
			if err != nil {
				b.Fatal(err)
			}
			n := d[0] * d[1] * d[2]
			src, dst := sample(n, 1), make([]float32, n)
			b.SetBytes(int64(8 * n))
			for b.Loop() {
				c.Run(nil, dst, src)
			}
		})
	}
}
