package nn

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// Window describes how a convolution's kernel moves over its input. Each slice has one entry per spatial
// axis; nil stands for stride 1, no padding and dilation 1.
type Window struct {
	Strides   []int
	Pads      [][2]int // zeros before and after
	Dilations []int
}

// SameWindow returns a Window with the same values on all axes.
func SameWindow(axes, stride, padLow, padHigh int) Window {
	w := Window{}
	for range axes {
		w.Strides = append(w.Strides, stride)
		w.Pads = append(w.Pads, [2]int{padLow, padHigh})
	}
	return w
}

// Conv returns the convolution (as deep learning has it: a cross-correlation) of
// x [batch, spatial…, in] with kernel [spatial…, in, out].
func Conv(x, kernel *Node, w Window) *Node {
	c := convolution{axes: plainAxes(x.Rank() - 2), strides: w.Strides, pads: w.Pads, kernelDilations: w.Dilations}
	return c.apply(x, kernel)
}

// TransposedConv is the input gradient of Conv as an operation of its own: it maps
// x [batch, spatial…, in] to [batch, sizes…, out] with a kernel [spatial…, out, in], such that a
// convolution of its result with the same kernel and window has x's shape.
func TransposedConv(x, kernel *Node, w Window, sizes []int) *Node {
	axes := plainAxes(x.Rank() - 2)
	c := convolution{axes: axes, strides: w.Strides, pads: w.Pads, kernelDilations: w.Dilations}
	return c.defaults(len(sizes)).inputGradient(x, kernel, sizes)
}

// convolution holds the arguments of GoMLX's ConvGeneral.
type convolution struct {
	axes            ConvolveAxesConfig
	strides         []int
	pads            [][2]int
	inputDilations  []int
	kernelDilations []int
}

func (c convolution) apply(x, kernel *Node) *Node {
	c = c.defaults(x.Rank() - 2)
	return ConvGeneral(x, kernel, c.axes, c.strides, c.pads, c.inputDilations, c.kernelDilations, 1, 1)
}

// defaults fills in what was left out; GoMLX takes empty slices for ones, which not all backends do.
func (c convolution) defaults(spatial int) convolution {
	ones := func(s []int) []int {
		if len(s) == 0 {
			return slices.Repeat([]int{1}, spatial)
		}
		return s
	}
	c.strides, c.inputDilations, c.kernelDilations = ones(c.strides), ones(c.inputDilations), ones(c.kernelDilations)
	if len(c.pads) == 0 {
		c.pads = make([][2]int, spatial)
	}
	return c
}

// plainAxes is channels-last: [batch, spatial…, channels] and [spatial…, in, out].
func plainAxes(spatial int) ConvolveAxesConfig {
	from := func(first int) []int {
		s := make([]int, spatial)
		for i := range s {
			s[i] = first + i
		}
		return s
	}
	return ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: from(1), InputChannels: spatial + 1,
		KernelSpatial: from(0), KernelInputChannels: spatial, KernelOutputChannels: spatial + 1,
		OutputBatch: 0, OutputSpatial: from(1), OutputChannels: spatial + 1,
	}
}

// Symbols of the gradients below, per spatial axis, after Dumoulin and Visin, "A guide to convolution
// arithmetic for deep learning" (arXiv 1603.07285), extended by both dilations:
//
//	n, o     sizes of the input x and the output y
//	k, e     kernel size and dilation; K = (k-1)e + 1 is its extent
//	s, d     stride and input dilation; N = (n-1)d + 1 is the extent of the dilated input
//	lo, hi   padding before and after; O = (o-1)s + 1 is the extent of the dilated output
//
// With x' the dilated input, y[i] = sum_t kernel[t] x'[i s - lo + t e].

// convVJP returns the gradients of ConvGeneral with respect to its input and its kernel.
func convVJP(node, v *Node) []*Node {
	x, kernel := node.Inputs()[0], node.Inputs()[1]
	c := convolutionOf(node).defaults(x.Rank() - 2)
	return []*Node{
		c.inputGradient(v, kernel, dimsAt(x, c.axes.InputSpatial)),
		c.kernelGradient(x, kernel, v),
	}
}

// convolutionOf reads a ConvGeneral node's arguments.
func convolutionOf(node *Node) convolution {
	if nodeArgument(node, "channelGroupCount").Int() > 1 || nodeArgument(node, "batchGroupCount").Int() > 1 {
		panic("nn: the gradient of a grouped convolution is not defined")
	}
	axes := nodeArgument(node, "axes")
	axis := func(name string) int { return int(axes.FieldByName(name).Int()) }
	list := func(name string) []int { return readInts(axes.FieldByName(name)) }
	c := convolution{
		axes: ConvolveAxesConfig{
			InputBatch: axis("InputBatch"), InputChannels: axis("InputChannels"), InputSpatial: list("InputSpatial"),
			KernelInputChannels: axis("KernelInputChannels"), KernelOutputChannels: axis("KernelOutputChannels"),
			KernelSpatial: list("KernelSpatial"),
			OutputBatch:   axis("OutputBatch"), OutputChannels: axis("OutputChannels"), OutputSpatial: list("OutputSpatial"),
		},
		strides:         intsArgument(node, "strides"),
		inputDilations:  intsArgument(node, "inputDilations"),
		kernelDilations: intsArgument(node, "kernelDilations"),
	}
	pads := nodeArgument(node, "paddings")
	for i := range pads.Len() {
		c.pads = append(c.pads, [2]int{int(pads.Index(i).Index(0).Int()), int(pads.Index(i).Index(1).Int())})
	}
	return c
}

