package plan

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
)

// gemmAttrs marks a matrix product in normal form: [b..., M, K] times [b..., K, N] gives [b..., M, N].
type gemmAttrs struct{}

// convKind tells which of a convolution's three products a node computes.
type convKind int

const (
	convForward    convKind = iota // (x, w) to y
	convInputGrad                  // (dy, w) to dx; also a transposed convolution
	convWeightGrad                 // (x, dy) to dw
)

// convAttrs marks a convolution in normal form, NHWC and HWIO.
type convAttrs struct {
	kind convKind
	spec kernel.ConvSpec
}

// canonical brings float32 matrix products and convolutions into normal form. It returns nil for
// what has none here, such as what is too large for the kernels: such nodes are left to the fallback.
func (s *simplifier) canonical(n *ir.Node) *ir.Node {
	if n.Op != compute.OpTypeDotGeneral && n.Op != compute.OpTypeConvGeneral {
		return nil
	}
	x, y := n.Inputs[0].Shape, n.Inputs[1].Shape
	if n.Shape.DType != dtypes.Float32 || x.DType != dtypes.Float32 || y.DType != dtypes.Float32 {
		return nil
	}
	if n.Shape.Size() == 0 || x.Size() == 0 || y.Size() == 0 { // sums of nothing
		return s.broadcastScalar(0, n.Shape)
	}
	if max(n.Shape.Size(), x.Size(), y.Size()) > kernel.MaxElements {
		return nil
	}
	if a, ok := n.Attrs.(ir.DotAttrs); ok {
		return s.gemm(n, a)
	}
	return s.conv(n, n.Attrs.(ir.ConvAttrs))
}

func (s *simplifier) transpose(n *ir.Node, perm []int) *ir.Node {
	if slices.IsSorted(perm) {
		return n
	}
	dims := make([]int, len(perm))
	for i, p := range perm {
		dims[i] = n.Shape.Dimensions[p]
	}
	return s.add(&ir.Node{
		Op: compute.OpTypeTranspose, Inputs: []*ir.Node{n}, Shape: shapes.Make(n.Shape.DType, dims...), Attrs: ir.TransposeAttrs{Perm: perm},
		Replay: func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			o, err := f.Transpose(in[0], perm...)
			return []compute.Value{o}, err
		},
	})
}

// gemm moves the axes of both operands into place; transposes and reshapes are mostly free views.
func (s *simplifier) gemm(n *ir.Node, a ir.DotAttrs) *ir.Node {
	lhs, rhs := n.Inputs[0], n.Inputs[1]
	lc := crossAxes(lhs.Shape.Rank(), a.LhsBatch, a.LhsContracting)
	rc := crossAxes(rhs.Shape.Rank(), a.RhsBatch, a.RhsContracting)
	batch := pick(lhs.Shape.Dimensions, a.LhsBatch)
	m := product(pick(lhs.Shape.Dimensions, lc))
	k := product(pick(lhs.Shape.Dimensions, a.LhsContracting))
	nn := product(pick(rhs.Shape.Dimensions, rc))
	f32 := func(dims ...int) shapes.Shape {
		return shapes.Make(dtypes.Float32, append(slices.Clone(batch), dims...)...)
	}

	l := s.reshape(s.transpose(lhs, slices.Concat(a.LhsBatch, lc, a.LhsContracting)), f32(m, k))
	r := s.reshape(s.transpose(rhs, slices.Concat(a.RhsBatch, a.RhsContracting, rc)), f32(k, nn))
	y := s.add(&ir.Node{Op: compute.OpTypeDotGeneral, Inputs: []*ir.Node{l, r}, Shape: f32(m, nn), Attrs: gemmAttrs{}})
	return s.reshape(y, n.Shape)
}

// crossAxes lists the axes of an operand that are neither batch nor contracted.
func crossAxes(rank int, batch, contracting []int) []int {
	var axes []int
	for i := range rank {
		if !slices.Contains(batch, i) && !slices.Contains(contracting, i) {
			axes = append(axes, i)
		}
	}
	return axes
}

