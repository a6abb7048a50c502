// Package ir is the graph that the cpu backend records while a GoMLX program is built and that its
// compiler turns into steps.
package ir

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// Node is one operation. Its inputs were always recorded before it, so the order of a Graph's
// nodes is a topological order.
type Node struct {
	ID     int
	Op     compute.OpType
	Inputs []*Node
	// Shape is the shape of the value. An operation with several results has the shape of its
	// first one here and is followed by a Select node for every result that is used.
	Shape shapes.Shape
	// Attrs is one of the ...Attrs types of this package, or nil for operations without any.
	Attrs any
	// Replay issues the same operation on another backend's function, and gives all its results. It is how
	// every operation that has no fast path here is carried out by GoMLX's own Go backend.
	// It is nil for Parameter, Constant, Select and CapturedValue nodes.
	Replay func(f compute.Function, in []compute.Value) ([]compute.Value, error)
}

// OpSelect marks a node that picks result SelectAttrs.Index of a many-result operation, Inputs[0].
const OpSelect = compute.OpTypeLast + 1

// Graph is a whole function: all its nodes in topological order, Nodes[i].ID == i.
type Graph struct {
	Name    string
	Nodes   []*Node
	Params  []*Node // in order of declaration
	Outputs []*Node // may repeat, may be parameters or constants
}

// Add appends a node with the given description to the graph and returns it.
func (g *Graph) Add(op compute.OpType, shape shapes.Shape, attrs any, inputs ...*Node) *Node {
	n := &Node{ID: len(g.Nodes), Op: op, Inputs: inputs, Shape: shape, Attrs: attrs}
	g.Nodes = append(g.Nodes, n)
	return n
}

// Attributes, one type for each operation that has any. Fields have the meaning (and, after recording, the
// defaults filled in) of the compute.Function method of that name.
type (
	ParameterAttrs struct {
		Name  string
		Index int
	}
	ConstantAttrs struct {
		Flat any // a slice of the Go type of the shape's dtype; never written to
	}
	SelectAttrs struct{ Index int }

	// CaptureAttrs of a CapturedValue: value Index of those that a closure takes from the function around
	// it. Only the graphs of closures have such nodes, and those live inside a Replay.
	CaptureAttrs struct{ Index int }

	// BroadcastAttrs: axis i of the operand is axis Axes[i] of the result.
	BroadcastAttrs struct{ Axes []int }

	// ReduceAttrs: sorted, unique, non-negative axes that are dropped from the result.
	ReduceAttrs struct{ Axes []int }

	// TransposeAttrs: axis i of the result is axis Perm[i] of the operand.
	TransposeAttrs   struct{ Perm []int }
	ConcatenateAttrs struct{ Axis int }
	SliceAttrs       struct{ Starts, Limits, Strides []int }
	PadAttrs         struct{ Axes []compute.PadAxis } // one for each axis
	ReverseAttrs     struct{ Axes []int }
	IotaAttrs        struct{ Axis int }

	// ConvAttrs of ConvGeneral; every slice has one entry for each spatial axis, group counts are at least 1.
	ConvAttrs struct {
		Axes                            compute.ConvolveAxesConfig
		Strides                         []int
		Paddings                        [][2]int
		InputDilations, KernelDilations []int
		ChannelGroups, BatchGroups      int
	}

	// DotAttrs of DotGeneral.
	DotAttrs struct {
		LhsContracting, LhsBatch []int
		RhsContracting, RhsBatch []int
		Config                   compute.DotGeneralConfig
	}
)
