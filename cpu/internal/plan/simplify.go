package plan

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// foldLimit is the largest number of elements that a folded constant may have: above it, computing
// the value in every run is cheaper than keeping it in memory.
const foldLimit = 4096

// simplifier rebuilds a graph without its redundancies: common subexpressions are merged, operations on
// constants are carried out, operations without effect dropped.
type simplifier struct {
	fallback func(*ir.Node) (Fallback, error)
	nodes    []*ir.Node
	seen     map[string]*ir.Node
}

// simplify returns an equivalent graph of new nodes. Dead nodes are left for the lowering, which only
// looks at what outputs need.
func simplify(g *ir.Graph, fallback func(*ir.Node) (Fallback, error)) (*ir.Graph, error) {
	s := &simplifier{fallback: fallback, seen: map[string]*ir.Node{}}
	out := &ir.Graph{Name: g.Name}
	live := reachable(g)
	becomes := make(map[*ir.Node]*ir.Node, len(g.Nodes))
	for _, n := range g.Nodes {
		if !live[n] && n.Op != compute.OpTypeParameter {
			continue
		}
		c := *n
		c.Inputs = make([]*ir.Node, len(n.Inputs))
		for i, in := range n.Inputs {
			c.Inputs[i] = becomes[in]
		}
		m, err := s.rewrite(&c)
		if err != nil {
			return nil, fmt.Errorf("simplify %s: %w", n.Op, err)
		}
		becomes[n] = m
	}
	for _, p := range g.Params {
		out.Params = append(out.Params, becomes[p])
	}
	for _, o := range g.Outputs {
		out.Outputs = append(out.Outputs, becomes[o])
	}
	out.Nodes = s.nodes
	return out, nil
}

// reachable marks the nodes that some output depends on.
func reachable(g *ir.Graph) map[*ir.Node]bool {
	live := make(map[*ir.Node]bool, len(g.Nodes))
	for _, o := range g.Outputs {
		live[o] = true
	}
	for _, n := range slices.Backward(g.Nodes) {
		if live[n] {
			for _, in := range n.Inputs {
				live[in] = true
			}
		}
	}
	return live
}

// rewrite returns the node that stands for n: a simpler one, an equal one that exists, or n itself.
func (s *simplifier) rewrite(n *ir.Node) (*ir.Node, error) {
	if n.Op == compute.OpTypeConstant {
		return s.constant(n), nil
	}
	if m := s.algebra(n); m != nil {
		return m, nil
	}
	if m := s.canonical(n); m != nil {
		return m, nil
	}
	if s.foldable(n) {
		return s.fold(n)
	}
	return s.add(n), nil
}

// add appends n unless an equal node exists.
func (s *simplifier) add(n *ir.Node) *ir.Node {
	k := key(n)
	if k != "" {
		if m, ok := s.seen[k]; ok {
			return m
		}
	}
	n.ID = len(s.nodes)
	s.nodes = append(s.nodes, n)
	if k != "" {
		s.seen[k] = n
	}
	return n
}

// key identifies what n computes; it is empty for nodes that must not be merged.
func key(n *ir.Node) string {
	switch a := n.Attrs.(type) {
	case ir.ParameterAttrs:
		return ""
	case ir.ConstantAttrs:
		if n.Shape.Size() > 16 {
			return ""
		}
		return fmt.Sprint("const", n.Shape, a.Flat)
	}
	if n.Attrs == nil && !mergeable(n.Op) {
		return "" // attributes unknown to this compiler live in the Replay closure
	}
	b := fmt.Appendf(nil, "%d %v %+v", n.Op, n.Shape, n.Attrs)
	for _, in := range n.Inputs {
		b = fmt.Appendf(b, " %d", in.ID)
	}
	return string(b)
}

// mergeable tells whether operation op without attributes is defined by its inputs and shape alone, and may be done once
// instead of twice: that is what barriers are there to prevent.
func mergeable(op compute.OpType) bool {
	if _, ok := elementwise[op]; ok {
		return true
	}
	return op == compute.OpTypeReshape || op == compute.OpTypeConvertDType
}

// constant turns a constant whose elements are all alike into a broadcast scalar, which loops
// hold in a register.
func (s *simplifier) constant(n *ir.Node) *ir.Node {
	flat, ok := n.Attrs.(ir.ConstantAttrs).Flat.([]float32)
	if !ok || n.Shape.Rank() == 0 || len(flat) == 0 {
		return s.add(n)
	}
	for _, v := range flat {
		if math.Float32bits(v) != math.Float32bits(flat[0]) { // -0 is not 0
			return s.add(n)
		}
	}
	return s.broadcastScalar(flat[0], n.Shape)
}