func pick(dims, axes []int) []int {
	p := make([]int, len(axes))
	for i, a := range axes {
		p[i] = dims[a]
	}
	return p
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// conv recognises the three products of a convolution from how gradients write them.
func (s *simplifier) conv(n *ir.Node, a ir.ConvAttrs) *ir.Node {
	r := n.Shape.Rank()
	if r != 3 && r != 4 || a.BatchGroups != 1 {
		return nil
	}
	// Padding behind the input only decides the size of the result, which is known: it may be negative.
	cropped := slices.ContainsFunc(a.Paddings, func(p [2]int) bool { return p[0] < 0 })
	switch {
	case isInputGrad(n, a, r):
		return s.inputGrad(n, a)
	case cropped:
		return nil
	case isWeightGrad(a, r):
		return s.weightGrad(n, a)
	case !allOnes(a.InputDilations):
		return nil
	}
	return s.forward(n, a)
}

func allOnes(v []int) bool {
	return !slices.ContainsFunc(v, func(d int) bool { return d != 1 })
}

// span returns lo, lo+1, ... of n numbers.
func span(lo, n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = lo + i
	}
	return v
}

// channelsLast tells whether input and output are laid out [batch, spatial..., channels].
func channelsLast(a ir.ConvAttrs, r int) bool {
	sp := span(1, r-2)
	return a.Axes.InputBatch == 0 && a.Axes.InputChannels == r-1 && slices.Equal(a.Axes.InputSpatial, sp) &&
		a.Axes.OutputBatch == 0 && a.Axes.OutputChannels == r-1 && slices.Equal(a.Axes.OutputSpatial, sp)
}

// isInputGrad: dy convolved with the kernel turned around and its channel axes swapped; the forward
// stride is the dilation of dy.
func isInputGrad(n *ir.Node, a ir.ConvAttrs, r int) bool {
	w := n.Inputs[1]
	if w.Op != compute.OpTypeReverse || !channelsLast(a, r) || a.ChannelGroups != 1 || !allOnes(a.Strides) {
		return false
	}
	sp := span(0, r-2)
	return slices.Equal(w.Attrs.(ir.ReverseAttrs).Axes, sp) && slices.Equal(a.Axes.KernelSpatial, sp) &&
		a.Axes.KernelInputChannels == r-1 && a.Axes.KernelOutputChannels == r-2
}

// isWeightGrad: x with batch and channels swapped, convolved with dy as the kernel; the forward stride is the
// dilation of dy and the forward dilation the stride.
func isWeightGrad(a ir.ConvAttrs, r int) bool {
	x, sp := a.Axes, span(1, r-2)
	return x.InputBatch == r-1 && x.InputChannels == 0 && slices.Equal(x.InputSpatial, sp) &&
		x.KernelInputChannels == 0 && x.KernelOutputChannels == r-1 && slices.Equal(x.KernelSpatial, sp) &&
		x.OutputBatch == r-2 && x.OutputChannels == r-1 && slices.Equal(x.OutputSpatial, span(0, r-2)) &&
		a.ChannelGroups == 1 && allOnes(a.InputDilations)
}

// pair gives the [H, W] form of one value for each spatial axis; 1-D has H = fill.
func pair(v []int, fill int) [2]int {
	if len(v) == 1 {
		return [2]int{fill, v[0]}
	}
	return [2]int{v[0], v[1]}
}

func padsLow(p [][2]int) []int {
	lo := make([]int, len(p))
	for i := range p {
		lo[i] = p[i][0]
	}
	return lo
}

// padHigh is the padding behind the input that the sizes of s imply; rows that no window reaches make it
// negative, which counts as none.
func padHigh(s *kernel.ConvSpec) {
	for i := range 2 {
		s.PadHigh[i] = max(0, (s.Out[i]-1)*s.Stride[i]+(s.Kernel[i]-1)*s.Dilation[i]+1-s.In[i]-s.PadLow[i])
	}
}

