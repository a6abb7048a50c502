package cpu

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// build issues the operations of g on f, with args for its parameters and captured for its captured values,
// and gives its outputs.
func build(f compute.Function, g *ir.Graph, args, captured []compute.Value) ([]compute.Value, error) {
	values := make([][]compute.Value, len(g.Nodes)) // results of each node
	for _, n := range g.Nodes {
		in := make([]compute.Value, len(n.Inputs))
		for i, input := range n.Inputs {
			in[i] = values[input.ID][0]
		}
		outs, err := buildNode(f, n, in, values, args, captured)
		if err != nil {
			return nil, err
		}
		values[n.ID] = outs
	}
	outs := make([]compute.Value, len(g.Outputs))
	for i, n := range g.Outputs {
		outs[i] = values[n.ID][0]
	}
	return outs, nil
}

func buildNode(f compute.Function, n *ir.Node, in []compute.Value, values [][]compute.Value, args, captured []compute.Value) ([]compute.Value, error) {
	switch a := n.Attrs.(type) {
	case ir.ParameterAttrs:
		return args[a.Index : a.Index+1], nil
	case ir.CaptureAttrs:
		return captured[a.Index : a.Index+1], nil
	case ir.SelectAttrs:
		return values[n.Inputs[0].ID][a.Index : a.Index+1], nil
	case ir.ConstantAttrs:
		var c compute.Value
		var err error
		if own, ok := f.(*function); ok {
			c, err = own.constant(a.Flat, n.Shape)
		} else {
			c, err = f.Constant(a.Flat, n.Shape.Dimensions...)
		}
		return []compute.Value{c}, err
	}
	return n.Replay(f, in)
}

// addParameters declares the parameters of g on f.
func addParameters(f compute.Function, g *ir.Graph) ([]compute.Value, error) {
	params := make([]compute.Value, len(g.Params))
	for i, p := range g.Params {
		var err error
		params[i], err = f.Parameter(p.Attrs.(ir.ParameterAttrs).Name, p.Shape, nil)
		if err != nil {
			return nil, err
		}
	}
	return params, nil
}

// buildClosure makes a closure of f that does what g does.
func buildClosure(f compute.Function, g *ir.Graph, captured []compute.Value) (compute.Function, error) {
	c, err := f.Closure()
	if err != nil {
		return nil, err
	}
	params, err := addParameters(c, g)
	if err != nil {
		return nil, err
	}
	outs, err := build(c, g, params, captured)
	if err != nil {
		return nil, err
	}
	return c, returnFrom(c, outs)
}

// returnFrom ends a function of the Go backend. That backend fails in functions with parameters after the
// last of their outputs, such as one that returns its first parameter: hence the Identity.
func returnFrom(f compute.Function, outs []compute.Value) error {
	if len(outs) > 0 {
		last, err := f.Identity(outs[0])
		if err != nil {
			return err
		}
		outs = append([]compute.Value{last}, outs[1:]...)
	}
	return f.Return(outs, nil)
}

// recordClosures records an operation with closures. The values that these capture become inputs of the node,
// after those of the operation itself.
func (f *function) recordClosures(op compute.OpType, closures []compute.Function, inputs []compute.Value,
	call func(g compute.Function, closures []compute.Function, in []compute.Value) ([]compute.Value, error),
) ([]compute.Value, error) {
	all := append([]compute.Value(nil), inputs...)
	graphs := make([]*ir.Graph, len(closures))
	ends := make([]int, len(closures)) // in all, of the captured values of each closure
	for i, c := range closures {
		own, ok := c.(*function)
		if !ok || own == nil || own.parent != f || !own.returned {
			return nil, fmt.Errorf("cpu backend: %s: function %d must be a closure of function %q that has returned", op, i, f.name)
		}
		for _, v := range own.captured {
			all = append(all, v)
		}
		graphs[i], ends[i] = own.graph, len(all)
	}
	n := len(inputs)
	return f.record(op, nil, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		rebuilt := make([]compute.Function, len(graphs))
		start := n
		for i, graph := range graphs {
			var err error
			rebuilt[i], err = buildClosure(g, graph, in[start:ends[i]])
			if err != nil {
				return nil, err
			}
			start = ends[i]
		}
		return call(g, rebuilt, in[:n])
	}, all...)
}

// While implements compute.Function.
func (f *function) While(cond, body compute.Function, state ...compute.Value) ([]compute.Value, error) {
	return f.recordClosures(compute.OpTypeWhile, []compute.Function{cond, body}, state,
		func(g compute.Function, c []compute.Function, in []compute.Value) ([]compute.Value, error) {
			return g.While(c[0], c[1], in...)
		})
}

// If implements compute.Function.
func (f *function) If(pred compute.Value, onTrue, onFalse compute.Function) ([]compute.Value, error) {
	return f.recordClosures(compute.OpTypeIf, []compute.Function{onTrue, onFalse}, []compute.Value{pred},
		func(g compute.Function, c []compute.Function, in []compute.Value) ([]compute.Value, error) {
			return g.If(in[0], c[0], c[1])
		})
}

// Sort implements compute.Function.
func (f *function) Sort(less compute.Function, axis int, stable bool, inputs ...compute.Value) ([]compute.Value, error) {
	return f.recordClosures(compute.OpTypeSort, []compute.Function{less}, inputs,
		func(g compute.Function, c []compute.Function, in []compute.Value) ([]compute.Value, error) {
			return g.Sort(c[0], axis, stable, in...)
		})
}

// Call implements compute.Function: the operations of the target become operations of f.
func (f *function) Call(target compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	if err := f.checkOpen(); err != nil {
		return nil, err
	}
	own, ok := target.(*function)
	if !ok || own == nil || own.builder != f.builder || own.parent != nil || !own.returned {
		return nil, errors.New("cpu backend: Call: target must be a named function of the same builder that has returned")
	}
	if len(inputs) != len(own.graph.Params) {
		return nil, fmt.Errorf("cpu backend: Call: function %q has %d parameters, got %d inputs",
			own.name, len(own.graph.Params), len(inputs))
	}
	nodes, _, err := f.resolve(inputs)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: Call: %w", err)
	}
	for i, p := range own.graph.Params {
		if !p.Shape.Equal(nodes[i].Shape) {
			return nil, fmt.Errorf("cpu backend: Call: parameter %d of function %q has shape %s, got %s",
				i, own.name, p.Shape, nodes[i].Shape)
		}
	}
	return build(f, own.graph, inputs, nil)
}
