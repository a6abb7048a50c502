package nn

// This file mends the gradients of GoMLX v0.28.2.
//
//   - The input gradient of a convolution with an even kernel is wrong upstream, and that of one with
//     input dilation (a transposed convolution) is missing: both are replaced.
//   - Pad, Reverse and Rsqrt have no gradient upstream: they get one.
//
// GoMLX keeps a node's arguments unexported, so they are read by reflection. The version is pinned;
// TestNodeLayout fails if it is raised and the fields have moved.

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The registry of gradients belongs to GoMLX and is consulted while graphs are built: it has to be
// amended before the first graph is, hence in init.
func init() {
	single := func(f func(node, v *Node) []*Node) VJP {
		return func(node *Node, v []*Node, _ shapes.Shape) []*Node { return f(node, v[0]) }
	}
	VJPRegistration[NodeTypeConvGeneral] = single(convVJP)
	VJPRegistration[NodeTypePad] = single(padVJP)
	VJPRegistration[NodeTypeReverse] = single(reverseVJP)
	VJPRegistration[NodeTypeRsqrt] = single(rsqrtVJP)
}

// nodeArgument returns an unexported argument of a node, for reading only.
func nodeArgument(node *Node, name string) reflect.Value {
	v := reflect.ValueOf(node).Elem().FieldByName("inputs").Elem().Elem().FieldByName(name)
	if !v.IsValid() {
		panic(fmt.Sprintf("nn: GoMLX's %s node has no field %q any more: adapt nn/vjp.go to the new version", node.Type(), name))
	}
	return v
}

func intsArgument(node *Node, name string) []int { return readInts(nodeArgument(node, name)) }

func readInts(v reflect.Value) []int {
	s := make([]int, v.Len())
	for i := range s {
		s[i] = int(v.Index(i).Int())
	}
	return s
}

// WithGradient returns y = forward(x) with a gradient of its own: gradient(y, v) returns dL/dx for v = dL/dy.
// What else forward reads keeps the gradient that autodiff gives it.
//
// GoMLX lets only identities have a custom gradient, so one is put on either side: the one behind, which
// autodiff meets first, computes dL/dx, and the one in front returns it in place of what came through.
func WithGradient(x *Node, forward func(x *Node) *Node, gradient func(y, v *Node) *Node) *Node {
	var dx *Node
	front := IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return dx })
	return IdentityWithCustomGradient(forward(front), func(y, v *Node) *Node {
		dx = gradient(y, v)
		return v
	})
}

// rsqrtVJP: d x^(-1/2) = -1/2 x^(-3/2).
func rsqrtVJP(node, v *Node) []*Node {
	return []*Node{Mul(v, MulScalar(Mul(node, Mul(node, node)), -0.5))}
}

func reverseVJP(node, v *Node) []*Node {
	return []*Node{reverse(v, intsArgument(node, "axes"))}
}

// reverse is Reverse, except that reversing twice returns the original node: the gradients below compose
// to the plain forms that a backend recognises.
func reverse(x *Node, axes []int) *Node {
	if x.Type() == NodeTypeReverse && slices.Equal(intsArgument(x, "axes"), axes) {
		return x.Inputs()[0]
	}
	return Reverse(x, axes...)
}

// padVJP cuts the padding off again. The padding value gets what fell outside.
func padVJP(node, v *Node) []*Node {
	x := node.Inputs()[0]
	config := nodeArgument(node, "axesConfig")
	ranges := make([]SliceAxisSpec, x.Rank())
	for i := range ranges {
		ranges[i] = AxisRange()
		if i < config.Len() {
			pad := config.Index(i)
			start, interior := int(pad.FieldByName("Start").Int()), int(pad.FieldByName("Interior").Int())
			if start < 0 || pad.FieldByName("End").Int() < 0 {
				panic("nn: the gradient of Pad with negative padding is not defined")
			}
			n := x.Shape().Dimensions[i]
			ranges[i] = AxisRange(start, start+(n-1)*(interior+1)+1).Stride(interior + 1)
		}
	}
	dx := Slice(v, ranges...)
	return []*Node{dx, Sub(ReduceAllSum(v), ReduceAllSum(dx))}
}
