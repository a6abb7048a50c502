package cpu

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// function implements compute.Function by recording an ir.Graph.
//
// Every operation is first issued on shadow, the same function built with GoMLX's Go backend, which checks
// the arguments and infers the shapes. The shadow is never compiled, so it holds no data: constants are
// broadcast zeros there.
type function struct {
	notimplemented.Function // the operations that this package does not define

	builder  *builder
	name     string
	parent   *function // of a closure, or nil
	shadow   compute.Function
	graph    *ir.Graph
	returned bool

	// captured holds the values of parent that this closure uses, captures the same as values here.
	captured, captures []*result
}

var _ compute.Function = (*function)(nil)

// result is a compute.Value: one result of one recorded operation.
type result struct {
	function *function
	node     *ir.Node
	shadow   compute.Value
}

// replay issues one operation on a function of any backend.
type replay = func(f compute.Function, in []compute.Value) ([]compute.Value, error)

func (b *builder) newFunction(name string, parent *function, shadow compute.Function) *function {
	return &function{
		Function: notimplemented.Function{ErrFn: notImplemented},
		builder:  b, name: name, parent: parent, shadow: shadow,
		graph: &ir.Graph{Name: b.name + "/" + name},
	}
}

// Name implements compute.Function.
func (f *function) Name() string { return f.name }

// Builder implements compute.Function.
func (f *function) Builder() compute.Builder { return f.builder }

// Parent implements compute.Function.
func (f *function) Parent() compute.Function {
	if f.parent == nil {
		return nil // not a nil *function, which would be a compute.Function that is not nil
	}
	return f.parent
}

// Closure implements compute.Function.
func (f *function) Closure() (compute.Function, error) {
	if err := f.checkOpen(); err != nil {
		return nil, err
	}
	shadow, err := f.shadow.Closure()
	if err != nil {
		return nil, fmt.Errorf("cpu backend: closure: %w", err)
	}
	return f.builder.newFunction("", f, shadow), nil
}

// Shape implements compute.Function.
func (f *function) Shape(v compute.Value) (shapes.Shape, error) { return f.builder.OpShape(v) }

// Parameter implements compute.Function.
func (f *function) Parameter(name string, shape shapes.Shape, sharding *compute.ShardingSpec) (compute.Value, error) {
	if err := f.checkOpen(); err != nil {
		return nil, err
	}
	shadow, err := f.shadow.Parameter(name, shape, sharding)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: parameter %q: %w", name, err)
	}
	p := f.add(compute.OpTypeParameter, shape.Clone(), ir.ParameterAttrs{Name: name, Index: len(f.graph.Params)}, shadow)
	f.graph.Params = append(f.graph.Params, p.node)
	return p, nil
}

// Constant implements compute.Function.
func (f *function) Constant(flat any, dims ...int) (compute.Value, error) {
	t := reflect.TypeOf(flat)
	if t == nil || t.Kind() != reflect.Slice {
		return nil, fmt.Errorf("cpu backend: constant must be a slice, got %T", flat)
	}
	dtype := dtypes.FromGoType(t.Elem())
	if dtype == dtypes.InvalidDType {
		return nil, fmt.Errorf("cpu backend: constant: %s is not the type of any data type", t.Elem())
	}
	if slices.ContainsFunc(dims, func(d int) bool { return d < 0 }) {
		return nil, fmt.Errorf("cpu backend: constant with negative size: %v", dims)
	}
	shape := shapes.Make(dtype, dims...)
	if err := checkFlat(flat, shape); err != nil {
		return nil, err
	}
	own := dtypes.MakeAnySlice(dtype, shape.Size())
	dtypes.CopyAnySlice(own, flat)
	return f.constant(own, shape)
}

// constant is Constant of values that are never written to again.
func (f *function) constant(flat any, shape shapes.Shape) (compute.Value, error) {
	if err := f.checkOpen(); err != nil {
		return nil, err
	}
	shadow, err := f.shadow.Constant(dtypes.MakeAnySlice(shape.DType, 1))
	if err == nil && shape.Rank() > 0 {
		shadow, err = f.shadow.BroadcastInDim(shadow, shape, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("cpu backend: constant of shape %s: %w", shape, err)
	}
	return f.add(compute.OpTypeConstant, shape, ir.ConstantAttrs{Flat: flat}, shadow), nil
}

// Return implements compute.Function.
func (f *function) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	if err := f.checkOpen(); err != nil {
		return err
	}
	nodes, shadows, err := f.resolve(outputs)
	if err != nil {
		return fmt.Errorf("cpu backend: return: %w", err)
	}
	if err := f.shadow.Return(shadows, shardings); err != nil {
		return fmt.Errorf("cpu backend: return: %w", err)
	}
	f.graph.Outputs = nodes
	f.returned = true
	return nil
}

