package loop

import "math"

// interpret runs a Spec element by element in float64, rounding every value to float32: what Run must agree with.
func interpret(s Spec, in, out []Buf) {
	total := 1
	for _, d := range s.Dims {
		total *= d
	}
	values := make([][]float64, 0, len(s.Inputs)+len(s.Instrs))
	for i, x := range s.Inputs {
		v := make([]float64, total)
		for e := range v {
			v[e] = float64(element(x.Kind, offsetBytes(in[i].ptr, at(s.Dims, x.Strides, e)*x.Kind.size())))
		}
		values = append(values, v)
	}
	for _, ins := range s.Instrs {
		v := make([]float64, total)
		for e := range v {
			var a [3]float64
			for j, id := range ins.Args[:ins.Op.args()] {
				a[j] = values[id][e]
			}
			switch {
			case !ins.Op.isRow():
				v[e] = reference(ins.Op, float64(ins.Imm), a)
			case e%s.Dims[len(s.Dims)-1] == 0:
				v[e] = combineRow(ins.Op, values[ins.Args[0]][e:][:s.Dims[len(s.Dims)-1]])
			default:
				v[e] = v[e-1]
			}
			v[e] = float64(float32(v[e]))
		}
		values = append(values, v)
	}
	for i, o := range s.Outputs {
		writeOutput(s, o, values[o.Value], out[i])
	}
}

func writeOutput(s Spec, o Output, v []float64, out Buf) {
	acc := map[int]float64{}
	if o.Reduce != Store {
		for e := range out.len {
			acc[e] = float64(o.Reduce.identity())
		}
	}
	for e, x := range v {
		p := at(s.Dims, o.Strides, e)
		switch o.Reduce {
		case Store:
			acc[p] = x
		case Sum:
			acc[p] += x
		case Prod:
			acc[p] *= x
		case Max:
			acc[p] = max(acc[p], x)
		case Min:
			acc[p] = min(acc[p], x)
		}
	}
	for p, x := range acc {
		setElement(o.Kind, offsetBytes(out.ptr, p*o.Kind.size()), float32(x))
	}
}

// at gives where element e, in row-major order, lies.
func at(dims, strides []int, e int) int {
	p := 0
	for ax := len(dims) - 1; ax >= 0; ax-- {
		p += e % dims[ax] * strides[ax]
		e /= dims[ax]
	}
	return p
}

func combineRow(op Op, row []float64) float64 {
	r := row[0]
	for _, v := range row[1:] {
		switch op {
		case RowSum:
			r += v
		case RowMax:
			r = max(r, v)
		case RowMin:
			r = min(r, v)
		}
	}
	return r
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// reference is an operation in float64.
func reference(op Op, imm float64, v [3]float64) float64 {
	a, b, c := v[0], v[1], v[2]
	if f, ok := reference1[op]; ok {
		return f(a)
	}
	switch op {
	case Const:
		return imm
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Maximum:
		return max(a, b)
	case Minimum:
		return min(a, b)
	case Pow:
		return math.Pow(a, b)
	case Eq:
		return flag(a == b)
	case Ne, Xor:
		return flag(a != b)
	case Lt:
		return flag(a < b)
	case Le:
		return flag(a <= b)
	case Gt:
		return flag(a > b)
	case Ge:
		return flag(a >= b)
	case And:
		return flag(a != 0 && b != 0)
	case Or:
		return flag(a != 0 || b != 0)
	case FMA:
		return a*b + c
	case Select:
		if a != 0 {
			return b
		}
		return c
	case Clamp:
		return min(max(a, b), c)
	}
	panic("no reference")
}

var reference1 = map[Op]func(float64) float64{
	Neg: func(a float64) float64 { return -a }, Abs: math.Abs, Sqrt: math.Sqrt, Exp: math.Exp, Expm1: math.Expm1, Log: math.Log,
	Log1p: math.Log1p, Tanh: math.Tanh, Sin: math.Sin, Cos: math.Cos, Erf: math.Erf, Floor: math.Floor, Ceil: math.Ceil,
	Round: math.RoundToEven, Not: func(a float64) float64 { return flag(a == 0) },
	Rsqrt:    func(a float64) float64 { return 1 / math.Sqrt(a) },
	Logistic: func(a float64) float64 { return 1 / (1 + math.Exp(-a)) },
	IsFinite: func(a float64) float64 { return flag(!math.IsInf(a, 0) && !math.IsNaN(a)) },
	Sign:     func(a float64) float64 { return float64(sign(float32(a))) },
}

// newBuf makes memory for an operand.
func newBuf(k Kind, n int) Buf {
	if k == Bool {
		return Bools(make([]bool, n))
	}
	return Float32s(make([]float32, n))
}
