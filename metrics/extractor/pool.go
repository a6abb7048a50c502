package extractor

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// Pools with windows of 3 by 3 pixels, one axis after the other. GoMLX's own have no fast path; elementwise operations on slices do.

// maxHalf maps x [batch, height, width, channels] to the maxima of windows inside it, with stride 2.
func maxHalf(_ *nn.Env, x *Node) *Node { return fold3(fold3(x, 1, 2, Max), 2, 2, Max) }

// maxSame returns the maxima of windows around each pixel of x, which has no negative values.
func maxSame(_ *nn.Env, x *Node) *Node { return fold3(fold3(padZeros(x), 1, 1, Max), 2, 1, Max) }

// meanSame returns the means of windows around each pixel of x. At borders, only pixels of x count.
func meanSame(_ *nn.Env, x *Node) *Node {
	sum := fold3(fold3(padZeros(x), 1, 1, Add), 2, 1, Add)
	for axis := 1; axis <= 2; axis++ {
		n := x.Shape().Dimensions[axis]
		shares := make([]float32, n)
		for i := range shares {
			shares[i] = 1 / float32(min(i+1, n-1)-max(i-1, 0)+1)
		}
		dims := []int{1, 1, 1, 1}
		dims[axis] = n
		sum = Mul(sum, Reshape(Const(x.Graph(), shares), dims...))
	}
	return sum
}

// padZeros surrounds images with a pixel of zeros.
func padZeros(x *Node) *Node {
	around := PadAxis{Start: 1, End: 1}
	return Pad(x, ScalarZero(x.Graph(), x.DType()), PadAxis{}, around, around)
}

// fold3 combines, along an axis, every stride-th three neighbours.
func fold3(x *Node, axis, stride int, combine func(a, b *Node) *Node) *Node {
	last := (x.Shape().Dimensions[axis] - 3) / stride * stride // where the last three begin
	at := func(k int) *Node { return SliceAxis(x, axis, AxisRange(k, k+last+1).Stride(stride)) }
	return combine(combine(at(0), at(1)), at(2))
}