// checkOpen tells whether more can be added to f.
func (f *function) checkOpen() error {
	if f.builder.compiled {
		return f.builder.errCompiled()
	}
	if f.returned {
		return fmt.Errorf("cpu backend: function %q has already returned, nothing can be added to it", f.name)
	}
	return nil
}

// add appends a node to the graph.
func (f *function) add(op compute.OpType, shape shapes.Shape, attrs any, shadow compute.Value, inputs ...*ir.Node) *result {
	if shape.IsDynamic() {
		f.builder.dynamic = true
	}
	return &result{f, f.graph.Add(op, shape, attrs, inputs...), shadow}
}

// record issues an operation on the shadow and appends it to the graph, followed by a Select node for each of
// its results if it has several.
func (f *function) record(op compute.OpType, attrs any, call replay, inputs ...compute.Value) ([]compute.Value, error) {
	if err := f.checkOpen(); err != nil {
		return nil, err
	}
	if !f.builder.backend.able.Operations[op] {
		return nil, notImplemented(op)
	}
	nodes, shadows, err := f.resolve(inputs)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %s: %w", op, err)
	}
	outs, err := try(call, f.shadow, shadows)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %s: %w", op, err)
	}
	results := make([]compute.Value, len(outs))
	var node *ir.Node
	for i, out := range outs {
		shape, err := f.builder.shadow.OpShape(out)
		if err == nil && !shape.Ok() {
			err = errors.New("the result has no valid data type")
		}
		if err != nil {
			return nil, fmt.Errorf("cpu backend: %s: %w", op, err)
		}
		if i == 0 {
			r := f.add(op, shape, attrs, out, nodes...)
			r.node.Replay = call
			node, results[0] = r.node, r
		}
		if len(outs) > 1 {
			results[i] = f.add(ir.OpSelect, shape, ir.SelectAttrs{Index: i}, out, node)
		}
	}
	return results, nil
}

// try is call, with an error for wrong arguments that the Go backend panics about, such as negative sizes.
func try(call replay, f compute.Function, in []compute.Value) (outs []compute.Value, err error) {
	defer func() {
		r := recover()
		if bug, ok := r.(runtime.Error); ok {
			panic(bug)
		}
		if r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return call(f, in)
}

// record1 is record for an operation with one result.
func (f *function) record1(op compute.OpType, attrs any, call func(compute.Function, []compute.Value) (compute.Value, error),
	inputs ...compute.Value,
) (compute.Value, error) {
	outs, err := f.record(op, attrs, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		out, err := call(g, in)
		return []compute.Value{out}, err
	}, inputs...)
	if err != nil {
		return nil, err
	}
	return outs[0], nil
}

// resolve gives the nodes of f, and the values of its shadow, that stand for values.
func (f *function) resolve(values []compute.Value) ([]*ir.Node, []compute.Value, error) {
	nodes := make([]*ir.Node, len(values))
	shadows := make([]compute.Value, len(values))
	for i, v := range values {
		r, err := f.local(v)
		if err != nil {
			return nil, nil, fmt.Errorf("operand %d: %w", i, err)
		}
		nodes[i], shadows[i] = r.node, r.shadow
	}
	return nodes, shadows, nil
}

// local returns v as a value of f: itself, or its capture if it belongs to a function around f.
func (f *function) local(v compute.Value) (*result, error) {
	r, ok := v.(*result)
	if !ok || r == nil {
		return nil, fmt.Errorf("%T is not a value of the cpu backend", v)
	}
	if r.function == f {
		return r, nil
	}
	if f.parent == nil {
		return nil, fmt.Errorf("value belongs to another function or builder than %q", f.graph.Name)
	}
	outer, err := f.parent.local(r)
	if err != nil {
		return nil, err
	}
	for i, c := range f.captured {
		if c.node == outer.node {
			return f.captures[i], nil
		}
	}
	own := f.add(compute.OpTypeCapturedValue, outer.node.Shape, ir.CaptureAttrs{Index: len(f.captured)}, outer.shadow)
	f.captured = append(f.captured, outer)
	f.captures = append(f.captures, own)
	return own, nil
}
