package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// Operations that combine several values into one: reductions, products, convolutions, and look-ups by index.

func (f *function) reduce(op compute.OpType, call func(compute.Function, value, ...int) (value, error), x value, axes []int) (value, error) {
	axes = slices.Clone(axes)
	if len(axes) == 0 {
		for axis := range shapeOf(x).Rank() {
			axes = append(axes, axis)
		}
	}
	slices.Sort(axes)
	axes = slices.Compact(axes)
	return f.record1(op, ir.ReduceAttrs{Axes: axes}, func(g compute.Function, in []value) (value, error) {
		return call(g, in[0], axes...)
	}, x)
}

func (f *function) ReduceBitwiseAnd(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseAnd, compute.Function.ReduceBitwiseAnd, x, axes)
}

func (f *function) ReduceBitwiseOr(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseOr, compute.Function.ReduceBitwiseOr, x, axes)
}

func (f *function) ReduceBitwiseXor(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseXor, compute.Function.ReduceBitwiseXor, x, axes)
}

func (f *function) ReduceLogicalAnd(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceLogicalAnd, compute.Function.ReduceLogicalAnd, x, axes)
}

func (f *function) ReduceLogicalOr(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceLogicalOr, compute.Function.ReduceLogicalOr, x, axes)
}

func (f *function) ReduceLogicalXor(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceLogicalXor, compute.Function.ReduceLogicalXor, x, axes)
}

func (f *function) ReduceMax(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceMax, compute.Function.ReduceMax, x, axes)
}

func (f *function) ReduceMin(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceMin, compute.Function.ReduceMin, x, axes)
}

func (f *function) ReduceProduct(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceProduct, compute.Function.ReduceProduct, x, axes)
}

func (f *function) ReduceSum(x value, axes ...int) (value, error) {
	return f.reduce(compute.OpTypeReduceSum, compute.Function.ReduceSum, x, axes)
}

// ArgMinMax implements compute.Function.
func (f *function) ArgMinMax(x value, axis int, dtype dtypes.DType, isMin bool) (value, error) {
	return f.record1(compute.OpTypeArgMinMax, nil, func(g compute.Function, in []value) (value, error) {
		return g.ArgMinMax(in[0], axis, dtype, isMin)
	}, x)
}

// ReduceWindow implements compute.Function.
func (f *function) ReduceWindow(x value, reduction compute.ReduceOpType,
	window, strides, inputDilations, windowDilations []int, paddings [][2]int,
) (value, error) {
	window, strides = slices.Clone(window), slices.Clone(strides)
	inputDilations, windowDilations = slices.Clone(inputDilations), slices.Clone(windowDilations)
	paddings = slices.Clone(paddings)
	return f.record1(compute.OpTypeReduceWindow, nil, func(g compute.Function, in []value) (value, error) {
		return g.ReduceWindow(in[0], reduction, window, strides, inputDilations, windowDilations, paddings)
	}, x)
}

// DotGeneral implements compute.Function.
func (f *function) DotGeneral(lhs value, lhsContracting, lhsBatch []int, rhs value, rhsContracting, rhsBatch []int,
	config compute.DotGeneralConfig,
) (value, error) {
	a := ir.DotAttrs{
		LhsContracting: slices.Clone(lhsContracting), LhsBatch: slices.Clone(lhsBatch),
		RhsContracting: slices.Clone(rhsContracting), RhsBatch: slices.Clone(rhsBatch),
		Config: config,
	}
	return f.record1(compute.OpTypeDotGeneral, a, func(g compute.Function, in []value) (value, error) {
		return g.DotGeneral(in[0], a.LhsContracting, a.LhsBatch, in[1], a.RhsContracting, a.RhsBatch, a.Config)
	}, lhs, rhs)
}

// ConvGeneral implements compute.Function.
func (f *function) ConvGeneral(input, kernel value, axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int,
	inputDilations, kernelDilations []int, channelGroups, batchGroups int,
) (value, error) {
	spatial := shapeOf(input).Rank() - 2
	a := ir.ConvAttrs{
		Axes:    axes.Clone(),
		Strides: orOnes(strides, spatial), Paddings: slices.Clone(paddings),
		InputDilations: orOnes(inputDilations, spatial), KernelDilations: orOnes(kernelDilations, spatial),
		ChannelGroups: max(channelGroups, 1), BatchGroups: max(batchGroups, 1),
	}
	if len(paddings) == 0 {
		a.Paddings = make([][2]int, max(spatial, 0))
	}
	return f.record1(compute.OpTypeConvGeneral, a, func(g compute.Function, in []value) (value, error) {
		return g.ConvGeneral(in[0], in[1], a.Axes, a.Strides, a.Paddings, a.InputDilations, a.KernelDilations,
			a.ChannelGroups, a.BatchGroups)
	}, input, kernel)
}

// Gather implements compute.Function.
func (f *function) Gather(x, starts value, indexAxis int, offsetAxes, collapsedAxes, startMap, sizes []int, sorted bool) (value, error) {
	offsetAxes, collapsedAxes = slices.Clone(offsetAxes), slices.Clone(collapsedAxes)
	startMap, sizes = slices.Clone(startMap), slices.Clone(sizes)
	return f.record1(compute.OpTypeGather, nil, func(g compute.Function, in []value) (value, error) {
		return g.Gather(in[0], in[1], indexAxis, offsetAxes, collapsedAxes, startMap, sizes, sorted)
	}, x, starts)
}

// scatterCall is the method that ScatterMax, ScatterMin and ScatterSum have in common.
type scatterCall func(_ compute.Function, x, indices, updates value, indexAxis int,
	windowAxes, insertedAxes, operandAxes []int, sorted, unique bool) (value, error)

func (f *function) scatter(op compute.OpType, call scatterCall, x, indices, updates value, indexAxis int,
	windowAxes, insertedAxes, operandAxes []int, sorted, unique bool,
) (value, error) {
	windowAxes, insertedAxes, operandAxes = slices.Clone(windowAxes), slices.Clone(insertedAxes), slices.Clone(operandAxes)
	return f.record1(op, nil, func(g compute.Function, in []value) (value, error) {
		return call(g, in[0], in[1], in[2], indexAxis, windowAxes, insertedAxes, operandAxes, sorted, unique)
	}, x, indices, updates)
}

// ScatterMax implements compute.Function.
func (f *function) ScatterMax(x, indices, updates value, indexAxis int, windowAxes, insertedAxes, operandAxes []int, sorted, unique bool) (value, error) {
	return f.scatter(compute.OpTypeScatterMax, compute.Function.ScatterMax, x, indices, updates, indexAxis,
		windowAxes, insertedAxes, operandAxes, sorted, unique)
}

// ScatterMin implements compute.Function.
func (f *function) ScatterMin(x, indices, updates value, indexAxis int, windowAxes, insertedAxes, operandAxes []int, sorted, unique bool) (value, error) {
	return f.scatter(compute.OpTypeScatterMin, compute.Function.ScatterMin, x, indices, updates, indexAxis,
		windowAxes, insertedAxes, operandAxes, sorted, unique)
}

// ScatterSum implements compute.Function.
func (f *function) ScatterSum(x, indices, updates value, indexAxis int, windowAxes, insertedAxes, operandAxes []int, sorted, unique bool) (value, error) {
	return f.scatter(compute.OpTypeScatterSum, compute.Function.ScatterSum, x, indices, updates, indexAxis,
		windowAxes, insertedAxes, operandAxes, sorted, unique)
}
