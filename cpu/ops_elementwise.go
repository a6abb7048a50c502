package cpu

import "github.com/gomlx/compute"

// value keeps the lines of the tables below short.
type value = compute.Value

func (f *function) unary(op compute.OpType, call func(compute.Function, value) (value, error), x value) (value, error) {
	return f.record1(op, nil, func(g compute.Function, in []value) (value, error) { return call(g, in[0]) }, x)
}

func (f *function) binary(op compute.OpType, call func(_ compute.Function, x, y value) (value, error), x, y value) (value, error) {
	return f.record1(op, nil, func(g compute.Function, in []value) (value, error) { return call(g, in[0], in[1]) }, x, y)
}

// Operations of one operand, value by value.

func (f *function) Abs(x value) (value, error) {
	return f.unary(compute.OpTypeAbs, compute.Function.Abs, x)
}

func (f *function) BitCount(x value) (value, error) {
	return f.unary(compute.OpTypeBitCount, compute.Function.BitCount, x)
}

func (f *function) BitwiseNot(x value) (value, error) {
	return f.unary(compute.OpTypeBitwiseNot, compute.Function.BitwiseNot, x)
}

func (f *function) Ceil(x value) (value, error) {
	return f.unary(compute.OpTypeCeil, compute.Function.Ceil, x)
}

func (f *function) Clz(x value) (value, error) {
	return f.unary(compute.OpTypeClz, compute.Function.Clz, x)
}

func (f *function) Cos(x value) (value, error) {
	return f.unary(compute.OpTypeCos, compute.Function.Cos, x)
}

func (f *function) Erf(x value) (value, error) {
	return f.unary(compute.OpTypeErf, compute.Function.Erf, x)
}

func (f *function) Exp(x value) (value, error) {
	return f.unary(compute.OpTypeExp, compute.Function.Exp, x)
}

func (f *function) Expm1(x value) (value, error) {
	return f.unary(compute.OpTypeExpm1, compute.Function.Expm1, x)
}

func (f *function) Floor(x value) (value, error) {
	return f.unary(compute.OpTypeFloor, compute.Function.Floor, x)
}

func (f *function) Identity(x value) (value, error) {
	return f.unary(compute.OpTypeIdentity, compute.Function.Identity, x)
}

func (f *function) IsFinite(x value) (value, error) {
	return f.unary(compute.OpTypeIsFinite, compute.Function.IsFinite, x)
}

func (f *function) IsNaN(x value) (value, error) {
	return f.unary(compute.OpTypeIsNaN, compute.Function.IsNaN, x)
}

func (f *function) Log(x value) (value, error) {
	return f.unary(compute.OpTypeLog, compute.Function.Log, x)
}

func (f *function) Log1p(x value) (value, error) {
	return f.unary(compute.OpTypeLog1p, compute.Function.Log1p, x)
}

func (f *function) LogicalNot(x value) (value, error) {
	return f.unary(compute.OpTypeLogicalNot, compute.Function.LogicalNot, x)
}

func (f *function) Logistic(x value) (value, error) {
	return f.unary(compute.OpTypeLogistic, compute.Function.Logistic, x)
}

func (f *function) Neg(x value) (value, error) {
	return f.unary(compute.OpTypeNeg, compute.Function.Neg, x)
}

func (f *function) Round(x value) (value, error) {
	return f.unary(compute.OpTypeRound, compute.Function.Round, x)
}

func (f *function) Rsqrt(x value) (value, error) {
	return f.unary(compute.OpTypeRsqrt, compute.Function.Rsqrt, x)
}

func (f *function) Sign(x value) (value, error) {
	return f.unary(compute.OpTypeSign, compute.Function.Sign, x)
}

func (f *function) Sin(x value) (value, error) {
	return f.unary(compute.OpTypeSin, compute.Function.Sin, x)
}

func (f *function) Sqrt(x value) (value, error) {
	return f.unary(compute.OpTypeSqrt, compute.Function.Sqrt, x)
}

func (f *function) Tanh(x value) (value, error) {
	return f.unary(compute.OpTypeTanh, compute.Function.Tanh, x)
}

// Operations of two operands, value by value. An operand that is a scalar, or has size 1 along an axis, is repeated.