func (s *simplifier) scalar(v float32) *ir.Node {
	return s.add(&ir.Node{Op: compute.OpTypeConstant, Shape: shapes.Make(dtypes.Float32), Attrs: ir.ConstantAttrs{Flat: []float32{v}}})
}

func (s *simplifier) broadcastScalar(v float32, to shapes.Shape) *ir.Node {
	return s.add(&ir.Node{
		Op: compute.OpTypeBroadcastInDim, Inputs: []*ir.Node{s.scalar(v)}, Shape: to, Attrs: ir.BroadcastAttrs{},
		Replay: func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			o, err := f.BroadcastInDim(in[0], to, nil)
			return []compute.Value{o}, err
		},
	})
}

func (s *simplifier) reshape(n *ir.Node, to shapes.Shape) *ir.Node {
	if n.Shape.Equal(to) {
		return n
	}
	return s.add(&ir.Node{
		Op: compute.OpTypeReshape, Inputs: []*ir.Node{n}, Shape: to,
		Replay: func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			o, err := f.Reshape(in[0], to.Dimensions...)
			return []compute.Value{o}, err
		},
	})
}

// foldable tells whether n is small and computed from constants alone.
func (s *simplifier) foldable(n *ir.Node) bool {
	if n.Replay == nil || n.Shape.Size() > foldLimit || n.Op == compute.OpTypeBroadcastInDim || n.Op == compute.OpTypeReshape {
		return false
	}
	if len(n.Inputs) == 0 {
		return n.Op == compute.OpTypeIota
	}
	if !foldableOps[n.Op] {
		if _, ok := elementwise[n.Op]; !ok {
			return false
		}
	}
	for _, in := range n.Inputs {
		if in.Shape.Size() > foldLimit || constantOf(in) == nil {
			return false
		}
	}
	return true
}

var foldableOps = map[compute.OpType]bool{
	compute.OpTypeConvertDType: true, compute.OpTypeReduceSum: true, compute.OpTypeReduceMax: true,
	compute.OpTypeReduceProduct: true, compute.OpTypeConcatenate: true, compute.OpTypeSlice: true, compute.OpTypeTranspose: true,
}

// constantOf returns the constant that n is or repeats or reshapes, or nil.
func constantOf(n *ir.Node) *ir.Node {
	for n.Op == compute.OpTypeBroadcastInDim || n.Op == compute.OpTypeReshape {
		n = n.Inputs[0]
	}
	if n.Op == compute.OpTypeConstant {
		return n
	}
	return nil
}

// fold computes n now.
func (s *simplifier) fold(n *ir.Node) (*ir.Node, error) {
	in := make([]any, len(n.Inputs))
	for i, x := range n.Inputs {
		v, err := s.evaluate(x)
		if err != nil {
			return nil, err
		}
		in[i] = v
	}
	v, err := s.run(n, in)
	if err != nil {
		return nil, err
	}
	return s.constant(&ir.Node{Op: compute.OpTypeConstant, Shape: n.Shape, Attrs: ir.ConstantAttrs{Flat: v}}), nil
}

// evaluate gives the flat value of a constant, or of a broadcast or reshape of one.
func (s *simplifier) evaluate(n *ir.Node) (any, error) {
	if n.Op == compute.OpTypeConstant {
		return n.Attrs.(ir.ConstantAttrs).Flat, nil
	}
	v, err := s.evaluate(n.Inputs[0])
	if err != nil || n.Op != compute.OpTypeBroadcastInDim {
		return v, err
	}
	return s.run(n, []any{v})
}

func (s *simplifier) run(n *ir.Node, in []any) (any, error) {
	f, err := s.fallback(n)
	if err != nil {
		return nil, err
	}
	out := newFlat(n.Shape)
	return out, f.Run(in, []any{out})
}

// splat returns the value that every element of n has, if n is a float32 constant of that kind.
func splat(n *ir.Node) (float32, bool) {
	c := constantOf(n)
	if c == nil || c.Shape.Size() != 1 {
		return 0, false
	}
	f, ok := c.Attrs.(ir.ConstantAttrs).Flat.([]float32)
	if !ok {
		return 0, false
	}
	return f[0], true
}

