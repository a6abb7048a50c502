package winograd

import (
	"unsafe"

	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// Conv is a prepared convolution or one of its gradients. It may be run by several goroutines at once, each with
// its own scratch.
type Conv struct {
	plan    plan
	threads int
}

// plan is what the directions have in common.
type plan interface {
	// sizes returns the float32s of scratch that all workers share and that each has to itself.
	sizes() (shared, own int)
	run(p *pool.Pool, a, b, out, scratch []float32)
}

// NewForward prepares y [batch, outH, outW, cout] from (x [batch, inH, inW, cin], w [3, 3, cin, cout]), for pools of
// up to that many threads. Like the other two it takes what Supported allows.
func NewForward(s kernel.ConvSpec, threads int) *Conv { return newForward(kernel.Best(), s, threads) }

// NewInputGrad prepares dx from (dy, w).
func NewInputGrad(s kernel.ConvSpec, threads int) *Conv {
	return newInputGrad(kernel.Best(), s, threads)
}

// NewWeightGrad prepares dw from (x, dy).
func NewWeightGrad(s kernel.ConvSpec, threads int) *Conv {
	return newWeights(kernel.Best(), s, threads)
}

// line is the number of float32s in a cache line.
const line = 16

// Scratch is the number of float32s that Run needs to work in.
func (c *Conv) Scratch() int {
	shared, own := c.plan.sizes()
	return shared + c.threads*own + line
}

// Run computes out. What out and scratch hold before does not matter. The bits of the result depend on the
// operands and the shape alone, not on the number of threads.
func (c *Conv) Run(p *pool.Pool, a, b, out, scratch []float32) {
	c.plan.run(p, a, b, out, aligned(scratch))
}

// aligned begins at a cache line, where vectors are fastest.
func aligned(x []float32) []float32 {
	off := int(uintptr(unsafe.Pointer(&x[0])) / 4 % line)
	return x[(line-off)%line:]
}

func newForward(m *kernel.Micro, s kernel.ConvSpec, threads int) *Conv {
	in := newTiling(isaOf(m), s.Batch, s.In, s.Out, s.PadLow, s.Cin, 6)
	out := newTiling(isaOf(m), s.Batch, s.Out, s.Out, [2]int{}, s.Cout, 4)
	return &Conv{newProduct(m, in, out, false, threads), threads}
}

// newInputGrad uses that dx is the convolution of dy, padded by 2-pad, with the kernels turned by 180 degrees.
func newInputGrad(m *kernel.Micro, s kernel.ConvSpec, threads int) *Conv {
	pad := [2]int{2 - s.PadLow[0], 2 - s.PadLow[1]}
	in := newTiling(isaOf(m), s.Batch, s.Out, s.In, pad, s.Cout, 6)
	out := newTiling(isaOf(m), s.Batch, s.In, s.In, [2]int{}, s.Cin, 4)
	return &Conv{newProduct(m, in, out, true, threads), threads}
}

func newWeights(m *kernel.Micro, s kernel.ConvSpec, threads int) *Conv {
	x := newTiling(isaOf(m), s.Batch, s.In, s.Out, s.PadLow, s.Cin, 6)
	dy := newTiling(isaOf(m), s.Batch, s.Out, s.Out, [2]int{}, s.Cout, 4)
	return &Conv{newWeightGrad(m, x, dy, threads), threads}
}

// Supported reports that the package can compute the convolution: ungrouped, 3x3, stride and dilation 1, pads up to 2.
func Supported(s kernel.ConvSpec) bool {
	for d := range 2 {
		if s.Kernel[d] != 3 || s.Stride[d] != 1 || s.Dilation[d] != 1 || s.PadLow[d] > 2 || s.PadHigh[d] > 2 ||
			s.Out[d] != s.In[d]+s.PadLow[d]+s.PadHigh[d]-2 {
			return false
		}
	}
	return s.Groups == 1
}

// Limits of Worth, measured on a Zen 5 core with AVX-512 against package kernel, with one and two threads.
const (
	worthChannels = 16
	worthTiles    = 16
	worthFlops    = 16e6
)

// Worth reports that this is faster than direct convolution, in all three directions: there are channels enough to
// pay for the transforms, tiles enough to fill the products and to pay for transforming the kernels, little of
// the tiles is cut off by the image's edge, and there is work enough to share among threads in several steps.
func Worth(s kernel.ConvSpec) bool {
	tiles := s.Batch * ceil(s.Out[0], step) * ceil(s.Out[1], step)
	pixels := s.Batch * s.Out[0] * s.Out[1]
	return Supported(s) && min(s.Cin, s.Cout) >= worthChannels && tiles >= worthTiles &&
		4*pixels >= 3*step*step*tiles &&
		18*float64(pixels)*float64(s.Cin)*float64(s.Cout) >= worthFlops
}
