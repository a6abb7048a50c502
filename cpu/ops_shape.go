package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// Operations that move, repeat, convert or make values.

// shapeOf gives the shape of v, or a scalar if v is not a value: record then reports it.
func shapeOf(v value) shapes.Shape {
	if r, ok := v.(*result); ok && r != nil {
		return r.node.Shape
	}
	return shapes.Make(dtypes.Float32)
}

// Reshape implements compute.Function.
func (f *function) Reshape(x value, dims ...int) (value, error) {
	dims = slices.Clone(dims)
	return f.record1(compute.OpTypeReshape, nil, func(g compute.Function, in []value) (value, error) {
		return g.Reshape(in[0], dims...)
	}, x)
}

// DynamicReshape implements compute.Function. It is Reshape when the shapes are known.
func (f *function) DynamicReshape(x value, dims ...compute.DynamicDimensionSpec) (value, error) {
	dims = slices.Clone(dims)
	inputs := []value{x}
	for _, d := range dims {
		if d.Value != nil {
			inputs = append(inputs, d.Value)
		}
	}
	out, err := f.record1(compute.OpTypeDynamicReshape, nil, func(g compute.Function, in []value) (value, error) {
		own, next := slices.Clone(dims), 1
		for i := range own {
			if own[i].Value != nil {
				own[i].Value = in[next]
				next++
			}
		}
		return g.DynamicReshape(in[0], own...)
	}, inputs...)
	if err != nil {
		return nil, err
	}
	if to := shapeOf(out); !to.IsDynamic() && !shapeOf(x).IsDynamic() {
		return f.Reshape(x, to.Dimensions...)
	}
	return out, nil
}

// DynamicShape implements compute.Function. It is a constant when the shape is known.
func (f *function) DynamicShape(x value) (value, error) {
	if s := shapeOf(x); s.Ok() && !s.IsDynamic() {
		if _, err := f.local(x); err != nil {
			return nil, fmt.Errorf("cpu backend: DynamicShape: %w", err)
		}
		dims := make([]int32, s.Rank())
		for i, d := range s.Dimensions {
			dims[i] = int32(d)
		}
		return f.Constant(dims, len(dims))
	}
	return f.unary(compute.OpTypeDynamicShape, compute.Function.DynamicShape, x)
}

// DynamicDimensionSize implements compute.Function. It is a constant when the size is known.
func (f *function) DynamicDimensionSize(x value, axis int) (value, error) {
	if s := shapeOf(x); axis >= 0 && axis < s.Rank() && s.Dimensions[axis] != shapes.DynamicDim {
		return f.Constant([]int32{int32(s.Dimensions[axis])})
	}
	return f.record1(compute.OpTypeDynamicDimensionSize, nil, func(g compute.Function, in []value) (value, error) {
		return g.DynamicDimensionSize(in[0], axis)
	}, x)
}

// BroadcastInDim implements compute.Function.
func (f *function) BroadcastInDim(x value, shape shapes.Shape, axes []int) (value, error) {
	shape = shape.Clone()
	attrs := ir.BroadcastAttrs{Axes: slices.Clone(axes)}
	return f.record1(compute.OpTypeBroadcastInDim, attrs, func(g compute.Function, in []value) (value, error) {
		return g.BroadcastInDim(in[0], shape, attrs.Axes)
	}, x)
}

// Transpose implements compute.Function.
func (f *function) Transpose(x value, perm ...int) (value, error) {
	attrs := ir.TransposeAttrs{Perm: slices.Clone(perm)}
	return f.record1(compute.OpTypeTranspose, attrs, func(g compute.Function, in []value) (value, error) {
		return g.Transpose(in[0], attrs.Perm...)
	}, x)
}

// Concatenate implements compute.Function.
func (f *function) Concatenate(axis int, operands ...value) (value, error) {
	if len(operands) == 1 {
		return operands[0], nil
	}
	return f.record1(compute.OpTypeConcatenate, ir.ConcatenateAttrs{Axis: axis}, func(g compute.Function, in []value) (value, error) {
		return g.Concatenate(axis, in...)
	}, operands...)
}