// algebra applies the identities that GoMLX's gradients give occasion for. It returns nil where there is none.
func (s *simplifier) algebra(n *ir.Node) *ir.Node {
	switch n.Op {
	case compute.OpTypeIdentity:
		return n.Inputs[0]
	case compute.OpTypeReshape:
		if in := n.Inputs[0]; in.Op == compute.OpTypeReshape {
			return s.reshape(in.Inputs[0], n.Shape)
		}
		if n.Inputs[0].Shape.Equal(n.Shape) {
			return n.Inputs[0]
		}
	case compute.OpTypeConvertDType:
		if n.Inputs[0].Shape.Equal(n.Shape) {
			return n.Inputs[0]
		}
	case compute.OpTypeBroadcastInDim:
		if n.Inputs[0].Shape.Equal(n.Shape) && slices.IsSorted(n.Attrs.(ir.BroadcastAttrs).Axes) {
			return n.Inputs[0]
		}
	case compute.OpTypeTranspose:
		return s.transposed(n)
	case compute.OpTypeReduceSum, compute.OpTypeReduceMax, compute.OpTypeReduceMin, compute.OpTypeReduceProduct:
		if n.Inputs[0].Shape.Size() == n.Shape.Size() {
			return s.reshape(n.Inputs[0], n.Shape)
		}
	case compute.OpTypeNeg:
		if n.Inputs[0].Op == compute.OpTypeNeg {
			return n.Inputs[0].Inputs[0]
		}
	case compute.OpTypeAdd, compute.OpTypeSub, compute.OpTypeMul, compute.OpTypeDiv, compute.OpTypePow:
		return s.arithmetic(n)
	}
	return nil
}

// transposed simplifies a transposition that does nothing or follows another one.
func (s *simplifier) transposed(n *ir.Node) *ir.Node {
	in, perm := n.Inputs[0], n.Attrs.(ir.TransposeAttrs).Perm
	if in.Op == compute.OpTypeTranspose {
		return s.transpose(in.Inputs[0], pick(in.Attrs.(ir.TransposeAttrs).Perm, perm))
	}
	if slices.IsSorted(perm) {
		return in
	}
	return nil
}

// arithmetic simplifies binary operations with a constant on either side. As in XLA, the sign of a zero may change (-0+0 is 0), and a power
// of 0.5 of a negative infinity is NaN like its square root.
func (s *simplifier) arithmetic(n *ir.Node) *ir.Node {
	if n.Shape.DType != dtypes.Float32 {
		return nil
	}
	x, y := n.Inputs[0], n.Inputs[1]
	if v, ok := splat(x); ok && y.Shape.Equal(n.Shape) {
		if (n.Op == compute.OpTypeAdd && v == 0) || (n.Op == compute.OpTypeMul && v == 1) {
			return y
		}
	}
	v, ok := splat(y)
	if !ok || !x.Shape.Equal(n.Shape) {
		return nil
	}
	switch {
	case v == 0 && (n.Op == compute.OpTypeAdd || n.Op == compute.OpTypeSub):
		return x
	case v == 1 && (n.Op == compute.OpTypeMul || n.Op == compute.OpTypeDiv || n.Op == compute.OpTypePow):
		return x
	case n.Op == compute.OpTypePow && v == 2:
		return s.add(&ir.Node{Op: compute.OpTypeMul, Inputs: []*ir.Node{x, x}, Shape: n.Shape, Replay: replayBinary(compute.Function.Mul)})
	case n.Op == compute.OpTypePow && v == 0.5:
		return s.add(&ir.Node{Op: compute.OpTypeSqrt, Inputs: []*ir.Node{x}, Shape: n.Shape, Replay: replayUnary(compute.Function.Sqrt)})
	case n.Op == compute.OpTypePow && v == -0.5:
		return s.add(&ir.Node{Op: compute.OpTypeRsqrt, Inputs: []*ir.Node{x}, Shape: n.Shape, Replay: replayUnary(compute.Function.Rsqrt)})
	}
	return nil
}

func replayUnary(op func(compute.Function, compute.Value) (compute.Value, error)) func(compute.Function, []compute.Value) ([]compute.Value, error) {
	return func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		o, err := op(f, in[0])
		return []compute.Value{o}, err
	}
}

func replayBinary(op func(compute.Function, compute.Value, compute.Value) (compute.Value, error)) func(compute.Function, []compute.Value) ([]compute.Value, error) {
	return func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		o, err := op(f, in[0], in[1])
		return []compute.Value{o}, err
	}
}
