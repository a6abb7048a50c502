// Package interp executes a graph node by node, each one through a Fallback. It is slow and plain: what the
// planner's programs are compared with.
package interp

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// Fallback computes the results of one node. in and out are flat slices of its inputs and of its results.
type Fallback interface {
	Run(in, out []any) error
}

// Program is a graph ready to run. It has no state: it may run in several goroutines at once.
type Program struct {
	graph *ir.Graph
	steps []Fallback // of each node by ID, nil for those that need none
	sizes []int      // number of results of each node by ID
}

// Compile prepares g. A node that no output depends on may still be run.
func Compile(g *ir.Graph, fallback func(*ir.Node) (Fallback, error)) (*Program, error) {
	p := &Program{graph: g, steps: make([]Fallback, len(g.Nodes)), sizes: make([]int, len(g.Nodes))}
	for _, n := range g.Nodes {
		p.sizes[n.ID] = 1
		if n.Op == ir.OpSelect {
			from := n.Inputs[0].ID
			p.sizes[from] = max(p.sizes[from], n.Attrs.(ir.SelectAttrs).Index+1)
		}
		if n.Replay == nil {
			continue
		}
		var err error
		if p.steps[n.ID], err = fallback(n); err != nil {
			return nil, fmt.Errorf("node %d: %w", n.ID, err)
		}
	}
	return p, nil
}

// Run executes the program. in has the flat slices of the parameters. It makes the outputs with alloc and
// leaves the inputs as they are, donated or not.
func (p *Program) Run(in []any, _ []bool, alloc func(shapes.Shape) any) ([]any, error) {
	values := make([][]any, len(p.graph.Nodes)) // results of each node
	for _, n := range p.graph.Nodes {
		values[n.ID] = make([]any, p.sizes[n.ID])
	}
	for _, n := range p.graph.Nodes {
		if err := p.step(n, values, in); err != nil {
			return nil, fmt.Errorf("node %d: %w", n.ID, err)
		}
	}
	outs := make([]any, len(p.graph.Outputs))
	for i, n := range p.graph.Outputs {
		outs[i] = alloc(n.Shape)
		dtypes.CopyAnySlice(outs[i], values[n.ID][0])
	}
	return outs, nil
}

func (p *Program) step(n *ir.Node, values [][]any, params []any) error {
	own := values[n.ID]
	switch n.Op {
	case compute.OpTypeParameter:
		own[0] = params[n.Attrs.(ir.ParameterAttrs).Index]
		return nil
	case compute.OpTypeConstant:
		own[0] = n.Attrs.(ir.ConstantAttrs).Flat
		return nil
	case ir.OpSelect:
		own[0] = values[n.Inputs[0].ID][n.Attrs.(ir.SelectAttrs).Index]
		return nil
	}
	p.makeResults(n, own)
	in := make([]any, len(n.Inputs))
	for i, input := range n.Inputs {
		in[i] = values[input.ID][0]
	}
	return p.steps[n.ID].Run(in, own)
}

// makeResults makes the memory for the results of n: a Select node has the shape of the one it picks.
func (p *Program) makeResults(n *ir.Node, own []any) {
	own[0] = dtypes.MakeAnySlice(n.Shape.DType, n.Shape.Size())
	if len(own) == 1 {
		return
	}
	for _, s := range p.graph.Nodes[n.ID+1:] {
		if s.Op == ir.OpSelect && s.Inputs[0] == n {
			own[s.Attrs.(ir.SelectAttrs).Index] = dtypes.MakeAnySlice(s.Shape.DType, s.Shape.Size())
		}
	}
}