// inputGradient: dx'[j] = sum_t kernel[t] v'[j + lo - t e], with v' dilated by s: a convolution of v with
// the reversed kernel, padded by K-1-lo, of which every d-th value is kept.
func (c convolution) inputGradient(v, kernel *Node, inputSizes []int) *Node {
	g := convolution{
		axes: ConvolveAxesConfig{
			InputBatch: c.axes.OutputBatch, InputChannels: c.axes.OutputChannels, InputSpatial: c.axes.OutputSpatial,
			KernelInputChannels: c.axes.KernelOutputChannels, KernelOutputChannels: c.axes.KernelInputChannels,
			KernelSpatial: c.axes.KernelSpatial,
			OutputBatch:   c.axes.InputBatch, OutputChannels: c.axes.InputChannels, OutputSpatial: c.axes.InputSpatial,
		},
		strides:         c.inputDilations,
		inputDilations:  c.strides,
		kernelDilations: c.kernelDilations,
	}
	for i, n := range inputSizes {
		lo := c.pads[i][0]
		K := (kernel.Shape().Dimensions[c.axes.KernelSpatial[i]]-1)*c.kernelDilations[i] + 1
		O := (v.Shape().Dimensions[c.axes.OutputSpatial[i]]-1)*c.strides[i] + 1
		N := (n-1)*c.inputDilations[i] + 1
		g.pads = append(g.pads, [2]int{K - 1 - lo, N + lo - O})
	}
	return g.apply(v, reverse(kernel, c.axes.KernelSpatial))
}

// kernelGradient: dkernel[t] = sum_i v[i] x'[i s - lo + t e]: a convolution of x with v as its kernel, in
// which batch and channels have changed places.
func (c convolution) kernelGradient(x, kernel, v *Node) *Node {
	if slices.Max(c.inputDilations) > 1 && slices.Max(c.strides) == 1 {
		return c.transposedKernelGradient(x, kernel, v)
	}
	g := convolution{
		axes: ConvolveAxesConfig{
			InputBatch: c.axes.InputChannels, InputChannels: c.axes.InputBatch, InputSpatial: c.axes.InputSpatial,
			KernelInputChannels: c.axes.OutputBatch, KernelOutputChannels: c.axes.OutputChannels,
			KernelSpatial: c.axes.OutputSpatial,
			OutputBatch:   c.axes.KernelInputChannels, OutputChannels: c.axes.KernelOutputChannels,
			OutputSpatial: c.axes.KernelSpatial,
		},
		strides:         c.kernelDilations,
		inputDilations:  c.inputDilations,
		kernelDilations: c.strides,
	}
	for i, axis := range c.axes.KernelSpatial {
		K := (kernel.Shape().Dimensions[axis]-1)*c.kernelDilations[i] + 1
		N := (x.Shape().Dimensions[c.axes.InputSpatial[i]]-1)*c.inputDilations[i] + 1
		O := (v.Shape().Dimensions[c.axes.OutputSpatial[i]]-1)*c.strides[i] + 1
		lo := c.pads[i][0]
		g.pads = append(g.pads, [2]int{lo, K - 1 + O - N - lo})
	}
	return g.apply(x, v)
}

// transposedKernelGradient is kernelGradient for stride 1 and an input dilation d, that is for a transposed
// convolution. There v is the larger of the two, and the sum is taken as
// dkernel[k-1-u] = sum_i x[i] v[i d + lo - (k-1-u) e], a convolution of v with x as its kernel.
func (c convolution) transposedKernelGradient(x, kernel, v *Node) *Node {
	g := convolution{
		axes: ConvolveAxesConfig{
			InputBatch: c.axes.OutputChannels, InputChannels: c.axes.OutputBatch, InputSpatial: c.axes.OutputSpatial,
			KernelInputChannels: c.axes.InputBatch, KernelOutputChannels: c.axes.InputChannels,
			KernelSpatial: c.axes.InputSpatial,
			OutputBatch:   c.axes.KernelOutputChannels, OutputChannels: c.axes.KernelInputChannels,
			OutputSpatial: c.axes.KernelSpatial,
		},
		strides:         c.kernelDilations,
		inputDilations:  c.strides,
		kernelDilations: c.inputDilations,
	}
	for i, axis := range c.axes.KernelSpatial {
		K := (kernel.Shape().Dimensions[axis]-1)*c.kernelDilations[i] + 1
		N := (x.Shape().Dimensions[c.axes.InputSpatial[i]]-1)*c.inputDilations[i] + 1
		o, lo := v.Shape().Dimensions[c.axes.OutputSpatial[i]], c.pads[i][0]
		g.pads = append(g.pads, [2]int{K - 1 - lo, N - o + lo})
	}
	return reverse(g.apply(v, x), c.axes.KernelSpatial)
}

func dimsAt(x *Node, axes []int) []int {
	dims := make([]int, len(axes))
	for i, a := range axes {
		dims[i] = x.Shape().Dimensions[a]
	}
	return dims
}