// Slice implements compute.Function.
func (f *function) Slice(x value, starts, limits, strides []int) (value, error) {
	attrs := ir.SliceAttrs{Starts: slices.Clone(starts), Limits: slices.Clone(limits), Strides: orOnes(strides, len(starts))}
	for i, d := range shapeOf(x).Dimensions {
		if i < len(limits) && limits[i] == shapes.DynamicDim {
			attrs.Limits[i] = d // to the end of the axis
		}
	}
	return f.record1(compute.OpTypeSlice, attrs, func(g compute.Function, in []value) (value, error) {
		return g.Slice(in[0], attrs.Starts, attrs.Limits, attrs.Strides)
	}, x)
}

// Pad implements compute.Function.
func (f *function) Pad(x, fill value, axes ...compute.PadAxis) (value, error) {
	if s := shapeOf(fill); s.Rank() != 0 || s.DType != shapeOf(x).DType {
		return nil, fmt.Errorf("cpu backend: Pad: fill value must be one %s, got shape %s", shapeOf(x).DType, s)
	}
	attrs := ir.PadAttrs{Axes: slices.Clone(axes)}
	for len(attrs.Axes) < shapeOf(x).Rank() {
		attrs.Axes = append(attrs.Axes, compute.PadAxis{})
	}
	return f.record1(compute.OpTypePad, attrs, func(g compute.Function, in []value) (value, error) {
		return g.Pad(in[0], in[1], attrs.Axes...)
	}, x, fill)
}

// Reverse implements compute.Function.
func (f *function) Reverse(x value, axes ...int) (value, error) {
	attrs := ir.ReverseAttrs{Axes: slices.Clone(axes)}
	return f.record1(compute.OpTypeReverse, attrs, func(g compute.Function, in []value) (value, error) {
		return g.Reverse(in[0], attrs.Axes...)
	}, x)
}

// Iota implements compute.Function.
func (f *function) Iota(shape shapes.Shape, axis int) (value, error) {
	shape = shape.Clone()
	return f.record1(compute.OpTypeIota, ir.IotaAttrs{Axis: axis}, func(g compute.Function, _ []value) (value, error) {
		return g.Iota(shape, axis)
	})
}

// ConvertDType implements compute.Function.
func (f *function) ConvertDType(x value, dtype dtypes.DType) (value, error) {
	return f.record1(compute.OpTypeConvertDType, nil, func(g compute.Function, in []value) (value, error) {
		return g.ConvertDType(in[0], dtype)
	}, x)
}

// Bitcast implements compute.Function.
func (f *function) Bitcast(x value, dtype dtypes.DType) (value, error) {
	return f.record1(compute.OpTypeBitcast, nil, func(g compute.Function, in []value) (value, error) {
		return g.Bitcast(in[0], dtype)
	}, x)
}

// RNGBitGenerator implements compute.Function.
func (f *function) RNGBitGenerator(state value, shape shapes.Shape) (newState, values value, err error) {
	shape = shape.Clone()
	outs, err := f.record(compute.OpTypeRNGBitGenerator, nil, func(g compute.Function, in []value) ([]value, error) {
		newState, values, err := g.RNGBitGenerator(in[0], shape)
		return []value{newState, values}, err
	}, state)
	if err != nil {
		return nil, nil, err
	}
	return outs[0], outs[1], nil
}

// OptimizationBarrier implements compute.Function: one barrier for each operand.
func (f *function) OptimizationBarrier(operands ...value) ([]value, error) {
	outs := make([]value, len(operands))
	for i, x := range operands {
		var err error
		outs[i], err = f.record1(compute.OpTypeOptimizationBarrier, nil, func(g compute.Function, in []value) (value, error) {
			outs, err := g.OptimizationBarrier(in[0])
			if err != nil {
				return nil, err
			}
			return outs[0], nil
		}, x)
		if err != nil {
			return nil, err
		}
	}
	return outs, nil
}

// SchedulingBarrier implements compute.Function. Its inputs are the operand and then the dependencies.
func (f *function) SchedulingBarrier(operand value, dependencies ...value) (value, error) {
	inputs := append([]value{operand}, dependencies...)
	return f.record1(compute.OpTypeSchedulingBarrier, nil, func(g compute.Function, in []value) (value, error) {
		return g.SchedulingBarrier(in[0], in[1:]...)
	}, inputs...)
}

// orOnes gives a copy of s, or n ones if it is empty.
func orOnes(s []int, n int) []int {
	if len(s) > 0 {
		return slices.Clone(s)
	}
	return slices.Repeat([]int{1}, max(n, 0))
}
