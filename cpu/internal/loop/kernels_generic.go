package loop

import (
	"math"
	"unsafe"
)

// generic has the routines in plain Go.
var generic = kernels{
	name:      "generic",
	vec:       genericVec(),
	rowSum:    rowSumGeneric,
	rowMax:    foldRows(func(a, b float32) float32 { return max(a, b) }),
	rowMin:    foldRows(func(a, b float32) float32 { return min(a, b) }),
	rowMul:    foldRows(func(a, b float32) float32 { return a * b }),
	splat:     splatGeneric,
	repeat:    repeatGeneric,
	transpose: transposeGeneric,
}

func genericVec() [numOps]vecFunc {
	v := [numOps]vecFunc{
		// The commonest ones have loops of their own: a call for each element costs more than their arithmetic.
		Add: addGeneric, Sub: subGeneric, Mul: mulGeneric, Div: divGeneric, FMA: fmaGeneric, opCopy: copyGeneric,

		Maximum: binary(func(a, b float32) float32 { return max(a, b) }),
		Minimum: binary(func(a, b float32) float32 { return min(a, b) }),
		Pow:     binary(func(a, b float32) float32 { return float32(math.Pow(float64(a), float64(b))) }),
		Eq:      binary(func(a, b float32) float32 { return truth(a == b) }),
		Ne:      binary(func(a, b float32) float32 { return truth(a != b) }),
		Lt:      binary(func(a, b float32) float32 { return truth(a < b) }),
		Le:      binary(func(a, b float32) float32 { return truth(a <= b) }),
		Gt:      binary(func(a, b float32) float32 { return truth(a > b) }),
		Ge:      binary(func(a, b float32) float32 { return truth(a >= b) }),

		opFMS:      ternary(func(a, b, c float32) float32 { return a*b - c }),
		opFNMA:     ternary(func(a, b, c float32) float32 { return c - a*b }),
		Select:     ternary(choose),
		Abs:        unary(func(a float32) float32 { return math.Float32frombits(math.Float32bits(a) &^ (1 << 31)) }),
		Sign:       unary(sign),
		IsFinite:   unary(func(a float32) float32 { return truth(a-a == 0) }),
		Log1p:      unary64(math.Log1p),
		Logistic:   unary64(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
		Rsqrt:      unary64(func(x float64) float64 { return 1 / math.Sqrt(x) }),
		opFromBool: fromBoolGeneric, opToBool: toBoolGeneric,
	}
	for op, f := range map[Op]func(float64) float64{Sqrt: math.Sqrt, Exp: math.Exp, Expm1: math.Expm1, Log: math.Log, Tanh: math.Tanh,
		Sin: math.Sin, Cos: math.Cos, Erf: math.Erf, Floor: math.Floor, Ceil: math.Ceil, Round: math.RoundToEven} {
		v[op] = unary64(f)
	}
	return v
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

func choose(a, b, c float32) float32 {
	if a != 0 {
		return b
	}
	return c
}

func sign(a float32) float32 {
	switch {
	case a > 0:
		return 1
	case a < 0:
		return -1
	}
	return a // zeros and NaN
}

// source is an argument of a vecFunc: element i is data[i*step].
type source struct {
	data []float32
	step int
}

func argument(p unsafe.Pointer, broadcast, bit, n int) source {
	if broadcast>>bit&1 == 0 {
		return source{floats(p, 1), 0}
	}
	return source{floats(p, n), 1}
}

func unary(f func(float32) float32) vecFunc {
	return func(dst, a, _, _ unsafe.Pointer, broadcast, n int) {
		x := argument(a, broadcast, 0, n)
		for i, d := 0, floats(dst, n); i < len(d); i++ {
			d[i] = f(x.data[i*x.step])
		}
	}
}

func unary64(f func(float64) float64) vecFunc {
	return unary(func(a float32) float32 { return float32(f(float64(a))) })
}

func binary(f func(a, b float32) float32) vecFunc {
	return func(dst, a, b, _ unsafe.Pointer, broadcast, n int) {
		x, y := argument(a, broadcast, 0, n), argument(b, broadcast, 1, n)
		for i, d := 0, floats(dst, n); i < len(d); i++ {
			d[i] = f(x.data[i*x.step], y.data[i*y.step])
		}
	}
}

func ternary(f func(a, b, c float32) float32) vecFunc {
	return func(dst, a, b, c unsafe.Pointer, broadcast, n int) {
		x, y, z := argument(a, broadcast, 0, n), argument(b, broadcast, 1, n), argument(c, broadcast, 2, n)
		for i, d := 0, floats(dst, n); i < len(d); i++ {
			d[i] = f(x.data[i*x.step], y.data[i*y.step], z.data[i*z.step])
		}
	}
}

func addGeneric(dst, a, b, _ unsafe.Pointer, broadcast, n int) {
	x, y := argument(a, broadcast, 0, n), argument(b, broadcast, 1, n)
	for i, d := 0, floats(dst, n); i < len(d); i++ {
		d[i] = x.data[i*x.step] + y.data[i*y.step]
	}
}

func subGeneric(dst, a, b, _ unsafe.Pointer, broadcast, n int) {
	x, y := argument(a, broadcast, 0, n), argument(b, broadcast, 1, n)
	for i, d := 0, floats(dst, n); i < len(d); i++ {
		d[i] = x.data[i*x.step] - y.data[i*y.step]
	}
}

func mulGeneric(dst, a, b, _ unsafe.Pointer, broadcast, n int) {
	x, y := argument(a, broadcast, 0, n), argument(b, broadcast, 1, n)
	for i, d := 0, floats(dst, n); i < len(d); i++ {
		d[i] = x.data[i*x.step] * y.data[i*y.step]
	}
}

func divGeneric(dst, a, b, _ unsafe.Pointer, broadcast, n int) {
	x, y := argument(a, broadcast, 0, n), argument(b, broadcast, 1, n)
	for i, d := 0, floats(dst, n); i < len(d); i++ {
		d[i] = x.data[i*x.step] / y.data[i*y.step]
	}
}

func fmaGeneric(dst, a, b, c unsafe.Pointer, broadcast, n int) {
	x, y, z := argument(a, broadcast, 0, n), argument(b, broadcast, 1, n), argument(c, broadcast, 2, n)
	for i, d := 0, floats(dst, n); i < len(d); i++ {
		d[i] = x.data[i*x.step]*y.data[i*y.step] + z.data[i*z.step]
	}
}

func copyGeneric(dst, a, _, _ unsafe.Pointer, broadcast, n int) {
	x := argument(a, broadcast, 0, n)
	if x.step == 1 {
		copy(floats(dst, n), x.data)
		return
	}
	fill(floats(dst, n), x.data[0])
}

func fromBoolGeneric(dst, a, _, _ unsafe.Pointer, _, n int) {
	for i, b := range unsafe.Slice((*byte)(a), n) {
		*(*float32)(offset(dst, i)) = truth(b != 0)
	}
}

func toBoolGeneric(dst, a, _, _ unsafe.Pointer, broadcast, n int) {
	x := argument(a, broadcast, 0, n)
	for i, d := 0, unsafe.Slice((*bool)(dst), n); i < len(d); i++ {
		d[i] = x.data[i*x.step] != 0
	}
}

// rowSumGeneric sums in eight lanes: faster than one, and rounding errors are smaller.
func rowSumGeneric(dst, src unsafe.Pointer, rows, n int) {
	for i := range rows {
		var lane [8]float32
		s := floats(offset(src, i*n), n)
		for ; len(s) >= len(lane); s = s[len(lane):] {
			for j := range lane {
				lane[j] += s[j]
			}
		}
		for j, v := range s {
			lane[j] += v
		}
		*(*float32)(offset(dst, i)) = (lane[0] + lane[4] + (lane[1] + lane[5])) + (lane[2] + lane[6] + (lane[3] + lane[7]))
	}
}

func foldRows(f func(a, b float32) float32) rowFunc {
	return func(dst, src unsafe.Pointer, rows, n int) {
		for i := range rows {
			s := floats(offset(src, i*n), n)
			r := s[0]
			for _, v := range s[1:] {
				r = f(r, v)
			}
			*(*float32)(offset(dst, i)) = r
		}
	}
}

func splatGeneric(dst, src unsafe.Pointer, rows, n, stride int) {
	for i := range rows {
		fill(floats(offset(dst, i*n), n), *(*float32)(offset(src, i*stride)))
	}
}

func repeatGeneric(dst, src unsafe.Pointer, rows, n int) {
	for i := range rows {
		copy(floats(offset(dst, i*n), n), floats(src, n))
	}
}

func transposeGeneric(dst, src unsafe.Pointer, rows, n, dstStride, srcStride int) {
	const block = 8 // keeps the cache lines that both sides touch in L1
	for i0 := 0; i0 < rows; i0 += block {
		for j := range n {
			s, d := offset(src, j*srcStride), offset(dst, j)
			for i := i0; i < min(i0+block, rows); i++ {
				*(*float32)(offset(d, i*dstStride)) = *(*float32)(offset(s, i))
			}
		}
	}
}