func (s *simplifier) convNode(shape shapes.Shape, a, b *ir.Node, kind convKind, spec kernel.ConvSpec) *ir.Node {
	padHigh(&spec)
	return s.add(&ir.Node{Op: compute.OpTypeConvGeneral, Inputs: []*ir.Node{a, b}, Shape: shape, Attrs: convAttrs{kind, spec}})
}

func (s *simplifier) forward(n *ir.Node, a ir.ConvAttrs) *ir.Node {
	x := s.transpose(n.Inputs[0], slices.Concat([]int{a.Axes.InputBatch}, a.Axes.InputSpatial, []int{a.Axes.InputChannels}))
	w := s.transpose(n.Inputs[1], slices.Concat(a.Axes.KernelSpatial, []int{a.Axes.KernelInputChannels, a.Axes.KernelOutputChannels}))
	order := slices.Concat([]int{a.Axes.OutputBatch}, a.Axes.OutputSpatial, []int{a.Axes.OutputChannels})
	xd, wd, yd := x.Shape.Dimensions, w.Shape.Dimensions, pick(n.Shape.Dimensions, order)
	r := len(xd)
	y := s.convNode(shapes.Make(dtypes.Float32, yd...), x, w, convForward, kernel.ConvSpec{
		Batch: xd[0], In: pair(xd[1:r-1], 1), Out: pair(yd[1:r-1], 1), Kernel: pair(wd[:r-2], 1),
		Stride: pair(a.Strides, 1), Dilation: pair(a.KernelDilations, 1), PadLow: pair(padsLow(a.Paddings), 0),
		Cin: xd[r-1], Cout: yd[r-1], Groups: a.ChannelGroups,
	})
	back := make([]int, r)
	for i, o := range order {
		back[o] = i
	}
	return s.transpose(y, back)
}

func (s *simplifier) inputGrad(n *ir.Node, a ir.ConvAttrs) *ir.Node {
	dy, w := n.Inputs[0], n.Inputs[1].Inputs[0]
	yd, wd, xd := dy.Shape.Dimensions, w.Shape.Dimensions, n.Shape.Dimensions
	r := len(yd)
	spec := kernel.ConvSpec{
		Batch: yd[0], In: pair(xd[1:r-1], 1), Out: pair(yd[1:r-1], 1), Kernel: pair(wd[:r-2], 1),
		Stride: pair(a.InputDilations, 1), Dilation: pair(a.KernelDilations, 1),
		Cin: xd[r-1], Cout: yd[r-1], Groups: 1,
	}
	low := pair(padsLow(a.Paddings), 0)
	for i := range 2 {
		spec.PadLow[i] = (spec.Kernel[i]-1)*spec.Dilation[i] - low[i]
		if spec.PadLow[i] < 0 || spec.PadLow[i] >= spec.Kernel[i]*spec.Dilation[i] {
			return nil
		}
	}
	return s.convNode(n.Shape, dy, w, convInputGrad, spec)
}

func (s *simplifier) weightGrad(n *ir.Node, a ir.ConvAttrs) *ir.Node {
	x, dy := n.Inputs[0], n.Inputs[1]
	xd, yd, wd := x.Shape.Dimensions, dy.Shape.Dimensions, n.Shape.Dimensions
	r := len(xd)
	return s.convNode(n.Shape, x, dy, convWeightGrad, kernel.ConvSpec{
		Batch: xd[0], In: pair(xd[1:r-1], 1), Out: pair(yd[1:r-1], 1), Kernel: pair(wd[:r-2], 1),
		Stride: pair(a.KernelDilations, 1), Dilation: pair(a.Strides, 1), PadLow: pair(padsLow(a.Paddings), 0),
		Cin: xd[r-1], Cout: yd[r-1], Groups: 1,
	})
}
