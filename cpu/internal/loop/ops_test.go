package loop

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// edges are the arguments at which operations go wrong.
var edges = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, 2, 10, -10, 1e-45, -1e-45, 1e-40, 1.17549435e-38, 1e-20, 1e-7, -1e-7, 0.3, 1e5, 1e10,
	3e38, -3e38, math.MaxFloat32, 88.7, 88.8, 89, -87.4, -103, -104, -110, 8388607.5, 16777216, -16777217, 4, -4, 9.1, 1e38,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

// sweep covers the numbers of all magnitudes, evenly by exponent.
func sweep() []float32 {
	x := append([]float32(nil), edges...)
	for i, f := range sample(20000, 3) {
		x = append(x, f*float32(math.Pow(2, float64(i%60-40))))
	}
	for i := -2000; i < 2000; i++ {
		x = append(x, float32(i)/100)
	}
	return x
}

// tolerance of an operation: relative, and absolute for results near zero. Others must be right to half a unit in the last place.
var tolerance = map[Op][2]float64{
	Exp: {2.5e-7, 1e-44}, Expm1: {3e-7, 0}, Log: {2.5e-7, 0}, Log1p: {3.5e-7, 0}, Tanh: {3.5e-7, 0}, Logistic: {3e-7, 1e-44},
	Sin: {2e-7, 1e-7}, Cos: {2e-7, 1e-7}, Erf: {3e-7, 0}, Rsqrt: {1.3e-7, 0}, Pow: {1e-7, 0},
}

func TestOps(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		for op := Neg; op <= Clamp; op++ {
			t.Run(fmt.Sprint("op", op), func(t *testing.T) {
				switch {
				case op.isRow():
				case op == And || op == Or || op == Xor || op == Not:
					checkOp(t, k, op, []float32{0, 1, 0, 1}, []float32{0, 0, 1, 1}, []float32{0, 0, 0, 0})
				case op.args() == 1:
					checkOp(t, k, op, sweep(), nil, nil)
				default:
					checkOp(t, k, op, pairs(0), pairs(1), pairs(2))
				}
			})
		}
	})
}

// pairs has all combinations of the edges: argument 0 varies slowly, 1 fast, 2 in another order.
func pairs(arg int) []float32 {
	var x []float32
	n := len(edges)
	for i := range n * n {
		x = append(x, edges[[]int{i / n, i % n, (i*7 + i/n) % n}[arg]])
	}
	return x
}

// checkOp runs one instruction and compares with float64.
func checkOp(t *testing.T, k *kernels, op Op, a, b, c []float32) {
	s := Spec{Dims: []int{len(a)}, Instrs: []Instr{{Op: op}}, Outputs: []Output{{Strides: []int{1}}}}
	var in []Buf
	for i, x := range [][]float32{a, b, c}[:op.args()] {
		s.Inputs = append(s.Inputs, Input{F32, []int{1}})
		s.Instrs[0].Args[i] = i
		in = append(in, Float32s(x))
	}
	s.Outputs[0].Value = len(in)
	got := make([]float32, len(a))
	runLoop(t, s, k, 1, in, []Buf{Float32s(got)})
	for i, g := range got {
		args := [3]float64{float64(a[i])}
		if op.args() > 1 {
			args[1] = float64(b[i])
		}
		if op.args() > 2 {
			args[2] = float64(c[i])
		}
		want := reference(op, 0, args)
		product := math.Abs(args[0] * args[1])
		if op == FMA && k == &generic && (product > math.MaxFloat32 || math.Abs(float64(g)-want) <= 1e-7*(product+math.Abs(args[2]))) {
			continue // the product may be rounded, and may even overflow
		}
		if !close(op, g, want) {
			t.Errorf("%v(%v) = %v, want %v", op, args[:op.args()], g, float32(want))
		}
	}
}