func (f *function) Add(x, y value) (value, error) {
	return f.binary(compute.OpTypeAdd, compute.Function.Add, x, y)
}

func (f *function) BitwiseAnd(x, y value) (value, error) {
	return f.binary(compute.OpTypeBitwiseAnd, compute.Function.BitwiseAnd, x, y)
}

func (f *function) BitwiseOr(x, y value) (value, error) {
	return f.binary(compute.OpTypeBitwiseOr, compute.Function.BitwiseOr, x, y)
}

func (f *function) BitwiseXor(x, y value) (value, error) {
	return f.binary(compute.OpTypeBitwiseXor, compute.Function.BitwiseXor, x, y)
}

func (f *function) Div(x, y value) (value, error) {
	return f.binary(compute.OpTypeDiv, compute.Function.Div, x, y)
}

func (f *function) Equal(x, y value) (value, error) {
	return f.binary(compute.OpTypeEqual, compute.Function.Equal, x, y)
}

func (f *function) GreaterOrEqual(x, y value) (value, error) {
	return f.binary(compute.OpTypeGreaterOrEqual, compute.Function.GreaterOrEqual, x, y)
}

func (f *function) GreaterThan(x, y value) (value, error) {
	return f.binary(compute.OpTypeGreaterThan, compute.Function.GreaterThan, x, y)
}

func (f *function) LessOrEqual(x, y value) (value, error) {
	return f.binary(compute.OpTypeLessOrEqual, compute.Function.LessOrEqual, x, y)
}

func (f *function) LessThan(x, y value) (value, error) {
	return f.binary(compute.OpTypeLessThan, compute.Function.LessThan, x, y)
}

func (f *function) LogicalAnd(x, y value) (value, error) {
	return f.binary(compute.OpTypeLogicalAnd, compute.Function.LogicalAnd, x, y)
}

func (f *function) LogicalOr(x, y value) (value, error) {
	return f.binary(compute.OpTypeLogicalOr, compute.Function.LogicalOr, x, y)
}

func (f *function) LogicalXor(x, y value) (value, error) {
	return f.binary(compute.OpTypeLogicalXor, compute.Function.LogicalXor, x, y)
}

func (f *function) Max(x, y value) (value, error) {
	return f.binary(compute.OpTypeMax, compute.Function.Max, x, y)
}

func (f *function) Min(x, y value) (value, error) {
	return f.binary(compute.OpTypeMin, compute.Function.Min, x, y)
}

func (f *function) Mul(x, y value) (value, error) {
	return f.binary(compute.OpTypeMul, compute.Function.Mul, x, y)
}

func (f *function) NotEqual(x, y value) (value, error) {
	return f.binary(compute.OpTypeNotEqual, compute.Function.NotEqual, x, y)
}

func (f *function) Pow(x, y value) (value, error) {
	return f.binary(compute.OpTypePow, compute.Function.Pow, x, y)
}

func (f *function) Rem(x, y value) (value, error) {
	return f.binary(compute.OpTypeRem, compute.Function.Rem, x, y)
}

func (f *function) ShiftLeft(x, y value) (value, error) {
	return f.binary(compute.OpTypeShiftLeft, compute.Function.ShiftLeft, x, y)
}

func (f *function) ShiftRightArithmetic(x, y value) (value, error) {
	return f.binary(compute.OpTypeShiftRightArithmetic, compute.Function.ShiftRightArithmetic, x, y)
}

func (f *function) ShiftRightLogical(x, y value) (value, error) {
	return f.binary(compute.OpTypeShiftRightLogical, compute.Function.ShiftRightLogical, x, y)
}

func (f *function) Sub(x, y value) (value, error) {
	return f.binary(compute.OpTypeSub, compute.Function.Sub, x, y)
}

// Clamp implements compute.Function.
func (f *function) Clamp(low, x, high value) (value, error) {
	y, err := f.Max(low, x)
	if err != nil {
		return nil, err
	}
	return f.Min(y, high)
}

// Where implements compute.Function.
func (f *function) Where(condition, onTrue, onFalse value) (value, error) {
	return f.record1(compute.OpTypeWhere, nil, func(g compute.Function, in []value) (value, error) {
		return g.Where(in[0], in[1], in[2])
	}, condition, onTrue, onFalse)
}
