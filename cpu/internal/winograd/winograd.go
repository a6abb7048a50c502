package winograd

import (
	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// Conv is a plan for one direction of a convolution of one shape. It must not Run twice at the same time.
type Conv struct {
	plan
	threads int
}

// plan is what the directions have in common.
type plan interface {
	sizes() (shared, own int)
	run(p *pool.Pool, a, b, out, scratch []float32)
}

// newForward plans y [batch, outH, outW, cout] from x [batch, h, w, cin] and w [3, 3, cin, cout].
func newForward(m *kernel.Micro, s convSpec, how sharing, block, group int) *product {
	isa := isaOf(m)
	in := newTiling(isa, s.Batch, s.In, s.Out, s.PadLow, s.Cin, 6)
	out := newTiling(isa, s.Batch, s.Out, s.Out, [2]int{}, s.Cout, 4)
	return newProduct(m, in, out, false, how, block, group)
}

// newInputGrad plans dx from dy and w.
func newInputGrad(m *kernel.Micro, s convSpec, how sharing, block, group int) *product {
	isa := isaOf(m)
	low := [2]int{2 - s.PadLow[0], 2 - s.PadLow[1]}
	in := newTiling(isa, s.Batch, s.Out, s.In, low, s.Cout, 6)
	out := newTiling(isa, s.Batch, s.In, s.In, [2]int{}, s.Cin, 4)
	return newProduct(m, in, out, true, how, block, group)
}

// Scratch is the number of float32s that Run needs as scratch.
func (c *Conv) Scratch() int {
	shared, own := c.sizes()
	return shared + c.threads*own + line
}

const line = 16 // float32s in a cache line