func close(op Op, got float32, want float64) bool {
	w := float32(want)
	g := float64(got)
	switch {
	case math.IsNaN(want):
		return got != got
	case got == w:
		return math.Signbit(g) == math.Signbit(want) || op == Maximum || op == Minimum || op == Clamp || op == Sin || op == FMA
	case math.IsInf(g, 0) || math.IsInf(float64(w), 0) || got != got:
		return false
	}
	tol := tolerance[op]
	e := math.Abs(g - want)
	if op == FMA { // the reference rounds the product, but in float64
		return e <= 6e-8*math.Abs(want)+1e-45
	}
	return e <= tol[0]*math.Abs(want)+tol[1]
}

// TestBroadcasts: every routine with each of its arguments uniform, at all lengths, in place and not.
func TestBroadcasts(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		for op, f := range k.vec {
			if f == nil || Op(op) >= opFromBool {
				continue
			}
			for n := range 150 {
				for broadcast := range 1 << Op(op).args() {
					checkBroadcast(t, f, Op(op), broadcast, n)
				}
			}
		}
	})
}

func checkBroadcast(t *testing.T, f vecFunc, op Op, broadcast, n int) {
	const guard = 40
	args, each := [3][]float32{}, [3]unsafe.Pointer{}
	full := [3][]float32{}
	for i := range args {
		args[i] = sample(n+uniformSize, uint32(i+1))
		full[i] = args[i]
		if broadcast>>i&1 == 0 {
			fill(args[i][:uniformSize], args[i][0])
			full[i] = make([]float32, n)
			fill(full[i], args[i][0])
		}
		each[i] = unsafe.Pointer(&args[i][0])
	}
	want, got := make([]float32, n+guard), make([]float32, n+guard)
	f(unsafe.Pointer(&want[0]), unsafe.Pointer(unsafe.SliceData(full[0])), unsafe.Pointer(unsafe.SliceData(full[1])), unsafe.Pointer(unsafe.SliceData(full[2])), 7>>(3-op.args()), n)
	f(unsafe.Pointer(&got[0]), each[0], each[1], each[2], broadcast, n)
	for i := range got {
		if got[i] != want[i] && got[i] == got[i] || i >= n && got[i] != 0 {
			t.Fatalf("op %d, n %d, broadcast %b: element %d is %v, not %v", op, n, broadcast, i, got[i], want[i])
		}
	}
	if broadcast&1 == 1 {
		f(each[0], each[0], each[1], each[2], broadcast, n)
		for i := range n {
			if args[0][i] != want[i] && want[i] == want[i] {
				t.Fatalf("op %d, n %d, broadcast %b, in place: element %d is %v, not %v", op, n, broadcast, i, args[0][i], want[i])
			}
		}
	}
}

// TestRows: row routines of all lengths against plain Go, with NaN at each place.
func TestRows(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		for n := 1; n < 200; n++ {
			x := sample(3*n, 1)
			splat := make([]float32, 3*n+20)
			k.splat(unsafe.Pointer(&splat[0]), unsafe.Pointer(&x[0]), 3, n, n)
			for i, v := range splat {
				if i >= 3*n && v != 0 || i < 3*n && v != x[i/n*n] {
					t.Fatalf("splat of %d: element %d is %v", n, i, v)
				}
			}
			rows := make([]float32, 3*n+20)
			k.repeat(unsafe.Pointer(&rows[0]), unsafe.Pointer(&x[0]), 3, n)
			for i, v := range rows {
				if i >= 3*n && v != 0 || i < 3*n && v != x[i%n] {
					t.Fatalf("row of %d repeated: element %d is %v", n, i, v)
				}
			}
			x[n+n/2] = float32(math.NaN())
			for _, op := range []Op{Add, Mul, Maximum, Minimum} {
				got, want := make([]float32, 4), make([]float32, 4)
				k.row(op)(unsafe.Pointer(&got[0]), unsafe.Pointer(&x[0]), 3, n)
				generic.row(op)(unsafe.Pointer(&want[0]), unsafe.Pointer(&x[0]), 3, n)
				if got[1] == got[1] || math.Abs(float64(got[0]-want[0])) > 1e-5 || math.Abs(float64(got[2]-want[2])) > 1e-5 || got[3] != 0 {
					t.Fatalf("op %d, n %d: %v, not %v", op, n, got, want)
				}
			}
		}
	})
}
