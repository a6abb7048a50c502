package plan

import (
	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/cpu/internal/loop"
)

// elementwise maps the operations that loops carry out on float32 and bool.
var elementwise = map[compute.OpType]loop.Op{
	compute.OpTypeNeg: loop.Neg, compute.OpTypeAbs: loop.Abs, compute.OpTypeSqrt: loop.Sqrt, compute.OpTypeRsqrt: loop.Rsqrt,
	compute.OpTypeExp: loop.Exp, compute.OpTypeExpm1: loop.Expm1, compute.OpTypeLog: loop.Log, compute.OpTypeLog1p: loop.Log1p,
	compute.OpTypeTanh: loop.Tanh, compute.OpTypeLogistic: loop.Logistic, compute.OpTypeSin: loop.Sin, compute.OpTypeCos: loop.Cos,
	compute.OpTypeErf: loop.Erf, compute.OpTypeSign: loop.Sign, compute.OpTypeFloor: loop.Floor, compute.OpTypeCeil: loop.Ceil,
	compute.OpTypeRound: loop.Round, compute.OpTypeIsFinite: loop.IsFinite, compute.OpTypeLogicalNot: loop.Not,

	compute.OpTypeAdd: loop.Add, compute.OpTypeSub: loop.Sub, compute.OpTypeMul: loop.Mul, compute.OpTypeDiv: loop.Div,
	compute.OpTypeMax: loop.Maximum, compute.OpTypeMin: loop.Minimum, compute.OpTypePow: loop.Pow,
	compute.OpTypeEqual: loop.Eq, compute.OpTypeNotEqual: loop.Ne, compute.OpTypeLessThan: loop.Lt, compute.OpTypeLessOrEqual: loop.Le,
	compute.OpTypeGreaterThan: loop.Gt, compute.OpTypeGreaterOrEqual: loop.Ge,
	compute.OpTypeLogicalAnd: loop.And, compute.OpTypeLogicalOr: loop.Or, compute.OpTypeLogicalXor: loop.Xor,

	compute.OpTypeWhere: loop.Select, compute.OpTypeClamp: loop.Clamp,
}

// reductions maps the reductions that loops carry out on float32.
var reductions = map[compute.OpType]loop.Reduce{
	compute.OpTypeReduceSum: loop.Sum, compute.OpTypeReduceMax: loop.Max, compute.OpTypeReduceMin: loop.Min, compute.OpTypeReduceProduct: loop.Prod,
}

// rowReductions maps the reductions whose result a loop can use again in the row that it was computed from.
var rowReductions = map[compute.OpType]loop.Op{
	compute.OpTypeReduceSum: loop.RowSum, compute.OpTypeReduceMax: loop.RowMax, compute.OpTypeReduceMin: loop.RowMin,
}
